//! No promise before k durable copies.

use super::{Broken, Checker};
use ct::hash::Name;
use ct::time::Timestamp;

/// How many storage nodes have an entry on disk, and how many it takes.
#[derive(Debug, Clone, Copy)]
pub struct Copies {
    /// Storage nodes that have it.
    pub found: usize,
    /// The quorum k.
    pub needed: usize,
}

impl Checker {
    /// A promise is made.
    pub fn promised(&mut self, name: Name, at: Timestamp, copies: Copies) {
        let Copies { found, needed } = copies;
        if found < needed {
            self.fail(Broken::Undurable(format!(
                "{name} was promised with {found} copies, it takes {needed}"
            )));
        }
        self.promises.entry(name).or_insert(at);
    }
}
