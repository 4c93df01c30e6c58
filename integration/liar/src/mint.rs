//! Synthetic entries, made quickly: one subject key for all, one signature each.

use judge::Target;
use judge::cert::{Extension, KeyKind, ParsedCertificate, oids, tbs_without};
use judge::lab::{Authority, Lab, Leaf};
use judge::merkle::Hash;
use judge::tls::{SignedEntry, TimestampedEntry, precert_extra_data, x509_extra_data};

use crate::tree::Entry;

/// Makes entries below an intermediate of the test CA.
pub(crate) struct Mint {
    issuer: Authority,
    issuer_key_hash: Hash,
    /// What all leaves have in common.
    template: Leaf,
    made: u64,
}

const SOUND: &str = "the mint's own keys and certificates are sound";

impl Mint {
    pub(crate) fn new(target: &Target) -> Self {
        let lab = Lab::new(target).expect(SOUND);
        let issuer = lab.intermediate(KeyKind::P256).expect(SOUND);
        let issuer_key_hash = issuer.key_hash().expect(SOUND);
        Self { issuer, issuer_key_hash, template: lab.leaf().expect(SOUND), made: 0 }
    }

    /// A certificate, next time a precertificate, and so on.
    pub(crate) fn next(&mut self, timestamp: u64) -> Entry {
        let host = format!("n{}.liar.test", self.made);
        self.next_for(&host, timestamp)
    }

    /// The same with this dNSName and common name.
    pub(crate) fn next_for(&mut self, host: &str, timestamp: u64) -> Entry {
        let number = self.made;
        self.made += 1;
        let leaf = Leaf { serial: serial(number), host: host.to_owned(), ..self.template.clone() };
        let (entry, extra_data) =
            if number.is_multiple_of(2) { self.certificate(&leaf) } else { self.precertificate(leaf) };
        let leaf = TimestampedEntry { timestamp, entry, extensions: Vec::new() };
        Entry { leaf_input: leaf.merkle_tree_leaf(), extra_data }
    }

    fn certificate(&self, leaf: &Leaf) -> (SignedEntry, Vec<u8>) {
        let chain = self.issuer.issue_chain(leaf).expect(SOUND);
        (SignedEntry::X509(chain[0].clone()), x509_extra_data(&chain[1..]))
    }

    fn precertificate(&self, leaf: Leaf) -> (SignedEntry, Vec<u8>) {
        let precertificate = self.issuer.issue(&leaf.with(Extension::poison())).expect(SOUND);
        let parsed = ParsedCertificate::parse(&precertificate).expect(SOUND);
        let tbs = tbs_without(&parsed, oids::POISON);
        let extra_data = precert_extra_data(&precertificate, &self.issuer.chain);
        (SignedEntry::Precert { issuer_key_hash: self.issuer_key_hash, tbs }, extra_data)
    }
}

/// Nine octets, positive and minimal.
fn serial(number: u64) -> Vec<u8> {
    [&[0x40], number.to_be_bytes().as_slice()].concat()
}
