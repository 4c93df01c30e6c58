//! What others have seen, checked: kept promises, broken ones, heads of another tree.

use crate::harness::{Bench, Told, runtime, subject};
use client::evidence::Served;
use client::{Client, Manners};
use ct::entry::Leaf;
use ct::hash::LogId;
use ct::key::LogSigningKey;
use ct::merkle::leaf_hash;
use ct::sct::Sct;
use ct::time::Timestamp;
use liar::{Endpoint, Liar, Lie};
use monitor::finding::Severity;
use monitor::{Claim, Claims};
use std::sync::Arc;
use std::time::Duration;

/// A promise of the entry at that place, as whoever submitted it would have it, but for its signature: that is verified
/// before a claim is made.
fn promised(liar: &Liar, index: u64) -> Claim {
    let leaf_input = liar.entry(index).leaf_input;
    claim(liar, leaf_input)
}

fn claim(liar: &Liar, leaf_input: Vec<u8>) -> Claim {
    let leaf = Leaf::decode(&leaf_input).unwrap();
    let signature = LogSigningKey::from_scalar(&[7; 32]).unwrap().sign_leaf(&leaf_input);
    let log_id = LogId::new(liar.log_id());
    let sct = Sct { log_id, timestamp: leaf.timestamp, extensions: leaf.extensions, signature };
    Claim { leaf: leaf_hash(&leaf_input), sct, leaf_input }
}

/// A promise of an entry that is not in the log.
fn unkept(liar: &Liar, at: u64) -> Claim {
    let mut leaf = Leaf::decode(&liar.entry(0).leaf_input).unwrap();
    leaf.timestamp = Timestamp::from_millis(at);
    claim(liar, leaf.encode().unwrap())
}

/// The head that is shown now.
fn head(liar: &Liar) -> Served {
    let client = Client::new(subject(liar, None).log, Manners::default()).unwrap();
    let sth = runtime().block_on(client.frontend(0).sth()).unwrap().sth().clone();
    Served { sth, url: "somebody else".to_owned(), received: Timestamp::EPOCH }
}

fn promises(promises: Vec<Claim>) -> Claims {
    Claims { promises, ..Claims::default() }
}

#[test]
fn every_promise_that_is_kept_is_found() {
    let liar = Liar::with_entries(20);
    let bench = Bench::new();
    let run = bench.check(&liar, promises((0..20).map(|index| promised(&liar, index)).collect()));
    run.assert_well();
    let asked =
        liar.requests().iter().filter(|seen| seen.endpoint() == Some(Endpoint::GetProofByHash)).count();
    assert_eq!(asked, 20);
}

#[test]
fn a_promise_that_is_due_and_not_kept_is_missing() {
    let liar = Liar::with_entries(20);
    let mut bench = Bench::new();
    bench.mmd = Some(Duration::from_secs(60));
    let old = liar.head().timestamp - 60_001;
    let run = bench.check(&liar, promises(vec![promised(&liar, 3), unkept(&liar, old)]));
    assert_eq!(run.ended, Some(("missing-entry", Severity::Broken)), "{}", run.text);
    assert!(run.text.starts_with("1 of 2 promises are due"), "{}", run.text);
    assert!(run.evidence.is_some());
    let empty = Liar::start();
    let run = Bench::new().impatient().check(&empty, promises(vec![unkept(&liar, empty.head().timestamp)]));
    assert_eq!(run.ended.map(|(name, _)| name), Some("missing-entry"), "{}", run.text);
}

#[test]
fn a_promise_that_is_not_due_is_waited_for() {
    let liar = Liar::with_entries(20);
    let mut bench = Bench::new().impatient();
    bench.mmd = Some(Duration::from_secs(60));
    // As old as a promise may be before it is due.
    let young = unkept(&liar, liar.head().timestamp - 60_000);
    let run = bench.check(&liar, promises(vec![young]));
    assert_eq!(run.ended, Some(("missing-entry", Severity::Trouble)), "{}", run.text);
    // One that is merged while it is waited for.
    let liar = Arc::new(Liar::with_entries(20));
    liar.append(1);
    bench.settings.give_up = None;
    let merge = Arc::clone(&liar);
    let told = Told::and_then(move || drop(merge.publish()));
    let run = bench.run_with(&liar, &told, promises(vec![promised(&liar, 20)]));
    assert_eq!((run.ended, run.told), (None, vec!["missing-entry"]));
}

#[test]
fn a_proof_that_does_not_hold_is_no_proof() {
    let liar = Liar::with_entries(20);
    liar.tell_at(Endpoint::GetProofByHash, Lie::InclusionWrong);
    let run = Bench::new().impatient().check(&liar, promises(vec![promised(&liar, 3)]));
    assert_eq!(run.ended.map(|(name, _)| name), Some("wrong-proof"), "{}", run.text);
}

#[test]
fn heads_that_others_saw_must_agree_with_ours() {
    let liar = Liar::with_entries(10);
    let mut heads = vec![head(&liar)];
    for _ in 0..3 {
        liar.append(3);
        liar.publish();
        heads.push(head(&liar));
    }
    let bench = Bench::new();
    bench.check(&liar, Claims { heads: heads.clone(), ..Claims::default() }).assert_well();

    liar.fork_at(6);
    liar.append(5);
    liar.publish();
    liar.tell(Lie::Fork);
    heads.push(head(&liar));
    liar.be_honest();
    let run = bench.check(&liar, Claims { heads, ..Claims::default() });
    assert_eq!((run.ended, run.verdict), (Some(("fork", Severity::Broken)), Some("fork")), "{}", run.text);
}
