//! Importing from a log that lies: it is refused, for what it did, and nothing comes of it.

use crate::lab::{Said, imported, run, text};
use liar::{Endpoint, Gap, Liar, Lie};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const ENTRIES: u64 = 20;

/// A cluster that was made, and never run.
struct Made {
    _home: TempDir,
    dir: PathBuf,
}

impl Made {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("cluster");
        let nodes = [
            ["--frontend", "frontend-1@127.0.0.1:4100,public=127.0.0.1:4200"],
            ["--storage", "storage-1@127.0.0.1:4101"],
            ["--signer", "signer-1@127.0.0.1:4102"],
            ["--merge", "merge-1@127.0.0.1:4103"],
        ];
        let what = ["init", "--purpose", "test", "--test-ca", "--log", "live", "--dir", text(&dir)];
        let made = run(&[&what[..], nodes.as_flattened()].concat());
        assert_eq!(made.code, Some(0), "{}", made.err);
        Self { _home: home, dir }
    }

    fn import(&self, liar: &Liar, name: &str) -> Said {
        let (url, key) = (liar.url(), liar.key_base64());
        imported(&["--url", &url, "--key", &key, "--into", text(&self.dir), "--as", name])
    }

    fn toml(&self) -> String {
        std::fs::read_to_string(self.dir.join("cluster.toml")).unwrap()
    }
}

/// The import is refused, with all of these words, and the configuration is what it was.
fn refuses(made: &Made, liar: &Liar, name: &str, words: &[&str]) {
    let before = made.toml();
    let said = made.import(liar, name);
    assert_eq!(said.code, Some(1), "{name}: {}{}", said.out, said.err);
    for word in words {
        assert!(said.err.contains(word), "{name}: {word:?} is not in {}", said.err);
    }
    assert_eq!((said.out.as_str(), made.toml()), ("", before));
}

#[test]
fn every_lie_is_named_and_the_truth_is_taken_afterwards() {
    let made = Made::new();
    let cases: [(Lie, &[&str]); 17] = [
        (Lie::EntryTampered(5), &["wrong root: the 20 entries lead to ", "; wrong entry 5: "]),
        (Lie::EntriesSwapped, &["wrong root", "wrong entry 0: get-entries gave the leaf"]),
        (Lie::EntriesFromElsewhere, &["wrong root", "wrong entry 0: get-entries gave the leaf"]),
        (Lie::EntryMissing(5, Gap::BadRequest), &["entries from 5 on: ", "status 400"]),
        (Lie::EntryMissing(5, Gap::NotFound), &["entries from 5 on: ", "status 404"]),
        (Lie::EntryMissing(5, Gap::Empty), &["entries from 5 on: ", "0 entries, asked for 1 to 15"]),
        (Lie::EntriesTooMany, &["entries from 0 on: ", "asked for 1 to 20"]),
        (Lie::EntryTruncated(5), &["entry 5: not an entry as RFC 6962 has it: "]),
        (
            Lie::EntryTrailing(5),
            &["entry 5: not an entry as RFC 6962 has it: MerkleTreeLeaf: 1 bytes follow"],
        ),
        (Lie::ExtraDataJunk(5), &["entry 5: not an entry as RFC 6962 has it: "]),
        (Lie::ExtraDataTrailing, &["entry 0: not an entry as RFC 6962 has it: extra_data: 1 bytes follow"]),
        (Lie::SthSignatureBroken, &["STH: the signature does not verify"]),
        (Lie::SthSignedByAnother, &["STH: the signature does not verify"]),
        (Lie::EndlessEntries(ENTRIES), &["wrong root: the 20 entries lead to ", "entry 0"]),
        (
            Lie::EndlessEntries(5000),
            &["entries are not proven to begin the tree of 5000 that was signed", "status 400"],
        ),
        (Lie::SthBeyondEntries(5), &["entries from 20 on: ", "status 400"]),
        (Lie::HtmlIs200, &["not an answer as RFC 6962 has it"]),
    ];
    for (number, (lie, words)) in cases.into_iter().enumerate() {
        let (liar, name) = (Liar::with_entries(ENTRIES), format!("lie-{number}"));
        liar.tell(lie);
        refuses(&made, &liar, &name, words);
        liar.be_honest();
        let report = made.import(&liar, &name);
        // A head that was signed for a tree that never was stands for ever: the log has contradicted itself.
        match lie {
            Lie::EndlessEntries(_) | Lie::SthBeyondEntries(_) => {
                assert_eq!(report.code, Some(1), "{lie:?}: {}", report.err);
            }
            _ => assert_eq!(report.json()["tree_size"], ENTRIES, "{lie:?}"),
        }
    }
}

#[test]
fn proofs_that_do_not_hold_do_not_keep_true_entries_out() {
    let (made, liar) = (Made::new(), Liar::with_entries(ENTRIES));
    liar.tell_at(Endpoint::GetSthConsistency, Lie::ConsistencyWrong);
    liar.tell_at(Endpoint::GetEntryAndProof, Lie::InclusionWrong);
    assert_eq!(made.import(&liar, "old").json()["tree_size"], ENTRIES);
}

#[test]
fn a_tree_head_that_contradicts_what_was_imported_is_refused_and_the_copy_stays() {
    let (made, liar) = (Made::new(), Liar::with_entries(ENTRIES));
    made.import(&liar, "old").json();
    // Of the same moment.
    liar.tell(Lie::SthShrunk(5));
    refuses(&made, &liar, "old", &["the log has shrunk", "of 15 entries", "of 20 entries"]);
    liar.append(10);
    liar.publish();
    liar.tell(Lie::SthShrunk(15));
    refuses(&made, &liar, "old", &["the log has shrunk", "of 15 entries", "of 20 entries"]);
    liar.fork_at(6);
    liar.tell(Lie::Fork);
    refuses(&made, &liar, "old", &["contradict each other", "of 20 entries", "of 30 entries"]);
    // Another log under that name, and that name for another log.
    let other = Liar::with_entries(3);
    assert_eq!(made.import(&other, "old").code, Some(64));
    assert_eq!(made.import(&other, "live").code, Some(64));

    liar.be_honest();
    let report = made.import(&liar, "old").json();
    assert_eq!((&report["tree_size"], &report["fetched"]), (&30.into(), &10.into()));
}

#[test]
fn a_copy_goes_to_a_frontend_of_a_cluster_that_names_it() {
    let (made, liar) = (Made::new(), Liar::with_entries(ENTRIES));
    let (url, key) = (liar.url(), liar.key_base64());
    let (file, state) = (made.dir.join("cluster.toml"), |node: &str| made.dir.join("nodes").join(node));
    let import = |node: &str, state: &Path| {
        let to = ["--cluster", text(&file), "--node", node, "--state", text(state), "--as", "old"];
        imported(&[&["--url", &url, "--key", &key][..], &to].concat())
    };
    let refused = |said: Said, words: &[&str]| {
        assert_eq!(said.code, Some(64), "{}", said.err);
        words.iter().for_each(|word| assert!(said.err.contains(word), "{word:?} is not in {}", said.err));
        said.err
    };
    let missing = import("frontend-1", &state("frontend-1"));
    let text = refused(missing, &["[[read_only_log]]\nname = \"old\"\nkey = \"", "on every machine alike"]);
    let table = &text[text.find("[[read_only_log]]").unwrap()..];
    std::fs::write(&file, format!("{}\n{table}", made.toml())).unwrap();
    refused(import("storage-1", &state("storage-1")), &["frontends alone keep read-only logs"]);
    refused(import("frontend-1", &state("storage-1")), &["frontend-1 has the key"]);
    refused(import("frontend-9", &state("frontend-1")), &["it has no node frontend-9"]);
    let report = import("frontend-1", &state("frontend-1")).json();
    assert_eq!(
        (&report["nodes"], &report["tree_size"]),
        (&serde_json::json!(["frontend-1"]), &ENTRIES.into())
    );
}
