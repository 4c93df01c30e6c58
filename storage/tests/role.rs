//! A storage node as its callers see it.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod world;

use ct::entry::{Leaf, SignedEntry, StoredEntry};
use ct::hash::{Base64, Fingerprint, sha256};
use ct::index::Term;
use ct::term::Incarnation;
use ct::wire::status::{Detail, Status};
use ct::wire::storage::{Completeness, Cursor, Fetch, GetEntry, PutReply, SctItem};
use ct::wire::{Bulk, Done, EntryBatch, Refusal};
use node::clock::Clock as _;
use node::exit::Exit;
use node::message::Method;
use node::rpc_client::CallError;
use std::time::Duration;
use store::list::ListOptions;
use world::{LIST, World, at, batch, from, refusal};

const NOTHING: Duration = Duration::ZERO;
const STORED: PutReply = PutReply::Stored { oldest: None };

async fn get(world: &mut World, wanted: &GetEntry) -> EntryBatch {
    let body = serde_json::to_vec(wanted).unwrap();
    let answer = world.call("merge-1", Method::GetEntry, body).await.unwrap();
    EntryBatch::from_items(&Bulk::<Done>::decode(&answer).unwrap().items).unwrap()
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_restart() {
    let mut world = World::started().await;
    let entries: Vec<_> = ["a", "b", "c"].iter().map(|id| world.entry(id, NOTHING)).collect();
    assert_eq!(world.send(entries.clone(), Vec::new()).await, [STORED, STORED, STORED]);
    assert_eq!(world.stop().await, Exit::Ok);
    world.start(&ListOptions::default()).await;
    let fetched = world.fetch(&from(0)).await;
    assert_eq!((fetched.start, fetched.first, fetched.end), (at(0), at(0), at(3)));
    let names: Vec<_> = fetched.list.iter().map(|item| item.name).collect();
    assert_eq!(names, entries.iter().map(StoredEntry::name).collect::<Vec<_>>());
    assert_eq!(fetched.at, world.clock.now());
    // It knows its entries by name: no second copy.
    assert_eq!(world.send(entries.clone(), Vec::new()).await, [STORED, STORED, STORED]);
    assert_eq!(world.fetch(&from(0)).await.end, at(3));
    let wanted = [(at(1), entries[1].name()), (at(2), entries[0].name()), (at(7), entries[2].name())];
    let wanted = GetEntry { incarnation: LIST, entries: wanted.to_vec(), issuers: Vec::new() };
    assert_eq!(get(&mut world, &wanted).await.entries, [entries[1].clone()]);
}

#[tokio::test]
async fn the_oldest_leaf_of_a_certificate_is_told_with_an_sct_that_verifies() {
    let mut world = World::started().await;
    let (first, second) = (world.entry("a", NOTHING), world.entry("a", Duration::from_millis(5)));
    let (good, bad) = (world.log_key().sign_leaf(first.leaf_bytes()), world.log_key().sign_leaf(b"another"));
    assert_eq!(world.send(vec![first.clone()], Vec::new()).await, [STORED]);
    let adopted = |entry: StoredEntry| PutReply::Stored { oldest: Some(Base64(entry.encode().unwrap())) };
    assert_eq!(world.send(vec![second.clone()], Vec::new()).await, [adopted(first.clone())]);

    let items = vec![SctItem { name: first.name(), sct: good.clone() }];
    let Done {} = world.ask("frontend-1", Method::SendSCT, &items).await.unwrap();
    // The next entry's sync takes the SCT with it.
    let third = world.entry("a", Duration::from_millis(9));
    assert_eq!(world.send(vec![third], Vec::new()).await, [adopted(first.clone().with_sct(good.clone()))]);

    let other = world.entry("b", NOTHING);
    assert_eq!(world.send(vec![other.clone()], Vec::new()).await, [STORED]);
    let items = vec![SctItem { name: other.name(), sct: bad }];
    let Done {} = world.ask("frontend-1", Method::SendSCT, &items).await.unwrap();
    let later = world.entry("b", Duration::from_millis(1));
    assert_eq!(world.send(vec![later], Vec::new()).await, [adopted(other)]);
    let wanted = GetEntry { incarnation: LIST, entries: vec![(at(0), first.name())], issuers: Vec::new() };
    assert_eq!(get(&mut world, &wanted).await.entries, [first.with_sct(good)]);
}

#[tokio::test]
async fn issuers_are_asked_for_once() {
    let mut world = World::started().await;
    let issuer = b"an issuer".to_vec();
    let fingerprint = Fingerprint::new(sha256(&[&issuer]));
    let entry = |text: &str| {
        let leaf = SignedEntry::X509 { certificate: text.as_bytes().to_vec() };
        StoredEntry::new(&Leaf::plain(world.clock.now(), leaf), None, vec![fingerprint]).unwrap()
    };
    let (one, two) = (entry("one"), entry("two"));
    let need = PutReply::NeedIssuers { issuers: vec![fingerprint] };
    assert_eq!(world.send(vec![one.clone()], Vec::new()).await, [need]);
    assert_eq!(world.send(vec![one], vec![issuer.clone()]).await, [STORED]);
    assert_eq!(world.send(vec![two], Vec::new()).await, [STORED]);
    let wanted = GetEntry { incarnation: LIST, entries: Vec::new(), issuers: vec![fingerprint] };
    assert_eq!(get(&mut world, &wanted).await.issuers, [issuer]);
}

#[tokio::test]
async fn timestamps_off_the_clock_and_other_quorums_are_refused() {
    let mut world = World::started().await;
    let early = world.entry("a", Duration::from_secs(2));
    match &world.send(vec![early], Vec::new()).await[..] {
        [PutReply::Refused { reason }] => assert!(reason.contains("ahead of this node's clock"), "{reason}"),
        other => panic!("{other:?}"),
    }
    let body = batch(vec![world.entry("b", NOTHING)], Vec::new(), 3);
    let refused = refusal(world.call("frontend-1", Method::SendEntry, body).await);
    assert!(matches!(refused, Refusal::Unproven { reason } if reason.starts_with("storage_quorum")));
    assert_eq!(world.fetch(&from(0)).await.end, at(0));
}

#[tokio::test]
async fn a_full_backlog_asks_to_come_again() {
    let mut world = World::new(config::raw::RawLog { backlog_limit: Some(1), ..Default::default() });
    world.start(&ListOptions::default()).await;
    assert_eq!(world.send(vec![world.entry("a", NOTHING)], Vec::new()).await, [STORED]);
    let body = batch(vec![world.entry("b", NOTHING)], Vec::new(), 2);
    let refused = world.call("frontend-1", Method::SendEntry, body).await;
    assert!(matches!(refused, Err(CallError::Overloaded { .. })), "{refused:?}");
}

#[tokio::test]
async fn a_long_poll_wakes_up_and_a_short_one_ends() {
    let mut world = World::started().await;
    let fetched = world.fetch(&Fetch { wait_ms: 50, ..from(0) }).await;
    assert_eq!((fetched.list.len(), fetched.end), (0, at(0)));
    let entry = world.entry("a", NOTHING);
    let log = world.lab.log_name().clone();
    let poller = world.lab.host("merge-1", ct::names::Role::Merge, world.clock.clone()).unwrap();
    let poll = tokio::spawn(async move {
        let body = serde_json::to_vec(&Fetch { wait_ms: 60_000, ..from(0) }).unwrap().into();
        let (peer, deadline) =
            ("storage-1".parse().unwrap(), node::deadline::Deadline::after(Duration::from_secs(20)));
        let answer = poller.client().call(&peer, &log, Method::FetchNewEntries, body, deadline).await;
        serde_json::from_slice::<ct::wire::storage::Fetched>(&answer.unwrap()).unwrap()
    });
    assert_eq!(world.send(vec![entry.clone()], Vec::new()).await, [STORED]);
    let fetched = poll.await.unwrap();
    assert_eq!((fetched.first, fetched.end, fetched.list[0].name), (at(0), at(1), entry.name()));
}

#[tokio::test]
async fn start_moves_for_the_primary_alone_and_survives() {
    let mut world = World::started().await;
    world.send(vec![world.entry("a", NOTHING), world.entry("b", NOTHING)], Vec::new()).await;
    let mut forged = world.move_start(1);
    forged.sth.head.tree_size = ct::index::TreeSize::new(2).unwrap();
    let refused = refusal(world.ask::<Done>("merge-1", Method::SendSTH, &forged).await);
    assert!(matches!(refused, Refusal::Unproven { reason } if reason.contains("does not verify")));
    let other =
        ct::wire::storage::MoveStart { incarnation: Incarnation::new([9; 16]), ..world.move_start(1) };
    let refused = refusal(world.ask::<Done>("merge-1", Method::SendSTH, &other).await);
    assert_eq!(refused, Refusal::OtherIncarnation { actual: LIST });
    let message = world.move_start(1);
    let refused = refusal(world.ask::<Done>("merge-2", Method::SendSTH, &message).await);
    assert_eq!(refused, Refusal::TermOver { certificate: Box::new(world.lab.founding()) });
    let Done {} = world.ask("merge-1", Method::SendSTH, &message).await.unwrap();
    world.stop().await;
    world.start(&ListOptions::default()).await;
    let fetched = world.fetch(&Fetch { cursor: None, ..from(0) }).await;
    assert_eq!((fetched.start, fetched.first, fetched.list.len(), fetched.end), (at(1), at(1), 1, at(2)));
    let retained = world.fetch(&Fetch { cursor: None, retained: true, ..from(0) }).await;
    assert_eq!((retained.first, retained.list.len()), (at(0), 2));
}

#[tokio::test]
async fn cursors_and_entries_of_another_list_are_refused() {
    let mut world = World::started().await;
    let incarnation = Incarnation::new([9; 16]);
    let mut fetch = from(0);
    fetch.cursor.as_mut().unwrap().incarnation = incarnation;
    let expected = Refusal::OtherIncarnation { actual: LIST };
    assert_eq!(refusal(world.ask::<Done>("merge-1", Method::FetchNewEntries, &fetch).await), expected);
    let wanted = GetEntry { incarnation, entries: Vec::new(), issuers: Vec::new() };
    let body = serde_json::to_vec(&wanted).unwrap();
    assert_eq!(refusal(world.call("merge-1", Method::GetEntry, body).await), expected);
    let beyond = refusal(world.ask::<Done>("merge-1", Method::FetchNewEntries, &from(1)).await);
    assert_eq!(beyond, Refusal::BeyondEnd { cursor: 1, end: 0 });
}

/// A directory that was put back from a copy: the primary has read further than the list goes. What was acknowledged since is
/// gone, so from then on it is another list, and counts for nothing until it is filled (Z3).
#[tokio::test]
async fn a_list_that_was_rolled_back_is_found_and_recovers() {
    let mut world = World::started().await;
    let beyond = Fetch {
        term: Term::FIRST,
        cursor: Some(Cursor { incarnation: LIST, position: at(1) }),
        retained: false,
        wait_ms: 0,
    };
    let refused = refusal(world.ask::<Done>("merge-1", Method::FetchNewEntries, &beyond).await);
    assert_eq!(refused, Refusal::BeyondEnd { cursor: 1, end: 0 });
    // The writer makes the new identity durable in its own time; the next answers come from there.
    let again = loop {
        match world.ask::<Done>("merge-1", Method::FetchNewEntries, &beyond).await {
            Ok(_) => panic!("there is nothing to be read"),
            other => match refusal(other) {
                Refusal::BeyondEnd { .. } => {}
                refused => break refused,
            },
        }
    };
    let Refusal::OtherIncarnation { actual } = again else { panic!("{again:?}") };
    let fresh = Fetch { cursor: None, ..beyond };
    let fetched = world.fetch(&fresh).await;
    assert_eq!((fetched.incarnation, fetched.completeness), (actual, Completeness::Recovering));
    world.stop().await;
    world.start(&ListOptions::default()).await;
    let fetched = world.fetch(&fresh).await;
    assert_eq!((fetched.incarnation, fetched.completeness), (actual, Completeness::Recovering), "restarted");
}

#[tokio::test]
async fn status_tells_where_the_list_is() {
    let mut world = World::started().await;
    let entry = world.entry("a", NOTHING);
    world.send(vec![entry.clone()], Vec::new()).await;
    let status: Status = world.ask("operator-1", Method::Status, &Done {}).await.unwrap();
    assert_eq!(
        (status.node.as_str(), status.primary.as_str(), status.not_ready.len()),
        ("storage-1", "merge-1", 0)
    );
    let oldest_unpublished = Some(entry.timestamp());
    let detail = Detail::Storage {
        incarnation: LIST,
        completeness: ct::wire::storage::Completeness::Whole,
        start: at(0),
        end: at(1),
        oldest_unpublished,
    };
    assert_eq!(status.detail, detail);
}

#[tokio::test]
async fn who_is_no_frontend_stores_nothing() {
    let mut world = World::started().await;
    for caller in ["merge-1", "storage-2", "signer-1", "operator-1"] {
        let body = batch(vec![world.entry("a", NOTHING)], Vec::new(), 2);
        let refused = world.call(caller, Method::SendEntry, body).await;
        assert!(matches!(refused, Err(CallError::Fault { status: 403, .. })), "{refused:?}");
    }
    let refused = world.ask::<Done>("frontend-1", Method::FetchNewEntries, &from(0)).await;
    assert!(matches!(refused, Err(CallError::Fault { status: 403, .. })), "{refused:?}");
}
