//! Puts the parts together and starts their tasks.

use super::drive::Nodes;
use super::known::Known;
use super::network::{Network, Peer};
use super::probe::probe;
use super::published::Published;
use super::sct_lane::sct_lane;
use super::signer_lane::signer_lane;
use super::storage_lane::storage_lane;
use super::{Bounds, Submitter};
use crate::heads::SharedHeads;
use crate::internal::Job;
use ct::key::LogKey;
use ct::names::{LogName, NodeName};
use ct::time::ClockBound;
use node::clock::Clock;
use node::tasks::{Tasks, TooManyTasks};
use std::convert::Infallible;
use std::sync::Arc;
use store::log::Reader;
use tokio::sync::mpsc;

/// What promises of a log are made with.
pub struct Wiring {
    /// The log.
    pub log: LogName,
    /// Its key.
    pub key: LogKey,
    /// How far a timestamp may be off.
    pub clock_bound: ClockBound,
    /// When promises are made at all.
    pub bounds: Bounds,
    /// The storage nodes.
    pub storage: Vec<NodeName>,
    /// The signers, the one to ask first in front.
    pub signers: Vec<NodeName>,
    /// Calls them.
    pub network: Arc<dyn Network>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Where the ways run.
    pub tasks: Tasks,
    /// Where promises run: there may be many more of them.
    pub promises: Tasks,
    /// The copy of the log.
    pub reader: Reader,
    /// Its heads.
    pub heads: Arc<SharedHeads>,
    /// Its keeper.
    pub(crate) keeper: mpsc::Sender<Job>,
    /// Promises made, which the keeper prunes.
    pub known: Known,
}

/// Starts the ways to storage nodes and signers.
pub fn start(wiring: Wiring) -> Result<Submitter, TooManyTasks> {
    let Wiring { tasks, network, bounds, .. } = &wiring;
    let (mut storage, mut scts) = (Vec::new(), Vec::new());
    for name in &wiring.storage {
        let peer = Peer::new(name.clone());
        let (lane, runner) = storage_lane(peer.clone(), bounds.quorum, Arc::clone(network));
        run(tasks, "storage lane", runner.run())?;
        storage.push(lane);
        let (lane, runner) = sct_lane(peer.clone(), Arc::clone(network));
        run(tasks, "sct lane", runner.run())?;
        scts.push(lane);
        run(tasks, "probe", probe(peer, Arc::clone(network)))?;
    }
    let signers: Vec<Peer> = wiring.signers.iter().cloned().map(Peer::new).collect();
    let (lane, runner) = signer_lane(signers.clone(), wiring.key.clone(), Arc::clone(network));
    run(tasks, "signer lane", runner.run())?;
    for signer in &signers {
        run(tasks, "probe", probe(signer.clone(), Arc::clone(network)))?;
    }
    let (quorum, clock_bound) = (bounds.quorum, wiring.clock_bound);
    let nodes = Nodes { storage, scts, signers: lane, quorum, clock_bound };
    let started = wiring.clock.now();
    Ok(Submitter {
        log: wiring.log.as_str().into(),
        log_id: wiring.key.log_id(),
        clock: wiring.clock,
        promises: wiring.promises,
        known: wiring.known,
        published: Published {
            reader: wiring.reader,
            heads: Arc::clone(&wiring.heads),
            key: wiring.key,
            keeper: wiring.keeper,
        },
        nodes,
        heads: wiring.heads,
        bounds: wiring.bounds,
        started,
        signers,
    })
}

/// Runs a task until the node stops. Without any of them promises would hang, so they are vital.
fn run(
    tasks: &Tasks,
    name: &'static str,
    work: impl Future<Output = ()> + Send + 'static,
) -> Result<(), TooManyTasks> {
    let shutdown = tasks.shutdown().clone();
    tasks.vital(name, async move {
        shutdown.run_until_cancelled(work).await;
        Ok::<(), Infallible>(())
    })
}
