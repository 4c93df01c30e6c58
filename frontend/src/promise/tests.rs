//! Promises: of the own entry, of an older one, and of none.

use super::*;
use crate::testing::{at, node};
use ct::entry::SignedEntry;

fn entry(certificate: &str, timestamp: Timestamp) -> StoredEntry {
    let leaf = Leaf::plain(timestamp, SignedEntry::X509 { certificate: certificate.as_bytes().to_vec() });
    StoredEntry::new(&leaf, None, Vec::new()).unwrap()
}

fn own() -> StoredEntry {
    entry("leaf", at(10_000))
}

fn older() -> StoredEntry {
    entry("leaf", at(9_000))
}

fn signature(of: &StoredEntry) -> DigitallySigned {
    crate::testing::log_key().sign_leaf(of.leaf_bytes())
}

fn begin() -> Promise {
    let (promise, acts) = Promise::begin(own(), 3, 2, ClockBound::DEFAULT);
    assert_eq!(acts, [Act::Store(Box::new(own())), Act::Sign(Box::new(own()))]);
    promise
}

fn stored(at_node: &str, entry: &StoredEntry, older: Option<&StoredEntry>) -> Event {
    Event::Stored(node(at_node), entry.name(), older.cloned().map(Box::new))
}

fn not_stored(at_node: &str, entry: &StoredEntry) -> Event {
    Event::NotStored(node(at_node), entry.name(), "down".to_owned())
}

fn signed(entry: &StoredEntry) -> Event {
    Event::Signed(entry.name(), signature(entry))
}

fn promised(entry: &StoredEntry) -> Vec<Act> {
    vec![Act::Promise(Box::new(entry.clone()), signature(entry))]
}

fn bid_for(entry: &StoredEntry) -> Vec<Act> {
    vec![Act::Store(Box::new(entry.clone())), Act::Sign(Box::new(entry.clone()))]
}

fn run(promise: &mut Promise, events: impl IntoIterator<Item = Event>) -> Vec<Act> {
    events.into_iter().flat_map(|event| promise.step(at(10_100), event)).collect()
}

#[test]
fn k_acknowledgements_and_a_signature_make_a_promise_in_any_order() {
    let events = || [stored("a", &own(), None), stored("b", &own(), None), signed(&own())];
    for order in [[0, 1, 2], [2, 0, 1], [0, 2, 1]] {
        let mut promise = begin();
        let mut events = events().map(Some);
        for place in &order[..2] {
            assert_eq!(run(&mut promise, events[*place].take()), []);
        }
        assert_eq!(run(&mut promise, events[order[2]].take()), promised(&own()));
    }
}

#[test]
fn one_node_that_answers_twice_is_one() {
    let mut promise = begin();
    assert_eq!(run(&mut promise, [signed(&own()), stored("a", &own(), None), stored("a", &own(), None)]), []);
}

#[test]
fn acknowledgements_for_other_entries_count_for_nothing() {
    let mut promise = begin();
    let other = entry("another leaf", at(10_000));
    assert_eq!(run(&mut promise, [signed(&own()), stored("a", &own(), None), stored("b", &other, None)]), []);
    assert_eq!(run(&mut promise, [signed(&other)]), []);
}

#[test]
fn one_failed_storage_node_of_three_is_survived_two_are_not() {
    let mut promise = begin();
    assert_eq!(run(&mut promise, [signed(&own()), not_stored("a", &own()), stored("b", &own(), None)]), []);
    assert_eq!(run(&mut promise, [stored("c", &own(), None)]), promised(&own()));
    let mut promise = begin();
    let acts = run(&mut promise, [signed(&own()), not_stored("a", &own()), not_stored("b", &own())]);
    let unable = Unable::Storage { stored: 0, needed: 2, reason: "down".to_owned() };
    assert_eq!(acts, [Act::Fail(unable)]);
}

#[test]
fn without_a_signer_there_is_no_promise() {
    let mut promise = begin();
    let acts = run(
        &mut promise,
        [
            stored("a", &own(), None),
            Event::NotSigned(own().name(), "no signer".to_owned()),
            stored("b", &own(), None),
        ],
    );
    assert_eq!(acts, [Act::Fail(Unable::Signer("no signer".to_owned()))]);
}

#[test]
fn an_older_entry_of_the_same_certificate_is_adopted_under_the_same_conditions() {
    let mut promise = begin();
    let acts = run(&mut promise, [signed(&own()), stored("a", &own(), Some(&older()))]);
    assert_eq!(acts, [], "not before the own entry is safe");
    let acts = run(&mut promise, [stored("b", &own(), None)]);
    assert_eq!(acts, bid_for(&older()));
    // What came for the own entry counts for nothing now, and one acknowledgement is too few.
    assert_eq!(
        run(&mut promise, [stored("c", &own(), None), stored("a", &older(), None), signed(&older())]),
        []
    );
    assert_eq!(run(&mut promise, [stored("b", &older(), None)]), promised(&older()));
}

#[test]
fn what_cannot_be_adopted_is_not() {
    let wrong = [
        entry("another leaf", at(9_000)),
        // Younger than the own one.
        entry("leaf", at(10_001)),
        // So old that a signer may refuse it by the time it is asked.
        entry(
            "leaf",
            at(10_100).minus(ClockBound::DEFAULT.behind / 2).minus(std::time::Duration::from_millis(1)),
        ),
    ];
    for wrong in wrong {
        let mut promise = begin();
        let events = [signed(&own()), stored("a", &own(), Some(&wrong)), stored("b", &own(), None)];
        assert_eq!(run(&mut promise, events), promised(&own()));
    }
}

#[test]
fn the_oldest_of_several_is_adopted() {
    let (mut promise, oldest) = (begin(), entry("leaf", at(8_000)));
    let acts = run(&mut promise, [stored("a", &own(), Some(&older())), stored("b", &own(), Some(&oldest))]);
    assert_eq!(acts, bid_for(&oldest));
}

#[test]
fn if_the_adopted_entry_cannot_be_had_the_own_one_is_promised() {
    for failure in [
        vec![not_stored("a", &older()), not_stored("b", &older())],
        vec![Event::NotSigned(older().name(), "too old".to_owned())],
    ] {
        let mut promise = begin();
        run(&mut promise, [signed(&own()), stored("a", &own(), Some(&older())), stored("b", &own(), None)]);
        assert_eq!(run(&mut promise, failure), promised(&own()));
    }
}

#[test]
fn after_its_end_nothing_is_done_any_more() {
    let mut promise = begin();
    run(&mut promise, [signed(&own()), stored("a", &own(), None), stored("b", &own(), None)]);
    let late = [stored("c", &own(), Some(&older())), not_stored("a", &own()), signed(&own())];
    assert_eq!(run(&mut promise, late), []);
}

/// Three storage nodes, of which one is down, as two racing frontends find them.
#[derive(Default)]
struct Nodes {
    lists: [Vec<StoredEntry>; 2],
}

impl Nodes {
    fn put(&mut self, at_node: usize, entry: &StoredEntry) -> Event {
        let list = &mut self.lists[at_node];
        if !list.contains(entry) {
            list.push(entry.clone());
        }
        let oldest = list.iter().min_by_key(|other| (other.timestamp(), other.name())).unwrap();
        let oldest = (oldest != entry).then(|| Box::new(oldest.clone()));
        Event::Stored(node(["a", "b"][at_node]), entry.name(), oldest)
    }
}

/// Carries out what a promise wants, one act at a time, until it is made.
struct Racer {
    promise: Promise,
    todo: Vec<Act>,
    made: Option<StoredEntry>,
}

impl Racer {
    fn new(own: StoredEntry) -> Self {
        let (promise, todo) = Promise::begin(own, 3, 2, ClockBound::DEFAULT);
        Self { promise, todo, made: None }
    }

    /// Does the first act at storage node `first`, then at the other; the third is down.
    fn turn(&mut self, nodes: &mut Nodes, first: usize) {
        if self.todo.is_empty() {
            return;
        }
        let events = match self.todo.remove(0) {
            Act::Store(entry) => {
                vec![not_stored("c", &entry), nodes.put(first, &entry), nodes.put(1 - first, &entry)]
            }
            Act::Sign(entry) => vec![signed(&entry)],
            Act::Promise(entry, _) => {
                self.made = Some(*entry);
                return;
            }
            Act::Fail(unable) => panic!("{unable}"),
        };
        for event in events {
            self.todo.extend(self.promise.step(at(10_100), event));
        }
    }
}

#[test]
fn two_frontends_that_race_give_one_sct_although_a_node_is_down() {
    // Every interleaving of their first turns, then each goes on in turn: nobody waits for the other for ever.
    for pattern in 0..64_u32 {
        let (mut nodes, mut made) = (Nodes::default(), Vec::new());
        let mut racers = [Racer::new(own()), Racer::new(older())];
        for turn in 0..40 {
            let who = if turn < 6 { (pattern >> turn & 1) as usize } else { turn % 2 };
            racers[who].turn(&mut nodes, (pattern >> (turn % 6) & 1) as usize);
        }
        for racer in &racers {
            made.push(racer.made.clone().expect("nobody is stuck"));
        }
        // Who comes second to storage sees the other's entry. Only who was served before the older entry was there has
        // promised a younger one; both then are in the list, and will be in the tree.
        for entry in &made {
            assert!(nodes.lists.iter().all(|list| list.contains(entry)), "{pattern:b}");
        }
    }
}

/// Both entries arrive at both nodes; at each, one of the two is first. Then the answers come.
fn race(own_is_first: [bool; 2]) -> [StoredEntry; 2] {
    let mut nodes = Nodes::default();
    let mut answers = [vec![not_stored("c", &own())], vec![not_stored("c", &older())]];
    for (place, own_is_first) in own_is_first.into_iter().enumerate() {
        for who in if own_is_first { [0, 1] } else { [1, 0] } {
            answers[who].push(nodes.put(place, &[own(), older()][who]));
        }
    }
    let racers = [Racer::new(own()), Racer::new(older())].into_iter().zip(answers);
    let made = racers.map(|(mut racer, answers)| {
        racer.todo.retain(|act| !matches!(act, Act::Store(_)));
        for event in answers {
            racer.todo.extend(racer.promise.step(at(10_100), event));
        }
        (0..10).for_each(|_| racer.turn(&mut nodes, 0));
        racer.made.expect("nobody is stuck")
    });
    made.collect::<Vec<_>>().try_into().unwrap()
}

#[test]
fn racing_frontends_give_the_same_sct_if_either_node_had_the_older_entry_first() {
    for own_is_first in [[false, false], [false, true], [true, false]] {
        assert_eq!(race(own_is_first), [older(), older()], "{own_is_first:?}");
    }
    // Nobody could know yet: two promises, and both entries are where merging finds them.
    assert_eq!(race([true, true]), [own(), older()]);
}
