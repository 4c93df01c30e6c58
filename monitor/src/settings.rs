//! How logs are followed.

use client::Patience;
use std::time::Duration;

/// Where reading begins in a log that was never read before. One that was goes on where it stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// At its first entry.
    Beginning,
    /// Behind the last entry of the first tree that it shows.
    Now,
}

/// When reading ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// When every entry of the trees that its frontends show at first was read.
    CaughtUp,
    /// Never.
    Forever,
}

/// After how much reading what was read is proved and put on record; whichever comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stride {
    /// So many entries.
    pub entries: u64,
    /// So many bytes of lines to be written.
    pub bytes: usize,
    /// So much time.
    pub time: Duration,
}

impl Default for Stride {
    fn default() -> Self {
        Self { entries: 10_000, bytes: 16 << 20, time: Duration::from_secs(10) }
    }
}

/// All of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Where reading begins.
    pub start: Start,
    /// When it ends.
    pub until: Until,
    /// Pause between two looks at a frontend's head; up to a quarter more is added at random.
    pub poll: Duration,
    /// Most requests for entries at a time, for each log.
    pub requests: usize,
    /// How often reading is put on record.
    pub stride: Stride,
    /// How far the log's clock may be ahead of ours.
    pub ahead: Duration,
    /// Pause before what may be a broken word is looked at a second time.
    pub second_look: Duration,
    /// How long a log may fail before it is given up; never, if there is no such time.
    pub give_up: Option<Duration>,
    /// Pauses after failures. Only its pauses count: reading never gives up by itself.
    pub patience: Patience,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            start: Start::Beginning,
            until: Until::Forever,
            poll: Duration::from_secs(60),
            requests: 4,
            stride: Stride::default(),
            ahead: Duration::from_secs(60),
            second_look: Duration::from_secs(5),
            give_up: None,
            patience: Patience {
                pause: Duration::from_secs(1),
                longest_pause: Duration::from_secs(300),
                ..Patience::default()
            },
        }
    }
}
