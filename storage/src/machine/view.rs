//! What answers to readers are made from, without the machine: its state as of the last durable step.

use super::check_standing;
use ct::index::Position;
use ct::names::NodeName;
use ct::term::{Guard, Incarnation};
use ct::time::Timestamp;
use ct::wire::Refusal;
use ct::wire::storage::{Completeness, Fetch};
use std::sync::Arc;

/// A storage node's state as readers see it.
#[derive(Debug, Clone)]
pub struct View {
    /// Which list.
    pub incarnation: Incarnation,
    /// Whether it has all that this node acknowledged.
    pub completeness: Completeness,
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

    /// Whether the list was lost, and is not filled yet.
    pub fn is_recovering(&self) -> bool {
        self.completeness == Completeness::Recovering
    }

    /// From where a primary's FetchNewEntries is to be answered (docs/protocol.md, S4). What lies before `first_retained` is
    /// forgotten.
    pub fn fetch_from(
        &self,
        caller: &NodeName,
        fetch: &Fetch,
        first_retained: Position,
    ) -> Result<Position, Refusal> {
        check_standing(&self.guard, caller, fetch.term)?;
        self.cursor(fetch, first_retained)
    }

    /// The same for another storage node, which copies the list and is no primary.
    pub fn copy_from(&self, fetch: &Fetch, first_retained: Position) -> Result<Position, Refusal> {
        self.cursor(fetch, first_retained)
    }

    fn cursor(&self, fetch: &Fetch, first_retained: Position) -> Result<Position, Refusal> {
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
