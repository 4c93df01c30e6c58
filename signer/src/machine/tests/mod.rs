//! Each way to be refused, and that nothing but an endorsed fork halts.

mod fixture;
mod leaves;
mod right;
mod word;

use super::*;
use ct::hash::{InternalRoot, LogId};
use ct::index::Term;
use ct::term::{Endorsement, Incarnation};
use fixture::{Ask, NOW, certificate, head_of, key_of, log_key, machine, machine_with, tree, voters};
use std::time::Duration;

fn step(machine: &mut Machine, request: SignSth) -> (Vec<Write>, Result<TreeHead, Refusal>) {
    let mut fx = Effects::new();
    machine.step(NOW, Event::SignSth(3, Box::new(request)), &mut fx);
    let result = match fx.acts.pop() {
        Some(Act::Sign(3, head)) => Ok(head),
        Some(Act::Refuse(3, refusal)) => Err(refusal),
        other => panic!("{other:?}"),
    };
    (fx.writes, result)
}

/// Refused, counted, and nothing remembered of it.
fn refused(machine: &mut Machine, ask: Ask) -> Refusal {
    let (last, refusals) = (machine.last(), machine.refusals());
    let (writes, result) = step(machine, ask.request());
    assert_eq!((writes, machine.last(), machine.refusals()), (Vec::new(), last, refusals + 1));
    assert!(machine.fork().is_none());
    result.unwrap_err()
}

fn granted(machine: &mut Machine, ask: Ask) -> SignSth {
    let request = ask.request();
    let (writes, result) = step(machine, request.clone());
    assert_eq!(result, Ok(request.proposal.head));
    let memory = Memory::Signed { proposal: Box::new(request.proposal.clone()) };
    assert_eq!(writes, [Write::Memory(memory)]);
    assert_eq!(machine.last(), Some(request.proposal.head));
    request
}

/// A signer that signed the head of size 5.
fn at_five() -> Machine {
    let mut machine = machine(Some(Memory::NewLog));
    granted(&mut machine, Ask::new(0, 5, 10));
    machine
}

/// A signer that took over at the head of size 5.
fn from_five() -> Machine {
    machine(Some(Memory::FromSth { head: head_of(5, 10).0, settled: Term::ZERO }))
}

fn reason(refusal: Refusal) -> String {
    match refusal {
        Refusal::Unproven { reason } => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_log_grows_from_nothing() {
    let mut machine = machine(Some(Memory::NewLog));
    granted(&mut machine, Ask::new(0, 0, 10));
    granted(&mut machine, Ask::new(0, 5, 20));
    granted(&mut machine, Ask::new(5, 5, 30));
    granted(&mut machine, Ask::new(5, 13, 40));
    assert_eq!(machine.refusals(), 0);
}

#[test]
fn the_request_that_was_answered_last_is_answered_again() {
    let mut machine = at_five();
    let request = granted(&mut machine, Ask::new(5, 9, 20));
    let (writes, result) = step(&mut machine, request.clone());
    assert_eq!((writes, result), (Vec::new(), Ok(request.proposal.head)));
    let memory = Memory::Signed { proposal: Box::new(request.proposal.clone()) };
    let (writes, result) = step(&mut fixture::machine(Some(memory)), request.clone());
    assert_eq!((writes, result), (Vec::new(), Ok(request.proposal.head)));
    // But not an older one.
    assert!(matches!(refused(&mut machine, Ask::new(0, 5, 10)), Refusal::WrongBase { .. }));
}

#[test]
fn a_smaller_size_is_refused() {
    let mut machine = at_five();
    let last = machine.last().unwrap();
    assert_eq!(refused(&mut machine, Ask::new(4, 4, 20)), Refusal::WrongBase { last });
}

#[test]
fn a_time_that_is_not_later_is_refused() {
    let mut machine = at_five();
    let floor = machine.last().unwrap().timestamp;
    assert_eq!(refused(&mut machine, Ask::new(5, 9, 10)), Refusal::NotLater { floor });
    assert_eq!(refused(&mut machine, Ask::new(5, 9, 9)), Refusal::NotLater { floor });
}

#[test]
fn a_time_off_the_clock_is_refused() {
    let mut machine = machine(Some(Memory::NewLog));
    let now = NOW.millis();
    for millis in [now + 1001, now - 600_001] {
        let timestamp = Timestamp::from_millis(millis);
        let ask = Ask::new(0, 5, 0).with(|request| request.proposal.head.timestamp = timestamp).endorsed();
        assert!(matches!(refused(&mut machine, ask), Refusal::OffClock { .. }));
    }
}

#[test]
fn other_bytes_than_were_endorsed_are_refused() {
    let changes: [fn(&mut SignSth); 4] = [
        |request| {
            request.proposal.head.timestamp = request.proposal.head.timestamp.plus(Duration::from_millis(1))
        },
        |request| request.proposal.head = head_of(9, 20).0,
        |request| request.proposal.internal_root = InternalRoot::new([1; 32]),
        |request| request.proposal.term = Term::ZERO,
    ];
    for change in changes {
        let text = reason(refused(&mut at_five(), Ask::new(5, 8, 20).with(change)));
        assert_eq!(text, "endorsements: the signature of merge-1 does not verify over these bytes");
    }
}

#[test]
fn too_few_endorsers_or_one_twice_are_no_quorum() {
    let mut machine = at_five();
    let few = Ask::new(5, 8, 20).with(|request| request.endorsements.truncate(1));
    assert!(reason(refused(&mut machine, few)).contains("1 of 3 voters, a majority is 2"));
    let none = Ask::new(5, 8, 20).with(|request| request.endorsements.clear());
    assert!(reason(refused(&mut machine, none)).contains("0 of 3 voters"));
    let twice = Ask::new(5, 8, 20).with(|request| request.endorsements[1] = request.endorsements[0].clone());
    assert!(reason(refused(&mut machine, twice)).contains("merge-1 stands there twice"));
}

#[test]
fn strangers_and_borrowed_names_endorse_nothing() {
    let mut machine = at_five();
    let stranger = Ask::new(5, 8, 20).with(|request| {
        let stranger: NodeName = "merge-9".parse().unwrap();
        request.endorsements[0] = request.proposal.endorse(stranger, &key_of(9));
    });
    assert!(reason(refused(&mut machine, stranger)).contains("merge-9 is no voter"));
    let borrowed = Ask::new(5, 8, 20).with(|request| {
        let name = request.endorsements[1].voter.clone();
        request.endorsements[1] = request.proposal.endorse(name, &key_of(1));
    });
    assert!(reason(refused(&mut machine, borrowed)).contains("signature of merge-2"));
    // One good endorser too many does no harm; a bad one beside a quorum does.
    let third = Ask::new(5, 8, 20).with(|request| {
        let signature = request.endorsements[0].signature;
        request.endorsements.push(Endorsement { voter: "merge-3".parse().unwrap(), signature });
    });
    assert!(reason(refused(&mut machine, third)).contains("signature of merge-3"));
}

#[test]
fn endorsements_of_another_log_voter_list_or_signer_are_refused() {
    let mut machine = at_five();
    let log = Ask::new(5, 8, 20).with(|r| r.proposal.log_id = LogId::new([0; 32])).endorsed();
    assert!(reason(refused(&mut machine, log)).starts_with("log_id"));
    let list = Ask::new(5, 8, 20)
        .with(|r| {
            let mut others: Vec<_> = voters().iter().cloned().collect();
            others[0].incarnation = Incarnation::new([77; 16]);
            r.proposal.voters = ct::term::Voters::new(others).unwrap().hash();
        })
        .endorsed();
    assert!(reason(refused(&mut machine, list)).starts_with("voters"));
    let signer = Ask::new(5, 8, 20).with(|r| r.proposal.sth_signer = "signer-2".parse().unwrap()).endorsed();
    assert_eq!(reason(refused(&mut machine, signer)), "sth_signer: the endorsements name signer-2");
}

#[test]
fn a_signer_that_the_term_does_not_name_signs_no_heads() {
    let mut other = certificate();
    other.body.sth_signer = "signer-2".parse().unwrap();
    let mut machine = fixture::machine_with(Some(Memory::NewLog), None, other);
    assert_eq!(reason(refused(&mut machine, Ask::new(0, 5, 10))), "sth_signer: in term 1 it is signer-2");
}

#[test]
fn terms_are_known_and_never_fall() {
    let two = Term::new(2).unwrap();
    let ask = Ask::new(5, 8, 20).with(|r| r.proposal.term = two).endorsed();
    assert_eq!(refused(&mut at_five(), ask), Refusal::TermUnknown { known: Term::FIRST });
    let mut proposal = Ask::new(0, 5, 10).request().proposal;
    proposal.term = two;
    let mut machine = machine(Some(Memory::Signed { proposal: Box::new(proposal) }));
    assert!(reason(refused(&mut machine, Ask::new(5, 8, 20))).starts_with("term: 1 is below 2"));
}

#[test]
fn without_memory_no_head_is_signed() {
    let mut machine = machine(None);
    assert!(matches!(refused(&mut machine, Ask::new(0, 5, 10)), Refusal::Halted { .. }));
}

#[test]
fn growth_that_is_not_consistent_is_refused() {
    let mut machine = at_five();
    let empty = Ask::new(5, 8, 20).with(|r| r.consistency.path.clear());
    assert!(reason(refused(&mut machine, empty)).contains("the proof has 0 nodes"));
    let wrong = Ask::new(5, 8, 20).with(|r| r.consistency.path.swap(0, 1));
    assert!(reason(refused(&mut machine, wrong)).contains("the proof leads to root"));
    let last = machine.last().unwrap();
    assert_eq!(refused(&mut machine, Ask::new(4, 8, 20)), Refusal::WrongBase { last });
    // A majority that endorsed a larger tree over another history gets no signature, and does not halt the signer: only
    // one size with two roots is evidence.
    let (head, _) = tree(8, 1).head(20);
    let other = Ask::new(5, 8, 20).with(|r| r.proposal.head = head).endorsed();
    assert!(reason(refused(&mut machine, other)).contains("the proof leads to root"));
    let mut machine = fixture::machine(Some(Memory::NewLog));
    assert!(reason(refused(&mut machine, Ask::new(5, 8, 20))).contains("must begin at size 0"));
}

#[test]
fn an_endorsed_fork_halts_until_a_person_acts() {
    let mut machine = at_five();
    let last = machine.last().unwrap();
    let (head, _) = tree(5, 1).head(20);
    let request = Ask::new(5, 5, 20).with(|r| r.proposal.head = head).endorsed().request();
    let (writes, result) = step(&mut machine, request.clone());
    let fork = Fork { last, request };
    assert_eq!(writes, [Write::Fork(Box::new(fork.clone()))]);
    assert!(matches!(result, Err(Refusal::Halted { .. })));
    // Neither a good request nor a restart ends that.
    let memory = Some(Memory::FromSth { head: last, settled: Term::ZERO });
    let mut again = fixture::machine_with(memory, Some(fork.clone()), certificate());
    for machine in [&mut machine, &mut again] {
        let (writes, result) = step(machine, Ask::new(5, 8, 30).request());
        assert!(writes.is_empty() && matches!(result, Err(Refusal::Halted { .. })), "{result:?}");
        assert_eq!(machine.fork(), Some(&fork));
    }
}

#[test]
fn garbage_halts_nobody() {
    let mut machine = at_five();
    let (head, _) = tree(5, 1).head(20);
    // A fork that one endorser short of a majority claims, and one that nobody endorsed.
    let short =
        Ask::new(5, 5, 20).with(|r| r.proposal.head = head).endorsed().with(|r| r.endorsements.truncate(1));
    reason(refused(&mut machine, short));
    reason(refused(&mut machine, Ask::new(5, 5, 20).with(|r| r.proposal.head = head)));
    granted(&mut machine, Ask::new(5, 8, 30));
}

#[test]
fn a_signer_that_is_behind_advances_over_the_newest_sth() {
    let mut machine = from_five();
    granted(&mut machine, Ask::new(9, 13, 40).advancing(5, 9, 30));
    // An STH that it is not behind is not looked at.
    let mut machine = at_five();
    granted(&mut machine, Ask::new(5, 13, 40).advancing(3, 3, 5));
}

/// What it signed itself was durable before: it cannot be behind, unless its state was put back from an older copy. One that
/// goes on nevertheless could be made to sign against what it forgot.
#[test]
fn a_signer_that_was_rolled_back_is_found() {
    let founding = fixture::machine(Some(Memory::NewLog));
    for (mut machine, from) in [(at_five(), 5), (founding, 0)] {
        let last = machine.last();
        let found = refused(&mut machine, Ask::new(9, 13, 40).advancing(from, 9, 30));
        let Refusal::Halted { reason } = found else { panic!("{found:?}") };
        assert!(reason.contains("put back from an older copy"), "{reason}");
        assert_eq!(machine.last(), last);
    }
}

#[test]
fn a_signer_advances_only_over_what_is_proven() {
    let mut machine = from_five();
    let forged = Ask::new(9, 13, 40).advancing(5, 9, 30).with(|r| {
        let (sth, _) = r.newest.as_mut().unwrap();
        sth.head.timestamp = sth.head.timestamp.plus(Duration::from_millis(1));
    });
    assert!(reason(refused(&mut machine, forged)).contains("does not verify under the log's key"));
    let unproven = Ask::new(9, 13, 40).advancing(5, 9, 30).with(|r| {
        let (_, proof) = r.newest.as_mut().unwrap();
        proof.path.clear();
    });
    reason(refused(&mut machine, unproven));
    // What it advanced over binds: not later than that, not smaller than that.
    let floor = head_of(9, 30).0.timestamp;
    let early = Ask::new(9, 13, 30).advancing(5, 9, 30);
    assert_eq!(refused(&mut machine, early), Refusal::NotLater { floor });
    let small = Ask::new(5, 8, 40).advancing(5, 9, 30);
    assert_eq!(refused(&mut machine, small), Refusal::WrongBase { last: head_of(9, 30).0 });
}

#[test]
fn a_certificate_is_adopted_only_if_it_proves_itself() {
    let mut machine = at_five();
    let mut fx = Effects::new();
    machine.step(NOW, Event::SetPrimary(1, Box::new(certificate())), &mut fx);
    assert_eq!((fx.writes.len(), fx.acts), (0, vec![Act::Done(1)]));
    let mut body = certificate().body;
    body.term = Term::new(2).unwrap();
    let forged = TermCertificate::sign(body, &key_of(1));
    let mut fx = Effects::new();
    machine.step(NOW, Event::SetPrimary(1, Box::new(forged)), &mut fx);
    assert!(fx.writes.is_empty() && matches!(fx.acts[..], [Act::Refuse(1, Refusal::Unproven { .. })]));
    assert_eq!(machine.guard().term(), Term::FIRST);
    assert_eq!(log_key().public().log_id(), machine.guard().trust().log_id);
}
