#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use super::*;
use crate::entry::LogKind;
use crate::hash::{InternalRoot, LogId, RootHash, VotersHash};
use crate::index::{Term, TreeSize};
use crate::limits::MAX_TERM_STEP;
use crate::names::NodeName;
use crate::node_key::NodeSigningKey;
use crate::order::LogHead;
use crate::sth::TreeHead;
use crate::time::Timestamp;

pub(super) const LOG: LogId = LogId::new([7; 32]);

pub(super) fn name(number: u8) -> NodeName {
    format!("merge-{number}").parse().unwrap()
}

pub(super) fn key(number: u8) -> NodeSigningKey {
    NodeSigningKey::from_seed(&[number; 32])
}

pub(super) fn term(number: u64) -> Term {
    Term::new(number).unwrap()
}

pub(super) fn incarnation(number: u8) -> Incarnation {
    Incarnation::new([number; 16])
}

pub(super) fn run(number: u8) -> RunId {
    RunId::new([number; 16])
}

pub(super) fn repair_key() -> NodeSigningKey {
    key(99)
}

pub(super) fn operator() -> NodeSigningKey {
    key(88)
}

pub(super) fn trust() -> Trust {
    let operators = vec![operator().public()];
    Trust { log_id: LOG, kind: LogKind::Rfc6962, repair_key: repair_key().public(), operators }
}

pub(super) fn voter(number: u8) -> Voter {
    Voter {
        name: name(number),
        key: key(number).public(),
        incarnation: incarnation(number),
        joining_term: Term::ZERO,
    }
}

pub(super) fn voters() -> Voters {
    Voters::new((1..=3).map(voter).collect()).unwrap()
}

/// A head of a size; `tree` tells trees of one size apart.
pub(super) fn head(size: u64, tree: u8) -> LogHead {
    LogHead {
        size: TreeSize::new(size).unwrap(),
        root: RootHash::new([tree; 32]),
        internal_root: InternalRoot::new([tree; 32]),
    }
}

pub(super) fn founding_body() -> TermBody {
    TermBody {
        log_id: LOG,
        kind: LogKind::Rfc6962,
        run: run(0),
        term: Term::FIRST,
        primary: name(1),
        start_head: LogHead::EMPTY,
        change: Change::Nothing,
        sth_signer: "signer-1".parse().unwrap(),
        sth_signer_key: key(77).public(),
        voters: voters(),
        former: Vec::new(),
        stops: Vec::new(),
    }
}

pub(super) fn founding() -> TermCertificate {
    TermCertificate::sign(founding_body(), &repair_key())
}

fn proposal(term_number: u64, head: LogHead) -> Proposal {
    Proposal {
        log_id: LOG,
        kind: LogKind::Rfc6962,
        voters: voters().hash(),
        term: term(term_number),
        sth_signer: "signer-1".parse().unwrap(),
        head: TreeHead {
            timestamp: Timestamp::from_millis(1000),
            tree_size: head.size,
            root_hash: head.root,
        },
        internal_root: head.internal_root,
    }
}

/// What a node accepted of the primary of a term.
pub(super) fn accepted(term_number: u64, head: LogHead) -> AcceptedHead {
    let request = SignedProposal::new(proposal(term_number, head), name(1), &key(1));
    AcceptedHead { term: term(term_number), head, request: Some(request) }
}

/// The reply of a node that was stopped by run 2 for term 2.
pub(super) fn reply(number: u8, accepted: AcceptedHead) -> StopReply {
    StopReply {
        log_id: LOG,
        run: run(2),
        term: term(2),
        voter: name(number),
        incarnation: incarnation(number),
        in_force: Term::FIRST,
        voters: voters().hash(),
        sth_signer: founding_body().sth_signer,
        accepted,
        newest_sth: None,
    }
}

pub(super) fn stopped(number: u8, accepted: AcceptedHead) -> SignedStopReply {
    reply(number, accepted).sign(&key(number))
}

/// A good certificate of term 2: nodes 1 and 2 were stopped, and 2 has the greater accepted head.
pub(super) fn second_body() -> TermBody {
    TermBody {
        run: run(2),
        term: term(2),
        primary: name(2),
        start_head: head(5, 5),
        stops: vec![stopped(1, accepted(1, head(3, 3))), stopped(2, accepted(1, head(5, 5)))],
        ..founding_body()
    }
}

fn check(body: TermBody) -> Result<(), CertificateError> {
    TermCertificate::sign(body, &repair_key()).check_successor(&trust(), &founding())
}

fn with_stops(stops: Vec<SignedStopReply>) -> TermBody {
    TermBody { stops, ..second_body() }
}

const TOO_FEW: CertificateError =
    CertificateError::Choice(ChoiceError::TooFew { found: 1, voters: 3, majority: 2 });

#[test]
fn a_certificate_that_proves_itself_is_adopted() {
    assert_eq!(founding().check_founding(&trust()), Ok(()));
    assert_eq!(check(second_body()), Ok(()));
    let guard = Guard::new(trust(), founding());
    let second = TermCertificate::sign(second_body(), &repair_key());
    let adopted = guard.adopt(second.clone()).unwrap().unwrap();
    assert_eq!((adopted.term(), adopted.certificate()), (term(2), &second));
    assert!(adopted.adopt(second).unwrap().is_none(), "it is in force already");
    assert!(adopted.adopt(founding()).unwrap().is_none(), "an older one is nothing new");
}

#[test]
fn a_signature_of_another_key_is_refused() {
    let forged = TermCertificate::sign(second_body(), &key(1));
    assert_eq!(forged.check_successor(&trust(), &founding()), Err(CertificateError::Signature));
    let forged = TermCertificate::sign(founding_body(), &key(1));
    assert_eq!(forged.check_founding(&trust()), Err(CertificateError::Signature));
}

#[test]
fn a_body_that_was_changed_after_signing_is_refused() {
    let mut changed = TermCertificate::sign(second_body(), &repair_key());
    changed.body.sth_signer = "signer-2".parse().unwrap();
    assert_eq!(changed.check_successor(&trust(), &founding()), Err(CertificateError::Signature));
}

#[test]
fn a_certificate_of_another_log_is_refused() {
    let other = LogId::new([8; 32]);
    let body = TermBody { log_id: other, ..second_body() };
    assert_eq!(check(body), Err(CertificateError::OtherLog(other)));
}

#[test]
fn a_primary_that_does_not_vote_is_refused() {
    let body = TermBody { primary: name(9), ..second_body() };
    assert_eq!(check(body), Err(CertificateError::PrimaryNoVoter(name(9))));
}

/// Two signers with memories of their own sign two trees: one compromised primary and one moved right are enough.
#[test]
fn another_sth_signer_is_refused() {
    let current = second_body().sth_signer;
    let body = TermBody { sth_signer: name(9), ..second_body() };
    assert_eq!(check(body), Err(CertificateError::SthSignerChanged { found: name(9), expected: current }));
}

#[test]
fn other_voters_are_refused() {
    let four = Voters::new((1..=4).map(voter).collect()).unwrap();
    let body = TermBody { voters: four, ..second_body() };
    assert_eq!(check(body), Err(CertificateError::VotersChanged));
    let mut reborn: Vec<_> = (1..=3).map(voter).collect();
    reborn[2].incarnation = incarnation(33);
    let body = TermBody { voters: Voters::new(reborn).unwrap(), ..second_body() };
    assert_eq!(check(body), Err(CertificateError::VotersChanged));
}

/// A start head that the stop replies do not lead to: with it repair could cut a published tree.
#[test]
fn a_start_head_other_than_the_replies_lead_to_is_refused() {
    for wrong in [head(3, 3), head(5, 6), head(6, 6), LogHead::EMPTY] {
        let body = TermBody { start_head: wrong, ..second_body() };
        assert_eq!(check(body), Err(CertificateError::StartHead));
    }
    let internal = LogHead { internal_root: InternalRoot::new([9; 32]), ..head(5, 5) };
    let body = TermBody { start_head: internal, ..second_body() };
    assert_eq!(check(body), Err(CertificateError::StartHead), "the internal root counts");
}

#[test]
fn a_primary_that_does_not_hold_the_start_head_is_refused() {
    for lacking in [name(1), name(3)] {
        let body = TermBody { primary: lacking.clone(), ..second_body() };
        assert_eq!(check(body), Err(CertificateError::PrimaryLacksStart(lacking)));
    }
}

#[test]
fn too_few_stops_are_refused() {
    assert_eq!(check(with_stops(vec![stopped(2, accepted(1, head(5, 5)))])), Err(TOO_FEW));
    let none = ChoiceError::TooFew { found: 0, voters: 3, majority: 2 };
    assert_eq!(check(with_stops(Vec::new())), Err(CertificateError::Choice(none)));
}

/// One node is one voice, however often and whatever it says.
#[test]
fn one_voter_twice_counts_once() {
    let twice = stopped(2, accepted(1, head(5, 5)));
    assert_eq!(check(with_stops(vec![twice.clone(), twice])), Err(TOO_FEW));
    let two_tales = vec![stopped(2, accepted(1, head(5, 5))), stopped(2, accepted(1, head(3, 3)))];
    assert_eq!(check(with_stops(two_tales)), Err(TOO_FEW));
}

/// Puts a reply of node 1 beside the good one of node 2: it must not count.
fn does_not_count(signed: SignedStopReply) {
    let stops = vec![signed, stopped(2, accepted(1, head(5, 5)))];
    assert_eq!(check(with_stops(stops)), Err(TOO_FEW));
}

fn small() -> AcceptedHead {
    accepted(1, head(3, 3))
}

#[test]
fn a_reply_to_another_run_does_not_count() {
    does_not_count(StopReply { run: run(3), ..reply(1, small()) }.sign(&key(1)));
}

#[test]
fn a_reply_of_another_log_does_not_count() {
    does_not_count(StopReply { log_id: LogId::new([8; 32]), ..reply(1, small()) }.sign(&key(1)));
}

#[test]
fn a_reply_for_another_term_does_not_count() {
    for other in [1, 3] {
        does_not_count(StopReply { term: term(other), ..reply(1, small()) }.sign(&key(1)));
    }
}

#[test]
fn a_reply_that_its_voter_did_not_sign_does_not_count() {
    does_not_count(reply(1, small()).sign(&key(2)));
    let mut changed = stopped(1, small());
    changed.reply.accepted = AcceptedHead::NONE;
    does_not_count(changed);
}

#[test]
fn a_reply_of_a_stranger_does_not_count() {
    does_not_count(reply(9, small()).sign(&key(9)));
}

/// M7. A node whose disk was wiped claimed an empty log, was believed, and with it a published entry was outvoted. Its
/// incarnation is another one than the voter list says.
#[test]
fn m7_a_reply_of_another_incarnation_does_not_count() {
    does_not_count(StopReply { incarnation: incarnation(11), ..reply(1, small()) }.sign(&key(1)));
}

/// M12 and M13. A node that joined in a later term than it has endorsed in may have promised things that it forgot: it
/// does not count before it has endorsed in the term in which it joined.
#[test]
fn m13_a_reply_of_a_node_that_joined_later_does_not_count() {
    let joined_in = |joining: u64| {
        let mut list: Vec<_> = (1..=3).map(voter).collect();
        list[0].joining_term = term(joining);
        Voters::new(list).unwrap()
    };
    let stops = [stopped(1, accepted(1, head(3, 3))), stopped(2, accepted(1, head(5, 5)))];
    let choice = |joining| {
        let body = TermBody { voters: joined_in(joining), ..founding_body() };
        let voters = body.voters.hash();
        let current = TermCertificate::sign(body, &repair_key());
        let there = |(number, stop): (u8, &SignedStopReply)| {
            StopReply { voters, ..stop.reply.clone() }.sign(&key(number))
        };
        let stops: Vec<_> = (1..).zip(&stops).map(there).collect();
        current.choose(run(2), term(2), &Change::Nothing, &stops).map(|c| c.start)
    };
    assert_eq!(choice(0), Ok(head(5, 5)));
    assert_eq!(choice(1), Ok(head(5, 5)));
    assert_eq!(choice(2), Err(ChoiceError::TooFew { found: 1, voters: 3, majority: 2 }));
}

/// Whoever wants to win repair needs only a large number; so an accepted head counts with its primary's request and not
/// without (T4).
#[test]
fn an_accepted_head_that_is_not_backed_does_not_count() {
    let good = accepted(1, head(9, 9));
    let bare = AcceptedHead { request: None, ..good.clone() };
    let other_head = AcceptedHead { head: head(10, 10), ..good.clone() };
    let other_internal = AcceptedHead {
        head: LogHead { internal_root: InternalRoot::new([1; 32]), ..head(9, 9) },
        ..good.clone()
    };
    let other_term = AcceptedHead { term: Term::ZERO, ..good.clone() };
    let no_request = AcceptedHead { term: term(1), ..AcceptedHead::NONE };
    for unbacked in [bare, other_head, other_internal, other_term, no_request] {
        assert!(!unbacked.is_backed(LOG, &voters(), &[]), "{unbacked:?}");
        does_not_count(stopped(1, unbacked));
    }
    assert!(good.is_backed(LOG, &voters(), &[]) && AcceptedHead::NONE.is_backed(LOG, &voters(), &[]));
    assert!(!good.is_backed(LogId::new([8; 32]), &voters(), &[]));

    let forged = |primary: u8, signer: u8| {
        let request = SignedProposal::new(proposal(1, head(9, 9)), name(primary), &key(signer));
        AcceptedHead { request: Some(request), ..good.clone() }
    };
    does_not_count(stopped(1, forged(1, 3)));
    does_not_count(stopped(1, forged(9, 9)));
}

/// A secondary that names itself as the primary of the term in force signs its own request. It is a voter, but it is not
/// that primary.
#[test]
fn an_accepted_head_of_the_term_in_force_is_its_primarys() {
    let request = SignedProposal::new(proposal(1, head(9, 9)), name(3), &key(3));
    let invented = AcceptedHead { term: term(1), head: head(9, 9), request: Some(request) };
    let stops = vec![stopped(3, invented.clone()), stopped(2, accepted(1, head(5, 5)))];
    let body = TermBody { primary: name(3), start_head: head(9, 9), ..with_stops(stops.clone()) };
    assert_eq!(check(body), Err(TOO_FEW));
    // With a majority of honest ones it is passed over.
    let stops = [stops, vec![stopped(1, accepted(1, head(3, 3)))]].concat();
    assert_eq!(check(with_stops(stops.clone())), Ok(()));
    let body = TermBody { primary: name(3), start_head: head(9, 9), ..with_stops(stops) };
    assert_eq!(check(body), Err(CertificateError::StartHead));
}

/// Nothing was accepted in a term that is only to come.
#[test]
fn an_accepted_term_that_is_not_below_the_new_one_does_not_count() {
    for late in [2, 3] {
        does_not_count(stopped(1, accepted(late, head(3, 3))));
    }
}

/// A term of 2⁵³ would be the last one.
#[test]
fn a_term_that_rises_too_far_is_refused() {
    let rising = |to: u64| {
        let to = term(to);
        let again = |number: u8, accepted: AcceptedHead| {
            StopReply { term: to, ..reply(number, accepted) }.sign(&key(number))
        };
        let stops = vec![again(1, accepted(1, head(3, 3))), again(2, accepted(1, head(5, 5)))];
        check(TermBody { term: to, ..with_stops(stops) })
    };
    assert_eq!(rising(1 + MAX_TERM_STEP), Ok(()));
    let found = term(2 + MAX_TERM_STEP);
    assert_eq!(rising(2 + MAX_TERM_STEP), Err(CertificateError::TermStep { found, current: Term::FIRST }));
}

/// Two good certificates of one term: repair is two, or lies. The one in force stays, and a person hears of it.
#[test]
fn a_twin_is_refused() {
    let guard = Guard::new(trust(), TermCertificate::sign(second_body(), &repair_key()));
    let twin = TermBody {
        primary: name(3),
        stops: vec![stopped(3, accepted(1, head(5, 5))), stopped(1, accepted(1, head(3, 3)))],
        ..second_body()
    };
    assert_eq!(check(twin.clone()), Ok(()), "by itself it is good");
    let twin = TermCertificate::sign(twin, &repair_key());
    assert_eq!(guard.adopt(twin).unwrap_err(), CertificateError::Twin(term(2)));
}

#[test]
fn a_founding_has_no_past() {
    let refused = |body: TermBody| {
        let founding = TermCertificate::sign(body, &repair_key());
        assert_eq!(founding.check_founding(&trust()), Err(CertificateError::NotAFounding));
    };
    refused(TermBody { term: term(2), ..founding_body() });
    refused(TermBody { start_head: head(1, 1), ..founding_body() });
    refused(TermBody { stops: second_body().stops, ..founding_body() });
    let mut list: Vec<_> = (1..=3).map(voter).collect();
    list[1].joining_term = Term::FIRST;
    refused(TermBody { voters: Voters::new(list).unwrap(), ..founding_body() });
}

/// M3 and M4. By size alone the long tail of a dead term wins over what was signed later; by term alone, half of a log
/// over the whole. By term first, then by size.
#[test]
fn m3_m4_the_choice_is_by_term_and_then_by_size() {
    let heads = [(1, head(9, 9)), (2, head(5, 5)), (2, head(6, 6)), (1, head(8, 8)), (2, head(6, 6))];
    let five = Voters::new((1..=5).map(voter).collect()).unwrap();
    let stops: Vec<_> = (1..)
        .zip(heads)
        .map(|(number, (accepted_term, head))| {
            let accepted = accepted(accepted_term, head);
            StopReply { term: term(3), voters: five.hash(), ..reply(number, accepted) }.sign(&key(number))
        })
        .collect();
    let body = TermBody { term: term(2), voters: five, ..founding_body() };
    let current = TermCertificate::sign(body, &repair_key());
    let choice = current.choose(run(2), term(3), &Change::Nothing, &stops).unwrap();
    assert_eq!(choice, Choice { start: head(6, 6), holders: vec![name(3), name(5)] });
}

/// Two heads of one term and size: somebody lied, or something broke. Nobody chooses between them.
#[test]
fn two_heads_of_one_term_and_size_are_never_chosen_between() {
    let stops = vec![stopped(1, accepted(1, head(5, 5))), stopped(2, accepted(1, head(5, 6)))];
    let conflict = ChoiceError::Conflict(name(2), name(1));
    let found = check(with_stops(stops.clone())).unwrap_err();
    let mirrored = ChoiceError::Conflict(name(1), name(2));
    assert!(
        [CertificateError::Choice(conflict), CertificateError::Choice(mirrored)].contains(&found),
        "{found:?}"
    );
    // A greater head that counts settles it: the two are below it.
    let above = [stops, vec![stopped(3, accepted(1, head(7, 7)))]].concat();
    let body = TermBody { primary: name(3), start_head: head(7, 7), ..with_stops(above) };
    assert_eq!(check(body), Ok(()));
}

#[test]
fn a_voter_list_has_each_name_and_key_once() {
    assert_eq!(Voters::new(Vec::new()), Err(VotersError::Empty));
    assert_eq!(Voters::new(vec![voter(1), voter(1)]), Err(VotersError::Double(name(1))));
    let same_key = Voter { key: key(1).public(), ..voter(2) };
    assert_eq!(Voters::new(vec![voter(1), same_key]), Err(VotersError::Double(name(2))));
    let sorted = Voters::new(vec![voter(3), voter(1), voter(2)]).unwrap();
    assert_eq!(sorted, voters());
    for (count, majority) in [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3)] {
        assert_eq!(Voters::new((1..=count).map(voter).collect()).unwrap().majority(), majority);
    }
}

/// All that a voter list says changes its hash, and with it every endorsement.
#[test]
fn the_hash_of_the_voters_covers_everything() {
    let changed = |change: fn(&mut Voter)| {
        let mut list: Vec<_> = (1..=3).map(voter).collect();
        change(&mut list[1]);
        Voters::new(list).unwrap().hash()
    };
    let mut hashes = vec![
        voters().hash(),
        changed(|voter| voter.name = name(9)),
        changed(|voter| voter.key = key(9).public()),
        changed(|voter| voter.incarnation = incarnation(9)),
        changed(|voter| voter.joining_term = Term::FIRST),
        Voters::new((1..=4).map(voter).collect()).unwrap().hash(),
    ];
    hashes.sort();
    hashes.dedup();
    assert_eq!(hashes.len(), 6);
}

fn endorsed(proposal: &Proposal, numbers: &[u8]) -> Vec<Endorsement> {
    numbers.iter().map(|number| proposal.endorse(name(*number), &key(*number))).collect()
}

/// M9. What one node endorsed was signed. A majority, and each voter once.
#[test]
fn m9_a_quorum_is_a_majority_of_distinct_voters() {
    let wanted = proposal(1, head(5, 5));
    assert_eq!(check_quorum(&voters(), &wanted, &endorsed(&wanted, &[1, 3])), Ok(()));
    assert_eq!(check_quorum(&voters(), &wanted, &endorsed(&wanted, &[3, 2, 1])), Ok(()));
    let few = |found| Err(QuorumError::TooFew { found, voters: 3, majority: 2 });
    assert_eq!(check_quorum(&voters(), &wanted, &endorsed(&wanted, &[2])), few(1));
    assert_eq!(check_quorum(&voters(), &wanted, &[]), few(0));
    let twice = endorsed(&wanted, &[2, 2]);
    assert_eq!(check_quorum(&voters(), &wanted, &twice), Err(QuorumError::Twice(name(2))));
    let stranger = endorsed(&wanted, &[1, 9]);
    assert_eq!(check_quorum(&voters(), &wanted, &stranger), Err(QuorumError::Stranger(name(9))));
    let mut assumed = endorsed(&wanted, &[1, 3]);
    assumed[1].voter = name(2);
    assert_eq!(check_quorum(&voters(), &wanted, &assumed), Err(QuorumError::Signature(name(2))));
}

/// M1. Half of a quorum was of one term and half of another. A quorum is of identical bytes: term, signer, both roots, time.
#[test]
fn m1_a_quorum_is_of_one_term_and_identical_bytes() {
    let wanted = proposal(2, head(5, 5));
    let mut others = vec![wanted.clone(); 5];
    others[0].term = term(1);
    others[1].sth_signer = "signer-2".parse().unwrap();
    others[2].internal_root = InternalRoot::new([9; 32]);
    others[3].head.root_hash = RootHash::new([9; 32]);
    others[4].head.timestamp = Timestamp::from_millis(1001);
    for other in others {
        let mixed = [endorsed(&wanted, &[1]), endorsed(&other, &[2])].concat();
        let refused = Err(QuorumError::Signature(name(2)));
        assert_eq!(check_quorum(&voters(), &wanted, &mixed), refused, "{other:?}");
    }
    let other_list = Proposal { voters: VotersHash::new([9; 32]), ..wanted.clone() };
    let bound = check_quorum(&voters(), &other_list, &endorsed(&other_list, &[1, 2]));
    assert!(matches!(bound, Err(QuorumError::Voters { .. })), "{bound:?}");
}

/// A primary's request is no endorsement, and an endorsement no request: the same fields under other contexts.
#[test]
fn a_request_is_no_endorsement() {
    let wanted = proposal(1, head(5, 5));
    let request = SignedProposal::new(wanted.clone(), name(1), &key(1));
    let disguised = Endorsement { voter: name(1), signature: request.signature };
    let votes = [vec![disguised], endorsed(&wanted, &[2])].concat();
    assert_eq!(check_quorum(&voters(), &wanted, &votes), Err(QuorumError::Signature(name(1))));
    assert!(request.is_signed(&voters()));
    let other_name = SignedProposal { primary: name(2), ..request.clone() };
    assert!(!other_name.is_signed(&voters()));
    let vote = wanted.endorse(name(1), &key(1));
    assert!(!SignedProposal { signature: vote.signature, ..request }.is_signed(&voters()));
}

#[test]
fn a_caller_stands_as_the_certificate_says() {
    let guard = Guard::new(trust(), TermCertificate::sign(second_body(), &repair_key()));
    assert_eq!(guard.standing(&name(2), term(2)), Standing::Primary);
    assert_eq!(guard.standing(&name(1), term(2)), Standing::Refused);
    for caller in [1, 2, 3] {
        assert_eq!(guard.standing(&name(caller), term(1)), Standing::Refused);
        assert_eq!(guard.standing(&name(caller), term(3)), Standing::Unknown);
    }
}

/// What travels as JSON comes back as it was, signature and all.
#[test]
fn a_certificate_survives_its_json_form() {
    let second = TermCertificate::sign(second_body(), &repair_key());
    let text = serde_json::to_string(&second).unwrap();
    let read: TermCertificate = serde_json::from_str(&text).unwrap();
    assert_eq!(read, second);
    assert_eq!(read.check_successor(&trust(), &founding()), Ok(()));
    assert!(serde_json::from_str::<TermCertificate>(&text.replacen("\"run\"", "\"ran\"", 1)).is_err());
}
