//! Which logs of a list are meant.

use super::{ListedLog, LogList, State, TiledLog};
use ct::hash::LogId;

/// What a log must be to be meant; the empty filter means every log that a browser may still rely on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// These IDs; any if there is none.
    pub ids: Vec<LogId>,
    /// Part of the operator's name, whatever its case.
    pub operator: Option<String>,
    /// Part of the description, whatever its case.
    pub description: Option<String>,
}

/// What a filter leaves of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection<'a> {
    /// The logs that can be followed.
    pub logs: Vec<&'a ListedLog>,
    /// Those that are meant too, and cannot: they do not speak RFC 6962.
    pub tiled: Vec<&'a TiledLog>,
}

impl Filter {
    /// The logs that are meant, in the order of the list. One that is asked for by its ID is meant in any state.
    pub fn select<'a>(&self, list: &'a LogList) -> Selection<'a> {
        let alive = |state: Option<State>| !matches!(state, Some(State::Retired | State::Rejected));
        let logs = list.logs().iter().filter(|log| {
            self.wants(log.log_id, &log.operator, &log.description)
                && (!self.ids.is_empty() || alive(log.state))
        });
        let tiled = list.tiled().iter().filter(|log| self.wants(log.log_id, &log.operator, &log.description));
        Selection { logs: logs.collect(), tiled: tiled.collect() }
    }

    fn wants(&self, id: LogId, operator: &str, description: &str) -> bool {
        (self.ids.is_empty() || self.ids.contains(&id))
            && holds(operator, self.operator.as_deref())
            && holds(description, self.description.as_deref())
    }
}

fn holds(text: &str, part: Option<&str>) -> bool {
    part.is_none_or(|part| text.to_lowercase().contains(&part.to_lowercase()))
}
