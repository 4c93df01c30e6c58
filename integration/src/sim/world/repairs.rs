//! The repair process: its calls out, their outcomes back.

use super::*;
use crate::sim::fault::{Fault, Stage};
use crate::sim::repair;
use merge::message::{CallFailure, CallId};
use merge_repair::machine;

/// Of a thousand writes of the repair process, at how many it crashes: it writes seldom.
const CRASH: u32 = 250;

impl World {
    /// Decides whether the repair process crashes at a commit: `Some(true)` after it, `Some(false)` before.
    pub(in crate::sim) fn crash_repair(&mut self, node: &NodeName) -> Option<bool> {
        if self.options.crash == 0 || !self.chance(CRASH) {
            return None;
        }
        if let Some(process) = self.repairs.get_mut(node) {
            process.machine = None;
        }
        let persisted = self.rng.bool();
        let fault = if persisted { Fault::CrashPersisted } else { Fault::CrashLost };
        self.hit(fault, node, Stage::Terms);
        self.faults.repair_crashes += 1;
        let delay = self.rng.u64(50..3000);
        self.at(delay, Happening::Restart(node.clone()));
        Some(persisted)
    }

    /// A run of repair begins: what the primary is busy with at this moment is what it interrupts.
    pub(in crate::sim) fn repair_begins(&mut self, node: &NodeName) {
        self.faults.repairs += 1;
        let (primary, stage) = (self.newest.body.primary.clone(), self.stage);
        self.hit(Fault::Repair, &primary, stage);
        let under_way = |run: &merge_repair::run::Run| run.outcome().is_none();
        let others = self.repairs.iter().filter(|(other, _)| *other != node);
        if others.filter_map(|(_, process)| process.disk.as_ref()).any(under_way) {
            self.hit(Fault::TwoRepairs, node, Stage::Terms);
        }
    }

    pub(in crate::sim) fn send_repair(
        &mut self,
        node: &NodeName,
        to: NodeName,
        call: CallId,
        what: machine::Call,
    ) {
        let origin = Origin::Repair { node: node.clone(), epoch: self.repairs[node].body.epoch, call };
        let message = match what {
            machine::Call::Stop(term, run) => Message::Stop(term, run),
            machine::Call::Start(term) => Message::Start(term),
            machine::Call::Release(term, run) => Message::Release(term, run),
            machine::Call::GetCertificate => Message::GetCertificate,
            machine::Call::SetPrimary(certificate) => Message::Call(Call::SetPrimary(certificate)),
        };
        self.send(to, origin, message);
    }

    /// What a call of repair's brought, in its own words.
    pub(super) fn return_to_repair(&mut self, node: &NodeName, epoch: u64, call: CallId, reply: Reply) {
        use merge_repair::machine::{CallFailure as Failure, Returned as Brought};
        let outcome = match reply {
            Reply::Stopped(stopped) => Ok(Brought::Stopped(stopped)),
            Reply::Released(release) => Ok(Brought::Released(release)),
            Reply::Certificate(certificate) => Ok(Brought::Certificate(certificate)),
            Reply::Primary(Ok(_)) => Ok(Brought::Done),
            Reply::Primary(Err(CallFailure::Refused(refusal))) => Err(Failure::Refused(refusal)),
            Reply::Primary(Err(CallFailure::Failed(why))) => Err(Failure::Failed(why)),
            Reply::Submission(_) => return,
        };
        if self.repairs[node].body.epoch == epoch {
            repair::step(self, node, machine::Event::Returned(call, outcome));
        }
    }
}
