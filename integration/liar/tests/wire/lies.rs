//! Each lie is seen for what it is by somebody who verifies everything.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use liar::{Gap, Liar, Lie};
use serde_json::Value;

use super::api;
use super::auditor::audit;

/// The tree is of ten entries before the lie and of sixteen after; the fork begins at six.
const LIES: &[(Lie, &str)] = &[
    (Lie::SctSignatureOverOtherTime, "SCT signature: expected a signature by the log's key"),
    (Lie::SctSignedByAnother, "SCT signature: expected a signature by the log's key"),
    (Lie::PromisedButNeverLogged, "get-proof-by-hash"),
    (Lie::SthSignatureBroken, "tree_head_signature: expected a signature by the log's key"),
    (Lie::SthSignedByAnother, "tree_head_signature: expected a signature by the log's key"),
    (Lie::SthBack(3_600_000), "STH timestamp: expected after"),
    (Lie::SthShrunk(7), "tree_size: expected not below 10, found 9"),
    (Lie::Frozen, "STH timestamp: expected after"),
    (Lie::Fork, "older root (10) computed from the consistency proof"),
    (Lie::ForkJunkProof, "older root (10) computed from the consistency proof"),
    (Lie::SthBeyondEntries(5), "second=21: expected status 200, found 400"),
    (Lie::EndlessEntries(1 << 40), "second=1099511627776: expected status 200, found 400"),
    (Lie::ConsistencyWrong, "computed from the consistency proof"),
    (Lie::InclusionWrong, "computed from the audit_path"),
    (Lie::ProofsTooLong(10_000), "consistency length: expected one node per level, found 10000"),
    (Lie::EntryTampered(3), "root rebuilt from the entries"),
    (Lie::EntryMissing(7, Gap::BadRequest), "start=7&end=10: expected status 200, found 400"),
    (Lie::EntryMissing(7, Gap::NotFound), "start=7&end=10: expected status 200, found 404"),
    (Lie::EntryMissing(7, Gap::Empty), "start=7&end=10: entries: expected 1 to 4 entries, found 0"),
    (Lie::EntryTruncated(3), "leaf_input: expected"),
    (Lie::EntryTrailing(3), "leaf_input: expected no trailing bytes, found 1"),
    (Lie::ExtraDataJunk(3), "extra_data: expected"),
    (Lie::EntriesTooMany, "entries: expected 1 to 4 entries, found 5"),
    (Lie::EntriesFromElsewhere, "root rebuilt from the entries"),
    (Lie::EntriesSwapped, "root rebuilt from the entries"),
    (Lie::RootHashShort, "sha256_root_hash: expected 32 bytes, found 31 bytes"),
    (Lie::NodesLong, "consistency: expected 32 bytes, found 33 bytes"),
    (Lie::Base64Invalid, "id: expected padded standard base64"),
    (Lie::NumbersQuoted, "sct_version: expected a plain integer"),
    (Lie::JsonDeep, "expected a JSON object, found [[[["),
    (Lie::HtmlIs200, "expected a JSON object, found <!DOCTYPE html>"),
];

#[test]
fn an_honest_log_is_found_honest() {
    audit(&log(), Lie::None).unwrap();
}

#[test]
fn each_lie_is_seen_as_described() {
    for (lie, fragment) in LIES {
        let Err(error) = audit(&log(), *lie) else { panic!("{lie:?} was not seen") };
        let reason = error.to_string();
        assert!(reason.contains(fragment), "{lie:?}: no {fragment:?} in: {reason}");
    }
}

#[test]
fn a_wrong_proof_is_wrong_even_where_it_should_be_empty() {
    let liar = Liar::with_entries(1);
    let api = api(&liar);
    assert_eq!((api.consistency(1, 1).unwrap().len(), api.entry_and_proof(0, 1).unwrap().1.len()), (0, 0));
    liar.tell(Lie::ConsistencyWrong);
    assert_eq!(api.consistency(1, 1).unwrap().len(), 1);
    liar.tell(Lie::InclusionWrong);
    assert_eq!(api.entry_and_proof(0, 1).unwrap().1.len(), 1);
}

#[test]
fn the_entry_too_many_is_the_next_one_or_the_last_again() {
    let liar = Liar::with_entries(10);
    liar.tell(Lie::EntriesTooMany);
    let served = |start: u64, end: u64| {
        let path = format!("/ct/v1/get-entries?start={start}&end={end}");
        let answer: Value = serde_json::from_slice(&api(&liar).http.get(&path).unwrap().body).unwrap();
        let leaves = answer["entries"].as_array().unwrap().iter();
        leaves
            .map(|entry| STANDARD.decode(entry["leaf_input"].as_str().unwrap()).unwrap())
            .collect::<Vec<_>>()
    };
    let real =
        |indexes: &[u64]| indexes.iter().map(|index| liar.entry(*index).leaf_input).collect::<Vec<_>>();
    assert_eq!(served(3, 4), real(&[3, 4, 5]));
    assert_eq!(served(8, 9), real(&[8, 9, 9]));
}

fn log() -> Liar {
    let liar = Liar::with_entries(10);
    liar.fork_at(6);
    liar
}
