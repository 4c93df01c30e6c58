//! A log whose key is at hand, for tests.

use super::RunLine;
use client::Log;
use client::submission::Promise;
use ct::entry::{Leaf, SignedEntry};
use ct::hash::RootHash;
use ct::index::TreeSize;
use ct::key::LogSigningKey;
use ct::merkle::leaf_hash;
use ct::sct::Sct;
use ct::sth::{TreeHead, VerifiedSth};
use ct::time::Timestamp;
use ct::x509::Endpoint;

/// A log and its key.
#[derive(Debug)]
pub(crate) struct LogInHand {
    pub(crate) log: Log,
    pub(crate) key: LogSigningKey,
}

/// When everything happens.
pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_795_000_000_000);

impl LogInHand {
    /// The log of this number.
    pub(crate) fn new(number: u8) -> Self {
        let key = LogSigningKey::from_scalar(&[number; 32]).unwrap();
        let urls = vec![client::log::base_url("http://127.0.0.1:1/log").unwrap()];
        Self { log: Log::new("log".to_owned(), urls, key.public().clone()).unwrap(), key }
    }

    pub(crate) fn run(&self) -> RunLine {
        RunLine::new(&self.log, Some(60), NOW)
    }

    /// A head of this size, its time rising and its root changing with it.
    pub(crate) fn head(&self, size: usize) -> VerifiedSth {
        self.sign(size, size as u64, size as u8)
    }

    /// A head of this size, at this second after [`NOW`], with a root of this byte.
    pub(crate) fn sign(&self, size: usize, second: u64, root: u8) -> VerifiedSth {
        let timestamp = Timestamp::from_millis(NOW.millis() + second * 1000);
        let root_hash = RootHash::new([root; 32]);
        self.key.sign_head(TreeHead { timestamp, tree_size: TreeSize::of(size), root_hash })
    }
}

/// The promise of this number, a second later than the one before.
pub(crate) fn promise(log: &LogInHand, number: u8) -> Promise {
    let timestamp = Timestamp::from_millis(NOW.millis() + u64::from(number) * 1000);
    let entry = SignedEntry::X509 { certificate: vec![0x30, number] };
    let leaf_input = Leaf::plain(timestamp, entry).encode().unwrap();
    let signature = log.key.sign_leaf(&leaf_input);
    let sct = Sct { log_id: log.log.log_id(), timestamp, extensions: Vec::new(), signature };
    Promise { endpoint: Endpoint::AddChain, sct, leaf: leaf_hash(&leaf_input), leaf_input }
}
