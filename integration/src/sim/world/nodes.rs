//! Starting and killing nodes.

use super::*;
use crate::sim::repair::repair_name;
use ct::time::ClockBound;
use std::time::Duration;

impl World {
    pub(super) fn all_names(&self) -> Vec<NodeName> {
        let names = self.merges.keys().chain(self.storages.keys()).chain(self.frontends.keys());
        names.cloned().chain([signer_name()]).collect()
    }

    pub(super) fn start_all(&mut self) {
        for name in self.all_names() {
            self.start(&name);
        }
        for merge in self.merges.keys().cloned().collect::<Vec<_>>() {
            self.at(1, Happening::Tick(merge));
        }
        self.at(1, Happening::RepairTick);
    }

    pub(super) fn body(&self, node: &NodeName) -> Option<Body> {
        let merge = self.merges.get(node).map(|process| process.body);
        let storage = || self.storages.get(node).map(|process| process.body);
        let frontend = || self.frontends.get(node).map(|process| process.body);
        let repair = || self.repairs.get(node).map(|process| process.body);
        let signer = || (*node == signer_name()).then_some(self.signer.body);
        merge.or_else(storage).or_else(frontend).or_else(repair).or_else(signer)
    }

    pub(super) fn change_body(&mut self, node: &NodeName, change: impl FnOnce(&mut Body)) {
        if let Some(process) = self.merges.get_mut(node) {
            change(&mut process.body);
        } else if let Some(process) = self.storages.get_mut(node) {
            change(&mut process.body);
        } else if let Some(process) = self.frontends.get_mut(node) {
            change(&mut process.body);
        } else if *node == signer_name() {
            change(&mut self.signer.body);
        }
    }

    /// Whether a node runs; it may stand still nevertheless.
    pub fn runs(&self, node: &NodeName) -> bool {
        self.merges.get(node).is_some_and(|process| process.machine.is_some())
            || self.storages.get(node).is_some_and(|process| process.machine.is_some())
            || self.frontends.get(node).is_some_and(|process| process.machine.is_some())
            || (*node == signer_name() && self.signer.machine.is_some())
    }

    /// Whether a node runs and answers.
    pub(in crate::sim) fn answers(&self, node: &NodeName) -> bool {
        self.runs(node) && self.body(node).is_some_and(|body| body.busy <= self.now)
    }

    /// What a node's clock shows.
    pub(in crate::sim) fn clock(&self, node: &NodeName) -> Timestamp {
        self.body(node).map_or(Timestamp::from_millis(self.now), |body| body.clock.read(self.now))
    }

    /// Settings of a merge node.
    pub fn merge_settings(&self, me: &NodeName) -> merge::machine::Settings {
        merge::machine::Settings {
            me: me.clone(),
            key: self.keys[me].clone(),
            log_key: self.log_key.public().clone(),
            window: None,
            clock: ClockBound::DEFAULT,
            sth_interval: Duration::from_secs(2),
            publish_interval: Duration::from_millis(400),
            storage: self.storages.keys().cloned().collect(),
            storage_quorum: self.options.quorum,
            frontends: self.frontends.keys().cloned().collect(),
        }
    }

    /// Starts a node from its disk.
    pub fn start(&mut self, node: &NodeName) {
        if *node == repair_name(1) || *node == repair_name(2) {
            return crate::sim::repair::start(self, node);
        }
        self.note(format_args!("{node} starts"));
        self.change_body(node, |body| (body.epoch, body.busy) = (body.epoch + 1, 0));
        let started = if self.merges.contains_key(node) {
            self.start_merge(node)
        } else if self.storages.contains_key(node) {
            self.start_storage(node);
            Ok(())
        } else if self.frontends.contains_key(node) {
            self.start_frontend(node)
        } else {
            self.start_signer();
            Ok(())
        };
        if let Err(halt) = started {
            self.halt(node, halt);
        }
    }

    fn start_merge(&mut self, node: &NodeName) -> Result<(), String> {
        let settings = self.merge_settings(node);
        let Some(process) = self.merges.get_mut(node) else { return Ok(()) };
        let durable =
            merge::machine::Durable { guard: process.guard.clone(), ..process.disk.durable.clone() };
        let machine = merge::machine::Machine::recover(settings, durable, &process.disk.log);
        process.machine = Some(machine.map_err(|halt| halt.to_string())?);
        Ok(())
    }

    fn start_storage(&mut self, node: &NodeName) {
        let log_key = self.log_key.public().clone();
        let Some(process) = self.storages.get_mut(node) else { return };
        let settings =
            storage::machine::Settings { clock: ClockBound::DEFAULT, backlog_limit: 10_000, log_key };
        let unmerged = process.disk.entries[process.disk.start.as_usize()..].iter();
        let durable = storage::machine::Durable {
            incarnation: process.disk.incarnation,
            completeness: process.disk.completeness,
            guard: process.guard.clone(),
            start: process.disk.start,
            unmerged: unmerged
                .map(|entry| storage::machine::Unmerged {
                    name: entry.name(),
                    identity: entry.identity(),
                    timestamp: entry.timestamp(),
                })
                .collect(),
        };
        process.machine = Some(storage::machine::Machine::recover(settings, durable));
    }

    fn start_frontend(&mut self, node: &NodeName) -> Result<(), String> {
        let settings = copy::Settings { log_key: self.log_key.public().clone(), clock: ClockBound::DEFAULT };
        let Some(process) = self.frontends.get_mut(node) else { return Ok(()) };
        let disk = &process.disk;
        let (guard, held, published) = (process.guard.clone(), disk.held.clone(), disk.published.clone());
        let machine = copy::Copy::recover(settings, copy::Durable { guard, held, published }, &disk.log);
        process.machine = Some(machine.map_err(|halt| halt.to_string())?);
        Ok(())
    }

    fn start_signer(&mut self) {
        let SignerDisk { memory, fork, released } = self.signer.disk.clone();
        let guard = self.signer.guard.clone();
        let durable = signer::machine::Durable { guard, memory, fork, released };
        let settings = signer::machine::Settings {
            me: signer_name(),
            clock: ClockBound::DEFAULT,
            log_key: self.log_key.public().clone(),
        };
        self.signer.machine = Some(signer::machine::Machine::recover(settings, durable));
    }

    /// Kills a node: what was not committed is lost, and so are all answers to it.
    pub fn kill(&mut self, node: &NodeName) {
        self.note(format_args!("{node} dies"));
        if let Some(process) = self.merges.get_mut(node) {
            process.machine = None;
        } else if let Some(process) = self.storages.get_mut(node) {
            process.machine = None;
        } else if let Some(process) = self.frontends.get_mut(node) {
            process.machine = None;
            self.submissions.retain(|(frontend, _), _| frontend != node);
        } else {
            self.signer.machine = None;
        }
    }
}
