//! An entry on its way to storage nodes: encoded once, however many nodes there are.

use ct::entry::StoredEntry;
use ct::hash::{Fingerprint, Name};
use ct::tls::TooLong;
use ct::wire::EntryBatch;
use ct::x509::Certificate;
use std::sync::Arc;

/// Finds the certificates of a chain.
pub trait IssuerSource: Send + Sync {
    /// The issuer with this fingerprint, DER.
    fn issuer(&self, fingerprint: &Fingerprint) -> Option<Arc<[u8]>>;
}

impl IssuerSource for store::log::Reader {
    fn issuer(&self, fingerprint: &Fingerprint) -> Option<Arc<[u8]>> {
        // What cannot be read now is treated as not held: the node that lacks it says so.
        store::log::Reader::issuer(self, fingerprint).ok().flatten()
    }
}

/// The issuers of one submission, and behind them those of the log.
#[derive(Clone)]
pub struct Issuers {
    own: Vec<(Fingerprint, Certificate)>,
    log: Arc<dyn IssuerSource>,
}

impl Issuers {
    /// The chain of a submission, from the leaf's issuer on, and where to look for others: an entry that is adopted may
    /// have come with another chain.
    pub fn new(chain: Vec<Certificate>, log: Arc<dyn IssuerSource>) -> Self {
        Self { own: chain.into_iter().map(|issuer| (issuer.fingerprint(), issuer)).collect(), log }
    }

    /// The fingerprints of the submission's chain.
    pub fn fingerprints(&self) -> Vec<Fingerprint> {
        self.own.iter().map(|(fingerprint, _)| *fingerprint).collect()
    }

    /// The issuer with this fingerprint, DER.
    pub fn find(&self, fingerprint: &Fingerprint) -> Option<Vec<u8>> {
        let own = self.own.iter().find(|(other, _)| other == fingerprint);
        match own {
            Some((_, issuer)) => Some(issuer.der().to_vec()),
            None => self.log.issuer(fingerprint).map(|der| der.to_vec()),
        }
    }
}

/// An entry, ready to be sent.
pub struct Parcel {
    /// What the entry is called.
    pub name: Name,
    /// Its chain.
    pub chain: Vec<Fingerprint>,
    /// The item of an [`EntryBatch`].
    pub item: Vec<u8>,
    /// Where its issuers are.
    pub issuers: Issuers,
}

impl Parcel {
    /// Packs an entry.
    pub fn new(entry: &StoredEntry, issuers: Issuers) -> Result<Self, TooLong> {
        let mut item = vec![0];
        item.extend_from_slice(&entry.encode()?);
        debug_assert!(
            EntryBatch::from_items(std::slice::from_ref(&item)).is_ok(),
            "an item of an entry batch"
        );
        Ok(Self { name: entry.name(), chain: entry.chain().to_vec(), item, issuers })
    }
}

/// The item of an issuer in an [`EntryBatch`].
pub fn issuer_item(der: &[u8]) -> Vec<u8> {
    let mut item = Vec::with_capacity(der.len() + 1);
    item.push(1);
    item.extend_from_slice(der);
    item
}
