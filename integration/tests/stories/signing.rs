//! The one node that signs tree heads: the last fence before a fork is public.

use crate::hand::*;
use ct::names::NodeName;
use ct::order::LogHead;
use ct::replica::View as _;
use ct::sth::{Sth, TreeHead};
use ct::term::{Endorsement, Proposal, StopReply, TermBody, TermCertificate};
use ct::time::Timestamp;
use ct::wire::Refusal;
use ct::wire::signer::{Consistency, SignSth};
use integration::sim::World;
use integration::sim::disk::LogDisk;
use signer::machine::{Act, Durable, Event, Machine, Memory, Settings, Write};

/// A signer with its disk, and what a crash does to it.
pub struct Signer {
    pub machine: Machine,
    settings: Settings,
    durable: Durable,
}

impl Signer {
    pub fn of(world: &World, me: &str, memory: Option<Memory>) -> Self {
        let settings = Settings {
            me: me.parse().unwrap(),
            clock: ct::time::ClockBound::DEFAULT,
            log_key: log_key().public().clone(),
        };
        let guard = ct::term::Guard::new(world.trust.clone(), world.newest.clone());
        let durable = Durable { guard, memory, fork: None, released: None };
        Self { machine: Machine::recover(settings.clone(), durable.clone()), settings, durable }
    }

    /// The signer of a new log.
    pub fn new(world: &World) -> Self {
        Self::of(world, "signer-1", Some(Memory::NewLog))
    }

    pub fn step(&mut self, now: Timestamp, event: Event) -> Result<Option<TreeHead>, Refusal> {
        let mut fx = ct::machine::Effects::new();
        self.machine.step(now, event, &mut fx);
        let wrote_memory = fx.writes.iter().any(|write| matches!(write, Write::Memory(_)));
        for write in fx.writes {
            match write {
                Write::Memory(memory) => self.durable.memory = Some(memory),
                Write::Fork(fork) => self.durable.fork = Some(*fork),
                Write::Certificate(certificate) => {
                    let trust = self.durable.guard.trust().clone();
                    self.durable.guard = ct::term::Guard::new(trust, *certificate);
                }
                Write::Released(released) => self.durable.released = Some(released),
            }
        }
        let [act] = <[Act; 1]>::try_from(fx.acts).expect("one answer to one request");
        match act {
            Act::Sign(_, head) => {
                let last = self.durable.memory.as_ref().and_then(Memory::head);
                assert_eq!(last, Some(head), "the memory of it is on disk before the signature exists");
                Ok(Some(head))
            }
            Act::Release(_, _, last) => Ok(last),
            Act::Done(_) => Ok(None),
            Act::Refuse(_, refusal) => {
                assert!(!wrote_memory, "what is refused is not remembered");
                Err(refusal)
            }
        }
    }

    pub fn sign(&mut self, now: Timestamp, request: SignSth) -> Result<TreeHead, Refusal> {
        self.step(now, Event::SignSth(0, Box::new(request))).map(|head| head.unwrap())
    }

    pub fn restart(&mut self) {
        self.machine = Machine::recover(self.settings.clone(), self.durable.clone());
    }
}

pub fn votes(world: &World, proposal: &Proposal, numbers: &[usize]) -> Vec<Endorsement> {
    numbers.iter().map(|number| proposal.endorse(m(*number), &world.keys[&m(*number)])).collect()
}

/// SignSTH of a log's head as an honest primary would ask it, endorsed by merge nodes 1 and 2.
pub fn asked(
    world: &World,
    certificate: &TermCertificate,
    log: &LogDisk,
    (from, to): (u64, u64),
    time: Timestamp,
) -> SignSth {
    let proposal = propose(certificate, head(log, to), time);
    let path = log.consistency(size(from), size(to)).unwrap();
    SignSth {
        endorsements: votes(world, &proposal, &[1, 2]),
        proposal,
        newest: None,
        consistency: Consistency { from: size(from), path },
        contains: Vec::new(),
    }
}

fn endorse(world: &mut World, number: usize, log: &LogDisk, time: Timestamp) -> Option<Endorsement> {
    let (first, entries) = (world.newest.clone(), log.order.len() as u64);
    bring(world, &m(number), &first, log, entries, time).ok()
}

/// B2. One compromised primary showed `[x]` to one node and `[y]` to the other, endorsed both itself, and had each signed
/// by another signer: a fork by one node of three. Endorsements name the one signer of the term, honest nodes endorse for
/// no other, and no other signs: so both come to one memory.
#[test]
fn b2_b3_endorsements_are_for_one_signer_and_it_signs_one_tree() {
    let mut world = calm();
    let first = world.newest.clone();
    let (x, y) = (log_of(&[entry(1, 1)]), log_of(&[entry(2, 2)]));
    let mut of_x = asked(&world, &first, &x, (0, 1), at(10));
    let mut of_y = asked(&world, &first, &y, (0, 1), at(11));
    of_x.endorsements = votes(&world, &of_x.proposal, &[1]);
    of_x.endorsements.push(endorse(&mut world, 2, &x, at(10)).unwrap());
    of_y.endorsements = votes(&world, &of_y.proposal, &[1]);
    of_y.endorsements.push(endorse(&mut world, 3, &y, at(11)).unwrap());

    let mut second = Signer::of(&world, "signer-2", Some(Memory::NewLog));
    let refusal = second.sign(at(20), of_y.clone()).unwrap_err();
    assert!(matches!(&refusal, Refusal::Unproven { reason } if reason.contains("signer-1")), "{refusal:?}");
    // With its own name in them, and the votes of liars only, it is still not the term's.
    let mut for_it = asked(&world, &first, &y, (0, 1), at(12));
    for_it.proposal.sth_signer = "signer-2".parse().unwrap();
    for_it.endorsements = votes(&world, &for_it.proposal, &[1, 2, 3]);
    let refusal = second.sign(at(20), for_it.clone()).unwrap_err();
    assert!(matches!(&refusal, Refusal::Unproven { reason } if reason.contains("in term 1")), "{refusal:?}");

    let mut signer = Signer::new(&world);
    let refusal = signer.sign(at(20), for_it).unwrap_err();
    assert!(matches!(&refusal, Refusal::Unproven { reason } if reason.contains("signer-2")), "{refusal:?}");
    assert_eq!(signer.sign(at(20), of_x.clone()), Ok(of_x.proposal.head));
    // Two full quorums that contradict each other: it stops, keeps the evidence, and signs nothing more, not even what it
    // signed before, until a person acts.
    assert!(matches!(signer.sign(at(20), of_y.clone()), Err(Refusal::Halted { .. })));
    signer.restart();
    assert_eq!(signer.machine.fork().unwrap().request, of_y);
    assert!(matches!(signer.sign(at(20), of_x), Err(Refusal::Halted { .. })));
}

/// B2, without help: one node's votes, however many, over however many heads, are one vote for one head.
#[test]
fn b2_one_endorser_is_counted_once_and_for_one_head() {
    let world = calm();
    let first = world.newest.clone();
    let (x, y) = (log_of(&[entry(1, 1)]), log_of(&[entry(2, 2)]));
    let of_x = asked(&world, &first, &x, (0, 1), at(10));
    let of_y = asked(&world, &first, &y, (0, 1), at(10));
    let mixed = [votes(&world, &of_x.proposal, &[2]), votes(&world, &of_y.proposal, &[3])].concat();
    let mut stranger = votes(&world, &of_x.proposal, &[2]);
    stranger.push(of_x.proposal.endorse("merge-9".parse().unwrap(), &world.keys[&m(3)]));
    let none_is_a_quorum = [
        votes(&world, &of_x.proposal, &[]),
        votes(&world, &of_x.proposal, &[2]),
        votes(&world, &of_x.proposal, &[2, 2]),
        votes(&world, &of_x.proposal, &[2, 2, 2]),
        mixed,
        stranger,
    ];
    let mut signer = Signer::new(&world);
    for endorsements in none_is_a_quorum {
        let refusal = signer.sign(at(20), SignSth { endorsements, ..of_x.clone() }).unwrap_err();
        assert!(matches!(refusal, Refusal::Unproven { .. }), "{refusal:?}");
    }
    assert_eq!((signer.machine.last(), signer.machine.refusals()), (None, 6));
    signer.sign(at(20), of_x).unwrap();
}

/// B5. A compromised primary had `[x]` endorsed and signed, and then told repair that its log was empty, while the one
/// honest node that holds `[x]` was away. The new term begins at nothing, an honest primary builds `[y]`, and a majority
/// endorses it: with three nodes a liar and a crash at once are one too many for the endorsers. The one signer is the last
/// fence: it signed `[x]`, so it halts with the evidence, and no second tree is public (B1 is the same without repair).
#[test]
fn b5_a_liar_at_repair_comes_to_the_one_signer() {
    let mut world = calm();
    let first = world.newest.clone();
    let x = log_of(&[entry(1, 1)]);
    let mut of_x = asked(&world, &first, &x, (0, 1), at(10));
    of_x.endorsements = votes(&world, &of_x.proposal, &[1]);
    of_x.endorsements.push(endorse(&mut world, 2, &x, at(10)).unwrap());
    let mut signer = Signer::new(&world);
    assert_eq!(signer.sign(at(20), of_x.clone()), Ok(of_x.proposal.head));

    let (next, run) = (term(2), run(2));
    let honest = stop(&mut world, &m(3), next, run);
    let lie = StopReply {
        voter: m(1),
        incarnation: first.body.voters.find(&m(1)).unwrap().incarnation,
        ..honest.reply.clone()
    };
    let stops = vec![lie.sign(&world.keys[&m(1)]), honest];
    let choice = first.choose(run, next, &ct::term::Change::Nothing, &stops).unwrap();
    assert_eq!(choice.start, LogHead::EMPTY, "what two of three say");
    let (primary, start_head) = (m(3), choice.start);
    let body = TermBody { run, term: next, primary, start_head, stops, ..first.body.clone() };
    let second = TermCertificate::sign(body, &world.repair_key);
    assert_eq!(signer.step(at(30), Event::SetPrimary(0, Box::new(second.clone()))), Ok(None));

    let y = log_of(&[entry(2, 2)]);
    let mut of_y = asked(&world, &second, &y, (0, 1), at(40));
    of_y.endorsements = votes(&world, &of_y.proposal, &[1, 3]);
    assert!(matches!(signer.sign(at(50), of_y.clone()), Err(Refusal::Halted { .. })));
    signer.restart();
    assert_eq!(signer.machine.fork().unwrap().request, of_y);
}

/// B4. A signer that had lost its memory signed the other branch. Without memory it signs no tree head; "nothing was ever
/// signed" is a memory too, and comes with the log, once.
#[test]
fn b4_a_signer_without_memory_signs_no_tree_head() {
    let world = calm();
    let first = world.newest.clone();
    let log = log_of(&entries(0..2));
    let mut signer = Signer::of(&world, "signer-1", None);
    for to in [0, 2] {
        let refusal = signer.sign(at(20), asked(&world, &first, &log, (0, to), at(10))).unwrap_err();
        assert!(matches!(refusal, Refusal::Halted { .. }), "{refusal:?}");
    }
    // Also not when the primary offers to tell it what it signed.
    let mut told = asked(&world, &first, &log, (1, 2), at(15));
    let path = Consistency { from: size(0), path: Vec::new() };
    told.newest = Some((sth(head(&log, 1), at(10)), path));
    assert!(matches!(signer.sign(at(20), told), Err(Refusal::Halted { .. })));
}

/// F14. A failed proof halted the signer, so that any bad primary could stop the log with garbage. Endorsements come first:
/// without a quorum nothing in a request is believed; with one, a bad proof is refused and counted. Only a fully endorsed
/// contradiction halts.
#[test]
fn f14_nobody_halts_the_signer_with_garbage() {
    let world = calm();
    let first = world.newest.clone();
    let log = log_of(&entries(0..4));
    let mut signer = Signer::new(&world);
    signer.sign(at(20), asked(&world, &first, &log, (0, 2), at(10))).unwrap();

    let other = log_of(&entries(5..9));
    let mut contradiction = asked(&world, &first, &other, (0, 2), at(20));
    contradiction.endorsements.truncate(1);
    let good = asked(&world, &first, &log, (2, 4), at(20));
    let mut bad_path = good.clone();
    bad_path.consistency.path.pop();
    let mut no_path = good.clone();
    no_path.consistency = Consistency { from: size(2), path: Vec::new() };
    let of_other_tree = asked(&world, &first, &other, (2, 4), at(20));
    for garbage in [contradiction, bad_path, no_path, of_other_tree] {
        let refusal = signer.sign(at(20), garbage).unwrap_err();
        assert!(matches!(refusal, Refusal::Unproven { .. }), "{refusal:?}");
    }
    let from_elsewhere = asked(&world, &first, &log, (1, 4), at(20));
    let last = signer.machine.last().unwrap();
    assert_eq!(signer.sign(at(20), from_elsewhere), Err(Refusal::WrongBase { last }));
    assert!(signer.machine.fork().is_none());
    assert_eq!(signer.machine.refusals(), 5);
    signer.sign(at(20), good).unwrap();
}

/// T1. Two heads were signed out of order: a later one was smaller. Sizes and times of all that is ever signed rise
/// together, and no head is dated off the signer's clock.
#[test]
fn t1_sizes_and_times_rise_together() {
    let world = calm();
    let first = world.newest.clone();
    let log = log_of(&entries(0..4));
    let mut signer = Signer::new(&world);
    let granted = asked(&world, &first, &log, (0, 2), at(1_000));
    signer.sign(at(1_000), granted.clone()).unwrap();
    let last = granted.proposal.head;

    let later = |to, time| asked(&world, &first, &log, (2.min(to), to), at(time));
    assert_eq!(signer.sign(at(2_000), later(1, 1_500)), Err(Refusal::WrongBase { last }), "smaller");
    for time in [999, 1_000] {
        let not_later = Err(Refusal::NotLater { floor: at(1_000) });
        assert_eq!(signer.sign(at(2_000), later(4, time)), not_later, "at {time}");
    }
    for time in [3_001, 700_000] {
        assert!(matches!(signer.sign(at(2_000), later(4, time)), Err(Refusal::OffClock { .. })));
    }
    assert!(matches!(signer.sign(at(700_000), later(4, 2_000)), Err(Refusal::OffClock { .. })));
    assert_eq!(signer.machine.last(), Some(last));
    // An idle log is signed again, with another time; a grown one, with both.
    signer.sign(at(2_000), later(2, 2_000)).unwrap();
    let grown = later(4, 3_000);
    signer.sign(at(2_000), grown).unwrap();
}

/// G7. The answer was lost, so the very request is asked again: the same head is granted, also after a restart, and although
/// its time is not above the last. Nothing else of that time is.
#[test]
fn t2_the_very_request_is_granted_again() {
    let world = calm();
    let first = world.newest.clone();
    let log = log_of(&entries(0..4));
    let mut signer = Signer::new(&world);
    let request = asked(&world, &first, &log, (0, 2), at(1_000));
    signer.sign(at(1_000), request.clone()).unwrap();
    for _ in 0..2 {
        assert_eq!(signer.sign(at(5_000), request.clone()), Ok(request.proposal.head));
        signer.restart();
    }
    let mut without_votes = request.clone();
    without_votes.endorsements.clear();
    assert!(matches!(signer.sign(at(1_000), without_votes), Err(Refusal::Unproven { .. })), "votes and all");
    let grown = asked(&world, &first, &log, (2, 4), at(2_000));
    signer.sign(at(2_000), grown).unwrap();
    let not_last = signer.sign(at(2_000), request).unwrap_err();
    assert!(matches!(not_last, Refusal::WrongBase { .. }), "only the last: {not_last:?}");
}

/// M1 at the signer. A quorum of an older term is complete and honest, and late: below the last term it is refused; above
/// the one in force it must first be known.
#[test]
fn m1_a_term_below_the_last_is_over() {
    let mut world = calm();
    let first = world.newest.clone();
    let log = log_of(&entries(0..4));
    let mut signer = Signer::new(&world);
    signer.sign(at(10), asked(&world, &first, &log, (0, 1), at(10))).unwrap();
    bring(&mut world, &m(2), &first, &log, 1, at(10)).unwrap();
    let second = succeed(&mut world, &[m(2), m(3)], &m(2), &[m(2)]);

    let new = asked(&world, &second, &log, (1, 2), at(20));
    assert_eq!(signer.sign(at(20), new.clone()), Err(Refusal::TermUnknown { known: term(1) }));
    signer.step(at(20), Event::SetPrimary(0, Box::new(second))).unwrap();
    signer.restart();
    signer.sign(at(20), new).unwrap();
    let late = asked(&world, &first, &log, (2, 3), at(30));
    let refusal = signer.sign(at(30), late).unwrap_err();
    assert!(matches!(&refusal, Refusal::Unproven { reason } if reason.contains("term")), "{refusal:?}");
}

/// G5. A signer that was restored from an old memory is behind; it goes on over the newest STH in the request, which it
/// believes only under the log's own key, and only if that extends what it remembers.
#[test]
fn a_signer_that_is_behind_advances_over_what_it_once_signed() {
    let world = calm();
    let first = world.newest.clone();
    let log = log_of(&entries(0..8));
    let remembered = Memory::FromSth {
        head: TreeHead { timestamp: at(5), tree_size: size(2), root_hash: head(&log, 2).root },
        settled: term(0),
    };
    let request = |newest: Sth, proof: Vec<ct::hash::NodeHash>| {
        let mut request = asked(&world, &first, &log, (4, 8), at(20));
        request.newest = Some((newest, Consistency { from: size(2), path: proof }));
        request
    };
    let proof = log.consistency(size(2), size(4)).unwrap();
    let good = sth(head(&log, 4), at(10));
    let mut forged = good.clone();
    forged.tree_head_signature = sth(head(&log, 5), at(10)).tree_head_signature;
    let elsewhere = sth(head(&log_of(&entries(20..24)), 4), at(10));
    let mut signer = Signer::of(&world, "signer-1", Some(remembered));
    for (newest, proof) in [(forged, proof.clone()), (elsewhere, proof.clone()), (good.clone(), Vec::new())] {
        let refusal = signer.sign(at(20), request(newest, proof)).unwrap_err();
        assert!(matches!(refusal, Refusal::Unproven { .. }), "{refusal:?}");
        assert_eq!(signer.machine.last().unwrap().tree_size, size(2));
    }
    signer.sign(at(20), request(good, proof)).unwrap();
    assert_eq!(signer.machine.last().unwrap().tree_size, size(8));
}

/// The first head of a log is endorsed like any other.
#[test]
fn the_first_head_is_endorsed_too() {
    let world = calm();
    let first = world.newest.clone();
    let mut signer = Signer::new(&world);
    let mut request = asked(&world, &first, &log_of(&[]), (0, 0), at(10));
    assert_eq!(request.proposal.log_head(), LogHead::EMPTY);
    request.endorsements.pop();
    assert!(signer.sign(at(10), request.clone()).is_err());
    let nobody: NodeName = m(3);
    request.endorsements.push(request.proposal.endorse(nobody, &world.keys[&m(3)]));
    signer.sign(at(10), request).unwrap();
}
