//! The repair process: its calls out, their outcomes back.

use super::*;
use crate::sim::repair::{self, repair_name};
use merge_repair::machine;

/// Of a thousand writes of the repair process, at how many it crashes: it writes seldom.
const CRASH: u32 = 250;

impl World {
    /// Mixes a number into the digest of the history.
    pub(in crate::sim) fn trace(&mut self, value: u64) {
        self.trace = mix(self.trace, value);
    }

    /// Decides whether the repair process crashes at a commit: `Some(true)` after it, `Some(false)` before.
    pub(in crate::sim) fn crash_repair(&mut self) -> Option<bool> {
        if self.options.crash == 0 || !self.chance(CRASH) {
            return None;
        }
        self.repair.machine = None;
        self.faults.repair_crashes += 1;
        let delay = self.rng.u64(50..3000);
        self.at(delay, Happening::Restart(repair_name()));
        Some(self.rng.bool())
    }

    pub(in crate::sim) fn send_repair(&mut self, to: NodeName, call: CallId, what: machine::Call) {
        let origin = Origin::Repair { epoch: self.repair.epoch, call };
        let message = match what {
            machine::Call::Stop(term, run) => Message::Stop(term, run),
            machine::Call::Start(term) => Message::Start(term),
            machine::Call::Release(term, run) => Message::Release(term, run),
            machine::Call::SetPrimary(certificate) => Message::Call(Call::SetPrimary(certificate)),
        };
        self.send(to, origin, message);
    }

    /// What a call of repair's brought, in its own words.
    pub(super) fn return_to_repair(&mut self, epoch: u64, call: CallId, reply: Reply) {
        use merge_repair::machine::{CallFailure as Failure, Returned as Brought};
        let outcome = match reply {
            Reply::Stopped(stopped) => Ok(Brought::Stopped(stopped)),
            Reply::Released(release) => Ok(Brought::Released(release)),
            Reply::Primary(Ok(_)) => Ok(Brought::Done),
            Reply::Primary(Err(CallFailure::Refused(refusal))) => Err(Failure::Refused(refusal)),
            Reply::Primary(Err(CallFailure::Failed(why))) => Err(Failure::Failed(why)),
            Reply::Submission(_) => return,
        };
        if self.repair.epoch == epoch {
            repair::step(self, machine::Event::Returned(call, outcome));
        }
    }
}
