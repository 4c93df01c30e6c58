//! What a storage node keeps of a log beside the list: which list it is, the newest certificate, how far publication has
//! come, and when it came so far.
//!
//! `state.db` has the keys `incarnation`, `completeness`, `certificate`, `start`, `loss-accepted` where a person said so, and a `mark/…` for each ten minutes in which `start`
//! moved: they tell when entries may be forgotten. A crash leaves the state of one commit or of the next.

use crate::error::StorageError;
use ct::index::Position;
use ct::term::{Incarnation, TermCertificate};
use ct::time::Timestamp;
use ct::wire::storage::Completeness;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;
use store::list::{EntryList, ListOptions};
use store::node_state::{self, StateDb};

const INCARNATION: &str = "incarnation";
const COMPLETENESS: &str = "completeness";
const CERTIFICATE: &str = "certificate";
const START: &str = "start";
const LOSS: &str = "loss-accepted";
const MARK: &str = "mark/";

/// Marks are kept one for so long, so that there are few.
const MARK_SPAN: Duration = Duration::from_secs(600);

/// What a list that was lost is filled from before it counts (docs/protocol.md, Z3, Z7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sources {
    /// The lists of S − k + 1 others, all of them whole: they have whatever k nodes stored.
    Enough,
    /// The lists of all others that are whole, however few: a person has accepted that some of it may be lost.
    WhateverIsWhole,
}

/// The list's directory, in that of its log.
pub fn list_dir(dir: &Path) -> PathBuf {
    dir.join("list")
}

/// Makes the state of a log in `dir`, deliberately and once. The caller has checked the certificate.
///
/// # Errors
/// [`store::StoreError::Exists`] if there is one; I/O errors.
pub fn create(
    dir: &Path,
    certificate: &TermCertificate,
    incarnation: Incarnation,
    completeness: Completeness,
) -> Result<(), StorageError> {
    // The list first: without the keys of the state, the directory is one that `run` refuses.
    drop(EntryList::create(&list_dir(dir), &ListOptions::default())?);
    let mut db = StateDb::create(dir)?;
    let (incarnation, completeness) = (json(&incarnation), json(&completeness));
    let certificate = json(certificate);
    let start = json(&Position::ZERO);
    db.commit(&[
        (INCARNATION, Some(incarnation.as_str())),
        (COMPLETENESS, Some(completeness.as_str())),
        (CERTIFICATE, Some(certificate.as_str())),
        (START, Some(start.as_str())),
    ])?;
    Ok(())
}

/// The certificate in a state of which other parts may be damaged.
///
/// # Errors
/// Those of [`State::open`], for the certificate alone.
pub(crate) fn certificate_in(dir: &Path) -> Result<TermCertificate, StorageError> {
    let text = node_state::peek(dir, CERTIFICATE)?;
    parse_there(dir, CERTIFICATE, text)
}

/// Writes down that a person accepts the loss of what no whole list has: the node in `dir`, which is down and recovering, counts when
/// it has copied the lists of all others that are whole. Answers whether it is recovering at all.
///
/// # Errors
/// Those of [`State::open`].
pub fn accept_loss(dir: &Path) -> Result<bool, StorageError> {
    let (mut state, loaded) = State::open(dir)?;
    let recovering = loaded.completeness == Completeness::Recovering;
    if recovering {
        state.db.commit(&[(LOSS, Some("true"))])?;
    }
    Ok(recovering)
}

/// Whether the node in `dir`, which is down, is recovering, as far as its state tells.
pub(crate) fn is_recovering(dir: &Path) -> bool {
    let text = node_state::peek(dir, COMPLETENESS).ok().flatten();
    let found = text.and_then(|text| parse::<Completeness>(dir, COMPLETENESS, &text).ok());
    found == Some(Completeness::Recovering)
}

/// Whether a node would understand the state in `dir`, which no process has open. Nothing is written.
///
/// # Errors
/// Those of [`State::open`].
pub fn check(dir: &Path) -> Result<(), StorageError> {
    load(dir, |key| node_state::peek(dir, key)).map(drop)
}

/// `start` was at `position` at the latest at `at`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Mark {
    position: Position,
    at: Timestamp,
}

/// What was read at start.
#[derive(Debug)]
pub struct Loaded {
    /// Which list.
    pub incarnation: Incarnation,
    /// Whether it has all that this node acknowledged.
    pub completeness: Completeness,
    /// The newest certificate.
    pub certificate: TermCertificate,
    /// First unpublished position.
    pub start: Position,
    /// What it is filled from, if it is recovering.
    pub sources: Sources,
}

/// What one commit changes.
#[derive(Debug, Default)]
pub struct Change {
    /// The first unpublished position, and when it was moved.
    pub start: Option<(Position, Timestamp)>,
    /// The newest certificate.
    pub certificate: Option<Box<TermCertificate>>,
    /// Which list it is, and whether it has all that this node acknowledged.
    pub list: Option<(Incarnation, Completeness)>,
}

/// The open state.
pub struct State {
    db: StateDb,
    marks: BTreeMap<String, Mark>,
}

impl State {
    /// Opens what [`create`] made.
    ///
    /// # Errors
    /// [`StorageError::Incomplete`], [`StorageError::Malformed`], errors of the store.
    pub fn open(dir: &Path) -> Result<(Self, Loaded), StorageError> {
        let db = StateDb::open(dir)?;
        let loaded = load(dir, |key| db.get(key))?;
        let mut marks = BTreeMap::new();
        for (key, text) in db.with_prefix(MARK)? {
            let mark = parse(dir, &key, &text)?;
            marks.insert(key, mark);
        }
        Ok((Self { db, marks }, loaded))
    }

    /// Makes a change durable.
    ///
    /// # Errors
    /// Errors of the store; the process must end then.
    pub fn commit(&mut self, change: &Change) -> Result<(), StorageError> {
        let mut texts = Vec::new();
        if let Some((position, at)) = change.start {
            let (key, mark) = (mark_key(at), Mark { position, at });
            texts.push((START.to_owned(), json(&position)));
            texts.push((key.clone(), json(&mark)));
            self.marks.insert(key, mark);
        }
        if let Some(certificate) = &change.certificate {
            texts.push((CERTIFICATE.to_owned(), json(certificate)));
        }
        let mut gone = None;
        if let Some((incarnation, completeness)) = &change.list {
            // What a person accepted was the loss of this once.
            gone = Some((LOSS, None));
            texts.push((INCARNATION.to_owned(), json(incarnation)));
            texts.push((COMPLETENESS.to_owned(), json(completeness)));
        }
        if texts.is_empty() {
            return Ok(());
        }
        let rows = texts.iter().map(|(key, text)| (key.as_str(), Some(text.as_str())));
        Ok(self.db.commit(&rows.chain(gone).collect::<Vec<_>>())?)
    }

    /// Up to where everything was published at `moment` or before.
    pub fn published_at(&self, moment: Timestamp) -> Option<Position> {
        self.marks.values().filter(|mark| mark.at <= moment).map(|mark| mark.position).max()
    }

    /// Forgets the marks up to `moment`.
    ///
    /// # Errors
    /// Errors of the store; the process must end then.
    pub fn drop_marks(&mut self, moment: Timestamp) -> Result<(), StorageError> {
        let old: Vec<_> =
            self.marks.iter().filter(|(_, mark)| mark.at <= moment).map(|(key, _)| key.clone()).collect();
        let rows: Vec<_> = old.iter().map(|key| (key.as_str(), None)).collect();
        self.db.commit(&rows)?;
        self.marks.retain(|key, _| !old.contains(key));
        Ok(())
    }
}

/// Later moves of `start` within a span replace the mark of earlier ones: entries are kept a little longer, never shorter.
fn mark_key(at: Timestamp) -> String {
    let span = at.millis() / MARK_SPAN.as_millis() as u64;
    format!("{MARK}{span:016}")
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("these types have string keys only, so they have a JSON form")
}

fn load(dir: &Path, get: impl Fn(&str) -> store::Result<Option<String>>) -> Result<Loaded, StorageError> {
    Ok(Loaded {
        incarnation: parse_there(dir, INCARNATION, get(INCARNATION)?)?,
        completeness: parse_there(dir, COMPLETENESS, get(COMPLETENESS)?)?,
        certificate: parse_there(dir, CERTIFICATE, get(CERTIFICATE)?)?,
        start: parse_there(dir, START, get(START)?)?,
        sources: if get(LOSS)?.is_some() { Sources::WhateverIsWhole } else { Sources::Enough },
    })
}

fn parse_there<T: DeserializeOwned>(
    dir: &Path,
    key: &'static str,
    text: Option<String>,
) -> Result<T, StorageError> {
    let text = text.ok_or_else(|| StorageError::Incomplete { dir: dir.to_owned(), key })?;
    parse(dir, key, &text)
}

fn parse<T: DeserializeOwned>(dir: &Path, key: &str, text: &str) -> Result<T, StorageError> {
    serde_json::from_str(text).map_err(|error| {
        let (dir, key) = (dir.to_owned(), key.to_owned());
        StorageError::Malformed { dir, key, reason: error.to_string() }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::tests::founding;

    /// What a person accepts is the loss of this list, not of the next.
    #[test]
    fn an_accepted_loss_is_forgotten_when_the_list_is_whole() {
        let scratch = tempfile::tempdir().unwrap();
        let dir = scratch.path().join("anytime");
        let list = Incarnation::new([1; 16]);
        create(&dir, &founding(), list, Completeness::Recovering).unwrap();
        assert_eq!(State::open(&dir).unwrap().1.sources, Sources::Enough);
        assert!(accept_loss(&dir).unwrap());
        let (mut state, loaded) = State::open(&dir).unwrap();
        assert_eq!(loaded.sources, Sources::WhateverIsWhole);
        state.commit(&Change { list: Some((list, Completeness::Whole)), ..Change::default() }).unwrap();
        drop(state);
        assert_eq!(State::open(&dir).unwrap().1.sources, Sources::Enough);
        assert!(!accept_loss(&dir).unwrap(), "nothing is to be accepted");
    }
}
