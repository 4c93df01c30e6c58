//! Weather: spells of faults that last for a while, the clients that submit in them, and the person who asks for repairs.

use super::*;
use crate::sim::fault::{Fault, Stage};
use crate::sim::repair::repair_name;
use ct::hash::Name;
use ct::wire::storage::Completeness;

/// How far a clock may be off without anybody minding: two such clocks are less than the bound apart.
const WITHIN: i64 = 450;

impl World {
    /// Begins a life that goes on until it is healed: clients, weather, and a person.
    pub fn live(&mut self) {
        self.at(1, Happening::Client);
        self.at(500, Happening::Spell);
        let delay = self.rng.u64(1_000..4_000);
        self.at(delay, Happening::Person);
    }

    pub(super) fn client(&mut self) {
        if !self.stormy {
            return;
        }
        let again = self.certificates > 0 && self.rng.u32(0..8) == 0;
        let number = if again { self.rng.u64(0..self.certificates) } else { self.certificates };
        self.certificates += u64::from(!again);
        self.submit(number);
        let delay = self.rng.u64(15..120);
        self.at(delay, Happening::Client);
    }

    /// Asks for repairs, at whatever moment it is; sometimes of both processes, sometimes while the primary stands still.
    pub(super) fn person(&mut self) {
        if !self.stormy || self.options.spells == 0 {
            return;
        }
        let primary = self.newest.body.primary.clone();
        if self.rng.u32(0..3) == 0 {
            let span = self.rng.u64(2_000..6_000);
            self.pause(&primary, span);
        }
        let first = repair_name(1 + self.rng.usize(0..2));
        let second = if first == repair_name(1) { repair_name(2) } else { repair_name(1) };
        let delay = self.rng.u64(0..400);
        self.at(delay, Happening::Repair(first));
        if self.rng.u32(0..3) == 0 {
            let delay = self.rng.u64(0..1_000);
            self.at(delay, Happening::Repair(second));
        }
        let delay = self.rng.u64(1_500..6_000);
        self.at(delay, Happening::Person);
    }

    /// One more thing goes wrong.
    pub(super) fn spell(&mut self) {
        if !self.stormy || self.options.spells == 0 {
            return;
        }
        let delay = self.rng.u64(1..2 * self.options.spells);
        self.at(delay, Happening::Spell);
        let names = self.all_names();
        let node = self.one_of(&names);
        match self.rng.u32(0..18) {
            0..=2 => {
                let until = self.now + self.rng.u64(300..2_500);
                self.note(format_args!("the disk of {node} is full"));
                self.change_body(&node, |body| body.full = until);
            }
            3 | 4 => {
                let until = self.now + self.rng.u64(500..4_000);
                self.note(format_args!("the disk of {node} is slow"));
                self.change_body(&node, |body| body.slow = until);
            }
            5 | 6 => self.flip(&node),
            7 | 8 => self.part(&node, &names),
            9 => self.isolate(&node, &names),
            10 => self.step_clock(&node),
            11 => self.step_clock_far(&node),
            12 => self.drift(&node),
            13 | 14 => {
                let span = self.rng.u64(300..4_000);
                self.pause(&node, span);
            }
            15 => self.mislead(),
            16 => self.lose_disk(),
            _ => {
                if self.runs(&node) {
                    self.kill(&node);
                    let delay = self.rng.u64(50..3_000);
                    self.at(delay, Happening::Restart(node));
                }
            }
        }
    }

    fn one_of<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.rng.usize(0..of.len())].clone()
    }

    fn pause(&mut self, node: &NodeName, span: u64) {
        self.note(format_args!("{node} stands still for {span} ms"));
        let until = self.now + span;
        self.change_body(node, |body| body.busy = body.busy.max(until));
    }

    /// One node does not hear another one; the other way nothing changes.
    fn part(&mut self, to: &NodeName, names: &[NodeName]) {
        let from = self.one_of(names);
        let until = self.now + self.rng.u64(300..4_000);
        if from != *to {
            self.note(format_args!("{to} does not hear {from}"));
            self.parted.insert((from, to.clone()), until);
        }
    }

    fn isolate(&mut self, node: &NodeName, names: &[NodeName]) {
        let until = self.now + self.rng.u64(300..3_000);
        self.note(format_args!("{node} is alone"));
        let others = names.iter().filter(|other| *other != node).cloned();
        for other in others.chain([repair_name(1), repair_name(2)]) {
            self.parted.insert((node.clone(), other.clone()), until);
            self.parted.insert((other, node.clone()), until);
        }
    }

    fn set_clock(&mut self, node: &NodeName, clock: Clock, span: u64) {
        self.note(format_args!("the clock of {node} shows {}", clock.read(self.now)));
        self.change_body(node, |body| body.clock = clock);
        self.at(span, Happening::Clock(node.clone()));
    }

    /// Sets a node's clock so many milliseconds off the true time.
    pub fn set_clock_off(&mut self, node: &NodeName, offset: i64) {
        self.change_body(node, |body| body.clock = Clock::off_by(offset));
    }

    pub(super) fn set_clock_right(&mut self, node: &NodeName) {
        let skew = self.options.skew;
        let clock = Clock::off_by(if skew == 0 { 0 } else { self.rng.i64(-skew..=skew) });
        self.note(format_args!("the clock of {node} is set right"));
        self.change_body(node, |body| body.clock = clock);
    }

    fn step_clock(&mut self, node: &NodeName) {
        let offset = self.rng.i64(-WITHIN..=WITHIN);
        let fault = if offset > 0 { Fault::ClockAhead } else { Fault::ClockBack };
        let span = self.rng.u64(500..5_000);
        self.set_clock(node, Clock::stepped(offset, fault), span);
    }

    /// Far beyond what others accept; one node at a time, for two such clocks could agree: also by what the one said and the other
    /// hears late.
    fn step_clock_far(&mut self, node: &NodeName) {
        let late = |other: &NodeName| {
            let from = |happening: &Happening| match happening {
                Happening::Deliver(_, origin @ Origin::Late(_), _) => origin.caller() == *other,
                _ => false,
            };
            self.queue.values().any(from)
        };
        let is_over = |(other, until): (&NodeName, &u64)| {
            *until + TIMEOUT <= self.now && (other == node || !late(other))
        };
        if !self.far.iter().all(is_over) {
            return;
        }
        let offset = self.rng.i64(1_500..1_500_000);
        let span = self.rng.u64(500..4_000);
        self.far.insert(node.clone(), self.now + span);
        let clock = if self.rng.bool() {
            Clock::stepped(offset, Fault::ClockFarAhead)
        } else {
            Clock::stepped(-offset, Fault::ClockFarBack)
        };
        self.set_clock(node, clock, span);
    }

    fn drift(&mut self, node: &NodeName) {
        // At most WITHIN milliseconds in eight seconds.
        let per_million = self.rng.i64(10_000..WITHIN * 1_000_000 / 8_000);
        let span = self.rng.u64(2_000..8_000);
        let clock = if self.rng.bool() {
            Clock::drifting(self.now, per_million, Fault::ClockFast)
        } else {
            Clock::drifting(self.now, -per_million, Fault::ClockSlow)
        };
        self.set_clock(node, clock, span);
    }

    fn mislead(&mut self) {
        let names: Vec<_> = self.frontends.keys().cloned().collect();
        let frontend = self.one_of(&names);
        let quorum = if self.rng.bool() { self.options.quorum - 1 } else { self.options.quorum + 1 };
        let until = self.now + self.rng.u64(500..3_000);
        self.note(format_args!("{frontend} counts with k = {quorum}"));
        self.misled.insert(frontend, (quorum, until));
    }

    /// How many storage nodes besides this one have a good copy.
    fn copies_elsewhere(&self, node: &NodeName, name: &Name) -> usize {
        self.storages.iter().filter(|(other, process)| *other != node && process.disk.has_good(name)).count()
    }

    /// A bit flips at rest, in a copy that is not the last good one.
    fn flip(&mut self, node: &NodeName) {
        if let Some(process) = self.storages.get(node) {
            let unpublished = process.disk.entries[process.disk.start.as_usize()..].iter();
            let names: Vec<Name> = unpublished.map(ct::entry::StoredEntry::name).collect();
            let last = |name: &Name| self.copies_elsewhere(node, name) == 0;
            let names: Vec<_> = names.into_iter().filter(|name| !last(name)).collect();
            if names.is_empty() {
                return;
            }
            let name = self.one_of(&names);
            self.damaged(node, &name, Stage::Promise);
            if let Some(process) = self.storages.get_mut(node) {
                process.disk.damaged.insert(name);
            }
            return;
        }
        let log = match (self.merges.get(node), self.frontends.get(node)) {
            (Some(process), _) => &process.disk.log,
            (_, Some(process)) => &process.disk.log,
            _ => return,
        };
        // Copies that are new: old ones are a matter for a scrub.
        let staged = log.copies.keys().filter(|name| log.index_of_name(name).is_none());
        let names: Vec<Name> = staged.copied().collect();
        if names.is_empty() {
            return;
        }
        let name = self.one_of(&names);
        let stage = match self.merges.contains_key(node) {
            true if self.newest.body.primary == *node => Stage::Collect,
            true => Stage::BackUp,
            false => Stage::Distribute,
        };
        self.damaged(node, &name, stage);
        if let Some(process) = self.merges.get_mut(node) {
            process.disk.log.damaged.insert(name);
        } else if let Some(process) = self.frontends.get_mut(node) {
            process.disk.log.damaged.insert(name);
        }
    }

    pub(super) fn damaged(&mut self, node: &NodeName, name: &Name, stage: Stage) {
        self.faults.damaged += 1;
        self.hit(Fault::BitFlip, node, stage);
        self.note(format_args!("{node} has a damaged copy of {}", crate::sim::words::short(name)));
    }

    /// A disk is replaced, or, but for a signer's, comes back from a snapshot.
    fn lose_disk(&mut self) {
        let frontends: Vec<_> = self.frontends.keys().cloned().collect();
        let storages: Vec<_> = self.storages.keys().cloned().collect();
        let merges: Vec<_> = self.merges.keys().cloned().collect();
        match self.rng.u32(0..10) {
            0 | 1 => {
                let node = self.one_of(&frontends);
                self.lose_frontend(&node);
            }
            2 | 3 => {
                let node = self.one_of(&storages);
                self.lose_list(&node);
            }
            4 => self.lose_signer(),
            _ => {
                let node = self.one_of(&merges);
                self.lose_merge(&node);
            }
        }
    }

    /// It is replaced; or copies are made of all but the primary's, and put back as soon as that is borne.
    fn lose_merge(&mut self, node: &NodeName) {
        if self.rng.u32(0..3) != 0 {
            let primary = self.newest.body.primary.clone();
            let others = self.merges.keys().filter(|other| **other != primary).cloned();
            for other in others.collect::<Vec<_>>() {
                let (copy, delay) = (Box::new(self.snapshot(&other)), self.rng.u64(100..1_000));
                self.at(delay, Happening::PutBack(other, copy));
            }
            return;
        }
        if !self.bears_a_loss_of(node) {
            return;
        }
        self.hit(Fault::Wiped, node, Stage::Terms);
        self.wipe_merge(node);
    }

    /// A person has it go on from what nodes show, some time later; before anything is shown there is nothing to go on from.
    fn lose_signer(&mut self) {
        let SignerDisk { memory, fork, .. } = &self.signer.disk;
        if memory.is_none() || fork.is_some() || self.newest_known().is_none() {
            return;
        }
        let node = signer_name();
        self.hit(Fault::Wiped, &node, Stage::Sign);
        self.kill(&node);
        self.signer.disk = SignerDisk::default();
        let delay = self.rng.u64(100..2_000);
        self.at(delay, Happening::MakeSigner);
    }

    fn lose_frontend(&mut self, node: &NodeName) {
        let Some(process) = self.frontends.get(node) else { return };
        let ever_held = process.disk.ever_held.clone();
        let back = if self.rng.bool() || ever_held.is_empty() { None } else { Some(self.one_of(&ever_held)) };
        let fault = if back.is_some() { Fault::RolledBack } else { Fault::Wiped };
        self.hit(fault, node, Stage::Distribute);
        self.kill(node);
        let founding = Guard::new(self.trust.clone(), self.founding.clone());
        let Some(process) = self.frontends.get_mut(node) else { return };
        let held = process.disk.held.take().map(|sth| sth.head.timestamp);
        match back.filter(|sth| held.is_some_and(|held| sth.head.timestamp <= held)) {
            Some(sth) => {
                let shown = process.disk.published.take();
                let size = sth.head.tree_size;
                process.disk.published = shown.filter(|shown| shown.head.timestamp <= sth.head.timestamp);
                process.disk.held = Some(sth);
                process.disk.log.order(size, Vec::new());
            }
            None => {
                process.disk = FrontendDisk { ever_held, ..FrontendDisk::default() };
                process.guard = founding;
            }
        }
        let delay = self.rng.u64(100..2_000);
        self.at(delay, Happening::Restart(node.clone()));
    }

    fn lose_list(&mut self, node: &NodeName) {
        let Some(process) = self.storages.get(node) else { return };
        let recovering = |other: &&Process<_, ListDisk>| other.disk.completeness == Completeness::Recovering;
        if self.storages.values().filter(recovering).count() + 1 >= self.options.quorum {
            return;
        }
        let length = if self.rng.bool() { 0 } else { self.rng.usize(0..=process.disk.entries.len()) };
        let lost: Vec<Name> =
            process.disk.entries[length..].iter().map(ct::entry::StoredEntry::name).collect();
        // What is acknowledged and not yet signed must be somewhere else: that is what k is for.
        let last =
            |name: &Name| !self.check.canonical.contains(name) && self.copies_elsewhere(node, name) == 0;
        if lost.iter().any(last) {
            return;
        }
        let fault = if length == 0 { Fault::Wiped } else { Fault::RolledBack };
        self.hit(fault, node, Stage::Promise);
        self.kill(node);
        let founding = Guard::new(self.trust.clone(), self.founding.clone());
        let incarnation = Incarnation::new(self.rng.u128(..).to_be_bytes());
        let Some(process) = self.storages.get_mut(node) else { return };
        process.disk.cut(length, incarnation);
        process.disk.completeness = Completeness::Recovering;
        if length == 0 {
            process.guard = founding;
        }
        self.at(500, Happening::Refill(node.clone()));
        let delay = self.rng.u64(100..2_000);
        self.at(delay, Happening::Restart(node.clone()));
    }
}
