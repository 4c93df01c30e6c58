//! What the copy takes, holds and shows.

use super::*;
use crate::testing::{Primary, at, certificate, log_key, node, size, trust};
use ct::entry::{StoredEntry, extra_hash};
use ct::hash::{ExtraHash, Fingerprint, Name, NodeHash, sha256};
use ct::index::LeafIndex;
use ct::order::BothTrees;
use ct::replica::ReadBack;
use std::collections::{BTreeMap, BTreeSet};

/// A log in memory: what the machine wrote, and nothing else.
#[derive(Default)]
struct Memory {
    placed: Vec<Placed>,
    copies: BTreeMap<Name, StoredEntry>,
    issuers: BTreeMap<Fingerprint, Vec<u8>>,
    damaged: BTreeSet<Name>,
}

impl View for Memory {
    fn len(&self) -> TreeSize {
        TreeSize::of(self.placed.len())
    }
    fn trees_at(&self, size: TreeSize) -> Result<BothTrees, DiskFault> {
        let mut trees = BothTrees::empty();
        self.placed.iter().take(size.as_usize()).for_each(|placed| trees.append(&placed.record, placed.leaf));
        Ok(trees)
    }
    fn records(&self, from: TreeSize, to: TreeSize) -> Result<Vec<OrderRecord>, DiskFault> {
        Ok(self.placed[from.as_usize()..to.as_usize()].iter().map(|placed| placed.record).collect())
    }
    fn index_of(&self, name: &Name) -> Result<Option<LeafIndex>, DiskFault> {
        let at = self.placed.iter().position(|placed| placed.record.name == *name);
        Ok(at.map(|at| TreeSize::of(at).next_index()))
    }
    fn missing(&self, names: &[Name]) -> Result<Vec<Name>, DiskFault> {
        Ok(names.iter().filter(|name| !self.copies.contains_key(*name)).copied().collect())
    }
    fn read_back(&self, name: &Name) -> Result<ReadBack, DiskFault> {
        Ok(match self.copies.get(name) {
            _ if self.damaged.contains(name) => ReadBack::Bad("its checksum".to_owned()),
            Some(entry) => ReadBack::Good(Box::new(entry.clone())),
            None => ReadBack::Absent,
        })
    }
    fn missing_issuers(&self, issuers: &[Fingerprint]) -> Result<Vec<Fingerprint>, DiskFault> {
        Ok(issuers.iter().filter(|issuer| !self.issuers.contains_key(*issuer)).copied().collect())
    }
    fn extra_hash(&self, entry: &StoredEntry) -> Result<Option<ExtraHash>, DiskFault> {
        let chain: Option<Vec<_>> = entry.chain().iter().map(|issuer| self.issuers.get(issuer)).collect();
        Ok(chain.map(|chain| extra_hash(&entry.extra_data(&chain).unwrap())))
    }
    fn consistency(&self, _: TreeSize, _: TreeSize) -> Result<Vec<NodeHash>, DiskFault> {
        Ok(Vec::new())
    }
}

/// A frontend, stepped by hand.
struct Frontend {
    machine: Copy,
    memory: Memory,
    held: Option<Sth>,
    shown: Option<Sth>,
    alarms: Vec<String>,
    now: Timestamp,
}

impl Frontend {
    fn new() -> Self {
        let settings = Settings { log_key: log_key().public().clone(), clock: ClockBound::DEFAULT };
        let durable = Durable { guard: Guard::new(trust(), certificate()), held: None, published: None };
        let memory = Memory::default();
        let machine = Copy::recover(settings, durable, &memory).unwrap();
        Self { machine, memory, held: None, shown: None, alarms: Vec::new(), now: at(100_000) }
    }

    fn ask(&mut self, request: Request) -> Result<Answer, Refusal> {
        self.ask_as("m1", request)
    }

    fn ask_as(&mut self, from: &str, request: Request) -> Result<Answer, Refusal> {
        let mut fx = Effects::new();
        self.machine.step(self.now, 7, &node(from), request, &self.memory, &mut fx).unwrap();
        for write in fx.writes {
            match write {
                Write::Copies(batch) => {
                    let fingerprint = |der: &Vec<u8>| Fingerprint::new(sha256(&[der]));
                    self.memory.issuers.extend(batch.issuers.into_iter().map(|der| (fingerprint(&der), der)));
                    self.memory.copies.extend(batch.entries.into_iter().map(|entry| (entry.name(), entry)));
                }
                Write::DropCopy(name) => {
                    self.memory.copies.remove(&name);
                    self.memory.damaged.remove(&name);
                }
                Write::Grow(placed) => self.memory.placed.extend(placed),
                Write::Held(sth) => self.held = Some(*sth),
                Write::Published(sth) => self.shown = Some(*sth),
                Write::Certificate(_) => {}
            }
        }
        let mut answered = None;
        for act in fx.acts {
            match act {
                Act::Respond(7, answer) => answered = Some(answer.map_err(|refusal| *refusal)),
                Act::Alarm(text) => self.alarms.push(text),
                Act::Shown(sth, _) => assert_eq!(Some(*sth), self.shown, "what is shown is durable"),
                Act::Respond(..) => panic!("an answer to nobody"),
            }
        }
        answered.expect("every request is answered")
    }

    fn send_log(&mut self, primary: &Primary, start: u64, sth: Option<Sth>) -> Result<Answer, Refusal> {
        let (header, records) = primary.send_log(start, sth);
        self.ask(Request::SendLog(header, records))
    }

    fn position(&mut self) -> Result<FrontendPosition, Refusal> {
        match self.ask(Request::Position(Term::FIRST))? {
            Answer::Position(position) => Ok(*position),
            other => panic!("{other:?}"),
        }
    }

    /// Brings everything up to an STH, which comes to be held.
    fn follow(&mut self, primary: &Primary, sth: &Sth) {
        let start = self.machine.held().map_or(0, |held| held.head().tree_size.get());
        self.send_log(primary, start, Some(sth.clone())).unwrap();
        let entries = primary.batch(start as usize..sth.head.tree_size.as_usize());
        self.ask(Request::SendEntry(Term::FIRST, entries)).unwrap();
        assert_eq!(self.position().unwrap().held, sth.head.tree_size);
    }
}

#[test]
fn nothing_is_staged_without_an_sth() {
    let (mut frontend, primary) = (Frontend::new(), Primary::new(3));
    assert!(matches!(frontend.send_log(&primary, 0, None), Err(Refusal::Unproven { .. })));
    let mut forged = primary.sth(3, at(1000));
    forged.head.tree_size = size(2);
    assert!(matches!(frontend.send_log(&primary, 0, Some(forged)), Err(Refusal::Unproven { .. })));
    assert_eq!(frontend.ask(Request::Missing(Term::FIRST)), Ok(Answer::Missing(Vec::new())));
}

#[test]
fn nothing_is_staged_beyond_the_sth() {
    let (mut frontend, primary) = (Frontend::new(), Primary::new(5));
    let staged = frontend.send_log(&primary, 0, Some(primary.sth(3, at(1000))));
    assert_eq!(staged, Ok(Answer::Staged(size(3))));
    let names = primary.records[..3].iter().map(|record| record.name).collect();
    assert_eq!(frontend.ask(Request::Missing(Term::FIRST)), Ok(Answer::Missing(names)));
    // What nobody asked for is not kept.
    frontend.ask(Request::SendEntry(Term::FIRST, primary.batch(0..5))).unwrap();
    assert_eq!(frontend.memory.copies.len(), 3);
}

#[test]
fn an_sth_ahead_of_the_clock_is_refused_with_an_alarm_and_an_old_one_is_fine() {
    let (mut frontend, primary) = (Frontend::new(), Primary::new(1));
    let ahead = frontend.now.plus(ClockBound::DEFAULT.ahead).plus(std::time::Duration::from_millis(1));
    let refused = frontend.send_log(&primary, 0, Some(primary.sth(1, ahead)));
    assert!(matches!(refused, Err(Refusal::OffClock { .. })), "{refused:?}");
    assert_eq!(frontend.alarms.len(), 1);
    frontend.send_log(&primary, 0, Some(primary.sth(1, Timestamp::from_millis(1)))).unwrap();
    // The refused one is not lost for ever: with time it is taken.
    frontend.now = ahead;
    frontend.send_log(&primary, 0, Some(primary.sth(1, ahead))).unwrap();
}

#[test]
fn a_tree_is_held_only_when_all_of_it_is_there_and_its_root_is_right() {
    let (mut frontend, primary) = (Frontend::new(), Primary::new(4));
    let sth = primary.sth(4, at(1000));
    frontend.send_log(&primary, 0, Some(sth.clone())).unwrap();
    frontend.ask(Request::SendEntry(Term::FIRST, primary.batch(0..3))).unwrap();
    assert_eq!(frontend.position().unwrap().held, TreeSize::ZERO);
    assert!(frontend.held.is_none() && frontend.memory.placed.is_empty());
    frontend.ask(Request::SendEntry(Term::FIRST, primary.batch(3..4))).unwrap();
    let position = frontend.position().unwrap();
    assert_eq!((position.held, position.held_sth), (size(4), Some(sth.clone())));
    assert_eq!((frontend.held, frontend.memory.placed.len()), (Some(sth), 4));
    assert_eq!(position.published, None, "held is not shown");
}

#[test]
fn an_entry_without_its_issuers_is_not_taken_and_says_so() {
    let (mut frontend, primary) = (Frontend::new(), Primary::new(1));
    frontend.send_log(&primary, 0, Some(primary.sth(1, at(1000)))).unwrap();
    let bare = EntryBatch { issuers: Vec::new(), ..primary.batch(0..1) };
    let need_issuers = primary.entries[0].chain().to_vec();
    let taken = frontend.ask(Request::SendEntry(Term::FIRST, bare));
    assert_eq!(taken, Ok(Answer::Taken(Taken { need_issuers })));
    assert!(frontend.memory.copies.is_empty());
}

#[test]
fn records_that_do_not_lead_to_the_signed_root_are_dropped() {
    let (mut frontend, primary) = (Frontend::new(), Primary::new(3));
    // The log signed another tree of the same size.
    let other = Primary::of((10..13).map(crate::testing::entry).collect());
    frontend.send_log(&primary, 0, Some(other.sth(3, at(1000)))).unwrap();
    frontend.ask(Request::SendEntry(Term::FIRST, primary.batch(0..3))).unwrap();
    assert!(matches!(frontend.position(), Err(Refusal::Differs { .. })));
    assert_eq!(frontend.alarms.len(), 1);
    assert!(frontend.memory.placed.is_empty() && frontend.held.is_none());
    assert_eq!(
        frontend.ask(Request::Missing(Term::FIRST)),
        Ok(Answer::Missing(Vec::new())),
        "nothing is staged"
    );
    // And the right ones are taken afterwards.
    frontend.follow(&other, &other.sth(3, at(1000)));
}

#[test]
fn verified_entries_are_never_cut() {
    let mut frontend = Frontend::new();
    let mut primary = Primary::new(3);
    let first = primary.sth(3, at(1000));
    frontend.follow(&primary, &first);
    let fork = Primary::of((10..15).map(crate::testing::entry).collect());
    // From below the held size on, with another root there.
    let diverged = frontend.send_log(&fork, 2, Some(fork.sth(5, at(2000))));
    assert_eq!(diverged, Err(Refusal::Diverged { at: size(2) }));
    // From the empty tree on the roots agree; the records below the held size are passed over, and the rest does not fit.
    frontend.send_log(&fork, 0, Some(fork.sth(5, at(2000)))).unwrap();
    frontend.ask(Request::SendEntry(Term::FIRST, fork.batch(0..5))).unwrap();
    assert!(matches!(frontend.position(), Err(Refusal::Differs { .. })));
    assert_eq!(frontend.memory.placed.len(), 3);
    assert_eq!(frontend.held, Some(first));
    // The true log goes on.
    (3..6).for_each(|number| primary.push(crate::testing::entry(number)));
    frontend.follow(&primary, &primary.sth(6, at(3000)));
}

#[test]
fn an_older_or_smaller_sth_than_the_held_one_is_refused() {
    let (mut frontend, primary) = (Frontend::new(), Primary::new(3));
    frontend.follow(&primary, &primary.sth(3, at(1000)));
    for behind in [primary.sth(3, at(999)), primary.sth(2, at(2000))] {
        let refused = frontend.send_log(&primary, 2, Some(behind));
        assert!(matches!(refused, Err(Refusal::SthBehind { .. })), "{refused:?}");
    }
    // The same tree signed later needs no entries.
    frontend.follow(&primary, &primary.sth(3, at(2000)));
}

#[test]
fn a_damaged_copy_is_thrown_away_and_asked_for_again() {
    let (mut frontend, primary) = (Frontend::new(), Primary::new(2));
    let name = primary.records[1].name;
    frontend.send_log(&primary, 0, Some(primary.sth(2, at(1000)))).unwrap();
    frontend.ask(Request::SendEntry(Term::FIRST, primary.batch(0..2))).unwrap();
    frontend.memory.damaged.insert(name);
    assert!(matches!(frontend.position(), Err(Refusal::BadCopy { name: bad, .. }) if bad == name));
    assert_eq!(frontend.ask(Request::Missing(Term::FIRST)), Ok(Answer::Missing(vec![name])));
    frontend.ask(Request::SendEntry(Term::FIRST, primary.batch(1..2))).unwrap();
    assert_eq!(frontend.position().unwrap().held, size(2));
}

/// Far behind, it takes one part after the other: what is proven to be a part of the signed tree stays, through a restart, and
/// is neither held nor shown before the rest is there.
#[test]
fn a_part_that_is_proven_stays() {
    let (mut frontend, primary) = (Frontend::new(), Primary::new(7));
    let sth = primary.sth(7, at(1000));
    let send = |frontend: &mut Frontend, from: u64, to: u64, path: Option<Vec<NodeHash>>| {
        let (mut header, records) = primary.send_log(from, Some(sth.clone()));
        header.consistency = path;
        frontend.ask(Request::SendLog(header, records[..(to - from) as usize].to_vec()))
    };
    send(&mut frontend, 0, 3, None).unwrap();
    // What is not complete cannot be verified.
    assert_eq!(
        send(&mut frontend, 3, 5, Some(primary.consistency(3, 7))),
        Err(Refusal::Missing { count: 1 })
    );
    frontend.ask(Request::SendEntry(Term::FIRST, primary.batch(0..3))).unwrap();
    assert_eq!(send(&mut frontend, 3, 5, Some(primary.consistency(3, 7))), Ok(Answer::Staged(size(5))));
    let position = frontend.position().unwrap();
    assert_eq!((position.held, position.held_sth, position.published), (size(3), None, None));
    assert_eq!((frontend.memory.placed.len(), &frontend.held), (3, &None));

    let guard = Guard::new(trust(), certificate());
    let durable = Durable { guard, held: None, published: None };
    let settings = Settings { log_key: log_key().public().clone(), clock: ClockBound::DEFAULT };
    frontend.machine = Copy::recover(settings, durable, &frontend.memory).unwrap();
    assert_eq!(frontend.position().unwrap().held, size(3), "what was staged is gone, what was proven is not");
    let gap = Err(Refusal::Gap { held: size(3) });
    assert_eq!(send(&mut frontend, 5, 7, Some(primary.consistency(5, 7))), gap);
    send(&mut frontend, 3, 7, None).unwrap();
    frontend.ask(Request::SendEntry(Term::FIRST, primary.batch(3..7))).unwrap();
    assert_eq!(frontend.position().unwrap().held_sth, Some(sth.clone()));
}

/// A new primary may know a smaller signed tree than the one towards which this copy grew.
#[test]
fn a_signed_tree_that_ends_within_what_is_verified_is_held() {
    let (mut frontend, primary) = (Frontend::new(), Primary::new(7));
    let (small, large) = (primary.sth(2, at(1000)), primary.sth(7, at(2000)));
    let (header, records) = primary.send_log(0, Some(large.clone()));
    frontend.ask(Request::SendLog(header, records[..3].to_vec())).unwrap();
    frontend.ask(Request::SendEntry(Term::FIRST, primary.batch(0..3))).unwrap();
    let (mut header, _) = primary.send_log(3, Some(large));
    header.consistency = Some(primary.consistency(3, 7));
    frontend.ask(Request::SendLog(header, Vec::new())).unwrap();
    let (header, _) = primary.send_log(2, Some(small.clone()));
    frontend.ask(Request::SendLog(header, Vec::new())).unwrap();
    let position = frontend.position().unwrap();
    assert_eq!((position.held, position.held_sth), (size(3), Some(small)));
    assert_eq!(frontend.alarms, Vec::<String>::new());
}

/// Nothing stays that is not a part of what the log signed.
#[test]
fn a_part_of_another_tree_is_dropped() {
    let (mut frontend, primary) = (Frontend::new(), Primary::new(7));
    let fork = Primary::of((10..17).map(crate::testing::entry).collect());
    let sth = primary.sth(7, at(1000));
    let (header, records) = fork.send_log(0, Some(sth.clone()));
    frontend.ask(Request::SendLog(header, records[..3].to_vec())).unwrap();
    frontend.ask(Request::SendEntry(Term::FIRST, fork.batch(0..3))).unwrap();
    for path in [primary.consistency(3, 7), fork.consistency(3, 7), Vec::new()] {
        let (mut header, records) = fork.send_log(3, Some(sth.clone()));
        header.consistency = Some(path);
        let refused = frontend.ask(Request::SendLog(header, records));
        assert!(matches!(refused, Err(Refusal::Differs { .. } | Refusal::Gap { .. })), "{refused:?}");
        assert!(frontend.memory.placed.is_empty());
        let (header, records) = fork.send_log(0, Some(sth.clone()));
        frontend.ask(Request::SendLog(header, records[..3].to_vec())).unwrap();
    }
    assert_eq!(frontend.alarms.len(), 3);
    frontend.follow(&primary, &sth);
}

#[test]
fn only_what_is_held_is_shown() {
    let (mut frontend, primary) = (Frontend::new(), Primary::new(3));
    let (first, second) = (primary.sth(2, at(1000)), primary.sth(3, at(2000)));
    let publish = |sth: &Sth| Request::Publish(primary.publish(sth.clone(), at(1)));
    assert_eq!(frontend.ask(publish(&first)), Err(Refusal::Gap { held: TreeSize::ZERO }));
    frontend.follow(&primary, &first);
    assert_eq!(frontend.ask(publish(&second)), Err(Refusal::Gap { held: size(2) }));
    assert_eq!(frontend.ask(publish(&first)), Ok(Answer::Done));
    assert_eq!(frontend.shown, Some(first.clone()));
    frontend.follow(&primary, &second);
    assert_eq!(frontend.shown, Some(first.clone()), "holding shows nothing");
    frontend.ask(publish(&second)).unwrap();
    // What is shown never goes back.
    assert_eq!(frontend.ask(publish(&first)), Ok(Answer::Done));
    assert_eq!(frontend.shown, Some(second));
}

#[test]
fn nobody_but_the_primary_of_the_term_is_heard() {
    let (mut frontend, primary) = (Frontend::new(), Primary::new(1));
    let (header, records) = primary.send_log(0, Some(primary.sth(1, at(1000))));
    let refused = frontend.ask_as("m2", Request::SendLog(header, records));
    assert!(matches!(refused, Err(Refusal::TermOver { .. })), "{refused:?}");
    let later = Term::new(2).unwrap();
    let unknown = frontend.ask(Request::Missing(later));
    assert_eq!(unknown, Err(Refusal::TermUnknown { known: Term::FIRST }));
}

#[test]
fn a_restart_goes_on_where_it_was_and_refuses_a_tree_that_was_lost() {
    let (mut frontend, primary) = (Frontend::new(), Primary::new(3));
    let sth = primary.sth(3, at(1000));
    frontend.follow(&primary, &sth);
    let settings = Settings { log_key: log_key().public().clone(), clock: ClockBound::DEFAULT };
    let guard = Guard::new(trust(), certificate());
    let durable = Durable { guard, held: Some(sth.clone()), published: Some(sth) };
    let again = Copy::recover(settings.clone(), durable.clone(), &frontend.memory).unwrap();
    assert_eq!(again.held().map(|sth| sth.head().tree_size), Some(size(3)));
    frontend.memory.placed.pop();
    assert!(matches!(Copy::recover(settings, durable, &frontend.memory), Err(Halt::Lost { .. })));
}
