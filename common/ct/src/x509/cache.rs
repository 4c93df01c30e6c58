//! Memory of issuers that were verified, so that a steady stream of submissions costs one signature check each.
//!
//! The key is a pair of whole certificates. A key identifier, or a key, would let a certificate with other constraints pass
//! for the one that was checked.

use crate::hash::Fingerprint;
use std::collections::{BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Pairs that a [`VerifiedCache`] holds: some hundred issuers are busy at a time, and a pair takes 128 bytes.
pub const VERIFIED_CACHE_LEN: usize = 4096;

/// What is known of issuers. It never hears of leaves.
pub trait VerifiedIssuers {
    /// Whether `child`, an issuer, was found to be signed with the key of `issuer`.
    fn is_known(&self, child: &Fingerprint, issuer: &Fingerprint) -> bool;
    /// Notes that `child` was found to be signed with the key of `issuer`, and to chain to an accepted root.
    fn remember(&self, child: Fingerprint, issuer: Fingerprint);
}

impl<T: VerifiedIssuers + ?Sized> VerifiedIssuers for &T {
    fn is_known(&self, child: &Fingerprint, issuer: &Fingerprint) -> bool {
        (**self).is_known(child, issuer)
    }
    fn remember(&self, child: Fingerprint, issuer: Fingerprint) {
        (**self).remember(child, issuer);
    }
}

/// Remembers nothing.
#[derive(Debug, Clone, Copy)]
pub struct NoCache;

impl VerifiedIssuers for NoCache {
    fn is_known(&self, _child: &Fingerprint, _issuer: &Fingerprint) -> bool {
        false
    }
    fn remember(&self, _child: Fingerprint, _issuer: Fingerprint) {}
}

#[derive(Debug, Default)]
struct Pairs {
    known: BTreeSet<(Fingerprint, Fingerprint)>,
    oldest_first: VecDeque<(Fingerprint, Fingerprint)>,
}

/// Remembers up to [`VERIFIED_CACHE_LEN`] pairs, and forgets the oldest for a new one.
#[derive(Debug, Default)]
pub struct VerifiedCache {
    pairs: Mutex<Pairs>,
}

impl VerifiedCache {
    /// Knows nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many pairs it knows.
    pub fn len(&self) -> usize {
        self.lock().known.len()
    }

    /// Whether it knows nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn lock(&self) -> MutexGuard<'_, Pairs> {
        // A pair is in the set before it is in the queue, and out of the queue before it is out of the set; whatever a
        // panic cut short, every pair in the set was verified.
        self.pairs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl VerifiedIssuers for VerifiedCache {
    fn is_known(&self, child: &Fingerprint, issuer: &Fingerprint) -> bool {
        self.lock().known.contains(&(*child, *issuer))
    }

    fn remember(&self, child: Fingerprint, issuer: Fingerprint) {
        let mut pairs = self.lock();
        if !pairs.known.insert((child, issuer)) {
            return;
        }
        pairs.oldest_first.push_back((child, issuer));
        if pairs.oldest_first.len() > VERIFIED_CACHE_LEN
            && let Some(oldest) = pairs.oldest_first.pop_front()
        {
            pairs.known.remove(&oldest);
        }
    }
}
