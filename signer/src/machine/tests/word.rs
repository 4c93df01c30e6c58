//! A log that goes on from its frontends, by an operator's word (docs/protocol.md, T16), though the disks of those who voted were not
//! lost: the word is a person's, and this signer the last fence.

use super::*;
use ct::term::{Change, OperatorWord, RunId, TermBody, Voter, Voters};

const TWO: Term = Term::FIRST.plus(1);

fn operator() -> ct::node_key::NodeSigningKey {
    key_of(88)
}

/// The same machines with new states vote from term 2 on, which starts from size 5.
fn word() -> TermCertificate {
    let anew =
        |voter: &Voter| Voter { incarnation: Incarnation::new([44; 16]), joining_term: TWO, ..voter.clone() };
    let voters = Voters::new(voters().iter().map(anew).collect()).unwrap();
    let (head, internal_root) = head_of(5, 10);
    let start = ct::order::LogHead { size: head.tree_size, root: head.root_hash, internal_root };
    let change = |word| Change::FromFrontends { voters: voters.clone(), word };
    let primary = "merge-2".parse().unwrap();
    let body = certificate().successor(RunId::new([2; 16]), TWO, change(None), (primary, start), Vec::new());
    let body = body.unwrap();
    let given = OperatorWord::sign(&body, &operator());
    TermCertificate::sign(TermBody { change: change(Some(Box::new(given))), ..body }, &key_of(100))
}

fn adopt(machine: &mut Machine) {
    let mut fx = Effects::new();
    machine.step(NOW, Event::SetPrimary(1, Box::new(word())), &mut fx);
    assert_eq!(fx.acts, [Act::Done(1)]);
    assert_eq!(machine.guard().term(), TWO);
}

/// A request of the new voters.
fn of_term_two(from: u64, to: u64, seconds: u64) -> Ask {
    let voters = word().body.voters.hash();
    Ask::new(from, to, seconds).with(|r| (r.proposal.term, r.proposal.voters) = (TWO, voters)).endorsed()
}

#[test]
fn the_voters_of_before_get_no_signature_any_more() {
    let mut machine = at_five();
    adopt(&mut machine);
    let late = reason(refused(&mut machine, Ask::new(5, 8, 20)));
    assert!(late.starts_with("voters: the proposal is bound to list"), "{late}");
    granted(&mut machine, of_term_two(5, 7, 20));
}

#[test]
fn a_word_that_leaves_out_what_was_signed_gets_none() {
    let mut machine = at_five();
    granted(&mut machine, Ask::new(5, 8, 20));
    adopt(&mut machine);
    let behind = refused(&mut machine, of_term_two(5, 7, 30));
    assert!(matches!(behind, Refusal::WrongBase { .. }), "{behind:?}");
    let (head, internal_root) = tree(9, 1).head(30);
    let other =
        of_term_two(8, 9, 30).with(|r| (r.proposal.head, r.proposal.internal_root) = (head, internal_root));
    let other = reason(refused(&mut machine, other.endorsed()));
    assert!(other.contains("the proof leads to root"), "{other}");
}
