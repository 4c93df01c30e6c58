//! What get-entries serves, taken apart: first by its structure alone, then, if its certificates can be read, checked
//! against itself.

use crate::EntryBody;
use ct::entry::{Leaf, SignedEntry};
use ct::hash::LeafHash;
use ct::index::LeafIndex;
use ct::tls::{DecodeError, Reader};
use ct::x509::{Certificate, is_precert_signer, precert_tbs};

/// A leaf and its `extra_data` (RFC 6962 §3.4, §4.6), to the last byte. What is inside the certificates is not looked
/// at: a log may hold what no parser reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parts {
    /// The leaf.
    pub leaf: Leaf,
    /// The precertificate as submitted; there is one exactly if the leaf is a precertificate's.
    pub precertificate: Option<Vec<u8>>,
    /// The certificates above it, in order.
    pub chain: Vec<Vec<u8>>,
}

impl Parts {
    /// Takes an entry apart.
    pub fn read(body: &EntryBody) -> Result<Self, DecodeError> {
        let leaf = Leaf::decode(&body.leaf_input.0)?;
        let mut reader = Reader::new(&body.extra_data.0);
        let precertificate = match leaf.entry {
            SignedEntry::X509 { .. } => None,
            SignedEntry::Precert { .. } => Some(reader.vector("pre_certificate", 3)?.to_vec()),
        };
        let mut certificates = Reader::new(reader.vector("certificate_chain", 3)?);
        reader.finish("extra_data")?;
        let mut chain = Vec::new();
        while !certificates.is_empty() {
            chain.push(certificates.vector("chain certificate", 3)?.to_vec());
        }
        Ok(Self { leaf, precertificate, chain })
    }

    /// The certificate that was submitted, DER: what the entry is about, poison included.
    pub fn submitted(&self) -> &[u8] {
        match (&self.leaf.entry, &self.precertificate) {
            (SignedEntry::X509 { certificate }, _) => certificate,
            (SignedEntry::Precert { .. }, precertificate) => precertificate.as_deref().unwrap_or_default(),
        }
    }
}

/// An entry whose certificates can be read, and fit its leaf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its place.
    pub index: LeafIndex,
    /// The leaf.
    pub leaf: Leaf,
    /// Its hash.
    pub leaf_hash: LeafHash,
    /// The certificate or precertificate that was submitted.
    pub certificate: Certificate,
    /// Those above it.
    pub issuers: Vec<Certificate>,
}

impl Entry {
    /// Reads an entry; the text says what is wrong with one that is none.
    pub fn read(index: LeafIndex, body: &EntryBody) -> Result<Self, String> {
        let parts = Parts::read(body).map_err(|error| error.to_string())?;
        let parse = |der: &[u8]| Certificate::parse(der).map_err(|error| error.to_string());
        let certificate = parse(parts.submitted())?;
        let issuers = parts.chain.iter().map(|der| parse(der)).collect::<Result<Vec<_>, _>>()?;
        if let SignedEntry::Precert { .. } = parts.leaf.entry {
            check_precert(&parts.leaf.entry, &certificate, &issuers)?;
        }
        Ok(Self { index, leaf: parts.leaf, leaf_hash: body.leaf_hash(), certificate, issuers })
    }
}

/// The signed entry must be what the precertificate and its issuers lead to (RFC 6962 §3.2).
fn check_precert(
    entry: &SignedEntry,
    precertificate: &Certificate,
    issuers: &[Certificate],
) -> Result<(), String> {
    let signer = issuers.first().ok_or("a precertificate without an issuer")?;
    let delegated = is_precert_signer(signer);
    let issuer = issuers.get(usize::from(delegated)).ok_or("a precertificate signer without an issuer")?;
    let tbs_certificate =
        precert_tbs(precertificate, delegated.then_some(signer)).map_err(|error| error.to_string())?;
    let expected = SignedEntry::Precert { issuer_key_hash: issuer.issuer_key_hash(), tbs_certificate };
    if expected == *entry { Ok(()) } else { Err("its precertificate leads to another leaf".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ct::entry::extra_data;
    use ct::hash::Base64;
    use ct::time::Timestamp;

    fn body(entry: SignedEntry, extra: &[u8]) -> EntryBody {
        let leaf = Leaf::plain(Timestamp::EPOCH, entry).encode().unwrap();
        EntryBody { leaf_input: Base64(leaf), extra_data: Base64(extra.to_vec()) }
    }

    #[test]
    fn structure_is_read_to_the_last_byte_and_certificates_are_left_alone() {
        let entry = SignedEntry::X509 { certificate: b"no certificate".to_vec() };
        let extra = extra_data(None, &[&b"a"[..], b"bc"]).unwrap();
        let parts = Parts::read(&body(entry.clone(), &extra)).unwrap();
        assert_eq!((parts.submitted(), parts.chain.len()), (&b"no certificate"[..], 2));
        let trailing = [extra.as_slice(), &[0]].concat();
        for wrong in [&trailing[..], &extra[1..], &[]] {
            assert!(Parts::read(&body(entry.clone(), wrong)).is_err());
        }
        assert!(Entry::read(LeafIndex::of(0), &body(entry, &extra)).is_err());

        let entry =
            SignedEntry::Precert { issuer_key_hash: [1; 32].into(), tbs_certificate: b"tbs".to_vec() };
        let extra = extra_data(Some(b"pre"), &[b"a"]).unwrap();
        let parts = Parts::read(&body(entry, &extra)).unwrap();
        assert_eq!(parts.submitted(), b"pre");
    }
}
