//! Disks that are lost, and nodes that are made anew.

use super::*;

impl World {
    /// A signer by this name answers Status from now on. It does nothing else.
    pub fn expect_signer(&mut self, node: &NodeName) {
        self.spare_signers.push(node.clone());
    }

    /// A merge node's disk is replaced: its state is made anew, as `init-node` makes it, with the newest certificate and an
    /// incarnation that nobody knows.
    pub fn wipe_merge(&mut self, node: &NodeName) {
        self.kill(node);
        let incarnation = Incarnation::new(self.rng.u128(..).to_be_bytes());
        let guard = Guard::new(self.trust.clone(), self.newest.clone());
        let Some(process) = self.merges.get_mut(node) else { return };
        process.guard = guard.clone();
        process.disk = MergeDisk {
            log: LogDisk::default(),
            durable: merge::machine::Durable {
                incarnation,
                guard,
                stopped: None,
                accepted: AcceptedHead::NONE,
                newest_entry: Timestamp::EPOCH,
                newest_sth: None,
                endorsed: BTreeMap::new(),
            },
        };
        self.start(node);
    }

    /// What is on a merge node's disk now, for [`World::put_back`].
    pub fn snapshot(&self, node: &NodeName) -> MergeDisk {
        self.merges[node].disk.clone()
    }

    /// A merge node's disk is put back from an older copy.
    pub fn put_back(&mut self, node: &NodeName, copy: MergeDisk) {
        self.kill(node);
        if let Some(process) = self.merges.get_mut(node) {
            process.disk = copy;
        }
        self.start(node);
    }
}
