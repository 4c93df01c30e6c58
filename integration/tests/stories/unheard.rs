//! A right to sign tree heads that moves while the old signer cannot be asked: what that one may yet sign when it comes back
//! with the log's key.

use crate::hand::*;
use crate::signing::{Signer, asked, votes};
use ct::merkle::verify;
use ct::names::NodeName;
use ct::node_key::NodeSigningKey;
use ct::replica::View as _;
use ct::term::{Change, TermCertificate};
use ct::wire::Refusal;
use ct::wire::signer::{Consistency, SignSth};
use ct::wire::tree::SendLog;
use integration::sim::World;
use integration::sim::disk::LogDisk;
use merge::message::Request;
use signer::machine::{Event, Memory};

/// One entry is published, under the tree head that the old signer signed last.
struct Scene {
    world: World,
    first: TermCertificate,
    old: Signer,
    new: Signer,
}

fn scene() -> Scene {
    let mut world = calm();
    let (first, log) = (world.newest.clone(), log_of(&entries(0..1)));
    for number in [2, 3] {
        bring(&mut world, &m(number), &first, &log, 1, at(10)).unwrap();
    }
    let mut old = Signer::new(&world);
    let signed = old.sign(at(10), asked(&world, &first, &log, (0, 1), at(10))).unwrap();
    let at_end = head(&log, 1);
    let header = SendLog {
        term: first.term(),
        start: at_end.size,
        root: at_end.root,
        internal_root: at_end.internal_root,
        sth: Some(log_key().sign_head(signed).sth().clone()),
        consistency: None,
    };
    for number in [2, 3] {
        ask(&mut world, &m(number), &m(1), Request::SendLog(header.clone(), Vec::new())).unwrap();
    }
    let new = Signer::of(&world, "signer-2", None);
    Scene { world, first, old, new }
}

impl Scene {
    /// The right moves: everybody was stopped, the old signer was not heard.
    fn moves(&mut self) -> TermCertificate {
        let (to, key): (NodeName, _) = ("signer-2".parse().unwrap(), NodeSigningKey::from_seed(&[97; 32]));
        let change = Change::MoveSigner { to, key: key.public(), release: None };
        let second = certify_change(&mut self.world, &[m(1), m(2), m(3)], &m(3), change);
        self.new.step(at(30), Event::SetPrimary(0, Box::new(second.clone()))).unwrap();
        second
    }

    /// What the new primary asks the new signer.
    fn next(&self, second: &TermCertificate, log: &LogDisk) -> SignSth {
        let to = log.len().get();
        let mut request = asked(&self.world, second, log, (1, to), at(30));
        request.endorsements = votes(&self.world, &request.proposal, &[2, 3]);
        request
    }
}

fn proofs(log: &LogDisk, sizes: &[u64]) -> Vec<Consistency> {
    let path = |from| log.consistency(size(from), log.len()).unwrap();
    sizes.iter().map(|from| Consistency { from: size(*from), path: path(*from) }).collect()
}

/// A primary lied: it had one node endorse `[a x]` and the other `[a y z]`, and endorsed both itself. The signer was away, and
/// the right moved without its word, from the greatest of what the stopped nodes had endorsed. The new signer would have
/// signed `[a y z]`, and the old one, back with the log's key, `[a x]`: two full quorums of its own term, a public fork. A
/// signer that takes over from one that was not heard signs nothing that does not contain whatever a stopped node had endorsed
/// for that one (G12). The log stands still; it does not fork.
#[test]
fn what_an_unheard_signer_may_yet_sign_is_contained_or_nothing_is_signed() {
    let mut scene = scene();
    let first = scene.first.clone();
    let (x, yz) = (log_of(&[entry(0, 0), entry(7, 7)]), log_of(&entries(0..3)));
    bring(&mut scene.world, &m(2), &first, &x, 2, at(20)).unwrap();
    bring(&mut scene.world, &m(3), &first, &yz, 3, at(21)).unwrap();
    let mut of_x = asked(&scene.world, &first, &x, (1, 2), at(20));
    of_x.endorsements = votes(&scene.world, &of_x.proposal, &[1, 2]);

    let second = scene.moves();
    assert_eq!(second.body.start_head, head(&yz, 3), "the greatest of them");
    let mut request = scene.next(&second, &yz);
    let sizes = vec![size(2), size(3)];
    assert_eq!(scene.new.sign(at(30), request.clone()), Err(Refusal::MustContain { sizes }));
    request.contains = proofs(&yz, &[2, 3]);
    for _ in 0..2 {
        let refusal = scene.new.sign(at(30), request.clone()).unwrap_err();
        let named = "contains: merge-2 had endorsed a head of size 2";
        assert!(matches!(&refusal, Refusal::Unproven { reason } if reason.starts_with(named)), "{refusal:?}");
        scene.new.restart();
    }
    assert!(
        scene.new.machine.fork().is_none(),
        "a quorum endorsed no contradiction: nothing for it to halt on"
    );
    scene
        .old
        .sign(at(40), of_x.clone())
        .expect("the old one is back, and this is the only tree that is ever public");

    // The rule alone stands there: a signer whose operator said, falsely, that the old one is gone, signs the other branch.
    let memory = Memory::FromSth { head: scene.new.machine.last().unwrap(), settled: second.term() };
    let mut deceived = Signer::of(&scene.world, "signer-2", Some(memory));
    let other = deceived.sign(at(30), request).unwrap();
    let (public, path) = (of_x.proposal.head, yz.consistency(size(2), size(3)).unwrap());
    let fork =
        verify::consistency(public.tree_size, public.root_hash, other.tree_size, other.root_hash, &path);
    assert!(fork.is_err(), "two signed heads, and neither tree extends the other");
}

/// With one log for all, what a node that is a step behind had endorsed is a part of what follows: a proof settles it, once.
#[test]
fn what_an_honest_primary_had_endorsed_is_proven_once() {
    let mut scene = scene();
    let first = scene.first.clone();
    let log = log_of(&entries(0..3));
    bring(&mut scene.world, &m(2), &first, &log, 2, at(20)).unwrap();
    bring(&mut scene.world, &m(3), &first, &log, 3, at(21)).unwrap();
    let second = scene.moves();
    let mut request = scene.next(&second, &log);
    request.contains = proofs(&log, &[2]);
    let one_more = Refusal::MustContain { sizes: vec![size(3)] };
    assert_eq!(scene.new.sign(at(30), request.clone()), Err(one_more), "each of them");
    request.contains = proofs(&log, &[2, 3]);
    scene.new.sign(at(30), request).unwrap();
    scene.new.restart();
    let log = log_of(&entries(0..4));
    let mut later = asked(&scene.world, &second, &log, (3, 4), at(40));
    later.endorsements = votes(&scene.world, &later.proposal, &[1, 2]);
    scene.new.sign(at(40), later).unwrap();
}

/// The right comes back to the signer that was not heard: it knows what it signed, and owes nobody a proof against itself.
#[test]
fn the_unheard_signer_itself_owes_no_proof() {
    let mut scene = scene();
    let first = scene.first.clone();
    let log = log_of(&entries(0..2));
    for number in [2, 3] {
        bring(&mut scene.world, &m(number), &first, &log, 2, at(20)).unwrap();
    }
    let second = scene.moves();
    install(&mut scene.world, &second, &[m(1), m(2), m(3)]);
    let (to, key): (NodeName, _) = ("signer-1".parse().unwrap(), first.body.sth_signer_key);
    let change = Change::MoveSigner { to, key, release: None };
    let third = certify_change(&mut scene.world, &[m(1), m(2), m(3)], &m(3), change);
    scene.old.step(at(40), Event::SetPrimary(0, Box::new(third.clone()))).unwrap();
    let mut request = asked(&scene.world, &third, &log, (1, 2), at(50));
    request.endorsements = votes(&scene.world, &request.proposal, &[2, 3]);
    scene.old.sign(at(50), request).unwrap();
}
