//! Changes of who votes and who signs: each trace of the exhaustive model that ended in a fork, with the rule in force.

use super::tests::*;
use super::*;
use crate::key::LogSigningKey;
use crate::sth::{Sth, TreeHead};
use crate::time::Timestamp;

fn rejoin(number: u8, state: u8) -> Change {
    Change::Rejoin { node: name(number), incarnation: incarnation(state) }
}

fn join(number: u8) -> Change {
    Change::Join { node: name(number), key: key(number).public(), incarnation: incarnation(number) }
}

fn leave(number: u8) -> Change {
    Change::Leave { node: name(number) }
}

/// The reply of a node to run `term` for that term, given where a certificate is in force.
fn stop_in(current: &TermCertificate, number: u8, next: u64, accepted: AcceptedHead) -> SignedStopReply {
    StopReply {
        run: run(next as u8),
        term: term(next),
        in_force: current.term(),
        voters: current.body.voters.hash(),
        sth_signer: current.body.sth_signer.clone(),
        ..reply(number, accepted)
    }
    .sign(&key(number))
}

/// The certificate that repair makes of these replies, by its own choice; the primary is the last holder.
fn certify(
    current: &TermCertificate,
    next: u64,
    change: Change,
    stops: Vec<SignedStopReply>,
) -> Result<TermCertificate, ChoiceError> {
    let (run, next) = (run(next as u8), term(next));
    let Choice { start, holders } = current.choose(run, next, &change, &stops)?;
    let chosen = (holders.last().unwrap().clone(), start);
    let body = current.successor(run, next, change, chosen, stops)?;
    Ok(TermCertificate::sign(body, &repair_key()))
}

fn adopt(guard: &Guard, certificate: &TermCertificate) -> Result<Guard, CertificateError> {
    guard.adopt(certificate.clone()).map(|adopted| adopted.expect("it is newer"))
}

/// Stops of nodes that endorsed a head of five entries in term 1.
fn five(numbers: &[u8], next: u64) -> Vec<SignedStopReply> {
    five_in(&founding(), numbers, next)
}

/// The same, where a certificate is in force.
fn five_in(current: &TermCertificate, numbers: &[u8], next: u64) -> Vec<SignedStopReply> {
    numbers.iter().map(|number| stop_in(current, *number, next, accepted(1, head(5, 5)))).collect()
}

fn guard() -> Guard {
    Guard::new(trust(), founding())
}

fn few(found: usize, voters: usize, majority: usize) -> ChoiceError {
    ChoiceError::TooFew { found, voters, majority }
}

#[test]
fn a_node_that_lost_its_state_votes_again_from_the_term_in_which_it_rejoins() {
    let second = certify(&founding(), 2, rejoin(3, 33), five(&[1, 2], 2)).unwrap();
    let adopted = adopt(&guard(), &second).unwrap();
    assert!(adopted.votes(&name(3), incarnation(33)) && !adopted.votes(&name(3), incarnation(3)));
    let joined = adopted.certificate().body.voters.find(&name(3)).unwrap();
    assert_eq!((joined.joining_term, joined.key), (term(2), key(3).public()));
    // With the state that it has there is nothing to rejoin with.
    let same = certify(&founding(), 2, rejoin(3, 3), five(&[1, 2], 2)).unwrap_err();
    assert_eq!(same, ChoiceError::Change(ChangeError::SameState { node: name(3) }));
}

/// M7. A wiped node counted among those that were stopped, though it had forgotten what it endorsed.
#[test]
fn m7_who_rejoins_does_not_count_for_its_own_rejoining() {
    let forgot = reply(3, AcceptedHead::NONE);
    let forgot = StopReply { incarnation: incarnation(33), ..forgot }.sign(&key(3));
    let stops = [five(&[1], 2), vec![forgot]].concat();
    assert_eq!(certify(&founding(), 2, rejoin(3, 33), stops).unwrap_err(), few(1, 3, 2));
}

/// M13. Installed but still empty, it counted at the next Stop: published entries were gone. M12: the same with a signer that
/// remembers, which then refused for ever.
#[test]
fn m12_m13_who_rejoined_counts_when_it_has_endorsed_in_that_term() {
    let second = certify(&founding(), 2, rejoin(3, 33), five(&[1, 2], 2)).unwrap();
    let of_three = |accepted| {
        let reply = stop_in(&second, 3, 3, accepted).reply;
        StopReply { incarnation: incarnation(33), ..reply }.sign(&key(3))
    };
    let next = |accepted| {
        certify(&second, 3, Change::Nothing, [five_in(&second, &[1], 3), vec![of_three(accepted)]].concat())
            .map(|certificate| certificate.body.start_head)
    };
    assert_eq!(next(AcceptedHead::NONE), Err(few(1, 3, 2)));
    assert_eq!(next(accepted(1, head(5, 5))), Err(few(1, 3, 2)), "what it endorsed before counts no more");
    // The second certificate's primary is node 2.
    let request = SignedProposal::new(
        Proposal { voters: second.body.voters.hash(), ..accepted(2, head(6, 6)).request.unwrap().proposal },
        name(2),
        &key(2),
    );
    let endorsed = AcceptedHead { term: term(2), head: head(6, 6), request: Some(request) };
    assert_eq!(next(endorsed), Ok(head(6, 6)));
}

#[test]
fn a_change_takes_a_majority_of_the_old_list_and_of_the_new_one() {
    // Three become four: three of four.
    assert_eq!(certify(&founding(), 2, join(4), five(&[1, 2], 2)).unwrap_err(), few(2, 4, 3));
    let four = certify(&founding(), 2, join(4), five(&[1, 2, 3], 2)).unwrap();
    let four = adopt(&guard(), &four).unwrap();
    assert_eq!(four.certificate().body.voters.len(), 4);
    // Four become three: three of the four, and two of the three that stay.
    let third = |stopped: &[u8], left| {
        certify(four.certificate(), 3, leave(left), five_in(four.certificate(), stopped, 3))
    };
    assert_eq!(third(&[1, 2], 4).unwrap_err(), few(2, 4, 3));
    assert!(third(&[1, 2, 3], 4).is_ok());
    // Three become two: the one that leaves is no majority of those who stay.
    assert_eq!(certify(&founding(), 2, leave(1), five(&[1, 2], 2)).unwrap_err(), few(1, 2, 2));
    let two = certify(&founding(), 2, leave(1), five(&[2, 3], 2)).unwrap();
    assert_eq!(adopt(&guard(), &two).unwrap().certificate().body.voters.majority(), 2);
}

#[test]
fn one_node_at_a_time() {
    let mut second = certify(&founding(), 2, join(4), five(&[1, 2, 3], 2)).unwrap();
    second.body.voters =
        Voters::new(second.body.voters.iter().filter(|voter| voter.name != name(1)).cloned().collect())
            .unwrap();
    let second = TermCertificate::sign(second.body, &repair_key());
    assert_eq!(adopt(&guard(), &second).unwrap_err(), CertificateError::VotersChanged);
    let stranger = certify(&founding(), 2, leave(9), five(&[1, 2], 2)).unwrap_err();
    assert_eq!(stranger, ChoiceError::Change(ChangeError::NoVoter { node: name(9) }));
}

/// A node that was away while the voters changed takes the changes in order; without them it believes nothing.
#[test]
fn changes_that_were_missed_are_taken_in_order() {
    let second = adopt(&guard(), &certify(&founding(), 2, rejoin(3, 33), five(&[1, 2], 2)).unwrap()).unwrap();
    let third =
        certify(second.certificate(), 3, join(4), five_in(second.certificate(), &[1, 2, 3], 3)).unwrap_err();
    assert_eq!(third, few(2, 4, 3), "node 3 does not count yet");
    let third =
        certify(second.certificate(), 3, leave(3), five_in(second.certificate(), &[1, 2], 3)).unwrap();
    let third = adopt(&second, &third).unwrap();
    let fourth =
        certify(third.certificate(), 4, Change::Nothing, five_in(third.certificate(), &[1, 2], 4)).unwrap();
    let fourth = adopt(&third, &fourth).unwrap();
    let terms = |guard: &Guard| {
        guard.certificate().changes.iter().map(|change| change.body.term.get()).collect::<Vec<_>>()
    };
    assert_eq!(terms(&fourth), [1, 2, 3], "and the one before the first");
    assert_eq!(adopt(&guard(), fourth.certificate()).unwrap().certificate(), fourth.certificate());
    let mut bare = fourth.certificate().clone();
    bare.changes.clear();
    assert_eq!(adopt(&guard(), &bare).unwrap_err(), CertificateError::VotersChanged);
    // What somebody else adds to it proves itself or is refused, and who has them already does not look.
    bare.changes = fourth.certificate().changes.clone();
    bare.changes[1].body.primary = name(1);
    assert_eq!(adopt(&guard(), &bare).unwrap_err(), CertificateError::Signature);
    assert_eq!(adopt(&third, &bare).unwrap().certificate().body, fourth.certificate().body);
}

/// What a primary had endorsed before it left is still known to be its own: else nobody's accepted head would count until
/// the next was endorsed, and a repair in between found no majority.
#[test]
fn the_requests_of_a_primary_that_left_still_back_what_was_accepted_of_it() {
    let second = certify(&founding(), 2, leave(1), five(&[2, 3], 2)).unwrap();
    let second = adopt(&guard(), &second).unwrap();
    let third =
        certify(second.certificate(), 3, Change::Nothing, five_in(second.certificate(), &[2, 3], 3)).unwrap();
    assert_eq!(adopt(&second, &third).unwrap().certificate().body.start_head, head(5, 5));
    // But it votes no more.
    let stops = five_in(second.certificate(), &[1, 2], 3);
    assert_eq!(certify(second.certificate(), 3, Change::Nothing, stops).unwrap_err(), few(1, 2, 2));
}

fn log_key() -> LogSigningKey {
    LogSigningKey::from_scalar(&[1; 32]).unwrap()
}

fn last(size: u64, tree: u8) -> Sth {
    let head = head(size, tree);
    let timestamp = Timestamp::from_millis(2000);
    log_key().sign_head(TreeHead { timestamp, tree_size: head.size, root_hash: head.root }).sth().clone()
}

fn release(next: u64, last: Option<Sth>) -> Release {
    let signer = founding().body.sth_signer;
    Release { log_id: LOG, run: run(next as u8), term: term(next), signer, last }
}

fn move_to_nine(release: Option<SignedRelease>) -> Change {
    Change::MoveSigner {
        to: "signer-9".parse().unwrap(),
        key: key(79).public(),
        release: release.map(Box::new),
    }
}

/// V4. With the old signer's last word the right moves with a bare majority.
#[test]
fn v4_the_right_to_sign_moves_with_a_release() {
    let word = release(2, Some(last(5, 5))).sign(&key(77));
    let second = certify(&founding(), 2, move_to_nine(Some(word)), five(&[1, 2], 2)).unwrap();
    let adopted = adopt(&guard(), &second).unwrap();
    let body = &adopted.certificate().body;
    assert_eq!((body.sth_signer.as_str(), body.sth_signer_key), ("signer-9", key(79).public()));
    assert_eq!(body.voters, voters());
}

/// V1–V3 and V6. Without it a majority is too few: one liar among them and the nodes that were not stopped make a quorum for
/// the old signer. V5, V7: enough are stopped when they make none.
#[test]
fn v5_without_a_release_all_but_too_few_for_a_quorum_are_stopped() {
    let change = move_to_nine(None);
    assert_eq!(certify(&founding(), 2, change.clone(), five(&[1, 2], 2)).unwrap_err(), few(2, 3, 3));
    let second = certify(&founding(), 2, change, five(&[1, 2, 3], 2)).unwrap();
    assert!(adopt(&guard(), &second).is_ok());
}

#[test]
fn a_release_that_proves_nothing_moves_nothing() {
    let forged = release(2, None).sign(&key(1));
    let other_run = Release { run: run(3), ..release(2, None) }.sign(&key(77));
    let other_term = release(3, None).sign(&key(77));
    let other_signer = Release { signer: name(1), ..release(2, None) }.sign(&key(77));
    for word in [forged, other_run, other_term, other_signer] {
        let second = certify(&founding(), 2, move_to_nine(Some(word)), five(&[1, 2], 2)).unwrap();
        let signer = founding().body.sth_signer;
        assert_eq!(adopt(&guard(), &second).unwrap_err(), CertificateError::Release(signer));
    }
    // The old signer signed what no majority accepted: an assumption broke, and nothing is built on it.
    for (size, tree) in [(6, 6), (5, 6)] {
        let word = release(2, Some(last(size, tree))).sign(&key(77));
        let second = certify(&founding(), 2, move_to_nine(Some(word)), five(&[1, 2], 2)).unwrap();
        let refused = adopt(&guard(), &second).unwrap_err();
        assert_eq!(refused, CertificateError::SignedBeyond { signed: size, start: 5 });
    }
}

#[test]
fn a_certificate_with_many_changes_still_fits_a_message() {
    let mut guard = guard();
    for next in 2..90 {
        // The very same node loses its state again and again.
        let state = (next % 200) as u8 + 40;
        let second =
            certify(guard.certificate(), next, rejoin(3, state), five_in(guard.certificate(), &[1, 2], next))
                .unwrap();
        guard = adopt(&guard, &second).unwrap();
    }
    assert_eq!(guard.certificate().changes.len(), super::guard::MAX_CHANGES);
    let bytes = serde_json::to_vec(guard.certificate()).unwrap().len();
    assert!(bytes < crate::limits::MAX_CONTROL_BODY, "{bytes} bytes");
    assert_eq!(guard.term(), term(89));
}

/// T15. Two repair processes: one gives node 3 its vote back, and tells nobody but node 3 and a few others; the other has not
/// heard of that, stops a majority that has not either, and goes on from before. Whoever adopted the change was left behind
/// for ever. The change never has a quorum, so it is let go.
#[test]
fn a_change_that_a_majority_never_adopted_is_let_go() {
    let second = adopt(&guard(), &certify(&founding(), 2, rejoin(3, 33), five(&[1, 2], 2)).unwrap()).unwrap();
    let third = certify(&founding(), 3, Change::Nothing, five(&[1, 2], 3)).unwrap();
    let third = adopt(&guard(), &third).unwrap();
    let after = adopt(&second, third.certificate()).unwrap();
    assert_eq!(after.certificate(), third.certificate());
    assert!(!after.votes(&name(3), incarnation(33)));
    // A change on top of that reaches it too, with what led there.
    let fourth =
        certify(third.certificate(), 4, rejoin(3, 34), five_in(third.certificate(), &[1, 2], 4)).unwrap();
    let fourth = adopt(&third, &fourth).unwrap();
    assert_eq!(adopt(&second, fourth.certificate()).unwrap().certificate().body, fourth.certificate().body);
}

/// T15. Where the change is in force a node says so when it is stopped, and does not count for a term that leaves the change
/// out: with one that had acted on it, two lists had a majority each.
#[test]
fn who_adopted_a_change_does_not_count_for_a_term_without_it() {
    let second = adopt(&guard(), &certify(&founding(), 2, rejoin(3, 33), five(&[1, 2], 2)).unwrap()).unwrap();
    let stops = [five(&[1], 3), five_in(second.certificate(), &[2], 3)].concat();
    assert_eq!(certify(&founding(), 3, Change::Nothing, stops).unwrap_err(), few(1, 3, 2));
    let word = release(2, Some(last(5, 5))).sign(&key(77));
    let moved = certify(&founding(), 2, move_to_nine(Some(word)), five(&[1, 2], 2)).unwrap();
    let stops = [five(&[1], 3), five_in(&moved, &[2], 3)].concat();
    assert_eq!(certify(&founding(), 3, Change::Nothing, stops).unwrap_err(), few(1, 3, 2));
}
