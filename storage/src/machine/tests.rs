use super::*;
use ct::entry::{Leaf, LogKind, SignedEntry};
use ct::hash::{LogId, RootHash};
use ct::index::{Term, TreeSize};
use ct::key::LogSigningKey;
use ct::node_key::NodeSigningKey;
use ct::order::LogHead;
use ct::sth::{Sth, TreeHead};
use ct::term::{Change, RunId, TermBody, Trust, Voter, Voters};
use ct::wire::storage::{Completeness, Cursor};

const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);
const LIST: Incarnation = Incarnation::new([1; 16]);

fn at(position: u64) -> Position {
    Position::new(position).unwrap()
}

fn name(text: &str) -> NodeName {
    text.parse().unwrap()
}

fn log_key() -> LogSigningKey {
    LogSigningKey::from_scalar(&[7; 32]).unwrap()
}

fn repair() -> NodeSigningKey {
    NodeSigningKey::from_seed(&[9; 32])
}

pub(crate) fn founding() -> TermCertificate {
    let voter = |seed: u8| Voter {
        name: name(&format!("merge-{seed}")),
        key: NodeSigningKey::from_seed(&[seed; 32]).public(),
        incarnation: Incarnation::new([seed; 16]),
        joining_term: Term::ZERO,
    };
    let body = TermBody {
        log_id: log_key().public().log_id(),
        kind: LogKind::Rfc6962,
        run: RunId::new([0; 16]),
        term: Term::FIRST,
        primary: name("merge-1"),
        start_head: LogHead::EMPTY,
        change: Change::Nothing,
        sth_signer: name("signer-1"),
        sth_signer_key: ct::node_key::NodeSigningKey::from_seed(&[77; 32]).public(),
        voters: Voters::new([1, 2, 3].map(voter).to_vec()).unwrap(),
        former: Vec::new(),
        stops: Vec::new(),
    };
    TermCertificate::sign(body, &repair())
}

fn guard() -> Guard {
    let certificate = founding();
    let (log_id, repair_key) = (certificate.body.log_id, repair().public());
    let trust = Trust { log_id, kind: LogKind::Rfc6962, repair_key, operators: Vec::new() };
    Guard::new(trust, certificate)
}

fn machine(start: u64, unmerged: Vec<Unmerged>) -> Machine {
    let log_key = log_key().public().clone();
    let settings = Settings { clock: ClockBound::DEFAULT, backlog_limit: 4, log_key };
    Machine::recover(
        settings,
        Durable {
            incarnation: LIST,
            completeness: Completeness::Whole,
            guard: guard(),
            start: at(start),
            unmerged,
        },
    )
}

/// An entry of the certificate `identity`, promised `later` milliseconds after now.
fn entry(identity: &str, later: u64) -> StoredEntry {
    chained(identity, later, Vec::new())
}

fn chained(identity: &str, later: u64, chain: Vec<Fingerprint>) -> StoredEntry {
    let certificate = identity.as_bytes().to_vec();
    let timestamp = Timestamp::from_millis(NOW.millis() + later);
    StoredEntry::new(&Leaf::plain(timestamp, SignedEntry::X509 { certificate }), None, chain).unwrap()
}

fn unmerged(entry: &StoredEntry) -> Unmerged {
    Unmerged { name: entry.name(), identity: entry.identity(), timestamp: entry.timestamp() }
}

fn step(machine: &mut Machine, event: Event) -> Effects<Write, Act> {
    let mut fx = Effects::new();
    machine.step(NOW, event, |_| false, &mut fx);
    fx
}

fn put_all(
    machine: &mut Machine,
    entries: Vec<StoredEntry>,
    issuers: Vec<Vec<u8>>,
) -> (Vec<Write>, Vec<Put>) {
    let mut fx = step(machine, Event::Put(vec![(5, EntryBatch { entries, issuers })]));
    match fx.acts.pop() {
        Some(Act::Puts(5, puts)) => (fx.writes, puts),
        other => panic!("{other:?}"),
    }
}

fn put(machine: &mut Machine, entry: StoredEntry) -> (Vec<Write>, Put) {
    let (writes, mut puts) = put_all(machine, vec![entry], Vec::new());
    (writes, puts.pop().unwrap())
}

fn sth() -> Sth {
    let head =
        TreeHead { timestamp: NOW, tree_size: TreeSize::new(9).unwrap(), root_hash: RootHash::new([3; 32]) };
    log_key().sign_head(head).sth().clone()
}

fn move_start(machine: &mut Machine, caller: &str, message: MoveStart) -> (Vec<Write>, Result<(), Refusal>) {
    let mut fx = step(machine, Event::MoveStart(6, name(caller), message));
    match fx.acts.pop() {
        Some(Act::Control(6, result)) => (fx.writes, result),
        other => panic!("{other:?}"),
    }
}

fn message(start: u64) -> MoveStart {
    MoveStart { term: Term::FIRST, sth: sth(), incarnation: LIST, start: at(start) }
}

fn fetch(cursor: Option<(Incarnation, u64)>) -> Fetch {
    let cursor = cursor.map(|(incarnation, position)| Cursor { incarnation, position: at(position) });
    Fetch { term: Term::FIRST, cursor, retained: false, wait_ms: 0 }
}

#[test]
fn an_entry_is_put_once_by_name() {
    let (mut machine, entry) = (machine(10, Vec::new()), entry("a", 0));
    let (writes, result) = put(&mut machine, entry.clone());
    assert_eq!(writes, [Write::Append(Box::new(entry.clone()))]);
    assert_eq!(result, Put::Stored(None));
    assert_eq!(put(&mut machine, entry.clone()), (Vec::new(), Put::Stored(None)));
    assert_eq!(machine.end(), at(11));
    // Twice in one batch too.
    let twice = super::tests::entry("b", 0);
    let (writes, puts) = put_all(&mut machine, vec![twice.clone(), twice], Vec::new());
    assert_eq!((writes.len(), puts), (1, vec![Put::Stored(None); 2]));
}

#[test]
fn an_entry_found_at_start_is_not_put_again() {
    let entry = entry("a", 0);
    let mut machine = machine(3, vec![unmerged(&entry)]);
    assert_eq!(put(&mut machine, entry), (Vec::new(), Put::Stored(None)));
}

#[test]
fn leaves_of_one_identity_are_all_kept_and_the_oldest_is_told() {
    let mut machine = machine(10, Vec::new());
    assert_eq!(put(&mut machine, entry("a", 5)).1, Put::Stored(None));
    let (writes, result) = put(&mut machine, entry("a", 7));
    assert_eq!((writes.len(), result), (1, Put::Stored(Some(at(10)))));
    // A third one is older than both: it is the oldest itself, and told to those that come after.
    assert_eq!(put(&mut machine, entry("a", 1)).1, Put::Stored(None));
    assert_eq!(put(&mut machine, entry("a", 5)).1, Put::Stored(Some(at(12))));
    // Another certificate has nothing to do with it.
    assert_eq!(put(&mut machine, entry("b", 9)).1, Put::Stored(None));
}

#[test]
fn what_was_published_is_adopted_no_more() {
    let mut machine = machine(0, vec![unmerged(&entry("a", 0)), unmerged(&entry("b", 0))]);
    move_start(&mut machine, "merge-1", message(1)).1.unwrap();
    assert_eq!(put(&mut machine, entry("a", 3)).1, Put::Stored(None));
    assert_eq!(put(&mut machine, entry("b", 3)).1, Put::Stored(Some(at(1))));
}

#[test]
fn issuers_come_before_the_entries_that_name_them() {
    let mut machine = machine(0, Vec::new());
    let issuer = b"issuer".to_vec();
    let fingerprint = Fingerprint::new(sha256(&[&issuer]));
    let entry = chained("a", 0, vec![fingerprint]);
    assert_eq!(put(&mut machine, entry.clone()), (Vec::new(), Put::NeedIssuers(vec![fingerprint])));
    let (writes, puts) = put_all(&mut machine, vec![entry.clone()], vec![issuer.clone(), issuer.clone()]);
    assert_eq!(writes, [Write::Issuer(issuer), Write::Append(Box::new(entry))]);
    assert_eq!(puts, [Put::Stored(None)]);
}

#[test]
fn timestamps_off_the_clock_are_refused() {
    let mut machine = machine(0, Vec::new());
    assert!(matches!(put(&mut machine, entry("a", 1000)).1, Put::Stored(None)));
    assert!(matches!(put(&mut machine, entry("b", 1001)).1, Put::Refused(PutFault::Clock(_))));
}

#[test]
fn a_full_backlog_takes_nothing_new_and_still_knows_what_it_has() {
    let known = entry("0", 0);
    let mut machine = machine(0, vec![unmerged(&known)]);
    for identity in ["1", "2", "3"] {
        assert_eq!(put(&mut machine, entry(identity, 0)).1, Put::Stored(None));
    }
    assert_eq!(put(&mut machine, entry("4", 0)), (Vec::new(), Put::Refused(PutFault::Backlog(4, 4))));
    assert_eq!(put(&mut machine, known).1, Put::Stored(None));
    move_start(&mut machine, "merge-1", message(1)).1.unwrap();
    assert_eq!(put(&mut machine, entry("4", 0)).1, Put::Stored(None));
}

#[test]
fn start_moves_on_and_never_back() {
    let items: Vec<_> = ["a", "b", "c"].iter().map(|id| unmerged(&entry(id, 0))).collect();
    let mut machine = machine(10, items);
    let (writes, result) = move_start(&mut machine, "merge-1", message(12));
    assert_eq!((writes, result), (vec![Write::Start(at(12), NOW)], Ok(())));
    assert_eq!(move_start(&mut machine, "merge-1", message(11)), (Vec::new(), Ok(())));
    assert_eq!((machine.start(), machine.end()), (at(12), at(13)));
    let beyond = Refusal::BeyondEnd { cursor: 14, end: 13 };
    assert_eq!(move_start(&mut machine, "merge-1", message(14)), (Vec::new(), Err(beyond)));
    assert_eq!(machine.start(), at(12));
}

#[test]
fn start_is_moved_only_by_the_primary_under_an_sth_of_the_log() {
    let mut machine = machine(0, vec![unmerged(&entry("a", 0))]);
    let refused = |machine: &mut Machine, caller: &str, message: MoveStart| {
        let (writes, result) = move_start(machine, caller, message);
        assert_eq!((writes, machine.start()), (Vec::new(), at(0)));
        result.unwrap_err()
    };
    let mut forged = message(1);
    forged.sth.head.tree_size = TreeSize::new(10).unwrap();
    assert!(matches!(refused(&mut machine, "merge-1", forged), Refusal::Unproven { .. }));
    let certificate = Box::new(founding());
    assert_eq!(refused(&mut machine, "merge-2", message(1)), Refusal::TermOver { certificate });
    let unknown = MoveStart { term: Term::new(2).unwrap(), ..message(1) };
    assert_eq!(refused(&mut machine, "merge-1", unknown), Refusal::TermUnknown { known: Term::FIRST });
    let other = MoveStart { incarnation: Incarnation::new([2; 16]), ..message(1) };
    assert_eq!(refused(&mut machine, "merge-1", other), Refusal::OtherIncarnation { actual: LIST });
}

#[test]
fn cursors_belong_to_one_list() {
    let items: Vec<_> = ["a", "b", "c"].iter().map(|id| unmerged(&entry(id, 0))).collect();
    let machine = machine(10, items);
    let ask = |fetch: Fetch| machine.fetch_from(&name("merge-1"), &fetch, at(4));
    assert_eq!(ask(fetch(None)), Ok(at(10)));
    assert_eq!(ask(Fetch { retained: true, ..fetch(None) }), Ok(at(4)));
    assert_eq!(ask(fetch(Some((LIST, 12)))), Ok(at(12)));
    assert_eq!(ask(fetch(Some((LIST, 13)))), Ok(at(13)));
    assert_eq!(ask(fetch(Some((LIST, 2)))), Ok(at(4)));
    assert_eq!(ask(fetch(Some((LIST, 14)))), Err(Refusal::BeyondEnd { cursor: 14, end: 13 }));
    let other = fetch(Some((Incarnation::new([2; 16]), 12)));
    assert_eq!(ask(other), Err(Refusal::OtherIncarnation { actual: LIST }));
    let refused = machine.fetch_from(&name("merge-3"), &fetch(None), at(0)).unwrap_err();
    assert_eq!(refused.label(), "term_over");
}

#[test]
fn scts_go_to_the_entries_that_are_unmerged() {
    let (held, strange) = (entry("a", 0), entry("b", 0));
    let mut machine = machine(7, vec![unmerged(&held)]);
    let sct = log_key().sign_leaf(held.leaf_bytes());
    let items = [&held, &strange].map(|entry| SctItem { name: entry.name(), sct: sct.clone() });
    let fx = step(&mut machine, Event::AttachScts(items.to_vec()));
    assert_eq!((fx.writes, fx.acts), (vec![Write::Sct(at(7), sct)], Vec::new()));
}

#[test]
fn the_oldest_unpublished_is_found_without_looking_at_all() {
    let mut machine = machine(0, Vec::new());
    assert_eq!(machine.oldest_unpublished(), None);
    for (identity, later) in [("a", 30), ("b", 10), ("c", 20), ("d", 10)] {
        put(&mut machine, entry(identity, later));
    }
    let mut oldest = |start: u64| {
        move_start(&mut machine, "merge-1", message(start)).1.unwrap();
        let oldest = machine.oldest_unpublished();
        assert_eq!(oldest, machine.unmerged.iter().map(|item| item.timestamp).min());
        oldest.map(|oldest| oldest.since(NOW).as_millis())
    };
    assert_eq!([0, 1, 2, 3, 4].map(&mut oldest), [Some(10), Some(10), Some(10), Some(10), None]);
}

#[test]
fn a_certificate_of_another_key_or_log_is_refused() {
    let mut machine = machine(0, Vec::new());
    let mut body = founding().body;
    body.term = Term::new(2).unwrap();
    let forged = TermCertificate::sign(body.clone(), &NodeSigningKey::from_seed(&[8; 32]));
    body.log_id = LogId::new([0; 32]);
    let other = TermCertificate::sign(body, &repair());
    for certificate in [forged, other] {
        let fx = step(&mut machine, Event::SetPrimary(1, Box::new(certificate)));
        assert!(fx.writes.is_empty());
        assert!(matches!(fx.acts[..], [Act::Control(1, Err(Refusal::Unproven { .. }))]));
    }
    let fx = step(&mut machine, Event::SetPrimary(1, Box::new(founding())));
    assert_eq!((fx.writes, fx.acts), (Vec::new(), vec![Act::Control(1, Ok(()))]));
}

/// What another node acknowledged is kept, however old it is and however much there is; a new entry of that time is not.
#[test]
fn entries_are_copied_without_a_bound() {
    let mut machine = machine(0, Vec::new());
    let old = entry("off the clock by an hour", 3_600_000);
    assert!(matches!(put(&mut machine, old.clone()).1, Put::Refused(PutFault::Clock(_))));
    let batch = EntryBatch { entries: vec![old.clone()], issuers: Vec::new() };
    let fx = step(&mut machine, Event::Copy(4, batch));
    assert_eq!(fx.writes, [Write::Append(Box::new(old))]);
    assert_eq!(fx.acts, [Act::Puts(4, vec![Put::Stored(None)])]);
}

#[test]
fn a_list_is_whole_again_when_it_was_filled() {
    let mut machine = machine(0, Vec::new());
    let new = Incarnation::new([9; 16]);
    let fx = step(&mut machine, Event::RolledBack(LIST, new));
    assert_eq!(fx.writes, [Write::List(new, Completeness::Recovering)]);
    assert!(machine.view().is_recovering() && machine.incarnation() == new);
    let late = step(&mut machine, Event::RolledBack(LIST, Incarnation::new([8; 16])));
    assert_eq!((late.writes, machine.incarnation()), (Vec::new(), new), "said twice");
    let fx = step(&mut machine, Event::Whole(4, LIST));
    assert_eq!(
        (fx.writes, fx.acts),
        (Vec::new(), vec![Act::Done(4)]),
        "it was the one before that was filled"
    );
    let fx = step(&mut machine, Event::Whole(4, new));
    assert_eq!((fx.writes, fx.acts), (vec![Write::List(new, Completeness::Whole)], vec![Act::Done(4)]));
}
