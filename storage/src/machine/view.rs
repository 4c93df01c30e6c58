//! What answers to readers are made from, without the machine: its state as of the last durable step.

use super::check_standing;
use ct::index::Position;
use ct::names::NodeName;
use ct::term::{Guard, Incarnation};
use ct::time::Timestamp;
use ct::wire::Refusal;
use ct::wire::storage::Fetch;
use std::sync::Arc;

/// A storage node's state as readers see it.
#[derive(Debug, Clone)]
pub struct View {
    /// Which list.
    pub incarnation: Incarnation,
    /// Who is primary.
    pub guard: Arc<Guard>,
    /// First unpublished position.
    pub start: Position,
    /// End of the list.
    pub end: Position,
    /// Timestamp of the oldest unpublished entry.
    pub oldest_unpublished: Option<Timestamp>,
}

impl View {
    /// Entries under no STH that this node verified.
    pub const fn backlog(&self) -> u64 {
        self.end.get() - self.start.get()
    }

    /// From where a FetchNewEntries is to be answered (docs/protocol.md, S4). What lies before `first_retained` is
    /// forgotten.
    pub fn fetch_from(
        &self,
        caller: &NodeName,
        fetch: &Fetch,
        first_retained: Position,
    ) -> Result<Position, Refusal> {
        check_standing(&self.guard, caller, fetch.term)?;
        let Some(cursor) = fetch.cursor else {
            return Ok(if fetch.retained { first_retained } else { self.start });
        };
        if cursor.incarnation != self.incarnation {
            return Err(Refusal::OtherIncarnation { actual: self.incarnation });
        }
        if cursor.position > self.end {
            return Err(Refusal::BeyondEnd { cursor: cursor.position.get(), end: self.end.get() });
        }
        Ok(cursor.position.max(first_retained))
    }
}
