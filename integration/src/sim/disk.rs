//! Simulated disks: what the writes of the machines leave behind. A commit is all or nothing.

use ct::entry::{StoredEntry, extra_hash};
use ct::hash::{ExtraHash, Fingerprint, Name, NodeHash, sha256};
use ct::index::{LeafIndex, Position, TreeSize};
use ct::merkle::plan;
use ct::order::{BothTrees, OrderRecord};
use ct::replica::{DiskFault, Placed, ReadBack, View};
use ct::sct::DigitallySigned;
use ct::term::Incarnation;
use ct::wire::storage::Completeness;
use std::collections::BTreeMap;

/// The log of a merge node or frontend.
#[derive(Debug, Clone)]
pub struct LogDisk {
    /// Copies of entries, by name.
    pub copies: BTreeMap<Name, StoredEntry>,
    /// Names of copies that were damaged at rest.
    pub damaged: std::collections::BTreeSet<Name>,
    issuers: BTreeMap<Fingerprint, Vec<u8>>,
    /// The order.
    pub order: Vec<Placed>,
    index: BTreeMap<Name, LeafIndex>,
    trees: Vec<BothTrees>,
}

impl Default for LogDisk {
    fn default() -> Self {
        Self {
            copies: BTreeMap::new(),
            damaged: std::collections::BTreeSet::new(),
            issuers: BTreeMap::new(),
            order: Vec::new(),
            index: BTreeMap::new(),
            trees: vec![BothTrees::empty()],
        }
    }
}

impl LogDisk {
    /// Keeps copies and issuers.
    pub fn keep(&mut self, batch: ct::wire::EntryBatch) {
        for issuer in batch.issuers {
            self.issuers.insert(Fingerprint::new(sha256(&[&issuer])), issuer);
        }
        for entry in batch.entries {
            self.copies.entry(entry.name()).or_insert(entry);
        }
    }

    /// Throws a copy away.
    pub fn drop_copy(&mut self, name: &Name) {
        self.copies.remove(name);
        self.damaged.remove(name);
    }

    /// Cuts the order at `base` and goes on with `append`; the index is cut with it.
    pub fn order(&mut self, base: TreeSize, append: Vec<Placed>) {
        for cut in self.order.drain(base.as_usize()..) {
            self.index.remove(&cut.record.name);
        }
        self.trees.truncate(base.as_usize() + 1);
        for placed in append {
            let mut trees = self.trees[self.order.len()].clone();
            trees.append(&placed.record, placed.leaf);
            self.trees.push(trees);
            self.index.entry(placed.record.name).or_insert(LeafIndex::of(self.order.len()));
            self.order.push(placed);
        }
    }

    /// The issuer certificate of a fingerprint.
    pub fn issuer(&self, fingerprint: &Fingerprint) -> Option<Vec<u8>> {
        self.issuers.get(fingerprint).cloned()
    }

    /// Where the order has a name.
    pub fn index_of_name(&self, name: &Name) -> Option<LeafIndex> {
        self.index.get(name).copied()
    }
}

impl View for LogDisk {
    fn len(&self) -> TreeSize {
        TreeSize::of(self.order.len())
    }
    fn trees_at(&self, size: TreeSize) -> Result<BothTrees, DiskFault> {
        self.trees.get(size.as_usize()).cloned().ok_or_else(|| DiskFault(format!("no tree of size {size}")))
    }
    fn records(&self, from: TreeSize, to: TreeSize) -> Result<Vec<OrderRecord>, DiskFault> {
        Ok(self.order[from.as_usize()..to.as_usize()].iter().map(|placed| placed.record).collect())
    }
    fn index_of(&self, name: &Name) -> Result<Option<LeafIndex>, DiskFault> {
        Ok(self.index.get(name).copied())
    }
    fn missing(&self, names: &[Name]) -> Result<Vec<Name>, DiskFault> {
        Ok(names.iter().filter(|name| !self.copies.contains_key(*name)).copied().collect())
    }
    fn read_back(&self, name: &Name) -> Result<ReadBack, DiskFault> {
        if self.damaged.contains(name) {
            return Ok(ReadBack::Bad("checksum".to_owned()));
        }
        Ok(match self.copies.get(name) {
            Some(entry) => ReadBack::Good(Box::new(entry.clone())),
            None => ReadBack::Absent,
        })
    }
    fn missing_issuers(&self, issuers: &[Fingerprint]) -> Result<Vec<Fingerprint>, DiskFault> {
        Ok(issuers.iter().filter(|issuer| !self.issuers.contains_key(*issuer)).copied().collect())
    }
    fn extra_hash(&self, entry: &StoredEntry) -> Result<Option<ExtraHash>, DiskFault> {
        let issuers: Option<Vec<_>> = entry.chain().iter().map(|f| self.issuers.get(f)).collect();
        let Some(issuers) = issuers else { return Ok(None) };
        let data = entry.extra_data(&issuers).map_err(|e| DiskFault(e.to_string()))?;
        Ok(Some(extra_hash(&data)))
    }
    fn consistency(&self, first: TreeSize, second: TreeSize) -> Result<Vec<NodeHash>, DiskFault> {
        let plan = plan::consistency(first, second).map_err(|e| DiskFault(e.to_string()))?;
        plan.finish(|id| {
            let (from, to) = ((id.index << id.level) as usize, ((id.index + 1) << id.level) as usize);
            let mut tree = ct::merkle::compact::Compact::empty();
            self.order[from..to].iter().for_each(|placed| tree.append(placed.leaf.into()));
            Ok(tree.root().into())
        })
    }
}

/// The list of a storage node.
#[derive(Debug, Clone)]
pub struct ListDisk {
    /// Which list.
    pub incarnation: Incarnation,
    /// Whether it has all that its node acknowledged.
    pub completeness: Completeness,
    /// Names of entries that were damaged at rest.
    pub damaged: std::collections::BTreeSet<Name>,
    /// Entries, by position.
    pub entries: Vec<StoredEntry>,
    /// SCTs, by position.
    pub scts: BTreeMap<Position, DigitallySigned>,
    issuers: BTreeMap<Fingerprint, Vec<u8>>,
    /// First unpublished position.
    pub start: Position,
}

impl Default for ListDisk {
    fn default() -> Self {
        Self {
            incarnation: Incarnation::new([200; 16]),
            completeness: Completeness::Whole,
            damaged: std::collections::BTreeSet::new(),
            entries: Vec::new(),
            scts: BTreeMap::new(),
            issuers: BTreeMap::new(),
            start: Position::ZERO,
        }
    }
}

impl ListDisk {
    /// Whether there is a copy of an entry that can be read.
    pub fn has_good(&self, name: &Name) -> bool {
        !self.damaged.contains(name) && self.entries.iter().any(|entry| entry.name() == *name)
    }

    /// Only the first entries are left, of what is another list now.
    pub fn cut(&mut self, length: usize, incarnation: Incarnation) {
        self.incarnation = incarnation;
        self.entries.truncate(length);
        self.scts.retain(|position, _| position.as_usize() < length);
        self.start = self.start.min(Position::of(length));
        let left: std::collections::BTreeSet<Name> = self.entries.iter().map(StoredEntry::name).collect();
        self.damaged.retain(|name| left.contains(name));
    }

    /// Applies one write.
    pub fn apply(&mut self, write: storage::machine::Write) {
        use storage::machine::Write;
        match write {
            Write::Issuer(der) => drop(self.issuers.insert(Fingerprint::new(sha256(&[&der])), der)),
            Write::Append(entry) => self.entries.push(*entry),
            Write::Sct(position, sct) => drop(self.scts.insert(position, sct)),
            Write::Start(position, _) => self.start = position,
            Write::List(incarnation, completeness) => {
                (self.incarnation, self.completeness) = (incarnation, completeness);
            }
            Write::Certificate(_) => {}
        }
    }
    /// Whether an issuer is held.
    pub fn holds_issuer(&self, fingerprint: &Fingerprint) -> bool {
        self.issuers.contains_key(fingerprint)
    }
    /// The issuer certificate of a fingerprint.
    pub fn issuer(&self, fingerprint: &Fingerprint) -> Option<Vec<u8>> {
        self.issuers.get(fingerprint).cloned()
    }
    /// The entry at a position, with its SCT if it is known; nothing, if it is damaged.
    pub fn get(&self, position: Position) -> Option<StoredEntry> {
        let entry = self.entries.get(position.as_usize())?.clone();
        if self.damaged.contains(&entry.name()) {
            return None;
        }
        Some(match self.scts.get(&position) {
            Some(sct) => entry.with_sct(sct.clone()),
            None => entry,
        })
    }
}
