//! How an entry is shown: a line, or a JSON object.

use crate::moment;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use client::entry::Entry;
use ct::entry::EntryType;
use serde_json::{Value, json};

const fn kind(entry: &Entry) -> &'static str {
    match entry.leaf.entry.entry_type() {
        EntryType::X509 => "x509",
        EntryType::Precert => "precert",
    }
}

fn subject(entry: &Entry) -> String {
    // A certificate that the log takes may still be too odd for a strict reader; then its subject is not shown.
    let subject = x509_parser::parse_x509_certificate(entry.certificate.der())
        .map_or_else(|_| "?".to_owned(), |(_, certificate)| certificate.subject().to_string());
    // Anybody may have chosen it: nothing in it may command a terminal.
    subject.replace(char::is_control, "?")
}

/// One line.
pub fn line(entry: &Entry) -> String {
    let (index, kind, time) = (entry.index.get(), kind(entry), moment::show_millis(entry.leaf.timestamp));
    let until = moment::show(entry.certificate.not_after());
    let hash = STANDARD.encode(entry.leaf_hash);
    format!("{index:>10}  {kind:7}  {time:24}  until {until:20}  {hash}  {}", subject(entry))
}

/// One JSON object.
pub fn json(entry: &Entry) -> Value {
    let issuers: Vec<String> = entry.issuers.iter().map(|issuer| issuer.fingerprint().to_string()).collect();
    json!({
        "index": entry.index, "entry_type": kind(entry), "timestamp": entry.leaf.timestamp,
        "leaf_hash": STANDARD.encode(entry.leaf_hash), "subject": subject(entry),
        "not_before": moment::show(entry.certificate.not_before()),
        "not_after": moment::show(entry.certificate.not_after()),
        "certificate": STANDARD.encode(entry.certificate.der()), "issuers": issuers, "verified": true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use client::EntryBody;
    use ct::entry::{Leaf, SignedEntry, extra_data};
    use ct::hash::Base64;
    use ct::index::LeafIndex;
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
        let line = line(&read);
        assert!(
            line.contains("x509") && line.contains("Wolffish test CA") && line.contains("2050"),
            "{line}"
        );
        assert_eq!(json(&read)["index"], 5);
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
