//! Heads of small logs, honest and not.

use super::*;
use ct::hash::{NodeHash, RootHash};
use ct::key::LogSigningKey;
use ct::merkle::compact::Compact;
use ct::time::Timestamp;

/// A head of the log whose leaves from `fork` on are those of its other self.
fn head(size: u64, fork: u64, at: u64) -> TreeHead {
    let mut tree = Compact::empty();
    for n in 0..size {
        tree.append(NodeHash::new([if n >= fork { 200 } else { n as u8 }; 32]));
    }
    TreeHead { timestamp: Timestamp::from_millis(at), tree_size: tree.size(), root_hash: tree.root() }
}

fn served(head: TreeHead) -> Served {
    let key = LogSigningKey::from_scalar(&[7; 32]).unwrap();
    Served { sth: key.sign_head(head).sth().clone(), url: "u".to_owned(), received: Timestamp::EPOCH }
}

/// The record as a store keeps it: those that agree, and those that wait.
#[derive(Default)]
struct Record(Vec<TreeHead>, Vec<TreeHead>);

impl Record {
    fn around(&self, new: &TreeHead) -> Around {
        let size = new.tree_size;
        let below = self.0.iter().filter(|head| head.tree_size < size);
        let above = self.0.iter().filter(|head| head.tree_size > size);
        Around {
            at: self.0.iter().find(|head| head.tree_size == size).copied().map(served),
            below: below.max_by_key(|head| (head.tree_size, head.timestamp)).copied().map(served),
            above: above.min_by_key(|head| (head.tree_size, head.timestamp)).copied().map(served),
            unproven: self.1.iter().find(|head| contradiction(new, head).is_some()).copied().map(served),
        }
    }

    fn judge(&self, new: TreeHead) -> Judgement {
        judge(&new, self.around(&new))
    }
}

const HONEST: u64 = u64::MAX;

#[test]
fn an_honest_log_agrees_with_itself_in_whatever_order_it_is_seen() {
    // Sizes 0, 0, 1, 1, 2, 2, …, 6: each signed twice; every head may come at any time, from a frontend that lags.
    let all: Vec<TreeHead> = (0..14).map(|n| head(n / 2, HONEST, 100 + n)).collect();
    for start in 0..14 {
        for step in [1, 3, 5, 9, 11, 13] {
            let mut record = Record::default();
            for n in 0..14 {
                let new = all[(start + n * step) % 14];
                match record.judge(new) {
                    Judgement::Agrees => assert!(n == 0 || record.around(&new).at.is_some()),
                    Judgement::Prove { first, second, other } => {
                        assert!(first.tree_size < second.tree_size);
                        assert!(
                            first == new && second == other.sth.head
                                || second == new && first == other.sth.head
                        );
                        assert!(record.around(&new).at.is_none());
                    }
                    other => panic!("{other:?}"),
                }
                record.0.push(new);
            }
        }
    }
}

#[test]
fn two_roots_for_one_size_are_a_fork_whatever_the_time() {
    let record = Record(
        vec![head(3, HONEST, 100), head(5, HONEST, 110), head(5, HONEST, 120), head(9, HONEST, 130)],
        vec![],
    );
    for at in [1, 110, 115, 200] {
        let Judgement::Contradicts(Contradiction::Fork, other) = record.judge(head(5, 4, at)) else {
            panic!("{at}")
        };
        assert_eq!(other.sth.head.tree_size.get(), 5);
    }
}

#[test]
fn a_smaller_tree_of_a_later_or_the_same_moment_has_shrunk() {
    let record = Record(
        vec![head(3, HONEST, 100), head(5, HONEST, 110), head(5, HONEST, 120), head(9, HONEST, 130)],
        vec![],
    );
    for (size, at, other) in [
        (4, 110, 5),
        (4, 111, 5),
        (5, 130, 9),
        (8, 140, 9),
        (0, 100, 3),
        (9, 120, 5),
        (10, 130, 9),
        (4, 100, 3),
        (4, 99, 3),
    ] {
        let found = record.judge(head(size, HONEST, at));
        let Judgement::Contradicts(Contradiction::Shrunk, with) = found else {
            panic!("{size} at {at}: {found:?}")
        };
        assert_eq!(with.sth.head.tree_size.get(), other, "{size} at {at}");
    }
}

#[test]
fn an_older_head_of_a_lagging_frontend_is_to_be_proved_against_the_newer() {
    let record = Record(vec![head(3, HONEST, 100), head(9, HONEST, 130)], vec![]);
    let lagging = head(5, HONEST, 110);
    let Judgement::Prove { first, second, .. } = record.judge(lagging) else { panic!() };
    assert_eq!((first, second.tree_size.get()), (lagging, 9));
}

#[test]
fn a_tree_without_entries_has_one_root() {
    let wrong = TreeHead { root_hash: RootHash::new([1; 32]), ..head(0, HONEST, 1) };
    assert_eq!(Record::default().judge(wrong), Judgement::Impossible);
}

#[test]
fn heads_that_wait_for_a_proof_are_held_against_each_other() {
    let record = Record(vec![head(3, HONEST, 100)], vec![head(8, HONEST, 120), head(6, HONEST, 110)]);
    for (new, how, other) in [
        (head(8, 5, 120), Contradiction::Fork, 8),
        (head(8, 5, 200), Contradiction::Fork, 8),
        (head(6, 4, 110), Contradiction::Fork, 6),
        (head(7, HONEST, 120), Contradiction::Shrunk, 8),
        (head(9, HONEST, 120), Contradiction::Shrunk, 8),
        (head(3, HONEST, 115), Contradiction::Shrunk, 6),
    ] {
        let found = record.judge(new);
        let Judgement::Contradicts(found, with) = found else { panic!("{new:?}: {found:?}") };
        assert_eq!((found, with.sth.head.tree_size.get()), (how, other), "{new:?}");
    }
    for new in [head(8, HONEST, 120), head(7, HONEST, 115), head(9, HONEST, 130)] {
        assert!(matches!(record.judge(new), Judgement::Prove { .. }), "{new:?}");
    }
}
