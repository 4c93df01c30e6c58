//! What is asked of a log, and how often each.

use std::fmt;
use std::str::FromStr;

/// How many operations there are.
pub const OPERATIONS: usize = Operation::ALL.len();

/// Something asked of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// A new certificate (RFC 6962 §4.1).
    AddChain,
    /// A new precertificate (§4.2).
    AddPreChain,
    /// A chain that was promised before.
    Resubmit,
    /// The newest tree head (§4.3).
    GetSth,
    /// A consistency proof between two tree heads that were seen (§4.4).
    Consistency,
    /// An inclusion proof of a leaf that was promised or read (§4.5).
    Proof,
    /// The next entries of a follower (§4.6).
    Entries,
}

impl Operation {
    /// Every operation, in the order in which they are reported.
    pub const ALL: [Operation; 7] = [
        Operation::AddChain,
        Operation::AddPreChain,
        Operation::Resubmit,
        Operation::GetSth,
        Operation::Consistency,
        Operation::Proof,
        Operation::Entries,
    ];

    /// Its name, in a mix and in results.
    pub const fn as_str(self) -> &'static str {
        match self {
            Operation::AddChain => "add-chain",
            Operation::AddPreChain => "add-pre-chain",
            Operation::Resubmit => "resubmit",
            Operation::GetSth => "get-sth",
            Operation::Consistency => "consistency",
            Operation::Proof => "proof",
            Operation::Entries => "entries",
        }
    }

    /// Its place in [`Operation::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }

    /// Whether it ends in an SCT.
    pub const fn submits(self) -> bool {
        matches!(self, Operation::AddChain | Operation::AddPreChain | Operation::Resubmit)
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A weight for each operation. At least one is above zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mix {
    weights: [u32; OPERATIONS],
}

/// The greatest weight.
const MAX_WEIGHT: u32 = 1_000_000;

/// Why a text is not a mix.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadMix {
    /// A part that is not `OPERATION=WEIGHT`.
    #[error("{0:?}: expected OPERATION=WEIGHT")]
    Part(String),
    /// No such operation.
    #[error(
        "no operation {0:?}; there are add-chain, add-pre-chain, resubmit, get-sth, consistency, proof, entries"
    )]
    Operation(String),
    /// An operation is named twice.
    #[error("{0} is there twice")]
    Twice(Operation),
    /// Not a weight.
    #[error("the weight of {operation} is {text:?}, expected a number from 0 to {MAX_WEIGHT}")]
    Weight {
        /// Of which operation.
        operation: Operation,
        /// What was given.
        text: String,
    },
    /// Nothing would be done.
    #[error("every weight is 0")]
    Nothing,
    /// An operation would never have anything to ask about.
    #[error("{operation} has nothing to ask about without {needs}")]
    Alone {
        /// Which.
        operation: Operation,
        /// What it needs beside it: one of these.
        needs: &'static str,
    },
}

impl Mix {
    /// Certificates and precertificates in equal parts, nothing else.
    pub const fn submissions() -> Self {
        Self { weights: [1, 1, 0, 0, 0, 0, 0] }
    }

    /// The weight of an operation.
    pub const fn weight(&self, operation: Operation) -> u32 {
        self.weights[operation.index()]
    }

    /// Whether an operation is in it.
    pub const fn has(&self, operation: Operation) -> bool {
        self.weight(operation) > 0
    }

    /// The part of all operations that this one is, from 0 to 1.
    pub fn share(&self, operation: Operation) -> f64 {
        f64::from(self.weight(operation)) / self.total() as f64
    }

    /// One operation, at random.
    pub fn draw(&self, random: &mut fastrand::Rng) -> Operation {
        let mut at = random.u64(0..self.total());
        for operation in Operation::ALL {
            let weight = u64::from(self.weight(operation));
            if at < weight {
                return operation;
            }
            at -= weight;
        }
        unreachable!("a number below the sum of all weights falls on one of them")
    }

    fn total(&self) -> u64 {
        self.weights.iter().map(|weight| u64::from(*weight)).sum()
    }
}

impl Default for Mix {
    /// Mostly submissions, and of everything else a little.
    fn default() -> Self {
        Self { weights: [5, 5, 1, 2, 1, 2, 1] }
    }
}

impl fmt::Display for Mix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let there = Operation::ALL.into_iter().filter(|operation| self.has(*operation));
        let parts = there.map(|operation| format!("{operation}={}", self.weight(operation)));
        f.write_str(&parts.collect::<Vec<_>>().join(","))
    }
}

impl FromStr for Mix {
    type Err = BadMix;

    /// Reads `add-chain=5,get-sth=1`; what is not named has weight 0.
    fn from_str(text: &str) -> Result<Self, BadMix> {
        let mut weights = [None; OPERATIONS];
        for part in text.split(',').map(str::trim) {
            let (name, weight) = part.split_once('=').ok_or_else(|| BadMix::Part(part.to_owned()))?;
            let found = Operation::ALL.into_iter().find(|operation| operation.as_str() == name.trim());
            let operation = found.ok_or_else(|| BadMix::Operation(name.trim().to_owned()))?;
            let number = weight.trim().parse().ok().filter(|weight| *weight <= MAX_WEIGHT);
            let bad = || BadMix::Weight { operation, text: weight.trim().to_owned() };
            if weights[operation.index()].replace(number.ok_or_else(bad)?).is_some() {
                return Err(BadMix::Twice(operation));
            }
        }
        let mix = Self { weights: weights.map(Option::unwrap_or_default) };
        if mix.total() == 0 { Err(BadMix::Nothing) } else { mix.checked() }
    }
}

impl Mix {
    /// Refuses a mix of which a part would be idle from beginning to end.
    fn checked(self) -> Result<Self, BadMix> {
        let submits = self.has(Operation::AddChain) || self.has(Operation::AddPreChain);
        let alone = |operation, needs| Err(BadMix::Alone { operation, needs });
        if self.has(Operation::Resubmit) && !submits {
            return alone(Operation::Resubmit, "add-chain or add-pre-chain");
        }
        if self.has(Operation::Proof) && !submits && !self.has(Operation::Entries) {
            return alone(Operation::Proof, "add-chain, add-pre-chain or entries");
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mix_is_read_written_and_drawn_from() {
        let mix: Mix = "add-chain=3, get-sth=1,entries=0".parse().unwrap();
        assert_eq!(mix.to_string(), "add-chain=3,get-sth=1");
        assert!((mix.share(Operation::AddChain) - 0.75).abs() < 1e-9);
        let mut random = fastrand::Rng::with_seed(1);
        let mut counts = [0_u32; OPERATIONS];
        (0..4000).for_each(|_| counts[mix.draw(&mut random).index()] += 1);
        assert!((2850..=3150).contains(&counts[0]), "{counts:?}");
        assert_eq!(counts.iter().sum::<u32>(), counts[0] + counts[Operation::GetSth.index()]);
        assert_eq!(Mix::default().to_string().parse(), Ok(Mix::default()));
    }

    #[test]
    fn what_is_no_mix_is_refused_with_the_reason() {
        for (text, says) in [
            ("", "OPERATION=WEIGHT"),
            ("add-chain", "OPERATION=WEIGHT"),
            ("add=1", "no operation \"add\""),
            ("get-sth=1,get-sth=0", "twice"),
            ("get-sth=-1", "0 to 1000000"),
            ("get-sth=1000001", "0 to 1000000"),
            ("get-sth=0", "every weight is 0"),
            ("resubmit=1", "resubmit has nothing to ask about without add-chain or"),
            ("resubmit=1,get-sth=3,entries=1,add-chain=0", "resubmit has nothing"),
            (
                "proof=1,get-sth=1",
                "proof has nothing to ask about without add-chain, add-pre-chain or entries",
            ),
        ] {
            let error = text.parse::<Mix>().unwrap_err().to_string();
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}
