//! A merge node: its law is the machine's own; what it does as primary is offered to it in any order.

use super::cluster::{Cluster, batch, entries_of, entry, log_of, now, place};
use super::message::Proposed;
use crate::sim::disk::LogDisk;
use crate::sim::world::{BEGIN, MergeDisk};
use ct::index::{Term, TreeSize};
use ct::machine::Effects;
use ct::names::NodeName;
use ct::replica::View as _;
use ct::sth::Sth;
use ct::term::{
    Endorsement, Guard, Incarnation, Proposal, RunId, SignedProposal, SignedStopReply, TermCertificate,
};
use ct::time::Timestamp;
use ct::wire::Refusal;
use ct::wire::tree::{Publish, SendLog};
use merge::machine::Machine;
use merge::message::{Act, Answer, Event, Request, Write};

/// A machine that stopped for good, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Halted(pub String);

type Asked = Result<Vec<Result<Answer, Refusal>>, Halted>;

/// A merge node for one step: it begins from its disk.
pub struct MergeNode<'a> {
    pub cluster: &'a Cluster,
    pub me: usize,
    pub clock: usize,
    pub disk: MergeDisk,
}

impl MergeNode<'_> {
    fn name(&self) -> NodeName {
        self.cluster.merges[self.me].clone()
    }
    fn guard(&self) -> &Guard {
        &self.disk.durable.guard
    }

    /// Its machine answers requests, one after the other, each committed before the next.
    fn ask(&mut self, requests: Vec<(NodeName, Request)>) -> Asked {
        let halted = |halt: merge::message::Halt| Halted(halt.to_string());
        let (settings, durable) = (self.cluster.settings(self.me), self.disk.durable.clone());
        let mut machine = Machine::recover(settings, durable, &self.disk.log).map_err(halted)?;
        let mut answers = Vec::new();
        for (from, request) in requests {
            let mut fx = Effects::new();
            let event = Event::Request(0, from, request);
            machine = machine.step(now(self.clock), event, &self.disk.log, &mut fx).map_err(halted)?;
            fx.writes.into_iter().for_each(|write| self.disk.apply(write));
            answers.extend(fx.acts.into_iter().find_map(|act| match act {
                Act::Respond(_, response) => Some(response.map_err(|refusal| *refusal)),
                _ => None,
            }));
        }
        Ok(answers)
    }

    /// As primary: orders one more entry.
    pub fn order(&mut self) {
        let base = self.disk.log.len();
        let entry = entry(self.guard().term(), base.get());
        self.disk.apply(Write::Copies(batch(std::slice::from_ref(&entry))));
        let placed = place(&self.disk.log, &entry);
        self.disk.apply(Write::Order { base, append: vec![placed] });
    }

    /// As primary: asks for endorsements of all that it has, at a time later than any that it knows of.
    pub fn propose(&self) -> Proposed {
        let (durable, body) = (&self.disk.durable, &self.guard().certificate().body);
        let end = self.disk.log.len();
        let head = self.disk.log.trees_at(end).expect("a log has trees up to its end").head();
        let accepted = durable.accepted.request.as_ref().map(|request| request.proposal.head.timestamp);
        let published = durable.newest_sth.as_ref().map(|sth| sth.head.timestamp);
        let known = accepted.max(published).unwrap_or(Timestamp::from_millis(BEGIN));
        let timestamp = Timestamp::from_millis(known.millis() + 1).max(now(self.clock));
        let proposal = Proposal::of(body, head, timestamp);
        let request = SignedProposal::new(proposal, self.name(), self.cluster.key(self.me));
        Proposed { request, log: entries_of(&self.disk.log), newest: durable.newest_sth.clone() }
    }

    /// A primary brings it up to a proposed head and asks it to endorse that.
    pub fn endorse(&mut self, proposed: &Proposed) -> Result<Option<Endorsement>, Halted> {
        let Proposed { request, log, newest } = proposed;
        let from = request.primary.clone();
        let verify = (from.clone(), Request::VerifyRoot(Box::new(request.clone())));
        if from == self.name() {
            return self.ask(vec![verify]).map(endorsed);
        }
        let term = request.proposal.term;
        let log = &log_of(log);
        let base = self.common(log);
        let at = log.trees_at(base).expect("the common part is a part").head();
        let header = SendLog {
            term,
            start: base,
            root: at.root,
            internal_root: at.internal_root,
            sth: newest.clone(),
            consistency: None,
        };
        let records = log.records(base, log.len()).expect("so are its records");
        let entries = batch(&entries_of(log));
        let asked = self.ask(vec![
            (from.clone(), Request::SendLog(header, records)),
            (from, Request::SendEntry(term, entries)),
            verify,
        ]);
        asked.map(endorsed)
    }

    /// Up to where what it endorsed is a part of another log.
    fn common(&self, log: &LogDisk) -> TreeSize {
        let mine = &self.disk.log;
        let least = self.disk.durable.accepted.head.size.min(log.len());
        let same = |size: &TreeSize| {
            let heads = (mine.trees_at(*size), log.trees_at(*size));
            matches!(heads, (Ok(mine), Ok(theirs)) if mine.head() == theirs.head())
        };
        let sizes = (0..=least.as_usize()).rev().map(TreeSize::of);
        sizes.into_iter().find(same).unwrap_or(TreeSize::ZERO)
    }

    /// It learns of a tree head from its primary.
    pub fn publish(&mut self, sth: &Sth) -> Result<(), Halted> {
        let body = &self.guard().certificate().body;
        let (from, term) = (body.primary.clone(), body.term);
        let publish = Publish { term, sth: sth.clone(), polled_through: Timestamp::EPOCH };
        self.ask(vec![(from, Request::Publish(publish))]).map(drop)
    }

    /// It gets a certificate.
    pub fn adopt(&mut self, certificate: &TermCertificate) -> Result<(), Halted> {
        let request = Request::SetPrimary(Box::new(certificate.clone()));
        self.ask(vec![(certificate.body.primary.clone(), request)]).map(drop)
    }

    /// Repair stops it.
    pub fn stop(&mut self, term: Term, run: RunId) -> Result<Option<Box<SignedStopReply>>, Halted> {
        let repair: NodeName = crate::sim::repair::repair_name(1);
        let answers = self.ask(vec![(repair, Request::Stop(term, run))])?;
        Ok(answers.into_iter().find_map(|answer| match answer {
            Ok(Answer::Stopped(reply)) => Some(reply),
            _ => None,
        }))
    }

    /// Its disk is replaced, and its state made anew: `init-node` gives it an incarnation that nobody knows.
    pub fn wipe(&mut self, incarnation: Incarnation) {
        let first = self.cluster.first_disk(self.me);
        let durable = merge::machine::Durable { incarnation, ..first.durable };
        self.disk = MergeDisk { durable, ..first };
    }
}

fn endorsed(answers: Vec<Result<Answer, Refusal>>) -> Option<Endorsement> {
    answers.into_iter().find_map(|answer| match answer {
        Ok(Answer::Endorsed(endorsement)) => Some(endorsement),
        _ => None,
    })
}
