//! Places and counts. An index, a size and a list position are different types; none exceeds 2⁵³, so that every
//! JSON reader sees them exactly.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// The greatest value of any number in a control message: 2⁵³, exact in every JSON reader.
pub const MAX_NUMBER: u64 = 1 << 53;

/// A number beyond [`MAX_NUMBER`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what} {value} is above the limit 2^53")]
pub struct TooLarge {
    /// Which number.
    pub what: &'static str,
    /// The value given.
    pub value: u64,
}

macro_rules! number {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
        pub struct $name(u64);

        impl $name {
            /// The least value.
            pub const ZERO: Self = Self(0);

            /// Takes a number up to 2⁵³.
            pub const fn new(value: u64) -> Result<Self, TooLarge> {
                if value > MAX_NUMBER { Err(TooLarge { what: $what, value }) } else { Ok(Self(value)) }
            }
            /// Takes a count of things that are in memory or on disk here, which no machine can have 2⁵³ of.
            pub const fn of(count: usize) -> Self {
                Self(count as u64)
            }
            /// The number.
            pub const fn get(self) -> u64 {
                self.0
            }
            /// The number as a count of things in memory.
            pub const fn as_usize(self) -> usize {
                self.0 as usize
            }
            /// This and `count` more. Sums stay far below 2⁶⁴: both sides are bounded by 2⁵³.
            #[must_use]
            pub const fn plus(self, count: u64) -> Self {
                Self(self.0 + count)
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.serialize_u64(self.0)
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                Self::new(u64::deserialize(d)?).map_err(serde::de::Error::custom)
            }
        }
    };
}

number!(
    /// 0-based place of an entry in the log.
    LeafIndex, "leaf index"
);
number!(
    /// Number of entries in a tree.
    TreeSize, "tree size"
);
number!(
    /// 0-based place in a storage node's list of new entries.
    Position, "list position"
);
number!(
    /// A reign: raised only by repair; names one primary and one STH signer (docs/protocol.md, T1).
    Term, "term"
);

impl TreeSize {
    /// The last index below this size, if there is one.
    pub const fn last(self) -> Option<LeafIndex> {
        if self.0 == 0 { None } else { Some(LeafIndex(self.0 - 1)) }
    }
    /// Whether `index` lies below this size.
    pub const fn contains(self, index: LeafIndex) -> bool {
        index.0 < self.0
    }
    /// The index that the next entry would take.
    pub const fn next_index(self) -> LeafIndex {
        LeafIndex(self.0)
    }
    /// How many entries lie between `smaller` and this size; 0 if it is not smaller.
    pub const fn since(self, smaller: TreeSize) -> u64 {
        self.0.saturating_sub(smaller.0)
    }
}

impl LeafIndex {
    /// The smallest tree that contains this index.
    pub const fn size_including(self) -> TreeSize {
        TreeSize(self.0 + 1)
    }
}

impl Term {
    /// The term that `init` installs.
    pub const FIRST: Self = Self(1);
}
