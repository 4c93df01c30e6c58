//! Collecting: between a promise and a place in the log lie lists, cursors and `start`, and each of them lost an entry.

use crate::hand::*;
use ct::index::Position;
use ct::names::NodeName;
use ct::replica::View as _;
use ct::term::Incarnation;
use ct::wire::Refusal;
use ct::wire::storage::{Completeness, Cursor, Fetch, MoveStart};
use integration::sim::World;
use integration::sim::world::name;
use merge::message::{Alarm, Call, Request, Returned};

/// The `start` of every storage node, by its disk.
fn starts(world: &World) -> Vec<u64> {
    world.storages.values().map(|process| process.disk.start.get()).collect()
}

fn is_fetch(call: Option<&Call>) -> bool {
    matches!(call, Some(Call::Fetch(_) | Call::GetEntry(_)))
}

/// SM1. A primary collected an entry into its own tail and was deposed; the tail was cut. When it was primary again it read
/// on where it had stopped reading, told storage that everything before was published, and a promised entry was gone. A
/// cursor ends with its term, and so after every cut: reading begins again at the list's `start` (S4).
///
/// SM3. The same, when the cut leaves the entry in the index: collecting finds that it is there already, for ever (O5).
#[test]
fn sm1_sm3_what_was_only_in_a_deposed_primarys_tail_is_collected_again() {
    let mut world = calm();
    // Nobody hears of what the first primary orders.
    world.cut = Some(Box::new(|from, to, _| *from == m(1) && (*to == m(2) || *to == m(3))));
    world.submit(1);
    run_until(&mut world, "it is in the tail of the first primary", |world| order(world, &m(1)).len() == 1);
    let tail = order(&world, &m(1));

    // The second reaches no storage node; then the first has its third term, in the same process.
    world.cut = Some(Box::new(|from, _, call| *from == m(2) && is_fetch(call)));
    succeed_live(&mut world, &[m(2), m(3)], &m(2));
    assert_eq!(order(&world, &m(1)), Vec::new(), "nobody endorsed it");
    assert_eq!(world.merges[&m(1)].disk.log.index_of(&tail[0]), Ok(None), "index and order are cut together");
    succeed_live(&mut world, &[m(1), m(2)], &m(1));
    world.cut = None;
    run_until(&mut world, "it is published after all", |world| signed(world) == 1);
    assert_eq!(order(&world, &m(1)), tail);
    run_for(&mut world, 2_000);
    world.demand_convergence();
    assert_eq!(world.check.broken, None);
}

/// SM2, as the primary sees it. `start` moved when an entry was ordered, and its tail was lost; when it was signed, and two
/// merge disks were lost. It moves when the entry lies below an STH that two frontends hold, and not before (P5).
#[test]
fn sm2_start_moves_when_two_frontends_hold_the_sth() {
    let mut world = calm();
    run_for(&mut world, 1_500);
    assert_eq!(world.check.signed[0].tree_size, size(0), "the empty log is published");
    assert_eq!(signed(&world), 0);
    world.cut = Some(Box::new(|_, _, call| matches!(call, Some(Call::SignSth(_)))));
    world.submit(1);
    run_for(&mut world, 4_000);
    assert_eq!(order(&world, &m(3)).len(), 1, "ordered, endorsed, not signed");
    assert_eq!(starts(&world), [0, 0, 0]);

    let one = name("frontend", 1);
    world.cut = Some(Box::new(move |_, to, call| *to == one && matches!(call, Some(Call::SendLog(..)))));
    run_until(&mut world, "the other frontend shows it", |world| {
        let shown = world.frontends[&name("frontend", 2)].disk.published.as_ref();
        shown.is_some_and(|sth| sth.head.tree_size == size(1))
    });
    run_for(&mut world, 4_000);
    assert_eq!(starts(&world), [0, 0, 0], "signed, and held by one frontend");

    world.cut = None;
    run_until(&mut world, "both hold it", |world| starts(world) == [1, 1, 1]);
    assert_eq!(signed(&world), 1);
}

/// SM2, as the storage node sees it: an STH that does not verify moves nothing, nor does anybody but the primary, nor a
/// position beyond the list, nor one that lies before what was reached.
#[test]
fn sm2_start_moves_only_under_a_verified_sth_and_never_back() {
    let mut world = calm();
    for number in 1..4 {
        world.submit(number);
    }
    world.cut = Some(Box::new(|_, _, call| matches!(call, Some(Call::Fetch(_)))));
    run_for(&mut world, 300);
    let log = log_of(&entries(0..3));
    let signed_head = sth(head(&log, 3), at(10));
    let mut unsigned = signed_head.clone();
    unsigned.head.timestamp = at(11);
    let machine = world.storages.get_mut(&s(1)).unwrap().machine.as_mut().unwrap();
    let incarnation = machine.incarnation();
    let mut move_to = |caller: &NodeName, message: MoveStart| {
        let mut fx = ct::machine::Effects::new();
        let event = storage::machine::Event::MoveStart(0, caller.clone(), message);
        machine.step(at(400), event, |_| true, &mut fx);
        let moved = fx.writes.iter().any(|write| matches!(write, storage::machine::Write::Start(..)));
        let [storage::machine::Act::Control(_, answer)] = &fx.acts[..] else { panic!("{:?}", fx.acts) };
        assert!(!(moved && answer.is_err()));
        (moved, answer.clone(), machine.start().get())
    };
    let message = |start: u64| MoveStart {
        term: term(1),
        sth: signed_head.clone(),
        incarnation,
        start: Position::new(start).unwrap(),
    };
    let forged = MoveStart { sth: unsigned, ..message(2) };
    assert!(matches!(move_to(&m(1), forged), (false, Err(Refusal::Unproven { .. }), 0)));
    let other_list = MoveStart { incarnation: Incarnation::new([9; 16]), ..message(2) };
    let expected = Err(Refusal::OtherIncarnation { actual: incarnation });
    assert_eq!(move_to(&m(1), other_list), (false, expected, 0));
    let expected = Err(Refusal::BeyondEnd { cursor: 4, end: 3 });
    assert_eq!(move_to(&m(1), message(4)), (false, expected, 0));
    assert!(matches!(move_to(&m(2), message(2)), (false, Err(Refusal::TermOver { .. }), 0)));
    assert_eq!(move_to(&m(1), message(2)), (true, Ok(()), 2));
    assert_eq!(move_to(&m(1), message(1)), (false, Ok(()), 2));
}

/// SM4, at the storage node: a list that was made anew is another list, and a place in the old one means nothing in it. A
/// list that ends before the cursor was rolled back (S4).
#[test]
fn sm4_a_place_in_another_list_is_refused() {
    let world = calm();
    let machine = world.storages[&s(1)].machine.as_ref().unwrap();
    let fetch = |incarnation, position: u64| Fetch {
        term: term(1),
        cursor: Some(Cursor { incarnation, position: Position::new(position).unwrap() }),
        retained: false,
        wait_ms: 0,
    };
    let (own, other) = (machine.incarnation(), Incarnation::new([9; 16]));
    assert_eq!(machine.fetch_from(&m(1), &fetch(own, 0), Position::ZERO), Ok(Position::ZERO));
    let refusal = machine.fetch_from(&m(1), &fetch(other, 0), Position::ZERO).unwrap_err();
    assert_eq!(refusal, Refusal::OtherIncarnation { actual: own });
    let refusal = machine.fetch_from(&m(1), &fetch(own, 1), Position::ZERO).unwrap_err();
    assert_eq!(refusal, Refusal::BeyondEnd { cursor: 1, end: 0 });
}

/// SM4, at the primary: a storage node was wiped and filled again; read on from the old place, the first of its new entries
/// were passed over. The new list is read from its `start`, with an alarm; so is one that was rolled back.
#[test]
fn sm4_another_list_is_read_from_its_start() {
    let (old, new) = (entries(0..3), entries(10..13));
    for incarnation in [Incarnation::new([77; 16]), Incarnation::new([200; 16])] {
        let mut reign = Reign::begin();
        let mut lists = shelves([&old, &[], &[]]);
        reign.pass(100);
        reign.collect(&mut lists);
        assert_eq!(reign.order(), names(&old));

        let list = lists.get_mut(&s(1)).unwrap();
        list.incarnation = incarnation;
        list.entries = new[..2].to_vec();
        reign.pass(1);
        reign.collect(&mut lists);
        reign.pass(1_000);
        reign.collect(&mut lists);
        assert_eq!(reign.order()[3..], names(&new[..2]), "{incarnation}");
        assert!(matches!(&reign.alarms[..], [Alarm::ListChanged(node, _)] if *node == s(1)));
        lists.get_mut(&s(1)).unwrap().entries = new.clone();
        reign.pass(1_000);
        reign.collect(&mut lists);
        assert_eq!(reign.order()[3..], names(&new));
    }
}

/// SM4, when the list changes while entries of the old one are on their way: they are asked for again, of the others.
#[test]
fn sm4_entries_that_were_on_their_way_are_asked_for_again() {
    let all = entries(0..2);
    let mut reign = Reign::begin();
    let mut lists = shelves([&all, &all, &[]]);
    lists.get_mut(&s(2)).unwrap().down = true;
    reign.pass(100);
    // The list is read; the entries are on their way.
    let (id, call) = reign.take(&s(1), |call| matches!(call, Call::Fetch(f) if !f.retained)).unwrap();
    let Call::Fetch(_) = call else { unreachable!("it was asked for one") };
    let listed = fetched(&lists[&s(1)], 0);
    reign.answer(id, Ok(Returned::Fetched(listed)));
    let (get, _) = reign.take(&s(1), |call| matches!(call, Call::GetEntry(_))).unwrap();
    // Then the node is another one.
    let (id, _) = reign.take(&s(1), |call| matches!(call, Call::Fetch(f) if !f.retained)).unwrap();
    let actual = Incarnation::new([77; 16]);
    reign.answer(id, refused(Refusal::OtherIncarnation { actual }));
    reign.answer(get, refused(Refusal::OtherIncarnation { actual }));

    let list = lists.get_mut(&s(1)).unwrap();
    (list.incarnation, list.entries) = (actual, Vec::new());
    lists.get_mut(&s(2)).unwrap().down = false;
    for _ in 0..5 {
        reign.pass(300);
        reign.collect(&mut lists);
    }
    assert_eq!(reign.order(), names(&all));
}

fn fetched(list: &Shelf, start: u64) -> ct::wire::storage::Fetched {
    let items = list.entries.iter();
    ct::wire::storage::Fetched {
        incarnation: list.incarnation,
        completeness: list.completeness,
        start: Position::new(start).unwrap(),
        first: Position::new(start).unwrap(),
        list: items
            .map(|e| ct::wire::storage::ListItem { name: e.name(), timestamp: e.timestamp() })
            .collect(),
        end: Position::of(list.entries.len()),
        at: at(0),
    }
}

/// F16. With one storage node down, nothing was published any more: a gate that protects nothing in the tree. What was
/// found is merged; only the time up to which everything was seen stands still (P3).
#[test]
fn f16_a_storage_node_that_is_down_stops_no_merge() {
    let mut world = calm();
    world.kill(&s(3));
    for number in 1..6 {
        world.submit(number);
        run_for(&mut world, 200);
    }
    run_until(&mut world, "all are published", |world| signed(world) == 5);
    run_until(&mut world, "start moves where there is a node", |world| starts(world) == [5, 5, 0]);
    assert_eq!((world.faults.promises, world.faults.failures), (5, 0));
    run_for(&mut world, 2_000);
    world.demand_convergence();
    assert_eq!(world.check.broken, None);
}

/// F16, the other half. With two of three lists unread, an entry with two copies may be in neither of the lists that were
/// read; so the time does not advance, and yet what was found is merged.
#[test]
fn f16_what_was_polled_is_a_time_and_no_gate() {
    let all = entries(0..2);
    let mut reign = Reign::begin();
    let mut lists = shelves([&all, &all, &all]);
    lists.get_mut(&s(2)).unwrap().down = true;
    lists.get_mut(&s(3)).unwrap().down = true;
    reign.pass(100);
    reign.collect(&mut lists);
    assert_eq!(reign.order(), names(&all));
    assert_eq!(polled(&reign), ct::time::Timestamp::EPOCH, "k = 2 of 3 takes two lists");
    lists.get_mut(&s(2)).unwrap().down = false;
    reign.pass(300);
    reign.collect(&mut lists);
    assert_eq!(polled(&reign), at(100), "the earlier of the two");
}

/// F10. An emptied storage node counted as polled, and hid that only one copy was left. A list that is recovering has not all
/// that its node acknowledged: it is read, and does not count (Z3). With k of them an alarm names the time in question.
#[test]
fn f10_a_list_that_is_recovering_does_not_count_as_polled() {
    let all = entries(0..2);
    let mut reign = Reign::begin();
    let mut lists = shelves([&all, &all, &all]);
    lists.get_mut(&s(3)).unwrap().down = true;
    lists.get_mut(&s(2)).unwrap().completeness = Completeness::Recovering;
    reign.pass(100);
    reign.collect(&mut lists);
    assert_eq!(reign.order(), names(&all), "what it has is merged");
    assert_eq!(polled(&reign), ct::time::Timestamp::EPOCH, "one whole list of three is too few for k = 2");
    assert_eq!(reign.alarms, Vec::new(), "the third node may have what this one lost");
    let mut third = Shelf::with(&all);
    third.completeness = Completeness::Recovering;
    lists.insert(s(3), third);
    reign.pass(300);
    reign.collect(&mut lists);
    let lost = Alarm::MayBeLost { lists: 2, from: ct::time::Timestamp::EPOCH, to: at(400) };
    assert_eq!(reign.alarms, [lost], "and once");
}

fn polled(reign: &Reign) -> ct::time::Timestamp {
    let settings = reign.world.merge_settings(&m(1));
    reign.world.merges[&m(1)].machine.as_ref().unwrap().primary().unwrap().polled_through(&settings)
}

/// F17. One entry that could not be read stopped the merge of all. Another node's copy is taken.
#[test]
fn f17_a_copy_that_cannot_be_read_is_taken_from_another_node() {
    let all = entries(0..3);
    let mut reign = Reign::begin();
    let mut lists = shelves([&all, &all, &all]);
    for node in [1, 2] {
        lists.get_mut(&s(node)).unwrap().unreadable = vec![all[1].name()];
    }
    reign.pass(100);
    reign.collect(&mut lists);
    assert_eq!(sorted(reign.order()), sorted(names(&all)));
    assert_eq!(reign.alarms, Vec::new());
}

fn sorted(mut names: Vec<ct::hash::Name>) -> Vec<ct::hash::Name> {
    names.sort();
    names
}

/// F17. No node has a good copy: the entry is set aside with an alarm, and the rest goes on — also when not every node
/// has it on its list, for a promise takes k copies and not all. `start` does not pass it: it may yet be found.
#[test]
fn f17_an_entry_without_any_good_copy_is_set_aside() {
    let all = entries(0..3);
    let bad = all[1].name();
    let others: Vec<_> = [all[0].clone(), all[2].clone()].to_vec();
    for third in [&all[..], &others[..]] {
        let mut reign = Reign::begin();
        let mut lists = shelves([&all, &all, third]);
        lists.values_mut().for_each(|list| list.unreadable = vec![bad]);
        reign.pass(100);
        reign.collect(&mut lists);
        reign.pass(1_000);
        reign.collect(&mut lists);
        assert_eq!(sorted(reign.order()), sorted(names(&others)));
        assert_eq!(reign.alarms, vec![Alarm::SetAside(bad)], "listed by {}", third.len());
    }
}

/// F17. An entry that one node cannot give may stand in a list that was not read yet: it is hopeless only when all lists
/// were read, but for those of nodes that do not answer.
#[test]
fn f17_an_entry_is_not_given_up_before_all_lists_were_read() {
    let all = entries(0..2);
    let mut reign = Reign::begin();
    let mut lists = shelves([&all, &all, &[]]);
    lists.get_mut(&s(1)).unwrap().unreadable = names(&all[1..]);
    // The first and the third answer; the second is slow.
    let slow = lists.remove(&s(2)).unwrap();
    reign.pass(100);
    reign.collect(&mut lists);
    reign.pass(1_000);
    reign.collect(&mut lists);
    assert_eq!((reign.order().len(), &reign.alarms[..]), (1, &[][..]));
    lists.insert(s(2), slow);
    reign.collect(&mut lists);
    assert_eq!((reign.order().len(), &reign.alarms[..]), (2, &[][..]));
}

/// A storage node gives as much as fits into one answer. What did not fit was taken for absent, at one node after the
/// other, and large entries were set aside though every node had them. So with issuers, which stand behind the entries.
#[test]
fn f17_what_did_not_fit_into_an_answer_is_asked_for_again() {
    let all = entries(0..20);
    for room in [1, 3] {
        let mut reign = Reign::begin();
        let mut lists = shelves([&all, &all, &all]);
        lists.values_mut().for_each(|list| list.room = room);
        // With room for one, there is only one node to ask.
        lists.values_mut().skip(1).for_each(|list| list.down = room == 1);
        for _ in 0..20 {
            reign.pass(100);
            reign.collect(&mut lists);
        }
        assert_eq!(reign.alarms, Vec::new());
        assert_eq!(sorted(reign.order()), sorted(names(&all)), "{room} in an answer");
    }
}

/// F17. The certificate of the issuer is lost or damaged at one node, so its entries are of no use: another's are taken.
/// Where no node has it, the entries are set aside, each with its alarm.
#[test]
fn f17_an_issuer_that_is_lost_is_taken_from_another_node() {
    let all = entries(0..3);
    for lacking in 1..=3 {
        let mut reign = Reign::begin();
        let mut lists = shelves([&all, &all, &all]);
        for node in 1..=lacking {
            lists.get_mut(&s(node)).unwrap().issuer_lost = true;
        }
        for _ in 0..8 {
            reign.pass(100);
            reign.collect(&mut lists);
        }
        let expected = if lacking == 3 { Vec::new() } else { names(&all) };
        assert_eq!(reign.order(), expected, "{lacking} without");
        assert_eq!(reign.alarms.len(), if lacking == 3 { 3 } else { 0 }, "{:?}", reign.alarms);
        assert!(reign.open.iter().all(|(_, _, call)| !matches!(call, Call::GetEntry(_))), "and it rests");
    }
}

/// A storage node may have taken anything, and may give anything: an answer with something else in it costs only itself.
#[test]
fn f17_a_bad_entry_beside_good_ones_costs_only_itself() {
    let all = entries(0..2);
    let mut reign = Reign::begin();
    let mut lists = shelves([&all, &all, &all]);
    // One node answers with something that was not asked for.
    let mut list = lists[&s(1)].clone();
    list.entries[0] = entry(77, 77);
    reign.pass(100);
    let (id, _) = reign.take(&s(1), |call| matches!(call, Call::Fetch(f) if !f.retained)).unwrap();
    reign.answer(id, Ok(Returned::Fetched(fetched(&lists[&s(1)], 0))));
    let (id, _) = reign.take(&s(1), |call| matches!(call, Call::GetEntry(_))).unwrap();
    reign.answer(id, Ok(Returned::Entries(batch(&list.entries))));
    for _ in 0..5 {
        reign.pass(300);
        reign.collect(&mut lists);
    }
    assert_eq!(sorted(reign.order()), sorted(names(&all)));
}

/// F15. An entry dated far ahead, from one bad frontend, held up `start` and every STH that had to be "not before its
/// newest entry". It is set aside until it is due, with an alarm, and nothing waits for it; then it is merged, for it may
/// have been promised.
#[test]
fn f15_an_entry_of_the_far_future_waits_until_it_is_due() {
    const HOUR: u64 = 3_600_000;
    let (now, later, far) = (entry(1, 50), entry(2, 5_000), entry(3, 2 * HOUR));
    let all = [now.clone(), far.clone(), later.clone()];
    let mut reign = Reign::begin();
    let mut lists = shelves([&all, &all, &all]);
    reign.pass(100);
    reign.collect(&mut lists);
    assert_eq!(reign.order(), names(std::slice::from_ref(&now)), "the others are not due");
    assert_eq!(reign.alarms, vec![Alarm::FarFuture(far.name(), far.timestamp())]);
    reign.pass(4_600);
    reign.collect(&mut lists);
    assert_eq!(reign.order(), names(std::slice::from_ref(&now)), "4.7 s: 300 ms early");
    reign.pass(100);
    reign.collect(&mut lists);
    assert_eq!(reign.order(), names(&[now.clone(), later.clone()]), "4.8 s: within a quarter of a second");

    for _ in 0..4 {
        reign.pass(HOUR / 2);
        reign.collect(&mut lists);
    }
    reign.pass(1_000);
    reign.collect(&mut lists);
    assert_eq!(reign.order(), names(&[now, later, far]));
    assert_eq!(reign.alarms.len(), 1);
}

/// The same, when `start` has passed it meanwhile: set aside is not forgotten.
#[test]
fn f15_start_passes_what_waits_and_it_is_merged_when_due() {
    const HOUR: u64 = 3_600_000;
    let far = entry(3, 3 * HOUR);
    let mut world = calm();
    for node in [1, 2, 3] {
        // As a storage node with a bad clock would have kept it.
        let process = world.storages.get_mut(&s(node)).unwrap();
        process.disk.apply(storage::machine::Write::Issuer(integration::sim::submit::ISSUER.to_vec()));
        process.disk.apply(storage::machine::Write::Append(Box::new(far.clone())));
        world.start(&s(node));
    }
    world.submit(1);
    run_until(&mut world, "start passes both", |world| starts(world) == [2, 2, 2]);
    assert_eq!(order(&world, &m(1)).len(), 1);
    let lists: Vec<_> = world.storages.values().map(|p| p.disk.entries.clone()).collect();

    let mut reign = Reign::of(world, m(1));
    let mut lists = shelves([&lists[0], &lists[1], &lists[2]]);
    lists.values_mut().for_each(|list| list.start = 2);
    reign.restart();
    for _ in 0..8 {
        reign.pass(HOUR / 2);
        reign.collect(&mut lists);
    }
    assert_eq!(reign.order()[1..], names(&[far]));
}

/// O5. Three lists of the same entries are one order: duplicates are dropped by name within what was collected, and
/// against the whole own log with its tail — but never by identity: nobody can know that a leaf was not promised.
#[test]
fn duplicates_are_dropped_by_name_and_never_by_identity() {
    let twins = [entry(1, 10), entry(1, 20)];
    assert_eq!(twins[0].identity(), twins[1].identity());
    let tail = entry(5, 5);
    let lists = [
        vec![twins[0].clone(), tail.clone(), twins[1].clone(), twins[0].clone()],
        vec![twins[1].clone(), twins[0].clone()],
        vec![tail.clone(), twins[0].clone(), tail.clone()],
    ];
    let mut reign = Reign::begin();
    give(&mut reign.world, &m(1), std::slice::from_ref(&tail));
    reign.restart();
    let mut lists = shelves([&lists[0], &lists[1], &lists[2]]);
    for _ in 0..5 {
        reign.pass(300);
        reign.collect(&mut lists);
    }
    assert_eq!(reign.order(), names(&[tail, twins[0].clone(), twins[1].clone()]));
    assert_eq!(reign.alarms, Vec::new());
}

/// F7. The order has a name at an index, or it has not: the index alone is believed by nobody. Here the log was cut and
/// grew again with another entry at that place.
#[test]
fn sm3_the_index_follows_the_order_through_a_cut() {
    let (x, y) = (entry(1, 1), entry(2, 2));
    let mut log = log_of(std::slice::from_ref(&x));
    log.keep(batch(std::slice::from_ref(&y)));
    let placed = place(&log, &y, size(0));
    log.order(size(0), vec![placed]);
    assert_eq!(log.index_of(&x.name()), Ok(None));
    assert_eq!(log.index_of(&y.name()).unwrap().map(ct::index::LeafIndex::get), Some(0));
}

/// S6. A primary whose storage nodes lost their place reads everything that is retained, also below `start`: nothing
/// depends on `start` alone.
#[test]
fn a_new_primary_reads_what_lies_below_start() {
    let all = entries(0..4);
    let mut reign = Reign::begin();
    let mut lists = shelves([&all, &all, &all]);
    lists.values_mut().for_each(|list| list.start = 3);
    reign.pass(100);
    reign.collect(&mut lists);
    reign.pass(300);
    reign.collect(&mut lists);
    assert_eq!(sorted(reign.order()), sorted(names(&all)));
}

/// A merge node that is asked to stop fences its primary, whatever that had under way.
#[test]
fn a_stopped_primary_collects_no_more() {
    let mut world = calm();
    world.submit(1);
    succeed_live(&mut world, &[m(1), m(2)], &m(2));
    let refusal = ask(&mut world, &m(3), &m(1), Request::Position(term(1))).unwrap_err();
    assert!(matches!(refusal, Refusal::TermOver { .. }), "{refusal:?}");
    run_until(&mut world, "the second primary publishes", |world| signed(world) == 1);
    assert_eq!(order(&world, &m(1)).len(), 1);
}
