//! A promise and a late tree head.

use super::*;
use ct::key::SctError;
use ct::sct::DigitallySigned;

#[test]
fn a_promise_is_due_after_the_merge_delay() {
    let later = |after| served(&leaves(3, NEVER), after);
    let (evidence, given) = promise(60, later(60_001));
    let due = Timestamp::from_millis(START + 60_000);
    let found = verdict(&evidence);
    let expected = Verdict::Due { leaf: leaf_hash(&given.leaf_input), due, head: given.later.sth.head };
    assert_eq!(found, expected);
    assert!(found.to_string().contains("by asking the log"), "{found}");
    let (evidence, _) = promise(60, later(60_000));
    let early = Doubt::NotDue { due, at: due };
    assert_eq!(verdict(&evidence), Verdict::NotProven(early));
}

#[test]
fn a_promise_that_is_not_the_logs_accuses_nobody() {
    let (_, good) = promise(60, served(&leaves(3, NEVER), 60_001));
    let doubt =
        |promise: BrokenPromise| match Evidence::of_promise(log(), Timestamp::EPOCH, promise).verdict() {
            Verdict::NotProven(doubt) => doubt,
            other => panic!("{other}"),
        };
    let with = |change: fn(&mut BrokenPromise)| {
        let mut changed = good.clone();
        change(&mut changed);
        doubt(changed)
    };
    let byte = with(|promise| promise.leaf_input[18] ^= 1);
    assert!(matches!(byte, Doubt::Sct(SctError::Signature(_))));
    assert_eq!(with(|promise| promise.leaf_input[9] ^= 1), Doubt::OtherLeaf("timestamp"));
    assert_eq!(with(|promise| promise.sct.extensions = vec![1]), Doubt::OtherLeaf("value of extensions"));
    assert!(matches!(with(|promise| promise.leaf_input.truncate(20)), Doubt::Leaf(_)));
    let other = with(|promise| promise.sct.log_id = [0; 32].into());
    assert!(matches!(other, Doubt::Sct(SctError::OtherLog { .. })));
    let head = with(|promise| promise.later.sth.head.timestamp = Timestamp::from_millis(START + 70_000));
    assert!(matches!(head, Doubt::TreeHead { which: "later", .. }));
    let signature = with(|promise| promise.sct.signature = DigitallySigned::ecdsa(vec![1]).unwrap());
    assert!(matches!(signature, Doubt::Sct(_)));
}
