//! Goes through all states, and says what it found.

use super::bounds::Bounds;
use super::explored::Explored;
use super::property::{BROKEN, REACHED};
use stateright::{Checker as _, HasDiscoveries, Model as _};
use std::fmt;

/// What an exploration found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Different states.
    pub states: usize,
    /// The longest way to one.
    pub depth: usize,
    /// The property that breaks, and the way to where it does, step by step.
    pub broken: Option<(&'static str, Vec<String>)>,
    /// What no state shows that some should.
    pub unreached: Vec<&'static str>,
}

impl Found {
    /// Whether every state is as it must be, and the exploration shows something.
    pub fn is_good(&self) -> bool {
        self.broken.is_none() && self.unreached.is_empty()
    }
}

/// Explores everything within bounds, on all cores; it ends at the first property that breaks.
pub fn explore(bounds: Bounds) -> Found {
    explore_until(bounds, &BROKEN)
}

/// The same, but it goes on until this property breaks, whatever else does.
pub fn explore_for(bounds: Bounds, property: &'static str) -> Found {
    explore_until(bounds, &[property])
}

fn explore_until(bounds: Bounds, ends: &[&'static str]) -> Found {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let checker = Explored::new(bounds).checker().threads(threads);
    let names = ends.iter().copied().collect();
    let checker = checker.finish_when(HasDiscoveries::AnyOf(names)).spawn_bfs().join();
    let model = checker.model();
    let wanted: Vec<&'static str> = model.properties().iter().map(|property| property.name).collect();
    let broken = ends.iter().find_map(|name| {
        let path = checker.discovery(name)?;
        let steps = path.into_actions().into_iter().map(|action| action.to_string()).collect();
        Some((*name, steps))
    });
    let missing = |name: &&'static str| wanted.contains(name) && checker.discovery(name).is_none();
    Found {
        states: checker.unique_state_count(),
        depth: checker.max_depth(),
        unreached: REACHED.into_iter().filter(missing).collect(),
        broken,
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { states, depth, broken, unreached } = self;
        write!(f, "{states} states, at most {depth} steps from the first")?;
        if let Some((property, steps)) = broken {
            write!(f, "\nBROKEN: {property}, after")?;
            for step in steps {
                write!(f, "\n  {step}")?;
            }
        }
        for property in unreached {
            write!(f, "\nNOT REACHED: {property}")?;
        }
        Ok(())
    }
}
