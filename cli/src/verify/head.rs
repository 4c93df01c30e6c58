//! `verify sth`, and the STH that a proof ends in.

use super::keys::{KnownLog, Unsigned};
use super::report::Checked;
use super::{Scene, shape};
use crate::{moment, span};
use client::GetSth;
use client::submission::CLOCK_SKEW;
use ct::hash::{Base64, LogId};
use ct::index::TreeSize;
use ct::merkle::EMPTY_ROOT;
use ct::sth::{Sth, TreeHead};
use ct::time::Timestamp;
use serde::Deserialize;
use serde_json::Value;

/// Who is to have signed it, if the file says so; `wolffish get sth --json` does.
#[derive(Deserialize)]
struct Signer {
    #[serde(default)]
    log_id: Option<Base64>,
}

/// A check of a tree head that may fail once it is known whose it should be.
pub type Failed<'a> = (Option<&'a KnownLog>, String);

/// Checks the STH in a JSON value.
pub fn check(value: &Value, scene: &Scene) -> Checked {
    match signed(value, scene) {
        Ok((log, head)) => Checked::under("STH", Some(log), Ok(format!("signed: {}", describe(&head)))),
        Err((log, why)) => Checked::under("STH", log, Err(why)),
    }
}

/// A tree head in words.
pub fn describe(head: &TreeHead) -> String {
    format!("a tree of {} entries at {}", head.tree_size, moment::show_millis(head.timestamp))
}

/// The tree head of an STH that a known log signed, for a moment that has come, over a tree that can be.
pub fn signed<'a>(value: &Value, scene: &'a Scene) -> Result<(&'a KnownLog, TreeHead), Failed<'a>> {
    let unread = |why: String| (None, why);
    let sth = read(value).map_err(unread)?;
    let id = signer(value).map_err(unread)?;
    let (log, verified) = scene.known.signer_of(&sth, id).map_err(|Unsigned { log, why }| (log, why))?;
    let head = *verified.head();
    not_of_the_future("STH", head.timestamp, scene.now).map_err(|why| (Some(log), why))?;
    if head.tree_size == TreeSize::ZERO && head.root_hash != EMPTY_ROOT {
        let why =
            format!("signed, but a tree of 0 entries has the root {EMPTY_ROOT}, not {}", head.root_hash);
        return Err((Some(log), why));
    }
    Ok((log, head))
}

fn read(value: &Value) -> Result<Sth, String> {
    shape::<GetSth>(value)?.into_sth()
}

fn signer(value: &Value) -> Result<Option<LogId>, String> {
    let Some(id) = shape::<Signer>(value)?.log_id else { return Ok(None) };
    let found = id.0.len();
    let id: [u8; 32] = id.0.try_into().map_err(|_| format!("log_id: {found} bytes, a log ID has 32"))?;
    Ok(Some(LogId::new(id)))
}

/// No browser and no auditor accepts what is signed for a time to come.
pub fn not_of_the_future(what: &str, at: Timestamp, now: Timestamp) -> Result<(), String> {
    if at <= now.plus(CLOCK_SKEW) {
        return Ok(());
    }
    let ahead = span::show(at.since(now));
    Err(format!("signed, but the {what} is of {}, {ahead} in the future", moment::show_millis(at)))
}
