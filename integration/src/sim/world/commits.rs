//! Commits: all writes of a step or none, and what a disk may do in between.

use super::*;
use crate::sim::fault::{Fault, Stage};
use ct::hash::Name;

/// What becomes of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is done.
    Done,
    /// It is done after so many milliseconds.
    Slow(u64),
    /// The node crashes; the writes are lost.
    Lost,
    /// The node crashes; the writes are durable, and nobody knows.
    Persisted,
}

impl Fate {
    pub const fn writes(self) -> bool {
        !matches!(self, Self::Lost)
    }
}

/// What happens seldom crashes more often, or it would hardly ever.
const fn weight(stage: Stage) -> u32 {
    match stage {
        Stage::Promise => 1,
        Stage::Collect | Stage::Order | Stage::BackUp => 2,
        _ => 6,
    }
}

/// What a node does after a commit.
#[derive(Debug)]
pub(in crate::sim) enum Acts {
    Merge(Vec<merge::message::Act>),
    Storage(Vec<Name>, Vec<storage::machine::Act>),
    Frontend(Vec<copy::Act>),
    Signer(Vec<signer::machine::Act>),
}

impl World {
    /// Decides what becomes of a commit.
    pub(super) fn fate(&mut self, node: &NodeName, stage: Stage) -> Fate {
        let Some(body) = self.body(node).filter(|_| self.stormy) else { return Fate::Done };
        if body.full > self.now {
            self.hit(Fault::DiskFull, node, stage);
            self.crash(node);
            return Fate::Lost;
        }
        if self.chance(self.options.crash * weight(stage)) {
            let (fate, fault) = if self.rng.bool() {
                (Fate::Persisted, Fault::CrashPersisted)
            } else {
                (Fate::Lost, Fault::CrashLost)
            };
            self.hit(fault, node, stage);
            self.crash(node);
            self.faults.crashes += 1;
            return fate;
        }
        if body.slow > self.now {
            self.hit(Fault::SlowDisk, node, stage);
            let delay = self.rng.u64(50..500);
            let until = self.now + delay;
            self.change_body(node, |body| body.busy = body.busy.max(until));
            return Fate::Slow(delay);
        }
        Fate::Done
    }

    fn crash(&mut self, node: &NodeName) {
        self.kill(node);
        let delay = self.rng.u64(50..3000);
        self.at(delay, Happening::Restart(node.clone()));
    }

    /// Performs what is to be done after a commit, at once, late, or never.
    pub(super) fn finish(&mut self, node: &NodeName, fate: Fate, acts: Acts, origin: Origin) {
        match fate {
            Fate::Done => self.act(node, acts, origin),
            Fate::Slow(delay) => {
                let epoch = self.body(node).map_or(0, |body| body.epoch);
                self.at(delay, Happening::Act(node.clone(), epoch, Box::new(acts), origin));
            }
            Fate::Lost | Fate::Persisted => self.never(node, acts, origin),
        }
    }

    pub(super) fn act_late(&mut self, node: &NodeName, epoch: u64, acts: Acts, origin: Origin) {
        let same = self.runs(node) && self.body(node).is_some_and(|body| body.epoch == epoch);
        if same { self.act(node, acts, origin) } else { self.never(node, acts, origin) }
    }

    fn act(&mut self, node: &NodeName, acts: Acts, origin: Origin) {
        match acts {
            Acts::Merge(acts) => self.act_merge(node, acts, origin),
            Acts::Storage(names, acts) => self.act_storage(node, &names, acts, &origin),
            Acts::Frontend(acts) => self.act_frontend(node, acts, &origin),
            Acts::Signer(acts) => self.act_signer(acts, &origin),
        }
    }

    /// Whoever waits for a node that crashed learns by a deadline that nothing comes.
    fn never(&mut self, node: &NodeName, acts: Acts, origin: Origin) {
        if let Acts::Storage(names, _) = acts
            && let Origin::Submission { .. } = origin
        {
            for name in names {
                let event = frontend::promise::Event::NotStored(node.clone(), name, "deadline".to_owned());
                self.at(TIMEOUT, Happening::Return(origin.clone(), Box::new(Reply::Submission(event))));
            }
        }
        self.unanswered(origin);
    }
}
