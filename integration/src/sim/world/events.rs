//! Time: what is going to happen, and its happening.

use super::messages::role;
use super::*;
use crate::sim::words;
use merge::message::Event;

/// What is going to happen.
#[derive(Debug)]
pub(in crate::sim) enum Happening {
    Tick(NodeName),
    Deliver(NodeName, Origin, Box<Message>),
    Return(Origin, Box<Reply>),
    /// A slow commit has ended: what was to be done after it is done now, if the node still lives.
    Act(NodeName, u64, Box<super::commits::Acts>, Origin),
    Restart(NodeName),
    Submit(u64),
    /// A person asks this process for a repair.
    Repair(NodeName),
    RepairTick,
    /// A client of a living world submits, and goes on submitting.
    Client,
    /// Bad weather comes, and goes on coming.
    Spell,
    /// A person looks after a living world.
    Person,
    /// A person gives a merge node that lost its disk its vote back, and ends a stand-off of two repairs, if there is one.
    LookAfterMerges,
    /// A storage node that lost its list is filled from the others, if it can be.
    Refill(NodeName),
    /// The state of the signer that was lost is made anew.
    MakeSigner,
    /// A copy of a merge node's disk is put back.
    PutBack(NodeName, Box<MergeDisk>),
    /// A clock is set right.
    Clock(NodeName),
}

impl Happening {
    /// The node that this happens to: it waits while the node stands still.
    fn node(&self) -> Option<NodeName> {
        match self {
            Self::Tick(node) | Self::Deliver(node, ..) => Some(node.clone()),
            Self::Return(origin, _) => Some(origin.caller()),
            _ => None,
        }
    }
}

impl World {
    pub(super) fn at(&mut self, delay: u64, happening: Happening) {
        self.sequence += 1;
        self.queue.insert((self.now + delay, self.sequence), happening);
    }

    /// Goes on until `until` (milliseconds since the epoch), or until a property broke.
    pub fn run_until(&mut self, until: u64) {
        while self.check.broken.is_none() && self.next(until) {}
        self.now = self.now.max(until);
    }

    /// Goes on until so many events have happened, or a property broke.
    pub fn run_for_events(&mut self, events: u64) {
        while self.check.broken.is_none() && self.trace.count() < events && self.next(u64::MAX) {}
    }

    fn next(&mut self, until: u64) -> bool {
        let Some(entry) = self.queue.first_entry().filter(|entry| entry.key().0 <= until) else {
            return false;
        };
        self.now = entry.key().0;
        let happening = entry.remove();
        match happening.node().and_then(|node| self.body(&node)).filter(|body| body.busy > self.now) {
            Some(body) => self.wait(body.busy, happening),
            None => self.happen(happening),
        }
        true
    }

    /// A node that stands still gets to it later, when a caller may have given up.
    fn wait(&mut self, until: u64, happening: Happening) {
        let delay = until - self.now;
        match happening {
            Happening::Deliver(to, origin, message) if delay >= TIMEOUT => {
                self.hit(super::super::fault::Fault::Paused, &to, message.stage(role(&to)));
                self.lost(origin.clone(), &to, &message);
                self.at(delay, Happening::Deliver(to, origin.too_late(), message));
            }
            other => self.at(delay, other),
        }
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Tick(node) => {
                self.step_merge(&node, Event::Tick, Origin::Nobody, None);
                self.at(TICK, Happening::Tick(node));
            }
            Happening::Deliver(to, origin, message) => self.deliver(&to, origin, *message),
            Happening::Return(origin, reply) => self.return_to(origin, *reply),
            Happening::Act(node, epoch, acts, origin) => self.act_late(&node, epoch, *acts, origin),
            Happening::Restart(node) if self.runs(&node) => {}
            Happening::Restart(node) => self.start(&node),
            Happening::Submit(number) => self.submit(number),
            Happening::Repair(node) => crate::sim::repair::repair(self, &node),
            Happening::RepairTick => {
                crate::sim::repair::tick(self);
                self.at(TICK, Happening::RepairTick);
            }
            Happening::Client => self.client(),
            Happening::Spell => self.spell(),
            Happening::Person => self.person(),
            Happening::LookAfterMerges => self.look_after_merges(),
            Happening::Refill(node) => self.refill(&node),
            Happening::MakeSigner => self.make_signer(),
            Happening::PutBack(node, copy) => self.put_back_if_borne(&node, *copy),
            Happening::Clock(node) => self.set_clock_right(&node),
        }
    }

    fn deliver(&mut self, to: &NodeName, origin: Origin, message: Message) {
        let (from, stage) = (origin.caller(), message.stage(role(to)));
        // Polls go on all the time; what they bring is noted.
        if !matches!(message, Message::Call(merge::message::Call::Fetch(_))) {
            self.note(format_args!("{from} asks {to}: {}", words::message(&message)));
        }
        if let Some(wrong) = self.body(to).and_then(|body| body.clock.wrong) {
            self.hit(wrong, to, stage);
        }
        if message.term().is_some_and(|term| term < self.newest.term()) {
            self.hit(super::super::fault::Fault::OldPrimary, to, stage);
        }
        if self.merges.contains_key(to) {
            self.deliver_merge(to, origin, message);
        } else if self.storages.contains_key(to) {
            self.deliver_storage(to, origin, message);
        } else if self.frontends.contains_key(to) {
            self.deliver_frontend(to, origin, message);
        } else {
            self.deliver_signer(origin, message);
        }
    }

    fn return_to(&mut self, origin: Origin, reply: Reply) {
        match (origin, reply) {
            (Origin::Repair { node, epoch, call }, reply) => self.return_to_repair(&node, epoch, call, reply),
            (Origin::Primary { node, epoch, call }, Reply::Primary(outcome))
                if self.merges[&node].body.epoch == epoch =>
            {
                self.step_merge(&node, Event::Returned(call, outcome), Origin::Nobody, None);
            }
            (Origin::Submission { frontend, epoch, id }, Reply::Submission(event)) => {
                self.return_to_submission(&frontend, epoch, id, event);
            }
            _ => {}
        }
    }
}
