//! A majority of the voters lost their disks, and the log goes on from what frontends have, by a person's word (docs/protocol.md,
//! T16).

use super::tests::*;
use super::*;
use crate::node_key::NodeSigningKey;
use crate::order::LogHead;

fn guard() -> Guard {
    Guard::new(trust(), founding())
}

/// Nodes with new states, joining in a term: the first two of three, and one that never voted.
fn anew(next: u64) -> Voters {
    let new = |number: u8| Voter {
        incarnation: incarnation(number + 40),
        joining_term: term(next),
        ..voter(number)
    };
    Voters::new([1, 2, 4].map(new).to_vec()).unwrap()
}

/// What the certificate says, but for the word.
fn body(current: &TermCertificate, next: u64, voters: Voters, start: LogHead) -> TermBody {
    let change = Change::FromFrontends { voters, word: None };
    current.successor(run(next as u8), term(next), change, (name(2), start), Vec::new()).unwrap()
}

fn with_word(body: TermBody, key: &NodeSigningKey) -> TermCertificate {
    let Change::FromFrontends { voters, .. } = body.change.clone() else { unreachable!("it was made so") };
    let word = Some(Box::new(OperatorWord::sign(&body, key)));
    TermCertificate::sign(TermBody { change: Change::FromFrontends { voters, word }, ..body }, &repair_key())
}

fn second() -> TermCertificate {
    with_word(body(&founding(), 2, anew(2), head(5, 5)), &operator())
}

fn adopt(guard: &Guard, certificate: &TermCertificate) -> Result<Guard, CertificateError> {
    guard.adopt(certificate.clone()).map(|adopted| adopted.expect("it is newer"))
}

#[test]
fn by_an_operators_word_others_vote_and_the_log_goes_on() {
    let adopted = adopt(&guard(), &second()).unwrap();
    let body = &adopted.certificate().body;
    assert_eq!((body.start_head, body.primary.clone()), (head(5, 5), name(2)));
    assert!(adopted.votes(&name(1), incarnation(41)) && !adopted.votes(&name(1), incarnation(1)));
    assert!(adopted.votes(&name(4), incarnation(44)) && body.voters.find(&name(3)).is_none());
    let left: Vec<_> = body.former.iter().map(|one| one.name.clone()).collect();
    assert_eq!(left, [name(3)], "its requests stay known");
    // Whoever was away then takes it in its place.
    let third = body_after(&adopted);
    assert_eq!(adopt(&guard(), third.certificate()).unwrap().certificate(), third.certificate());
}

/// An ordinary repair after that: of nodes that have endorsed in the term since.
fn body_after(second: &Guard) -> Guard {
    let accepted = |number: u8| {
        let proposal = Proposal::of(&second.certificate().body, head(6, 6), crate::time::Timestamp::EPOCH);
        let request = SignedProposal::new(proposal, name(2), &key(2));
        let accepted = AcceptedHead { term: term(2), head: head(6, 6), request: Some(request) };
        let reply = StopReply {
            run: run(3),
            term: term(3),
            in_force: term(2),
            incarnation: incarnation(number + 40),
            voters: second.certificate().body.voters.hash(),
            ..reply(number, accepted)
        };
        reply.sign(&key(number))
    };
    let stops = vec![accepted(1), accepted(2)];
    let chosen = second.certificate().choose(run(3), term(3), &Change::Nothing, &stops).unwrap();
    assert_eq!(chosen.start, head(6, 6));
    let body = second
        .certificate()
        .successor(run(3), term(3), Change::Nothing, (name(1), chosen.start), stops)
        .unwrap();
    adopt(second, &TermCertificate::sign(body, &repair_key())).unwrap()
}

#[test]
fn nobody_elses_word_will_do_and_it_is_for_this_alone() {
    let plain = body(&founding(), 2, anew(2), head(5, 5));
    let refused = |certificate: &TermCertificate| adopt(&guard(), certificate).unwrap_err();
    let none = TermCertificate::sign(plain.clone(), &repair_key());
    assert_eq!(refused(&none), CertificateError::Word);
    for other in [repair_key(), key(1), key(89)] {
        assert_eq!(refused(&with_word(plain.clone(), &other)), CertificateError::Word);
    }
    // The repair key signs something else than the operator did.
    type Alter = fn(&mut TermBody);
    let alterations: [Alter; 5] = [
        |body| body.start_head = head(4, 4),
        |body| body.start_head.internal_root = head(5, 6).internal_root,
        |body| body.run = run(9),
        |body| body.primary = name(1),
        |body| body.stops = vec![reply(1, accepted(1, head(5, 5))).sign(&key(1))],
    ];
    for alter in alterations {
        let mut altered = second().body;
        alter(&mut altered);
        assert_eq!(refused(&TermCertificate::sign(altered, &repair_key())), CertificateError::Word);
    }
    // Another list than the operator saw.
    let mut altered = second().body;
    let Change::FromFrontends { voters, .. } = &mut altered.change else { unreachable!("it was made so") };
    *voters = Voters::new(voters.iter().take(2).cloned().collect()).unwrap();
    altered.voters = voters.clone();
    altered.former = altered.change.former(&founding().body.voters, &[]);
    assert_eq!(refused(&TermCertificate::sign(altered, &repair_key())), CertificateError::Word);
    // And the operator alone installs nothing.
    let alone = TermCertificate::sign(second().body, &operator());
    assert_eq!(refused(&alone), CertificateError::Signature);
}

/// What a node endorsed before counts for nothing, so all of them join anew.
#[test]
fn all_join_with_the_term() {
    let old = Voters::new([1, 2].map(voter).to_vec()).unwrap();
    let change = Change::FromFrontends { voters: old, word: None };
    let refused = founding().successor(run(2), term(2), change, (name(2), head(5, 5)), Vec::new());
    assert!(matches!(refused, Err(ChangeError::List { .. })), "{refused:?}");
}

/// The right to sign had moved, and whoever gave the word had not heard of it: it names the old signer. Nobody who has the change in
/// force lets it go for that: no stop replies show that nobody acted on it.
#[test]
fn a_word_from_before_a_change_undoes_nothing() {
    let stop = |number: u8| {
        let accepted = accepted(1, head(5, 5));
        StopReply { run: run(2), term: term(2), ..reply(number, accepted) }.sign(&key(number))
    };
    let stops = vec![stop(1), stop(2), stop(3)];
    let change = Change::MoveSigner { to: "signer-9".parse().unwrap(), key: key(79).public(), release: None };
    let chosen = founding().choose(run(2), term(2), &change, &stops).unwrap();
    let moved = founding()
        .successor(run(2), term(2), change, (chosen.holders[0].clone(), chosen.start), stops)
        .unwrap();
    let moved = adopt(&guard(), &TermCertificate::sign(moved, &repair_key())).unwrap();
    let stale = with_word(body(&founding(), 3, anew(3), head(5, 5)), &operator());
    assert!(adopt(&guard(), &stale).is_ok());
    assert!(matches!(adopt(&moved, &stale), Err(CertificateError::SthSignerChanged { .. })));
    // One that knows of the change is taken, by those who had missed it too.
    let word = adopt(&moved, &with_word(body(moved.certificate(), 3, anew(3), head(5, 5)), &operator()));
    let word = word.unwrap();
    assert_eq!(adopt(&guard(), word.certificate()).unwrap().certificate(), word.certificate());
}

/// The disks were not lost after all, and those who have them go on from before: their majority meets none of the new one. Whoever
/// heard the word stays with it; one signer, which remembers, signs for one of the two alone.
#[test]
fn who_adopted_the_word_never_lets_it_go() {
    let second = adopt(&guard(), &second()).unwrap();
    let stop = |number: u8| {
        let accepted = accepted(1, head(6, 6));
        StopReply { run: run(3), term: term(3), ..reply(number, accepted) }.sign(&key(number))
    };
    let stops = vec![stop(1), stop(3)];
    let chosen = founding().choose(run(3), term(3), &Change::Nothing, &stops).unwrap();
    let holder = chosen.holders[0].clone();
    let body = founding().successor(run(3), term(3), Change::Nothing, (holder, chosen.start), stops).unwrap();
    let third = TermCertificate::sign(body, &repair_key());
    assert!(adopt(&guard(), &third).is_ok());
    assert_eq!(adopt(&second, &third).unwrap_err(), CertificateError::VotersChanged);
}
