//! The JSON of the list, as it stands there.

use super::{Fault, Interval, State};
use crate::moment;
use ct::hash::Base64;
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Debug, Deserialize)]
pub(super) struct List {
    pub(super) operators: Vec<Operator>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Operator {
    pub(super) name: String,
    #[serde(default)]
    pub(super) logs: Vec<Log>,
    #[serde(default)]
    pub(super) tiled_logs: Vec<Log>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Log {
    #[serde(default)]
    pub(super) description: String,
    pub(super) log_id: Base64,
    pub(super) key: Base64,
    pub(super) url: Option<String>,
    pub(super) monitoring_url: Option<String>,
    #[serde(default = "one_day")]
    pub(super) mmd: u64,
    pub(super) state: Option<BTreeMap<String, serde::de::IgnoredAny>>,
    pub(super) temporal_interval: Option<TemporalInterval>,
}

#[derive(Debug, Deserialize)]
pub(super) struct TemporalInterval {
    start_inclusive: String,
    end_exclusive: String,
}

/// The schema's default.
const fn one_day() -> u64 {
    86_400
}

/// The list has an object with one member, named after the state.
pub(super) fn state(object: &BTreeMap<String, serde::de::IgnoredAny>) -> State {
    let mut names = object.keys();
    match (names.next().map(String::as_str), names.next()) {
        (Some("pending"), None) => State::Pending,
        (Some("qualified"), None) => State::Qualified,
        (Some("usable"), None) => State::Usable,
        (Some("readonly"), None) => State::ReadOnly,
        (Some("retired"), None) => State::Retired,
        (Some("rejected"), None) => State::Rejected,
        _ => State::Other,
    }
}

pub(super) fn interval(interval: &TemporalInterval) -> Result<Interval, Fault> {
    let read = |text: &str| moment::parse(text).map_err(|reason| Fault::new("temporal_interval", reason));
    let interval = Interval {
        start_inclusive: read(&interval.start_inclusive)?,
        end_exclusive: read(&interval.end_exclusive)?,
    };
    if interval.start_inclusive >= interval.end_exclusive {
        return Err(Fault::new("temporal_interval", "it ends before it starts"));
    }
    Ok(interval)
}
