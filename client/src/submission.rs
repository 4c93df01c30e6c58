//! Submitting: what goes to the log, what it must sign for it, and whether it did.

mod expect;

pub use expect::EntryMaker;

use crate::answers::AddChain;
use crate::{ClientError, Log};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use ct::entry::{Leaf, SignedEntry};
use ct::hash::LeafHash;
use ct::merkle::leaf_hash;
use ct::sct::Sct;
use ct::time::Timestamp;
use ct::x509::Endpoint;
use std::time::Duration;

/// By how much the clocks of log and submitter may differ before an SCT is of the future.
pub const CLOCK_SKEW: Duration = Duration::from_secs(1);

/// The body of add-chain and add-pre-chain (RFC 6962 §4.1, §4.2): a chain, leaf first, DER.
pub fn body(chain: &[Vec<u8>]) -> Bytes {
    let chain: Vec<String> = chain.iter().map(|der| STANDARD.encode(der)).collect();
    serde_json::json!({ "chain": chain }).to_string().into()
}

/// Where a chain goes, and what the log is to sign for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// add-chain or add-pre-chain.
    pub endpoint: Endpoint,
    /// The signed entry.
    pub entry: SignedEntry,
}

/// An SCT that verifies: the log has promised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promise {
    /// Certificate or precertificate.
    pub endpoint: Endpoint,
    /// The SCT.
    pub sct: Sct,
    /// What will be in the tree, encoded.
    pub leaf_input: Vec<u8>,
    /// Its hash, by which it is found there.
    pub leaf: LeafHash,
}

impl Expected {
    /// Whether this answer is an SCT of this log for exactly this entry, seen at `now`.
    pub fn verify(&self, answer: AddChain, log: &Log, now: Timestamp) -> Result<Promise, ClientError> {
        let url = log.urls().first().map_or("", |url| url.as_str());
        if answer.sct_version != 0 {
            let reason = format!("sct_version {}, expected 0", answer.sct_version);
            return Err(ClientError::malformed(url, reason));
        }
        let log_id = log.log_id();
        if answer.id.0 != log_id.as_ref() {
            let (url, found) = (url.to_owned(), STANDARD.encode(&answer.id.0));
            return Err(ClientError::WrongLog { url, found, expected: STANDARD.encode(log_id) });
        }
        if answer.timestamp > now.plus(CLOCK_SKEW) {
            let ahead = answer.timestamp.since(now);
            return Err(ClientError::Future { url: url.to_owned(), what: "SCT", ahead });
        }
        let (timestamp, extensions) = (answer.timestamp, answer.extensions.0);
        let leaf = Leaf { timestamp, entry: self.entry.clone(), extensions: extensions.clone() };
        let leaf_input = leaf.encode().map_err(|error| ClientError::malformed(url, error))?;
        let signed = log.key().verify("SCT", &leaf_input, &answer.signature);
        signed.map_err(|error| ClientError::signature(url, error))?;
        let sct = Sct { log_id, timestamp, extensions, signature: answer.signature };
        Ok(Promise { endpoint: self.endpoint, sct, leaf: leaf_hash(&leaf_input), leaf_input })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ct::hash::Base64;
    use ct::key::LogSigningKey;

    const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

    #[test]
    fn an_sct_counts_only_if_every_field_of_it_does() {
        let key = LogSigningKey::from_scalar(&[7; 32]).unwrap();
        let url = crate::log::base_url("http://log.example").unwrap();
        let log = Log::new("log".to_owned(), vec![url], key.public().clone()).unwrap();
        let entry = SignedEntry::X509 { certificate: vec![0x30, 0] };
        let bytes = Leaf::plain(NOW, entry.clone()).encode().unwrap();
        let good = AddChain {
            sct_version: 0,
            id: Base64(key.public().log_id().as_ref().to_vec()),
            timestamp: NOW,
            extensions: Base64(Vec::new()),
            signature: key.sign_leaf(&bytes),
        };
        let expected = Expected { endpoint: Endpoint::AddChain, entry };
        let verify = |answer: AddChain, now| expected.verify(answer, &log, now);
        let promise = verify(good.clone(), NOW).unwrap();
        assert_eq!((promise.leaf, promise.leaf_input.as_slice()), (leaf_hash(&bytes), bytes.as_slice()));
        assert!(verify(good.clone(), NOW.minus(CLOCK_SKEW)).is_ok());
        let name = |answer: AddChain, now| verify(answer, now).unwrap_err().name();
        assert_eq!(name(good.clone(), NOW.minus(CLOCK_SKEW * 2)), "future");
        assert_eq!(name(AddChain { timestamp: NOW.minus(CLOCK_SKEW), ..good.clone() }, NOW), "bad-signature");
        assert_eq!(name(AddChain { sct_version: 1, ..good.clone() }, NOW), "malformed");
        assert_eq!(name(AddChain { id: Base64(vec![0; 32]), ..good.clone() }, NOW), "wrong-log");
        assert_eq!(name(AddChain { extensions: Base64(vec![0]), ..good.clone() }, NOW), "bad-signature");
        let other = AddChain { signature: key.sign_leaf(b"other"), ..good };
        assert_eq!(name(other, NOW), "bad-signature");
    }
}
