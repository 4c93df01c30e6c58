//! What the public may see of the log at this moment: the one place that the keeper of the copy writes and every request
//! reads.

use crate::public::json::sth_body;
use bytes::Bytes;
use ct::index::TreeSize;
use ct::sth::Sth;
use ct::term::TermCertificate;
use ct::time::Timestamp;
use std::sync::{Arc, PoisonError, RwLock};

/// The STH that get-sth shows, and the answer that shows it.
#[derive(Debug, Clone)]
pub struct Published {
    /// The STH.
    pub sth: Sth,
    /// The body of get-sth.
    pub body: Bytes,
}

/// The heads at one moment.
#[derive(Debug, Clone, Default)]
pub struct Heads {
    /// The newest STH whose tree is held. Proofs are made for any size up to its size: another frontend may show it
    /// already, and a client that got it there must be able to prove it here.
    pub held: Option<Arc<Sth>>,
    /// What is shown. get-entries ends here: a client that reads on to where an STH of this node ends must not find
    /// entries beyond it.
    pub published: Option<Arc<Published>>,
    /// The newest STH that a primary sent, held or not.
    pub offered: Option<Timestamp>,
    /// Since when one was sent that is not held, by this node's clock.
    pub behind_since: Option<Timestamp>,
    /// Up to when enough storage lists were read, as far as the primary told (docs/protocol.md, P3).
    pub polled_through: Option<Timestamp>,
    /// The certificate in force.
    pub certificate: Option<Arc<TermCertificate>>,
}

impl Heads {
    /// The largest size for which there are proofs.
    pub fn held_size(&self) -> TreeSize {
        self.held.as_ref().map_or(TreeSize::ZERO, |sth| sth.head.tree_size)
    }
}

/// The heads, shared.
#[derive(Debug, Default)]
pub struct SharedHeads(RwLock<Arc<Heads>>);

impl SharedHeads {
    /// As they are now.
    pub fn get(&self) -> Arc<Heads> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn change(&self, change: impl FnOnce(&mut Heads)) {
        let mut heads = self.0.write().unwrap_or_else(PoisonError::into_inner);
        change(Arc::make_mut(&mut heads));
    }

    /// Another tree is held.
    pub fn hold(&self, sth: Sth) {
        self.change(|heads| {
            let at = sth.head.timestamp;
            heads.held = Some(Arc::new(sth));
            heads.behind_since =
                heads.behind_since.filter(|_| heads.offered.is_some_and(|newest| newest > at));
        });
    }

    /// get-sth shows this from now on.
    pub fn publish(&self, sth: Sth) {
        let body = Bytes::from(sth_body(&sth));
        self.change(|heads| {
            heads.published = Some(Arc::new(Published { sth, body }));
        });
    }

    /// A primary sent an STH of this time.
    pub fn offered(&self, at: Timestamp, now: Timestamp) {
        if self.get().offered.is_none_or(|known| known < at) {
            self.change(|heads| {
                heads.offered = Some(at);
                if heads.held.as_ref().is_none_or(|held| held.head.timestamp < at) {
                    heads.behind_since.get_or_insert(now);
                }
            });
        }
    }

    /// The primary told how far merging has read. It may go back: a new primary reads the lists anew. One that has read no
    /// list yet tells nothing by that; what was told before grows old all the same.
    pub fn polled(&self, through: Timestamp) {
        if through > Timestamp::EPOCH {
            self.change(|heads| heads.polled_through = Some(through));
        }
    }

    /// Another term is in force.
    pub fn reign(&self, certificate: &TermCertificate) {
        let certificate = Arc::new(certificate.clone());
        self.change(|heads| heads.certificate = Some(certificate));
    }
}
