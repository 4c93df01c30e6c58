//! A signer, for one step: it begins from its disk.

use super::cluster::{Cluster, log_of, now};
use super::message::Proposed;
use crate::sim::world::SignerDisk;
use ct::index::Term;
use ct::index::TreeSize;
use ct::machine::Effects;
use ct::replica::View as _;
use ct::sth::{Sth, TreeHead};
use ct::term::{Endorsement, Guard, Release, RunId, SignedRelease, TermCertificate};
use ct::time::ClockBound;
use ct::wire::signer::{Consistency, SignSth};
use signer::machine::{Act, Durable, Event, Machine, Memory, Released, Settings, Write};

/// What a signer keeps.
#[derive(Debug, Clone)]
pub struct SignerState {
    pub disk: SignerDisk,
    pub guard: Guard,
}

pub struct SignerNode<'a> {
    pub cluster: &'a Cluster,
    pub me: usize,
    pub clock: usize,
    pub state: SignerState,
}

impl SignerNode<'_> {
    fn step(&mut self, event: Event) -> Option<Act> {
        let settings = Settings {
            me: self.cluster.signers[self.me].clone(),
            clock: ClockBound::DEFAULT,
            log_key: self.cluster.log_key.public().clone(),
        };
        let SignerDisk { memory, fork, released } = self.state.disk.clone();
        let durable = Durable { guard: self.state.guard.clone(), memory, fork, released };
        let mut fx = Effects::new();
        Machine::recover(settings, durable).step(now(self.clock), event, &mut fx);
        for write in fx.writes {
            let disk = &mut self.state.disk;
            match write {
                Write::Memory(memory) => disk.memory = Some(memory),
                Write::Fork(fork) => disk.fork = Some(*fork),
                Write::Released(released) => disk.released = Some(released),
                Write::Certificate(certificate) => {
                    self.state.guard = Guard::new(self.cluster.trust.clone(), *certificate);
                }
            }
        }
        fx.acts.pop()
    }

    /// A primary asks for a signature.
    pub fn sign(&mut self, proposed: &Proposed, endorsements: Vec<Endorsement>) -> Option<Sth> {
        let (proposal, log) = (&proposed.request.proposal, log_of(&proposed.log));
        let last = self.state.disk.memory.as_ref().and_then(Memory::head).map(|head| head.tree_size);
        let proof = |from: TreeSize, to: TreeSize| Consistency {
            from,
            path: log.consistency(from, to).unwrap_or_default(),
        };
        let (last, to) = (last.unwrap_or_default(), proposal.head.tree_size);
        let newest =
            proposed.newest.as_ref().filter(|sth| last <= sth.head.tree_size && sth.head.tree_size <= to);
        let from = newest.map_or(last.min(to), |sth| sth.head.tree_size);
        let request = SignSth {
            proposal: proposal.clone(),
            endorsements,
            newest: newest.map(|sth| (sth.clone(), proof(last, sth.head.tree_size))),
            consistency: proof(from, to),
            contains: (1..=to.get()).map(|from| proof(TreeSize::of(from as usize), to)).collect(),
        };
        match self.step(Event::SignSth(0, Box::new(request))) {
            Some(Act::Sign(_, head)) => Some(self.signature(head)),
            _ => None,
        }
    }

    /// The log's signature.
    pub fn signature(&self, head: TreeHead) -> Sth {
        self.cluster.log_key.sign_head(head).sth().clone()
    }

    /// It gets a certificate.
    pub fn adopt(&mut self, certificate: &TermCertificate) {
        self.step(Event::SetPrimary(0, Box::new(certificate.clone())));
    }

    /// Repair asks it to give up its right.
    pub fn release(&mut self, term: Term, run: RunId) -> Option<SignedRelease> {
        match self.step(Event::Release(0, Released { term, run })) {
            Some(Act::Release(_, Released { term, run }, last)) => {
                let last = last.map(|head| self.signature(head));
                let signer = self.cluster.signers[self.me].clone();
                let log_id = self.cluster.trust.log_id;
                Some(Release { log_id, run, term, signer, last }.sign(&Cluster::signer_key(self.me)))
            }
            _ => None,
        }
    }
}
