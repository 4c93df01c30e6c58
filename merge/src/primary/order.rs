//! Ordering: by time, then by name; what is not due yet waits (docs/protocol.md, O3, O4).

use crate::machine::Core;
use crate::message::{Alarm, Fx, Halt, Write};
use ct::entry::OrderedEntry;
use ct::hash::Name;
use ct::limits::MAX_CYCLE_ENTRIES;
use ct::order::{OrderKey, OrderRecord};
use ct::replica::{Placed, ReadBack, View};
use ct::time::Timestamp;
use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

/// Entries so far ahead of the primary's clock are ordered at once; later ones wait until they are due.
const LEEWAY: Duration = Duration::from_millis(250);

/// Entries that are held, durable, and not in the order.
#[derive(Debug)]
pub(crate) struct Pool {
    waiting: BTreeSet<OrderKey>,
    names: HashSet<Name>,
    /// Copies that turned out damaged: to be fetched again.
    pub(crate) damaged: BTreeSet<Name>,
    /// The greatest timestamp in the whole own log.
    newest: Timestamp,
}

impl Pool {
    pub(crate) fn begin(core: &Core, view: &impl View) -> Result<Self, Halt> {
        let mut newest = core.newest_entry;
        for record in view.records(core.accepted.head.size, view.len())? {
            if let ReadBack::Good(entry) = view.read_back(&record.name)? {
                newest = newest.max(entry.timestamp());
            }
        }
        Ok(Self { waiting: BTreeSet::new(), names: HashSet::new(), damaged: BTreeSet::new(), newest })
    }

    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }
    pub(crate) fn contains(&self, name: &Name) -> bool {
        self.names.contains(name)
    }
    pub(crate) fn add(&mut self, key: OrderKey) {
        self.names.insert(key.1);
        self.waiting.insert(key);
    }
    /// No head may be older than its newest entry.
    pub(crate) const fn newest(&self) -> Timestamp {
        self.newest
    }

    /// Appends what is due to the own log; true if anything was appended. The step ends with that, so nothing is offered
    /// to anybody before it is durable (docs/protocol.md, M7).
    pub(crate) fn order(
        &mut self,
        core: &Core,
        now: Timestamp,
        view: &impl View,
        fx: &mut Fx,
    ) -> Result<bool, Halt> {
        let due: Vec<OrderKey> = self
            .waiting
            .iter()
            .take_while(|(at, _)| *at <= now.plus(LEEWAY))
            .take(MAX_CYCLE_ENTRIES)
            .copied()
            .collect();
        let base = view.len();
        let mut append = Vec::with_capacity(due.len());
        for key in due {
            self.waiting.remove(&key);
            self.names.remove(&key.1);
            // Duplicates are dropped by name against the whole own log, its tail included (docs/protocol.md, O5).
            if view.index_of(&key.1)?.is_some() {
                continue;
            }
            let next = base.plus(append.len() as u64).next_index();
            match place(core, key.1, next, view)? {
                Ok(placed) => {
                    self.newest = self.newest.max(key.0);
                    append.push(placed);
                }
                Err(reason) => {
                    fx.write(Write::DropCopy(key.1));
                    super::alarm(fx, Alarm::BadCopy(key.1, reason));
                    self.damaged.insert(key.1);
                }
            }
        }
        let any = !append.is_empty();
        if any {
            fx.write(Write::Order { base, append });
        }
        Ok(any)
    }
}

fn place(
    core: &Core,
    name: Name,
    index: ct::index::LeafIndex,
    view: &impl View,
) -> Result<Result<Placed, String>, Halt> {
    let entry = match view.read_back(&name)? {
        ReadBack::Good(entry) => *entry,
        ReadBack::Bad(reason) => return Ok(Err(reason)),
        ReadBack::Absent => return Ok(Err("it is gone".to_owned())),
    };
    let Some(extra) = view.extra_hash(&entry)? else { return Ok(Err("its issuers are gone".to_owned())) };
    let leaf = OrderedEntry { index, entry }.leaf_hash(core.kind());
    Ok(Ok(Placed { record: OrderRecord { name, extra }, leaf }))
}
