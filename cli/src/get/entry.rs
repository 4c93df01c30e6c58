//! One entry, taken apart and checked against itself: what get-entries serves beside a leaf must fit that leaf.

use crate::client::EntryBody;
use crate::moment;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ct::entry::{Leaf, SignedEntry};
use ct::index::LeafIndex;
use ct::merkle::leaf_hash;
use ct::tls::{DecodeError, Reader};
use ct::x509::{Certificate, is_precert_signer, precert_tbs};
use serde_json::{Value, json};

/// An entry as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its place.
    pub index: LeafIndex,
    leaf: Leaf,
    leaf_hash: String,
    certificate: Certificate,
    issuers: Vec<Certificate>,
}

impl Entry {
    /// Reads an entry; the text says what is wrong with one that is none.
    pub fn read(index: LeafIndex, body: &EntryBody) -> Result<Self, String> {
        let text = |error: DecodeError| error.to_string();
        let leaf = Leaf::decode(&body.leaf_input.0).map_err(text)?;
        let (precertificate, chain) = split_extra(&leaf.entry, &body.extra_data.0).map_err(text)?;
        let parse = |der: &[u8]| Certificate::parse(der).map_err(|error| error.to_string());
        let issuers = chain.into_iter().map(parse).collect::<Result<Vec<_>, _>>()?;
        let certificate = match (&leaf.entry, precertificate) {
            (SignedEntry::X509 { certificate }, _) => parse(certificate)?,
            (SignedEntry::Precert { .. }, precertificate) => {
                let found = parse(precertificate.unwrap_or_default())?;
                check_precert(&leaf.entry, &found, &issuers)?;
                found
            }
        };
        let leaf_hash = STANDARD.encode(leaf_hash(&body.leaf_input.0));
        Ok(Self { index, leaf, leaf_hash, certificate, issuers })
    }

    fn kind(&self) -> &'static str {
        match self.leaf.entry {
            SignedEntry::X509 { .. } => "x509",
            SignedEntry::Precert { .. } => "precert",
        }
    }

    fn subject(&self) -> String {
        // A certificate that the log takes may still be too odd for a strict reader; then its subject is not shown.
        let subject = x509_parser::parse_x509_certificate(self.certificate.der())
            .map_or_else(|_| "?".to_owned(), |(_, certificate)| certificate.subject().to_string());
        // Anybody may have chosen it: nothing in it may command a terminal.
        subject.replace(char::is_control, "?")
    }

    /// One line.
    pub fn line(&self) -> String {
        let (index, kind, time) = (self.index.get(), self.kind(), moment::show_millis(self.leaf.timestamp));
        let until = moment::show(self.certificate.not_after());
        format!("{index:>10}  {kind:7}  {time:24}  until {until:20}  {}  {}", self.leaf_hash, self.subject())
    }

    /// One JSON object.
    pub fn json(&self) -> Value {
        let issuers: Vec<String> =
            self.issuers.iter().map(|issuer| issuer.fingerprint().to_string()).collect();
        json!({
            "index": self.index, "entry_type": self.kind(), "timestamp": self.leaf.timestamp,
            "leaf_hash": self.leaf_hash, "subject": self.subject(),
            "not_before": moment::show(self.certificate.not_before()),
            "not_after": moment::show(self.certificate.not_after()),
            "certificate": STANDARD.encode(self.certificate.der()), "issuers": issuers, "verified": true,
        })
    }
}

/// A precertificate, if there is one, and the certificates of a chain.
type Extra<'a> = (Option<&'a [u8]>, Vec<&'a [u8]>);

/// `extra_data` (RFC 6962 §4.6), to its last byte.
fn split_extra<'a>(entry: &SignedEntry, bytes: &'a [u8]) -> Result<Extra<'a>, DecodeError> {
    let mut reader = Reader::new(bytes);
    let precertificate = match entry {
        SignedEntry::X509 { .. } => None,
        SignedEntry::Precert { .. } => Some(reader.vector("pre_certificate", 3)?),
    };
    let mut chain = Reader::new(reader.vector("certificate_chain", 3)?);
    reader.finish("extra_data")?;
    let mut certificates = Vec::new();
    while !chain.is_empty() {
        certificates.push(chain.vector("chain certificate", 3)?);
    }
    Ok((precertificate, certificates))
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

    fn root() -> Vec<u8> {
        let dir = tempfile::tempdir().unwrap();
        let files = config::init::init_test_ca(dir.path()).unwrap();
        let text = std::fs::read_to_string(files.certificate).unwrap();
        ct::x509::pem::certificates(&text).unwrap().remove(0).1
    }

    #[test]
    fn an_entry_must_fit_together() {
        let root = root();
        let entry = SignedEntry::X509 { certificate: root.clone() };
        let leaf = Leaf::plain(Timestamp::from_millis(1_700_000_000_000), entry).encode().unwrap();
        let extra = extra_data(None, &[&root]).unwrap();
        let body =
            |extra: &[u8]| EntryBody { leaf_input: Base64(leaf.clone()), extra_data: Base64(extra.to_vec()) };
        let read = Entry::read(LeafIndex::of(5), &body(&extra)).unwrap();
        let line = read.line();
        assert!(
            line.contains("x509") && line.contains("Wolffish test CA") && line.contains("2050"),
            "{line}"
        );
        assert_eq!(read.json()["index"], 5);
        assert!(Entry::read(LeafIndex::of(5), &body(&[extra.as_slice(), &[0]].concat())).is_err());
        assert!(Entry::read(LeafIndex::of(5), &body(&extra[1..])).is_err());

        let tbs_certificate = root.clone();
        let entry = SignedEntry::Precert { issuer_key_hash: [1; 32].into(), tbs_certificate };
        let leaf = Leaf::plain(Timestamp::EPOCH, entry).encode().unwrap();
        let extra = extra_data(Some(&root), &[&root]).unwrap();
        let body = EntryBody { leaf_input: Base64(leaf), extra_data: Base64(extra) };
        assert!(Entry::read(LeafIndex::of(0), &body).unwrap_err().contains("poison"));
    }
}
