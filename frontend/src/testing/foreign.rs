//! A log that others made, with everything in it that ours refuse; its key is a test's own.

use crate::read_only::Imported;
use ct::archive::ArchivedEntry;
use ct::entry::{Leaf, SignedEntry, extra_data};
use ct::hash::NodeHash;
use ct::index::TreeSize;
use ct::key::LogSigningKey;
use ct::merkle::compact::Compact;
use ct::merkle::leaf_hash;
use ct::sth::{TreeHead, VerifiedSth};
use ct::time::Timestamp;
use store::log::Served;

/// The log.
pub(crate) struct Foreign {
    pub(crate) key: LogSigningKey,
    pub(crate) served: Vec<Served>,
    pub(crate) entries: Vec<Imported>,
}

/// Makes an entry of what get-entries serves.
pub(crate) fn entry(
    at: u64,
    extensions: &[u8],
    precertificate: Option<&[u8]>,
    issuers: &[Vec<u8>],
) -> (Served, Imported) {
    let certificate = format!("nobody can read certificate {at}").into_bytes();
    let signed = match precertificate {
        None => SignedEntry::X509 { certificate },
        Some(_) => SignedEntry::Precert { issuer_key_hash: [1; 32].into(), tbs_certificate: certificate },
    };
    let leaf = Leaf { timestamp: Timestamp::from_millis(at), entry: signed, extensions: extensions.to_vec() };
    let leaf = leaf.encode().unwrap();
    let extra = extra_data(precertificate, issuers).unwrap();
    let entry = ArchivedEntry::new(leaf.clone(), precertificate.map(<[u8]>::to_vec), issuers).unwrap();
    (Served { leaf, extra }, Imported { entry, issuers: issuers.to_vec() })
}

impl Foreign {
    /// Extensions, a precertificate that leads nowhere with a chain of 40, a chain without anything; then the second
    /// once more, the first once more with another chain, and ordinary ones up to so many.
    pub(crate) fn new(count: u64) -> Self {
        let long: Vec<Vec<u8>> = (0..40_u8).map(|n| vec![n; 10]).collect();
        let usual = [b"issuer".to_vec(), b"root".to_vec()];
        let mut all = vec![
            entry(900, b"extension", None, &usual),
            entry(20, b"", Some(b"a precertificate that leads nowhere"), &long),
            entry(30, b"", None, &[]),
            entry(20, b"", Some(b"a precertificate that leads nowhere"), &long),
            entry(900, b"extension", None, &usual[1..]),
        ];
        all.extend((5..count).map(|n| entry(1000 + n, b"", None, &usual)));
        all.truncate(count as usize);
        let (served, entries) = all.into_iter().unzip();
        Self { key: LogSigningKey::from_scalar(&[77; 32]).unwrap(), served, entries }
    }

    pub(crate) fn leaf(&self, at: usize) -> NodeHash {
        leaf_hash(&self.served[at].leaf).into()
    }

    /// The STH of its first `size` entries, signed long ago.
    pub(crate) fn sth(&self, size: usize) -> VerifiedSth {
        let mut tree = Compact::empty();
        (0..size).for_each(|at| tree.append(self.leaf(at)));
        let timestamp = Timestamp::from_millis(1_400_000_000_000 + size as u64);
        let head = TreeHead { timestamp, tree_size: TreeSize::of(size), root_hash: tree.root() };
        self.key.sign_head(head)
    }
}
