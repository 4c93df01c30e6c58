//! From what get-entries serves to what the tree and the reader of matches need. Pure.

use crate::certificate::Certificate;
use crate::names::WatchList;
use crate::record::{EntryLine, Label, LeafPart};
use client::EntryBody;
use client::entry::Entry;
use ct::entry::Leaf;
use ct::hash::LeafHash;
use ct::index::LeafIndex;

/// An entry that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadEntry {
    /// What the tree has of it.
    pub leaf: LeafHash,
    /// Whether a watched name is in it.
    pub matched: bool,
    /// Whether names in it may have been missed.
    pub unreadable: bool,
    /// What is to be said of it.
    pub line: Option<String>,
}

/// Reads entries of one log for what is watched.
#[derive(Debug, Clone)]
pub struct EntryReader {
    label: Label,
    watched: WatchList,
}

impl EntryReader {
    /// Of that log.
    pub const fn new(label: Label, watched: WatchList) -> Self {
        Self { label, watched }
    }

    /// What the lines call the log.
    pub const fn label(&self) -> &Label {
        &self.label
    }

    /// Reads an entry. One that cannot be read is an entry of the tree like any other; whoever watches names is told, for it
    /// may hold one.
    pub fn read(&self, index: LeafIndex, body: &EntryBody) -> ReadEntry {
        let leaf_hash = body.leaf_hash();
        let unreadable = |line: EntryLine<'_>| {
            let line = (!self.watched.is_empty()).then(|| line.to_line());
            ReadEntry { leaf: leaf_hash, matched: false, unreadable: true, line }
        };
        let leaf = match Leaf::decode(&body.leaf_input.0) {
            Ok(leaf) => leaf,
            Err(why) => return unreadable(EntryLine::unreadable(&self.label, index, leaf_hash, &why)),
        };
        let part = LeafPart::new(leaf.timestamp, &leaf.entry);
        let certificate = match Certificate::read(&leaf.entry) {
            Ok(certificate) => certificate,
            Err(why) => {
                let line = EntryLine::unreadable(&self.label, index, leaf_hash, &why);
                return unreadable(line.with(part));
            }
        };
        let hits = self.watched.hits(&certificate.names, &certificate.addresses);
        let gap = certificate.gap.map(|gap| gap.to_string());
        if hits.is_empty() {
            return match gap {
                None => ReadEntry { leaf: leaf_hash, matched: false, unreadable: false, line: None },
                Some(gap) => {
                    let line = EntryLine::unreadable(&self.label, index, leaf_hash, &gap);
                    unreadable(line.with(part.with_certificate(&certificate, &hits)))
                }
            };
        }
        let submitted = Entry::read(index, body);
        let submitted = submitted.as_ref().map(|entry| &entry.certificate).map_err(Clone::clone);
        let part = part.with_certificate(&certificate, &hits).with_submitted(submitted);
        let unreadable = gap.is_some();
        let line = EntryLine::about(&self.label, index, leaf_hash).with(part).with_gap(gap);
        ReadEntry { leaf: leaf_hash, matched: true, unreadable, line: Some(line.to_line()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{DraftTbs, extension, general_name};
    use ct::entry::{SignedEntry, extra_data};
    use ct::hash::Base64;
    use ct::key::LogSigningKey;
    use ct::time::Timestamp;
    use ct::x509::der::{SEQUENCE, wrap};
    use serde_json::Value;

    fn reader(patterns: &[&str]) -> EntryReader {
        let key = LogSigningKey::from_scalar(&[7; 32]).unwrap().public().clone();
        let url = client::log::base_url("https://ct.example/").unwrap();
        let log = client::Log::new("Example 2026h1".to_owned(), vec![url], key).unwrap();
        let watched = WatchList::new(patterns.iter().map(|text| text.parse().unwrap()));
        EntryReader::new(Label::new(&log), watched)
    }

    fn body(entry: &SignedEntry) -> EntryBody {
        let leaf = Leaf::plain(Timestamp::from_millis(1_700_000_000_000), entry.clone());
        let precertificate = matches!(entry, SignedEntry::Precert { .. }).then_some(&b"pre"[..]);
        let extra = extra_data(precertificate, &[] as &[&[u8]]).unwrap();
        EntryBody { leaf_input: Base64(leaf.encode().unwrap()), extra_data: Base64(extra) }
    }

    fn read(reader: &EntryReader, body: &EntryBody) -> (ReadEntry, Value) {
        let entry = reader.read(LeafIndex::of(5), body);
        let line = entry.line.as_ref().map_or(Value::Null, |line| serde_json::from_str(line).unwrap());
        assert_eq!(entry.leaf, body.leaf_hash());
        (entry, line)
    }

    #[test]
    fn a_match_says_what_was_certified_and_by_whom() {
        let tbs = DraftTbs::for_names(&["www.example.com", "other.example"]);
        let (entry, line) =
            read(&reader(&[".example.com", "www.example.com", "x.example"]), &body(&tbs.certificate()));
        assert!(entry.matched && !entry.unreadable);
        for (field, value) in [
            ("kind", Value::from("match")),
            ("log", "Example 2026h1".into()),
            ("index", 5.into()),
            ("timestamp", 1_700_000_000_000_u64.into()),
            ("entry_type", "x509".into()),
            ("watched", vec![".example.com", "www.example.com"].into()),
            ("names", vec!["other.example", "www.example.com"].into()),
            ("issuer", "CN=Test CA".into()),
            ("serial", "07".into()),
            ("not_before", "2026-01-01T00:00:00Z".into()),
            ("not_after", "2026-04-01T00:00:00Z".into()),
        ] {
            assert_eq!(line[field], value, "{field}");
        }
        assert!(line.get("gap").is_none());
    }

    #[test]
    fn a_precertificate_that_does_not_fit_its_leaf_is_not_shown_as_it() {
        let (entry, line) = read(&reader(&["."]), &body(&DraftTbs::for_names(&["a.example"]).precert()));
        assert!(entry.matched);
        assert_eq!((&line["entry_type"], &line["names"]), (&"precert".into(), &vec!["a.example"].into()));
        assert!(line.get("der").is_none() && line["misfit"].is_string(), "{line}");
    }

    #[test]
    fn what_nobody_watches_is_not_spoken_of() {
        for patterns in [&[][..], &["example.com"]] {
            let (entry, line) =
                read(&reader(patterns), &body(&DraftTbs::for_names(&["a.example"]).certificate()));
            assert!(!entry.matched && !entry.unreadable && line.is_null());
        }
    }

    #[test]
    fn an_entry_that_cannot_be_read_is_counted_and_told() {
        let cut = extension(b"\x55\x1d\x11", &wrap(SEQUENCE, &[&general_name(2, b"a.example"), &[0x82, 9]]));
        let cut = DraftTbs { extensions: vec![cut], ..DraftTbs::default() };
        let mut no_leaf = body(&cut.precert());
        no_leaf.leaf_input.0[0] = 1;
        let no_certificate = body(&SignedEntry::X509 { certificate: b"x".to_vec() });
        for (body, says, knows) in [
            (no_leaf, "version", "index"),
            (no_certificate, "Certificate", "timestamp"),
            (body(&cut.precert()), "needs 9 bytes", "names"),
        ] {
            let (entry, line) = read(&reader(&["example.com"]), &body);
            assert!(entry.unreadable && !entry.matched);
            assert_eq!(line["kind"], "unreadable");
            assert!(line["gap"].as_str().unwrap().contains(says), "{line}");
            assert!(!line[knows].is_null(), "{knows} in {line}");
            let (entry, line) = read(&reader(&[]), &body);
            assert!(entry.unreadable && line.is_null(), "counted, and nobody to be told");
        }
        let (entry, line) = read(&reader(&["a.example"]), &body(&cut.precert()));
        assert!(entry.matched && entry.unreadable && line["gap"].is_string(), "{line}");
    }
}
