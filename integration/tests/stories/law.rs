//! The law of a merge node: what it may endorse, and what an endorsement leaves behind.

use crate::hand::*;
use ct::order::LogHead;
use ct::term::AcceptedHead;
use ct::wire::Refusal;
use merge::message::{Alarm, Answer, Request};

/// M2. The second primary had endorsed `[x]` with the first, the STH was out; then it lost its memory of that, began with
/// `[y]`, and a node that had seen nothing yet endorsed that: two trees of one size under the log's key. In a term nobody
/// endorses a head that does not contain the head with which the term starts (M4) — whatever else it holds or lacks.
#[test]
fn m2_nobody_endorses_a_head_without_the_start_head() {
    let mut world = calm();
    let (x, y) = (entry(1, 1), entry(2, 2));
    let first = world.newest.clone();
    bring(&mut world, &m(2), &first, &log_of(std::slice::from_ref(&x)), 1, at(10)).unwrap();
    let second = succeed(&mut world, &[m(1), m(2)], &m(2), &[m(1), m(2), m(3)]);
    assert_eq!(second.body.start_head.size, size(1));

    let amnesiac = log_of(std::slice::from_ref(&y));
    let longer = log_of(&[y.clone(), entry(3, 3)]);
    for (log, entries) in [(&amnesiac, 1), (&longer, 2), (&longer, 0)] {
        let refusal = bring(&mut world, &m(3), &second, log, entries, at(20)).unwrap_err();
        assert_eq!(refusal, Refusal::NotContaining { must: second.body.start_head });
        assert_eq!(accepted(&world, &m(3)), (0, 0));
    }
    let honest = log_of(&[x, y]);
    bring(&mut world, &m(3), &second, &honest, 2, at(21)).unwrap();
    assert_eq!(accepted(&world, &m(3)), (2, 2));
}

/// M6, and F18 of the list of wedges: a node is longer than the primary. It endorsed `[a, b, c]` with a primary that died
/// before anybody else did; the next term starts at `[a, b]`. If it endorsed that and kept `c` behind it, its tail would
/// count under the new term. Endorsing size n cuts everything above n, in the same transaction (M2).
#[test]
fn m6_f18_what_lies_above_an_endorsed_head_is_cut_with_the_endorsement() {
    let mut world = calm();
    let old = entries(0..3);
    let first = world.newest.clone();
    for (node, entries) in [(2, 2), (3, 3)] {
        bring(&mut world, &m(node), &first, &log_of(&old), entries, at(10)).unwrap();
    }
    let second = succeed(&mut world, &[m(1), m(2)], &m(2), &[m(2), m(3)]);
    assert_eq!(order(&world, &m(3)), names(&old), "staged or not, nothing is cut before it is endorsed");

    let shorter = log_of(&old[..2]);
    bring(&mut world, &m(3), &second, &shorter, 2, at(20)).unwrap();
    assert_eq!(order(&world, &m(3)), names(&old[..2]));
    assert_eq!(accepted(&world, &m(3)), (2, 2));

    // Nothing of the tail is left for repair to find, or for a restart, or for the next entry to stand behind.
    world.kill(&m(3));
    world.start(&m(3));
    let reply = stop(&mut world, &m(3), term(3), run(3));
    assert_eq!((reply.reply.accepted.term, reply.reply.accepted.head.size), (term(2), size(2)));
    let third = succeed(&mut world, &[m(1), m(2)], &m(2), &[m(3)]);
    let grown = log_of(&[old[0].clone(), old[1].clone(), entry(9, 9)]);
    bring(&mut world, &m(3), &third, &grown, 3, at(30)).unwrap();
    assert_eq!(order(&world, &m(3)), grown.order.iter().map(|p| p.record.name).collect::<Vec<_>>());
}

/// W1 and W5. The primary of the second term died when it had copied half of its log to a node; repair took "the term in
/// which its log last changed" for what the node had accepted, so half a log of the second term beat the whole log of the
/// first, which was signed. What SendLog and SendEntry bring is staged and counts for nothing (M2).
#[test]
fn w1_a_partial_copy_counts_for_nothing() {
    let mut world = calm();
    let log = log_of(&entries(0..2));
    let first = world.newest.clone();
    bring(&mut world, &m(2), &first, &log, 2, at(10)).unwrap();
    let second = succeed(&mut world, &[m(1), m(2)], &m(2), &[m(1), m(2), m(3)]);

    assert_eq!(send_log(&mut world, &m(3), &second, &log, 0..1), Ok(size(1)));
    send_entries(&mut world, &m(3), &second, &log).unwrap();
    assert_eq!(order(&world, &m(3)), Vec::new(), "staged beside the log, not in it");

    let next = certify(&mut world, &[m(1), m(2), m(3)], &m(2));
    let of_m3 = next.body.stops.iter().find(|stop| stop.reply.voter == m(3)).unwrap();
    assert_eq!(of_m3.reply.accepted, AcceptedHead::NONE);
    assert_eq!(next.body.start_head, head(&log, 2));
    // What was staged does not outlive the term, nor a crash.
    install(&mut world, &next, &[m(3)]);
    let missing = ask(&mut world, &m(3), &m(2), Request::Missing(next.term()));
    assert_eq!(missing, Ok(Answer::Missing(Vec::new())));
}

/// W2 to W4, the case of figure 8 in the Raft paper. A head that was endorsed again under a third term was remembered
/// under the first, because it had not *changed*; so a head of the second term, which nobody else had, was chosen over
/// one that a majority of the third had endorsed and the log had signed.
#[test]
fn w2_endorsing_an_unchanged_head_raises_its_term() {
    let mut world = calm();
    let (x, y) = (log_of(&[entry(1, 1)]), log_of(&[entry(2, 2)]));
    let first = world.newest.clone();
    bring(&mut world, &m(3), &first, &x, 1, at(10)).unwrap();
    let second = succeed(&mut world, &[m(1), m(2)], &m(2), &[m(1), m(2)]);
    bring(&mut world, &m(1), &second, &y, 1, at(20)).unwrap();
    let third = succeed(&mut world, &[m(2), m(3)], &m(3), &[m(2), m(3)]);
    assert_eq!(third.body.start_head, head(&x, 1));
    for node in [2, 3] {
        bring(&mut world, &m(node), &third, &x, 1, at(30)).unwrap();
    }
    assert_eq!([accepted(&world, &m(1)), accepted(&world, &m(3))], [(2, 1), (3, 1)]);

    let fourth = certify(&mut world, &[m(1), m(3)], &m(3));
    assert_eq!(fourth.body.start_head, head(&x, 1), "a majority endorsed it, so it may be signed");
}

/// X2 to X6. A primary came back without its tail and built another; nodes that asked only that a head be *not smaller*
/// than what they had endorsed in this term endorsed the other one too. A head of the same term must contain it (M4).
#[test]
fn x_a_head_of_the_same_term_must_contain_the_accepted_one() {
    let mut world = calm();
    let (x, y, z) = (entry(1, 1), entry(2, 2), entry(3, 3));
    let first = world.newest.clone();
    let kept = log_of(&[x.clone(), y.clone()]);
    bring(&mut world, &m(2), &first, &kept, 2, at(10)).unwrap();
    let must = head(&kept, 2);
    let others = [
        (log_of(&[y.clone(), x.clone()]), 2, "of the same size"),
        (log_of(&[x.clone(), z.clone(), y.clone()]), 3, "larger"),
        (log_of(&[x.clone(), y.clone()]), 1, "a part of it"),
        (log_of(&[]), 0, "nothing"),
    ];
    for (log, entries, what) in others {
        let refusal = bring(&mut world, &m(2), &first, &log, entries, at(20)).unwrap_err();
        assert_eq!(refusal, Refusal::NotContaining { must }, "{what}");
        assert_eq!(order(&world, &m(2)), names(&[x.clone(), y.clone()]), "{what}");
    }
    bring(&mut world, &m(2), &first, &log_of(&[x, y, z]), 3, at(20)).unwrap();
}

/// T1 and T2. Times were set when a head was signed, by one clock: a later head came out smaller, or lay in the future and
/// locked the log. An endorser vouches for the time too: above the last that it endorsed, not before its newest entry, not
/// off its own clock (M5).
#[test]
fn t1_an_endorser_vouches_for_the_time() {
    let mut world = calm();
    world.now += 5_000;
    let log = log_of(&[entry(1, 1_000), entry(2, 4_000)]);
    let first = world.newest.clone();
    bring(&mut world, &m(2), &first, &log, 1, at(3_000)).unwrap();
    send_log(&mut world, &m(2), &first, &log, 1..2).unwrap();
    send_entries(&mut world, &m(2), &first, &log).unwrap();
    let whole = head(&log, 2);
    for time in [2_000, 3_000] {
        let refusal = verify(&mut world, &m(2), &first, whole, at(time)).unwrap_err();
        assert_eq!(refusal, Refusal::NotLater { floor: at(3_000) });
    }
    let refusal = verify(&mut world, &m(2), &first, whole, at(3_999)).unwrap_err();
    assert_eq!(refusal, Refusal::NotLater { floor: at(3_999) }, "before its newest entry");
    for off in [at(5_000 + 1_001), at(5_000).minus(std::time::Duration::from_millis(600_001))] {
        let empty = verify(&mut world, &m(3), &first, LogHead::EMPTY, off).unwrap_err();
        assert!(matches!(empty, Refusal::OffClock { .. }), "{empty:?}");
    }
    verify(&mut world, &m(2), &first, whole, at(4_000)).unwrap();
    // The newest entry is remembered beside the head, not looked for among what is new.
    world.kill(&m(2));
    world.start(&m(2));
    assert_eq!(world.merges[&m(2)].disk.durable.newest_entry, at(4_000));
}

/// T2. An answer is lost, so the primary asks again: the same endorsement comes again, byte for byte, also from a node that
/// restarted meanwhile. Not from one that was stopped: an endorsement that appears after its Stop reply would belong to a
/// quorum that repair did not see (R1).
#[test]
fn t2_the_identical_request_is_answered_again_until_the_stop() {
    let mut world = calm();
    let log = log_of(&entries(0..2));
    let first = world.newest.clone();
    let vote = bring(&mut world, &m(2), &first, &log, 2, at(10)).unwrap();
    assert_eq!(verify(&mut world, &m(2), &first, head(&log, 2), at(10)), Ok(vote.clone()));
    world.kill(&m(2));
    world.start(&m(2));
    assert_eq!(verify(&mut world, &m(2), &first, head(&log, 2), at(10)), Ok(vote));

    stop(&mut world, &m(2), term(2), run(2));
    for restarted in [false, true] {
        let refusal = verify(&mut world, &m(2), &first, head(&log, 2), at(10)).unwrap_err();
        assert_eq!(refusal, Refusal::Stopped { term: term(2) }, "restarted: {restarted}");
        world.kill(&m(2));
        world.start(&m(2));
    }
    let second = succeed(&mut world, &[m(2), m(3)], &m(2), &[m(2)]);
    let refusal = verify(&mut world, &m(2), &first, head(&log, 2), at(10)).unwrap_err();
    assert_eq!(refusal, Refusal::TermOver { certificate: Box::new(second) });
}

/// M11. Endorsers that repeat the primary's root, or compute it from the message, make three disks as good as one. The
/// tree is recomputed from bytes read back from the node's own disk (M3): a byte that flipped after the entry arrived is a
/// refusal and an alarm, and the copy goes, so that it is sent again.
#[test]
fn m11_a_root_is_recomputed_from_the_nodes_own_disk() {
    let mut world = calm();
    let log = log_of(&entries(0..3));
    let bad = log.order[1].record.name;
    let first = world.newest.clone();
    send_log(&mut world, &m(2), &first, &log, 0..3).unwrap();
    send_entries(&mut world, &m(2), &first, &log).unwrap();
    world.merges.get_mut(&m(2)).unwrap().disk.log.damaged.insert(bad);

    let asked = Request::VerifyRoot(Box::new(request(&world, &first, head(&log, 3), at(10))));
    let (answer, alarms) = ask_hearing(&mut world, &m(2), &m(1), asked);
    assert!(matches!(answer, Err(Refusal::BadCopy { name, .. }) if name == bad), "{answer:?}");
    assert!(matches!(&alarms[..], [Alarm::BadCopy(name, _)] if *name == bad), "{alarms:?}");
    assert_eq!(accepted(&world, &m(2)), (0, 0));
    assert_eq!(order(&world, &m(2)), Vec::new());

    let missing = ask(&mut world, &m(2), &m(1), Request::Missing(first.term()));
    assert_eq!(missing, Ok(Answer::Missing(vec![bad])), "it is asked for again");
    let unheld = verify(&mut world, &m(2), &first, head(&log, 3), at(11)).unwrap_err();
    assert_eq!(unheld, Refusal::Missing { count: 1 });
    send_entries(&mut world, &m(2), &first, &log).unwrap();
    verify(&mut world, &m(2), &first, head(&log, 3), at(12)).unwrap();
}

/// F21 in small: two frontends stored one leaf with different chains. The order says which chain is served, and a copy
/// with the other one does not do, although its leaf hash is the same.
#[test]
fn f21_a_copy_with_another_chain_is_not_the_one_in_the_order() {
    let mut world = calm();
    let mut log = log_of(&entries(0..1));
    let own = head(&log, 1);
    let mut placed = log.order[0];
    placed.record.extra = ct::entry::extra_hash(b"another chain");
    log.order(size(0), vec![placed]);
    assert_eq!(head(&log, 1).root, own.root);

    let first = world.newest.clone();
    let refusal = bring(&mut world, &m(2), &first, &log, 1, at(10)).unwrap_err();
    assert!(matches!(refusal, Refusal::BadCopy { .. }), "{refusal:?}");
}

/// F4. What an endorsement is *for* is part of it: log, voters, signer of the term, and both roots. A request that binds
/// anything else is no request of this term, whoever signed it.
#[test]
fn f4_a_request_is_bound_to_what_the_certificate_says() {
    let mut world = calm();
    let first = world.newest.clone();
    let good = propose(&first, LogHead::EMPTY, at(10));
    let mut bound = vec![good.clone(), good.clone(), good.clone()];
    bound[0].log_id = ct::hash::LogId::new([9; 32]);
    bound[1].voters = ct::hash::VotersHash::new([9; 32]);
    bound[2].sth_signer = "signer-2".parse().unwrap();
    for proposal in bound {
        let signed = ct::term::SignedProposal::new(proposal, m(1), &world.keys[&m(1)]);
        let answer = ask(&mut world, &m(2), &m(1), Request::VerifyRoot(Box::new(signed.clone())));
        assert!(matches!(answer, Err(Refusal::Unproven { .. })), "{signed:?}");
    }
    let mut other_root = good.clone();
    other_root.internal_root = ct::hash::InternalRoot::new([9; 32]);
    let signed = ct::term::SignedProposal::new(other_root, m(1), &world.keys[&m(1)]);
    let answer = ask(&mut world, &m(2), &m(1), Request::VerifyRoot(Box::new(signed)));
    assert_eq!(answer, Err(Refusal::Differs { computed: LogHead::EMPTY }));
    let signed = ct::term::SignedProposal::new(good, m(1), &world.keys[&m(1)]);
    ask(&mut world, &m(2), &m(1), Request::VerifyRoot(Box::new(signed))).unwrap();
}
