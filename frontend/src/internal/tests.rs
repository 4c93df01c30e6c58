//! The internal side over the forms in which messages travel, and what is found at start.

use super::service::{answer, decode};
use super::*;
use crate::copy::{Request, Settings};
use crate::submit::Known;
use crate::testing::lab::{Lab, now};
use crate::testing::{Primary, certificate, log_key, node, size, trust};
use ct::entry::LogKind;
use ct::hash::Name;
use ct::index::Term;
use ct::limits::MAX_BATCH_ENTRIES;
use ct::time::ClockBound;
use ct::wire::tree::{self, CurrentPosition, FrontendPosition, MissingEntries, SendLog, Staged, Taken};
use ct::wire::{Bulk, Done, Refusal, SetPrimary};
use node::clock::{Clock, ManualClock, SystemClock};
use node::fault::Fault;
use node::message::Method;
use node::tasks::Tasks;
use serde::Serialize;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

async fn call_as(lab: &Lab, caller: &str, method: Method, body: Vec<u8>) -> Result<Vec<u8>, Fault> {
    let request = decode(method, &body)?;
    Ok(answer(&lab.live().keeper, node(caller), request).await?.body.to_vec())
}

async fn call(lab: &Lab, method: Method, body: Vec<u8>) -> Vec<u8> {
    call_as(lab, "m1", method, body).await.unwrap()
}

fn json(message: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(message).unwrap()
}

const TERM: Term = Term::FIRST;

#[tokio::test(flavor = "multi_thread")]
async fn a_primary_brings_a_copy_up_to_date_over_the_wire() {
    let (lab, primary) = (Lab::new().await, Primary::new(5));
    let sth = primary.sth(5, now());
    let position = call(&lab, Method::CurrentPosition, json(&CurrentPosition { term: TERM })).await;
    let position: FrontendPosition = serde_json::from_slice(&position).unwrap();
    assert_eq!((position.held, position.held_sth), (size(0), None));

    let (header, records) = primary.send_log(0, Some(sth.clone()));
    let items = records.iter().map(|record| record.encode().to_vec()).collect();
    let staged = call(&lab, Method::SendLog, Bulk { header, items }.encode().unwrap()).await;
    assert_eq!(serde_json::from_slice::<Staged>(&staged).unwrap().end, size(5));

    let missing = call(&lab, Method::MissingEntries, json(&MissingEntries { term: TERM })).await;
    let missing = Bulk::<Done>::decode(&missing).unwrap().items;
    let names: Vec<_> = primary.records.iter().map(|record| record.name.as_bytes().to_vec()).collect();
    assert_eq!(missing, names);

    let bulk = primary.batch(0..5).into_bulk(tree::SendEntry { term: TERM }).unwrap();
    let taken = call(&lab, Method::SendEntry, bulk.encode().unwrap()).await;
    assert!(serde_json::from_slice::<Taken>(&taken).unwrap().need_issuers.is_empty());

    let position = call(&lab, Method::CurrentPosition, json(&CurrentPosition { term: TERM })).await;
    let position: FrontendPosition = serde_json::from_slice(&position).unwrap();
    assert_eq!((position.held, position.held_sth, position.published), (size(5), Some(sth.clone()), None));

    let done = call(&lab, Method::SendSTH, json(&primary.publish(sth.clone(), now()))).await;
    assert_eq!(serde_json::from_slice::<Done>(&done).unwrap(), Done {});
    let heads = lab.log.heads.get();
    assert_eq!(heads.published.as_ref().map(|shown| shown.sth.clone()), Some(sth));
    let told = heads.polled_through;
    assert!(told.is_some());
    // A primary that has just begun has read nothing yet: that is no reason to promise nothing.
    call(
        &lab,
        Method::SendSTH,
        json(&primary.publish(heads.published.as_ref().unwrap().sth.clone(), ct::time::Timestamp::EPOCH)),
    )
    .await;
    assert_eq!(lab.log.heads.get().polled_through, told);
    call(&lab, Method::SetPrimary, json(&SetPrimary { certificate: certificate() })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_names_are_asked_for_than_one_batch_carries() {
    let (lab, primary) = (Lab::new().await, Primary::new(MAX_BATCH_ENTRIES as u64 + 1));
    let (header, records) = primary.send_log(0, Some(primary.sth(primary.entries.len() as u64, now())));
    let items = records.iter().map(|record| record.encode().to_vec()).collect();
    call(&lab, Method::SendLog, Bulk { header, items }.encode().unwrap()).await;
    let missing = call(&lab, Method::MissingEntries, json(&MissingEntries { term: TERM })).await;
    assert_eq!(Bulk::<Done>::decode(&missing).unwrap().items.len(), MAX_BATCH_ENTRIES);
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_travel_as_such_and_garbage_is_the_callers_fault() {
    let lab = Lab::new().await;
    let body = json(&CurrentPosition { term: TERM });
    let refused = call_as(&lab, "m2", Method::CurrentPosition, body).await;
    let Err(Fault::Refused { body }) = refused else { panic!("{refused:?}") };
    assert!(matches!(serde_json::from_slice(&body).unwrap(), Refusal::TermOver { .. }));
    for method in
        [Method::SendLog, Method::SendEntry, Method::SendSTH, Method::MissingEntries, Method::SetPrimary]
    {
        let refused = call_as(&lab, "m1", method, b"garbage".to_vec()).await;
        assert!(matches!(refused, Err(Fault::BadRequest(_))), "{method}: {refused:?}");
    }
    let (header, _) = Primary::new(1).send_log(0, None);
    let short = Bulk::<SendLog> { header, items: vec![Name::new([0; 32]).as_bytes().to_vec()] };
    let refused = call_as(&lab, "m1", Method::SendLog, short.encode().unwrap()).await;
    assert!(matches!(refused, Err(Fault::BadRequest(_))), "{refused:?}");
    assert!(matches!(call_as(&lab, "m1", Method::Stop, Vec::new()).await, Err(Fault::NotFound(_))));
}

pub(crate) fn start(dir: &Path) -> Result<StartedLog, StartLogError> {
    start_at(dir, Arc::new(SystemClock))
}

fn start_at(dir: &Path, clock: Arc<dyn Clock>) -> Result<StartedLog, StartLogError> {
    start_log(Wanted {
        log: &"lab".parse().unwrap(),
        dir,
        kind: LogKind::Rfc6962,
        settings: Settings { log_key: log_key().public().clone(), clock: ClockBound::DEFAULT },
        trust: trust(),
        clock,
        tasks: &Tasks::new(10, CancellationToken::new()),
        known: Known::default(),
    })
}

#[test]
fn state_is_made_once_and_missing_state_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("lab");
    let missing = start(&dir).err().unwrap().to_string();
    assert!(missing.contains(&dir.display().to_string()), "{missing}");
    create(&dir, &certificate(), LogKind::Rfc6962).unwrap();
    assert!(create(&dir, &certificate(), LogKind::Rfc6962).is_err());
    let started = start(&dir).unwrap();
    let certificate = started.heads.get().certificate.clone().unwrap();
    assert_eq!((certificate.term(), &certificate.body.primary), (Term::FIRST, &node("m1")));
    assert_eq!(started.heads.get().held_size(), size(0));
}

#[test]
fn state_of_another_log_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("lab");
    let mut other = certificate();
    other.body.log_id = ct::hash::LogId::new([3; 32]);
    create(&dir, &other, LogKind::Rfc6962).unwrap();
    let refused = start(&dir).err().unwrap();
    assert!(matches!(refused, StartLogError::Rows(RowsError::Certificate { .. })), "{refused}");
}

/// A directory was put back from a copy, or its frontend was away: it showed an older tree head than it had shown before, or
/// than the others did. What was shown before a start is shown again when a primary says that it is the newest; without any
/// primary, after a while, for reads outlive the merge nodes (docs/protocol.md, P8).
#[test]
fn what_was_shown_before_a_start_waits_for_a_primary() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("lab");
    create(&dir, &certificate(), LogKind::Rfc6962).unwrap();
    let (primary, clock) = (Primary::new(3), Arc::new(ManualClock::new(now())));
    let sth = primary.sth(3, now());
    let position = || Request::Position(TERM);
    {
        let mut keeper = start_at(&dir, clock.clone()).unwrap().keeping.keeper;
        let (header, records) = primary.send_log(0, Some(sth.clone()));
        let entries = Request::SendEntry(TERM, primary.batch(0..3));
        let show = Request::Publish(primary.publish(sth.clone(), now()));
        for request in [Request::SendLog(header, records), entries, position(), show] {
            keeper.step(&node("m1"), request).unwrap().unwrap();
        }
        assert!(keeper.heads.get().published.is_some());
    }
    let shown =
        |keeper: &keeper::Keeper| keeper.heads.get().published.as_ref().map(|shown| shown.sth.clone());
    let mut keeper = start_at(&dir, clock.clone()).unwrap().keeping.keeper;
    assert_eq!((shown(&keeper), keeper.heads.get().held_size()), (None, size(3)));
    for _ in 0..3 {
        // A primary calls: it will say.
        clock.advance(keeper::ALONE - Duration::from_secs(1));
        keeper.step(&node("m1"), position()).unwrap().unwrap();
        keeper.show_if_alone();
        assert_eq!(shown(&keeper), None);
    }
    // Somebody else is none.
    clock.advance(keeper::ALONE - Duration::from_secs(1));
    assert!(keeper.step(&node("m2"), position()).unwrap().is_err());
    keeper.show_if_alone();
    assert_eq!(shown(&keeper), None);
    clock.advance(Duration::from_secs(1));
    keeper.show_if_alone();
    assert_eq!(shown(&keeper), Some(sth));
}
