//! Whom it hits, and how. Pure: the same seed gives the same order.

use serde::Serialize;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// What is done to a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Act {
    /// It ends at once (SIGKILL); what runs the cluster starts it again.
    Kill,
    /// It stands still for a while (SIGSTOP, SIGCONT): alive, connected, and silent.
    Stop,
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Act::Kill => "kill",
            Act::Stop => "stop",
        })
    }
}

/// Which nodes may be hit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Victims {
    /// All of them.
    All,
    /// Those of these names.
    Named(Vec<String>),
}

/// A text that names no victims.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected `all`, or names of nodes with commas between them")]
pub struct BadVictims;

impl FromStr for Victims {
    type Err = BadVictims;

    fn from_str(text: &str) -> Result<Self, BadVictims> {
        if text == "all" {
            return Ok(Victims::All);
        }
        let names: Vec<String> = text.split(',').map(|name| name.trim().to_owned()).collect();
        if names.iter().any(String::is_empty) { Err(BadVictims) } else { Ok(Victims::Named(names)) }
    }
}

/// What is to happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChaosPlan {
    /// Whom it may hit.
    pub victims: Victims,
    /// What may be done. At least one.
    pub acts: Vec<Act>,
    /// Pause before the first act, and between the return of one node and the next act.
    pub every: Duration,
    /// How long a node stands still.
    pub stop: Duration,
    /// How long a node may take to come back.
    pub back_within: Duration,
    /// The order.
    pub seed: u64,
}

/// The next thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// To whom.
    pub node: String,
    /// What.
    pub act: Act,
}

/// Troubles without end: round after round, each node once a round, in an order of its own; the acts take turns, so that
/// each node meets each of them.
#[derive(Debug)]
pub(super) struct Troubles {
    names: Vec<String>,
    acts: Vec<Act>,
    order: Vec<usize>,
    round: usize,
    random: fastrand::Rng,
}

impl Troubles {
    /// For these nodes. `None` where there is nobody or nothing to do.
    pub(super) fn new(names: Vec<String>, acts: Vec<Act>, seed: u64) -> Option<Self> {
        let some = !names.is_empty() && !acts.is_empty();
        let random = fastrand::Rng::with_seed(seed);
        some.then_some(Self { names, acts, order: Vec::new(), round: 0, random })
    }
}

impl Iterator for Troubles {
    type Item = Trouble;

    fn next(&mut self) -> Option<Trouble> {
        if self.order.is_empty() {
            self.order = (0..self.names.len()).collect();
            self.random.shuffle(&mut self.order);
            self.round += 1;
        }
        let node = self.order.pop()?;
        let act = self.acts[(node + self.round - 1) % self.acts.len()];
        Some(Trouble { node: self.names[node].clone(), act })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_node_meets_every_act_and_a_seed_is_an_order() {
        let names: Vec<String> = (1..=5).map(|number| format!("merge-{number}")).collect();
        let order = |seed| -> Vec<(String, String)> {
            let troubles = Troubles::new(names.clone(), vec![Act::Kill, Act::Stop], seed).unwrap();
            troubles.take(10).map(|trouble| (trouble.node, trouble.act.to_string())).collect()
        };
        assert_eq!(order(1).iter().collect::<BTreeSet<_>>().len(), 10);
        assert_eq!(order(1)[..5].iter().map(|(node, _)| node).collect::<BTreeSet<_>>().len(), 5);
        assert_eq!(order(1), order(1));
        assert_ne!(order(1), order(2));
        assert!(Troubles::new(Vec::new(), vec![Act::Kill], 1).is_none());
    }

    #[test]
    fn victims_are_read() {
        assert_eq!("all".parse(), Ok(Victims::All));
        assert_eq!("a, b".parse(), Ok(Victims::Named(vec!["a".to_owned(), "b".to_owned()])));
        assert_eq!("a,".parse::<Victims>(), Err(BadVictims));
    }
}
