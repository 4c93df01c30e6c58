//! What can be made to go wrong.

/// What a crash leaves of what was not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crash {
    /// The process died, the machine did not: everything is there, and still not synced.
    Process,
    /// Nothing that was not synced.
    LoseAll,
    /// A random part: of each write all, nothing, or a prefix; of directory changes a prefix, as journals keep them.
    Random(u64),
}

/// Which operations a planted fault counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// [`crate::files::File::write_at`].
    Write,
    /// [`crate::files::File::sync`].
    Sync,
    /// Everything that changes anything: writes, syncs, truncations, creations, renames, removals, directory syncs.
    Any,
}

/// How a planted fault shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The operation fails and had no effect. A sync that fails so forgets what it should have made durable, as kernels
    /// do: a second sync says `Ok` and has synced nothing.
    Lost,
    /// The operation fails, and took effect.
    Persisted,
    /// A write fails half done: no space is left.
    NoSpace,
    /// The machine stops before the operation: this one and all later ones fail until [`super::SimFiles::crash`].
    Stop,
    /// The machine stops after the operation.
    StopAfter,
}
