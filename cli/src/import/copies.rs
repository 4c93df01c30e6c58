//! The copies that are filled: one for each frontend, all from one fetching.

use super::place::Destination;
use crate::failure::Failure;
use crate::init::states::prepare;
use ct::index::TreeSize;
use ct::key::LogKey;
use ct::names::NodeName;
use ct::sth::VerifiedSth;
use frontend::read_only::{Import, Imported, ReadOnlyError};
use node::exit::Exit;

/// A copy, and the frontend that will serve it.
pub struct Copy {
    /// The frontend.
    pub node: NodeName,
    /// Its copy.
    pub import: Import,
}

/// All of them, at least one.
pub struct Copies(Vec<Copy>);

impl From<ReadOnlyError> for Failure {
    fn from(error: ReadOnlyError) -> Self {
        let text = error.to_string();
        match (&error, error.exit()) {
            (ReadOnlyError::Root { .. }, _) => Failure::Check(text),
            (_, Exit::Configuration) => Failure::Usage(text),
            (_, Exit::Io) => Failure::Io(text),
            _ => Failure::Internal(text),
        }
    }
}

impl Copies {
    /// Makes the copies that are not there, goes on with those that are.
    pub fn begin(destinations: &[Destination], key: &LogKey) -> Result<Self, Failure> {
        let mut copies = Vec::new();
        for Destination { node, dir } in destinations {
            prepare(dir)?;
            copies.push(Copy { node: node.clone(), import: Import::begin(dir, key)? });
        }
        Ok(Self(copies))
    }

    /// Each copy.
    pub fn each(&mut self) -> impl Iterator<Item = &mut Copy> {
        self.0.iter_mut()
    }
    /// The frontends that have one.
    pub fn nodes(&self) -> impl Iterator<Item = &NodeName> {
        self.0.iter().map(|copy| &copy.node)
    }

    /// The STHs that earlier imports showed, or were about to.
    pub fn known(&self) -> Vec<VerifiedSth> {
        let of = |copy: &Copy| [copy.import.target().cloned(), copy.import.shown().cloned()];
        let mut known: Vec<VerifiedSth> = self.0.iter().flat_map(of).flatten().collect();
        known.dedup();
        known
    }

    /// How many entries all of them have.
    pub fn len(&self) -> TreeSize {
        self.0.iter().map(|copy| copy.import.len()).min().unwrap_or(TreeSize::ZERO)
    }

    /// How many entries are never cut, in all of them: they were proven before.
    pub fn fixed(&self) -> TreeSize {
        self.0.iter().map(|copy| copy.import.fixed()).min().unwrap_or(TreeSize::ZERO)
    }

    /// From now on this STH is imported.
    pub fn aim(&mut self, sth: &VerifiedSth) -> Result<(), Failure> {
        Ok(self.0.iter_mut().try_for_each(|copy| copy.import.aim(sth))?)
    }

    /// Adds entries, durably, where they are missing.
    pub fn append(&mut self, first: TreeSize, entries: &[Imported]) -> Result<(), Failure> {
        Ok(self.0.iter_mut().try_for_each(|copy| copy.import.append(first, entries))?)
    }

    /// How many copies there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// One of them, by its number.
    pub fn import(&self, number: usize) -> &Import {
        &self.0[number].import
    }

    /// Compresses what is proven to be in the log.
    pub fn seal(&mut self, proven: TreeSize) -> Result<(), Failure> {
        Ok(self.0.iter_mut().try_for_each(|copy| copy.import.seal(proven))?)
    }

    /// Takes away everything from `to` on, but for what was proven before.
    pub fn cut(&mut self, to: TreeSize) -> Result<(), Failure> {
        for copy in &mut self.0 {
            copy.import.cut(to.max(copy.import.fixed()))?;
        }
        Ok(())
    }
}
