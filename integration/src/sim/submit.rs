//! Submissions in the simulator: certificates that are numbers, and the way of each to a promise.

use ct::entry::{Leaf, SignedEntry, StoredEntry};
use ct::hash::{Fingerprint, Name, sha256};
use ct::time::Timestamp;
use frontend::promise::Promise;

/// The one issuer of every simulated certificate.
pub const ISSUER: &[u8] = b"the issuer of every simulated certificate";

/// Certificate number `number`.
pub fn certificate(number: u64) -> SignedEntry {
    SignedEntry::X509 { certificate: [b"certificate ".as_slice(), &number.to_be_bytes()].concat() }
}

/// The entry that a frontend makes of a certificate at a time.
pub fn entry(number: u64, at: Timestamp) -> StoredEntry {
    let chain = vec![Fingerprint::new(sha256(&[ISSUER]))];
    StoredEntry::new(&Leaf::plain(at, certificate(number)), None, chain).expect("a simulated entry is short")
}

/// A submission under way at a frontend.
#[derive(Debug)]
pub struct Submission {
    /// Which certificate.
    pub number: u64,
    /// The entry that the frontend made of it.
    pub own: Name,
    /// Its way to a promise.
    pub promise: Promise,
}
