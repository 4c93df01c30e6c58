//! How many storage nodes a promise needs.

/// k of S: how many of the storage nodes must have an entry before its SCT goes out. Always `1 ≤ k ≤ S`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quorum {
    needed: usize,
    of: usize,
}

impl Quorum {
    /// `needed` of `of`, if that is possible and not nothing.
    pub const fn new(needed: usize, of: usize) -> Option<Self> {
        if needed >= 1 && needed <= of { Some(Self { needed, of }) } else { None }
    }
    /// More than half of `of`; none of nothing.
    pub const fn majority(of: usize) -> Option<Self> {
        Self::new(of / 2 + 1, of)
    }
    /// k.
    pub const fn needed(self) -> usize {
        self.needed
    }
    /// S − k + 1: so many of the lists, whichever they are, have all that any k of them stored.
    pub const fn meeting(self) -> usize {
        self.of - self.needed + 1
    }
    /// S.
    pub const fn of(self) -> usize {
        self.of
    }
}
