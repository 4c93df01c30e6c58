//! The right to sign tree heads: given up for good, taken over with what the old signer signed last.

use super::*;
use crate::machine::Released;
use ct::term::{AcceptedHead, Change, Release, RunId, SignedProposal, StopReply, TermBody};

fn wanted(to: u64, run: u8) -> Released {
    Released { term: Term::new(to).unwrap(), run: RunId::new([run; 16]) }
}

fn release(machine: &mut Machine, wanted: Released) -> Result<Option<TreeHead>, Refusal> {
    let mut fx = Effects::new();
    machine.step(NOW, Event::Release(7, wanted), &mut fx);
    match fx.acts.pop() {
        Some(Act::Release(7, same, last)) if same == wanted => Ok(last),
        Some(Act::Refuse(7, refusal)) => Err(refusal),
        other => panic!("{other:?}"),
    }
}

/// V4. What was given up is given up: for this term and every earlier one, through a restart, whoever endorses.
#[test]
fn a_released_signer_signs_no_head_of_that_term_or_an_earlier_one() {
    let mut machine = at_five();
    let last = release(&mut machine, wanted(2, 2)).unwrap();
    assert_eq!(last, Some(head_of(5, 10).0), "with its last word");
    assert_eq!(release(&mut machine, wanted(2, 2)).unwrap(), last, "the same run is answered the same again");
    assert_eq!(release(&mut machine, wanted(2, 3)), Err(Refusal::Stopped { term: Term::new(2).unwrap() }));
    let again = refused(&mut machine, Ask::new(5, 8, 20));
    assert_eq!(again, Refusal::Stopped { term: Term::new(2).unwrap() });
    assert!(release(&mut machine, wanted(3, 3)).is_ok(), "a later run goes further");
    let far = release(&mut machine, wanted(2 + (1 << 20), 4)).unwrap_err();
    assert_eq!(reason(far), "term: 1048578 is more than 2^20 above 1");
    assert!(matches!(release(&mut machine, wanted(1, 5)), Err(Refusal::TermOver { .. })));
}

#[test]
fn a_release_is_durable_before_it_is_answered() {
    let mut machine = at_five();
    let mut fx = Effects::new();
    machine.step(NOW, Event::Release(7, wanted(2, 2)), &mut fx);
    assert_eq!(fx.writes, [Write::Released(wanted(2, 2))]);
    assert_eq!(machine.released(), Some(wanted(2, 2)));
}

/// The right came here in term 2; the stopped node had endorsed size 5 at so many seconds.
fn moved(release: Option<Released>, seconds: u64) -> TermCertificate {
    let me: NodeName = "signer-1".parse().unwrap();
    let mut asked = Ask::new(0, 5, seconds).request().proposal;
    asked.sth_signer = "signer-2".parse().unwrap();
    let head = asked.log_head();
    let request = SignedProposal::new(asked, "merge-1".parse().unwrap(), &key_of(1));
    let body = certificate().body;
    let stop = StopReply {
        log_id: body.log_id,
        run: RunId::new([2; 16]),
        term: Term::new(2).unwrap(),
        voter: "merge-2".parse().unwrap(),
        incarnation: Incarnation::new([2; 16]),
        in_force: Term::FIRST,
        voters: body.voters.hash(),
        sth_signer: "signer-2".parse().unwrap(),
        accepted: AcceptedHead { term: Term::FIRST, head, request: Some(request) },
        newest_sth: None,
    };
    let word = |Released { term, run }| Release {
        log_id: body.log_id,
        run,
        term,
        signer: "signer-2".parse().unwrap(),
        last: Some(log_key().sign_head(head_of(5, 10).0).sth().clone()),
    };
    let release = release.map(|released| Box::new(word(released).sign(&key_of(78))));
    let change = Change::MoveSigner { to: me, key: key_of(77).public(), release };
    let term = Term::new(2).unwrap();
    let stops = vec![stop.sign(&key_of(2))];
    TermCertificate::sign(TermBody { term, change, stops, ..body }, &key_of(100))
}

/// The exploration found it: a lying primary has its old signer, which could not be asked to stop, sign what it alone
/// endorsed late, and the new one the same moment with another size.
#[test]
fn what_follows_a_signer_that_gave_no_word_is_later_than_what_was_endorsed_for_it() {
    let memory = || Some(Memory::FromSth { head: head_of(5, 10).0, settled: Term::ZERO });
    let mut machine = machine_with(memory(), None, moved(None, 20));
    let floor = head_of(5, 20).0.timestamp;
    assert_eq!(refused(&mut machine, Ask::new(5, 8, 20)), Refusal::NotLater { floor });
    let proof = |request: &mut SignSth| request.contains = vec![request.consistency.clone()];
    granted(&mut machine, Ask::new(5, 8, 21).with(proof));
    // With its last word it signs nothing more of that time.
    let mut machine = machine_with(memory(), None, moved(Some(wanted(2, 2)), 20));
    granted(&mut machine, Ask::new(5, 8, 20));
    // A stopped node that tells of a time in years delays nothing.
    let mut machine = machine_with(memory(), None, moved(None, 1 << 30));
    granted(&mut machine, Ask::new(5, 8, 20));
}
