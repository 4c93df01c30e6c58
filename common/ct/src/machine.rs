//! The shape of every machine: a step yields writes and acts; the shell commits the writes in one transaction, and then,
//! and only then, performs the acts (docs/protocol.md, N5).

/// What one step wants done.
#[derive(Debug)]
pub struct Effects<W, A> {
    /// To be made durable together, before any act.
    pub writes: Vec<W>,
    /// To be done after that, in order.
    pub acts: Vec<A>,
}

impl<W, A> Effects<W, A> {
    /// Nothing yet.
    pub const fn new() -> Self {
        Self { writes: Vec::new(), acts: Vec::new() }
    }
    /// Adds a write.
    pub fn write(&mut self, write: W) {
        self.writes.push(write);
    }
    /// Adds an act.
    pub fn act(&mut self, act: A) {
        self.acts.push(act);
    }
}

impl<W, A> Default for Effects<W, A> {
    fn default() -> Self {
        Self::new()
    }
}
