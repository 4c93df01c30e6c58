//! Bugs planted in the world, never in the machines: each shows that one checker would see its property broken.

/// A planted bug.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plant {
    /// Storage nodes answer, and keep nothing.
    StoreNothing,
    /// Frontends promise with one copy less than it takes.
    PromiseEarly,
    /// Merge nodes hand out endorsements that their disks do not know of.
    EndorseUnwritten,
    /// The signer signs a second root for a size that it signed.
    SignAnotherRoot,
    /// The signer dates heads back.
    SignBackwards,
    /// Frontends show an STH before they hold its tree.
    ShowUnheld,
    /// Every third entry is on no list that a primary can read.
    HideEntries,
    /// The second frontend hears nothing, also when all is healed.
    ForgetFrontend,
    /// Storage nodes take their whole list for published.
    PassUnpublished,
    /// A majority of merge disks loses its last entry.
    CutDisks,
    /// Delays depend on something else than the seed.
    AskTheSystem,
}
