//! What happened, line by line: hashed always, kept only when somebody wants to read it.

use std::fmt::{self, Write};

/// How much of a history is kept for reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// The digest only.
    Digest,
    /// So many of the newest lines.
    Last(usize),
    /// Every line.
    All,
}

/// A history, as text. Two histories are the same if their digests are.
#[derive(Debug)]
pub struct Trace {
    begin: u64,
    keep: Keep,
    digest: Digest,
    count: u64,
    lines: std::collections::VecDeque<String>,
}

/// FNV-1a over 64 bits: it guards against accidents, not against anybody.
#[derive(Debug)]
struct Digest(u64);

impl Write for Digest {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        Ok(())
    }
}

impl Trace {
    /// An empty trace of a world that begins at `begin` (milliseconds since the epoch).
    pub fn new(begin: u64, keep: Keep) -> Self {
        let lines = std::collections::VecDeque::new();
        Self { begin, keep, digest: Digest(0xcbf2_9ce4_8422_2325), count: 0, lines }
    }

    /// Keeps so much from here on.
    pub fn keep(&mut self, keep: Keep) {
        self.keep = keep;
    }

    /// Says what happened at `now`.
    pub fn line(&mut self, now: u64, what: fmt::Arguments<'_>) {
        self.count += 1;
        let millis = now.saturating_sub(self.begin);
        let (seconds, millis) = (millis / 1000, millis % 1000);
        // Writing to a digest or a string does not fail.
        let _ = writeln!(self.digest, "{seconds:4}.{millis:03}  {what}");
        let most = match self.keep {
            Keep::Digest => return,
            Keep::Last(most) => most,
            Keep::All => usize::MAX,
        };
        if self.lines.len() >= most {
            self.lines.pop_front();
        }
        self.lines.push_back(format!("{seconds:4}.{millis:03}  {what}"));
    }

    /// The digest over all lines.
    pub const fn digest(&self) -> u64 {
        self.digest.0
    }
    /// How many lines there were: the events of the history.
    pub const fn count(&self) -> u64 {
        self.count
    }
    /// The lines that were kept.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(String::as_str)
    }
}
