//! A storage node's `start` never passes an entry that is not below a signed head which min(2, F) frontends hold, except
//! one that is dated so far ahead that nobody may order it yet.

use super::{Broken, Checker};
use ct::entry::StoredEntry;
use ct::index::TreeSize;
use ct::time::Timestamp;
use std::time::Duration;

impl Checker {
    /// A storage node takes these entries for published. `held` are the sizes that the frontends hold.
    pub fn passed<'a>(
        &mut self,
        entries: impl Iterator<Item = &'a StoredEntry>,
        held: impl Iterator<Item = TreeSize>,
        now: Timestamp,
    ) {
        let mut held: Vec<usize> = held.map(TreeSize::as_usize).collect();
        held.sort_unstable_by(|a, b| b.cmp(a));
        let enough = held.len().min(2);
        let size = enough.checked_sub(1).and_then(|last| held.get(last).copied()).unwrap_or_default();
        let waits = |entry: &&StoredEntry| entry.timestamp() > now.plus(Duration::from_secs(3600));
        for entry in entries.filter(|entry| !waits(entry)) {
            let name = entry.name();
            match self.canonical.index.get(&name) {
                None => self.fail(Broken::Passed(format!("{name} is under no signed head"))),
                Some(index) if *index >= size => {
                    let how = format!("{name}, at {index}, is held by fewer than {enough} frontends");
                    self.fail(Broken::Passed(how));
                }
                Some(_) => {}
            }
        }
    }
}
