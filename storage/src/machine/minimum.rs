//! The least timestamp of a list that grows at its end and is forgotten from its start.

use ct::index::Position;
use ct::time::Timestamp;
use std::collections::VecDeque;

/// Keeps only those items that may still become the least: each is older than all that came after it. So an item is
/// touched twice, however long the list.
#[derive(Debug, Default)]
pub(super) struct SlidingMinimum(VecDeque<(Position, Timestamp)>);

impl SlidingMinimum {
    /// Positions are given in rising order.
    pub(super) fn push(&mut self, position: Position, timestamp: Timestamp) {
        while self.0.back().is_some_and(|(_, last)| *last >= timestamp) {
            self.0.pop_back();
        }
        self.0.push_back((position, timestamp));
    }

    pub(super) fn forget_below(&mut self, start: Position) {
        while self.0.front().is_some_and(|(position, _)| *position < start) {
            self.0.pop_front();
        }
    }

    pub(super) fn get(&self) -> Option<Timestamp> {
        self.0.front().map(|(_, timestamp)| *timestamp)
    }
}
