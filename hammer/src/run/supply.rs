//! Chains for each step.

use super::plan::{Chains, Plan};
use crate::HammerError;
use crate::chains::{ChainsError, Issuer, Issuers, Need, Prepared, Stock};
use crate::mix::Operation;
use crate::pulse::Pulse;
use client::submission::EntryMaker;
use std::sync::Arc;

/// Where the chains of each step come from.
#[derive(Debug)]
pub(super) enum Supply {
    /// Made for each step.
    Issue(Arc<Issuer>),
    /// Used up from step to step.
    Given(Arc<Stock>),
}

impl Supply {
    /// Refuses a mix that asks for chains where there are none.
    pub(super) async fn new(chains: Chains, plan: &Plan, entries: &EntryMaker) -> Result<Self, HammerError> {
        let asked = [Operation::AddChain, Operation::AddPreChain].into_iter().find(|op| plan.mix.has(*op));
        match (chains, asked) {
            (Chains::Issue(issuer), _) => Ok(Supply::Issue(Arc::new(issuer))),
            (Chains::Given(chains), _) => {
                Ok(Supply::Given(Arc::new(Stock::of(prepare(chains, entries).await?))))
            }
            (Chains::None, None) => Ok(Supply::Given(Arc::default())),
            (Chains::None, Some(operation)) => Err(HammerError::NoChains { operation }),
        }
    }

    /// How many chains a closed loop can have, where as many as `wanted` would do.
    pub(super) fn at_most(&self, wanted: u64) -> u64 {
        match self {
            Supply::Issue(_) => wanted,
            Supply::Given(stock) => stock.left().total().min(wanted),
        }
    }

    /// The chains for a step that needs so many.
    pub(super) async fn stock(
        &self,
        need: Need,
        exact: Exact,
        pulse: &Arc<Pulse>,
    ) -> Result<Arc<Stock>, HammerError> {
        match self {
            Supply::Given(stock) => {
                if exact == Exact::Yes {
                    stock.check(need)?;
                }
                Ok(Arc::clone(stock))
            }
            Supply::Issue(issuer) => {
                let (issuer, pulse) = (Arc::clone(issuer), Arc::clone(pulse));
                let total = need.total();
                let progress = move |done: u64| {
                    if done.is_multiple_of(256) || done == total {
                        pulse.phase(format!("issuing chains: {done} of {total}"));
                    }
                };
                let made = tokio::task::spawn_blocking(move || Stock::issue(&issuer, need, &progress)).await;
                Ok(Arc::new(made.map_err(|_| HammerError::Broken("the issuing of chains"))??))
            }
        }
    }
}

/// Whether a step cannot do with fewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exact {
    /// It would have to stop in the middle, and knows it now.
    Yes,
    /// It goes as far as it can.
    No,
}

/// Finds out where each chain goes: its poison says that.
async fn prepare(
    chains: Vec<(String, Vec<Vec<u8>>)>,
    entries: &EntryMaker,
) -> Result<Vec<Prepared>, ChainsError> {
    let mut prepared = Vec::with_capacity(chains.len());
    for (source_name, mut chain) in chains {
        let expected = entries.expect(&chain).await;
        let expected = expected.map_err(|reason| ChainsError::Chain { source_name, reason })?;
        let issuers = chain.split_off(1);
        let leaf = chain.remove(0);
        prepared.push(Prepared::new(expected.endpoint, leaf, Arc::new(Issuers::new(issuers))));
    }
    Ok(prepared)
}
