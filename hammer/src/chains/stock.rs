//! The chains of a run, all made before it begins, by as many threads as the machine has processors.

use super::ChainsError;
use super::issuer::Issuer;
use super::prepared::Prepared;
use ct::x509::Endpoint;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// The most chains of one run: about a kilobyte each in memory.
pub const MAX_STOCK: u64 = 500_000;

/// How many chains a run takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Need {
    /// Certificates.
    pub certificates: u64,
    /// Precertificates.
    pub precertificates: u64,
}

impl Need {
    /// All of them.
    pub const fn total(self) -> u64 {
        self.certificates + self.precertificates
    }

    /// For which endpoint the chain of this number is.
    fn endpoint(self, number: u64) -> Endpoint {
        // Spread evenly: number n is a certificate if the count of certificates due goes up there.
        let total = if self.total() == 0 { 1 } else { self.total() as u128 };
        let certificates = self.certificates as u128;
        let due = |number: u128| number * certificates / total;
        if due(number as u128 + 1) > due(number as u128) { Endpoint::AddChain } else { Endpoint::AddPreChain }
    }
}

/// Chains that were not submitted yet.
#[derive(Debug, Default)]
pub struct Stock {
    certificates: Mutex<Vec<Prepared>>,
    precertificates: Mutex<Vec<Prepared>>,
}

impl Stock {
    /// Chains that are there already.
    pub fn of(chains: Vec<Prepared>) -> Self {
        let (certificates, precertificates) =
            chains.into_iter().partition(|chain| chain.endpoint() == Endpoint::AddChain);
        Self { certificates: Mutex::new(certificates), precertificates: Mutex::new(precertificates) }
    }

    /// Issues what is needed. `progress` is told how many are done, now and then.
    pub fn issue(issuer: &Issuer, need: Need, progress: &(impl Fn(u64) + Sync)) -> Result<Self, ChainsError> {
        let total = need.total();
        if total > MAX_STOCK {
            return Err(ChainsError::TooMany { needed: total });
        }
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let (next, done) = (AtomicU64::new(0), AtomicU64::new(0));
        let work = || -> Result<Vec<Prepared>, ChainsError> {
            let mut made = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= total {
                    return Ok(made);
                }
                made.push(issuer.issue(number / 2, need.endpoint(number))?);
                progress(done.fetch_add(1, Ordering::Relaxed) + 1);
            }
        };
        let made = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            let results = workers.into_iter().map(|worker| match worker.join() {
                Ok(made) => made,
                Err(panic) => std::panic::resume_unwind(panic),
            });
            results.collect::<Result<Vec<_>, _>>()
        })?;
        Ok(Self::of(made.into_iter().flatten().collect()))
    }

    /// How many of each are left.
    pub fn left(&self) -> Need {
        let len = |of| lock(of).len() as u64;
        Need { certificates: len(&self.certificates), precertificates: len(&self.precertificates) }
    }

    /// Refuses a run that would need more than there is.
    pub fn check(&self, need: Need) -> Result<(), ChainsError> {
        let left = self.left();
        let few = |path, needed, found| {
            if needed > found {
                Err(ChainsError::TooFew { path, needed, found: found as usize })
            } else {
                Ok(())
            }
        };
        few("add-chain", need.certificates, left.certificates)?;
        few("add-pre-chain", need.precertificates, left.precertificates)
    }

    /// The next for this endpoint; nothing if they are used up.
    pub fn take(&self, endpoint: Endpoint) -> Option<Prepared> {
        lock(match endpoint {
            Endpoint::AddChain => &self.certificates,
            Endpoint::AddPreChain => &self.precertificates,
        })
        .pop()
    }
}

/// A list is whole whatever happened to whoever held it last.
fn lock(list: &Mutex<Vec<Prepared>>) -> std::sync::MutexGuard<'_, Vec<Prepared>> {
    list.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::super::issuer::testing;
    use super::*;
    use crate::chains::KeyKind;
    use std::collections::BTreeSet;

    #[test]
    fn as_many_are_made_as_are_needed_and_no_two_are_alike() {
        let (ca, told) = (testing::ca(), AtomicU64::new(0));
        let need = Need { certificates: 30, precertificates: 10 };
        let issuer = testing::issuer(&ca, &[KeyKind::P256]);
        let stock = Stock::issue(&issuer, need, &|done| {
            told.fetch_max(done, Ordering::Relaxed);
        })
        .unwrap();
        assert_eq!((stock.left(), told.into_inner()), (need, 40));
        let mut bodies = BTreeSet::new();
        while let Some(chain) = stock.take(Endpoint::AddChain).or_else(|| stock.take(Endpoint::AddPreChain)) {
            assert!(bodies.insert(chain.body()));
        }
        assert_eq!(bodies.len(), 40);
        assert!(stock.check(Need::default()).is_ok());
        let error = stock.check(Need { certificates: 0, precertificates: 1 }).unwrap_err();
        assert!(error.to_string().contains("1 chains for add-pre-chain, 0 were given"), "{error}");
    }

    #[test]
    fn memory_is_bounded() {
        let ca = testing::ca();
        let issuer = testing::issuer(&ca, &[KeyKind::P256]);
        let need = Need { certificates: MAX_STOCK, precertificates: 1 };
        let error = Stock::issue(&issuer, need, &|_| {}).unwrap_err();
        assert!(error.to_string().contains("500001 chains"), "{error}");
    }
}
