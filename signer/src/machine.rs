//! What a signer decides: which leaves and which tree heads get the log's signature.
//!
//! The new last head is durable before its signature exists. Only a head that a majority endorsed and that contradicts
//! the last one halts the signer; anything else is refused and counted, so that nobody can halt it with garbage
//! (docs/protocol.md, G1–G12).

use ct::index::{Term, TreeSize};
use ct::key::LogKey;
use ct::machine::Effects;
use ct::merkle::{EMPTY_ROOT, verify};
use ct::names::NodeName;
use ct::sth::TreeHead;
use ct::term::{Guard, Proposal, TermCertificate, check_quorum};
use ct::time::{ClockBound, Timestamp};
use ct::wire::Refusal;
use ct::wire::signer::{Consistency, Evidence, SignSth};
use serde::{Deserialize, Serialize};

mod leaf;
mod right;
#[cfg(test)]
mod tests;
mod unheard;

pub use leaf::LeafFault;
pub use right::Released;

/// What a signer is configured to.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Its own name, which endorsements must carry.
    pub me: NodeName,
    /// How far timestamps may be off its clock.
    pub clock: ClockBound,
    /// The log's public key.
    pub log_key: LogKey,
}

/// What a signer remembers of the tree heads it signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "memory", rename_all = "snake_case")]
pub enum Memory {
    /// The log is new: nothing was ever signed.
    NewLog,
    /// Taken over from an STH under the log's key.
    FromSth {
        /// Its head.
        head: TreeHead,
        /// No signer that was in charge up to this term signs anything more: this one has signed for it, or a person
        /// says so.
        #[serde(default)]
        settled: Term,
    },
    /// The last request that was granted.
    Signed {
        /// It can be granted again, as it is.
        proposal: Box<Proposal>,
    },
}

impl Memory {
    /// The last head, if there is one.
    pub fn head(&self) -> Option<TreeHead> {
        match self {
            Memory::NewLog => None,
            Memory::FromSth { head, .. } => Some(*head),
            Memory::Signed { proposal } => Some(proposal.head),
        }
    }

    /// Up to which term no other signer can sign against it.
    pub fn settled(&self) -> Term {
        match self {
            Memory::NewLog => Term::ZERO,
            Memory::FromSth { settled, .. } => *settled,
            Memory::Signed { proposal } => proposal.term,
        }
    }
}

/// Proof that a majority endorsed two heads that cannot both be: kept until a person acts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fork {
    /// The last head that was signed.
    pub last: TreeHead,
    /// The request that contradicts it, with its full set of endorsements.
    pub request: SignSth,
}

/// What the machine is rebuilt from at start.
#[derive(Debug, Clone)]
pub struct Durable {
    /// The newest certificate.
    pub guard: Guard,
    /// STH memory; without it no STH is signed.
    pub memory: Option<Memory>,
    /// Why the signer is halted, if it is.
    pub fork: Option<Fork>,
    /// Up to which term the right to sign was given up, if it was.
    pub released: Option<Released>,
}

/// Tells which request an answer is for.
pub type Token = u64;

/// What happens to a signer. SignSCT changes nothing and is a plain function: [`Machine::may_sign_leaf`].
#[derive(Debug)]
pub enum Event {
    /// SignSTH.
    SignSth(Token, Box<SignSth>),
    /// SetPrimary.
    SetPrimary(Token, Box<TermCertificate>),
    /// Release.
    Release(Token, Released),
}

/// What is to be made durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// The new last head.
    Memory(Memory),
    /// The signer is halted.
    Fork(Box<Fork>),
    /// The newest certificate.
    Certificate(Box<TermCertificate>),
    /// The right to sign is given up.
    Released(Released),
}

/// What is to be done after the commit.
#[derive(Debug, PartialEq, Eq)]
pub enum Act {
    /// Sign this head and answer with the STH.
    Sign(Token, TreeHead),
    /// Refuse.
    Refuse(Token, Refusal),
    /// Sign the release, over the STH of the last head.
    Release(Token, Released, Option<TreeHead>),
    /// Answer that it was done.
    Done(Token),
}

/// The machine.
#[derive(Debug)]
pub struct Machine {
    settings: Settings,
    guard: Guard,
    memory: Option<Memory>,
    fork: Option<Fork>,
    released: Option<Released>,
    refusals: u64,
}

fn unproven(reason: impl ToString) -> Refusal {
    Refusal::Unproven { reason: reason.to_string() }
}

impl Machine {
    /// Goes on from what is on disk.
    pub fn recover(settings: Settings, durable: Durable) -> Self {
        let Durable { guard, memory, fork, released } = durable;
        Self { settings, guard, memory, fork, released, refusals: 0 }
    }

    /// The last head that was signed.
    pub fn last(&self) -> Option<TreeHead> {
        self.memory.as_ref().and_then(Memory::head)
    }
    /// Why no STH is signed until a person acts.
    pub const fn fork(&self) -> Option<&Fork> {
        self.fork.as_ref()
    }
    /// Up to which term the right to sign was given up, if it was.
    pub const fn released(&self) -> Option<Released> {
        self.released
    }
    /// SignSTH requests refused since the start.
    pub const fn refusals(&self) -> u64 {
        self.refusals
    }
    /// Who is primary.
    pub const fn guard(&self) -> &Guard {
        &self.guard
    }

    /// Decides on one event.
    pub fn step(&mut self, now: Timestamp, event: Event, fx: &mut Effects<Write, Act>) {
        match event {
            Event::SignSth(token, request) => match self.sign_sth(now, &request, fx) {
                Ok(head) => fx.act(Act::Sign(token, head)),
                Err(refusal) => {
                    self.refusals += 1;
                    fx.act(Act::Refuse(token, refusal));
                }
            },
            Event::SetPrimary(token, certificate) => match self.guard.adopt(*certificate) {
                Ok(adopted) => {
                    if let Some(guard) = adopted {
                        self.take_over(&guard, fx);
                        fx.write(Write::Certificate(Box::new(guard.certificate().clone())));
                        self.guard = guard;
                    }
                    fx.act(Act::Done(token));
                }
                Err(error) => fx.act(Act::Refuse(token, unproven(error))),
            },
            Event::Release(token, wanted) => self.release(token, wanted, fx),
        }
    }

    fn sign_sth(
        &mut self,
        now: Timestamp,
        request: &SignSth,
        fx: &mut Effects<Write, Act>,
    ) -> Result<TreeHead, Refusal> {
        if let Some(fork) = &self.fork {
            let reason = format!("a majority endorsed a fork of the head of size {}", fork.last.tree_size);
            return Err(Refusal::Halted { reason });
        }
        let Some(memory) = self.memory.clone() else {
            return Err(Refusal::Halted { reason: "this signer has no memory of the last STH".into() });
        };
        self.check_endorsed(request)?;
        let proposal = &request.proposal;
        self.check_right(proposal.term)?;
        if matches!(&memory, Memory::Signed { proposal: last } if **last == *proposal) {
            return Ok(proposal.head);
        }
        self.halt_on_fork(memory.head(), request, fx)?;
        let advanced = self.advance(&memory, request)?;
        let last = advanced.head();
        self.halt_on_fork(last, request, fx)?;
        check_term(&memory, proposal)?;
        check_growth(last, &proposal.head)?;
        self.check_above_unheard(now, &proposal.head)?;
        self.check_clock(now, &proposal.head)?;
        check_consistency(last, &proposal.head, &request.consistency)?;
        self.check_contains_unheard(now, request)?;
        let memory = Memory::Signed { proposal: Box::new(proposal.clone()) };
        fx.write(Write::Memory(memory.clone()));
        self.memory = Some(memory);
        Ok(proposal.head)
    }

    /// Only here does a signer halt: the request carries a full quorum (docs/protocol.md, G4).
    fn halt_on_fork(
        &mut self,
        last: Option<TreeHead>,
        request: &SignSth,
        fx: &mut Effects<Write, Act>,
    ) -> Result<(), Refusal> {
        let head = &request.proposal.head;
        let contradicted =
            last.filter(|last| last.tree_size == head.tree_size && last.root_hash != head.root_hash);
        let Some(last) = contradicted else { return Ok(()) };
        let fork = Fork { last, request: request.clone() };
        fx.write(Write::Fork(Box::new(fork.clone())));
        self.fork = Some(fork);
        Err(Refusal::Halted { reason: "a majority endorsed a fork; kept as evidence".into() })
    }

    /// Endorsements come first: without a full quorum nothing in the request is believed (docs/protocol.md, G2).
    fn check_endorsed(&self, request: &SignSth) -> Result<(), Refusal> {
        let (proposal, body) = (&request.proposal, &self.guard.certificate().body);
        if proposal.term > body.term {
            return Err(Refusal::TermUnknown { known: body.term });
        }
        if proposal.log_id != body.log_id || proposal.kind != body.kind {
            return Err(unproven(format!("log_id: the endorsements are for log {}", proposal.log_id)));
        }
        if proposal.sth_signer != self.settings.me {
            return Err(unproven(format!("sth_signer: the endorsements name {}", proposal.sth_signer)));
        }
        if body.sth_signer != self.settings.me {
            return Err(unproven(format!("sth_signer: in term {} it is {}", body.term, body.sth_signer)));
        }
        check_quorum(&body.voters, proposal, &request.endorsements).map_err(unproven)
    }

    /// A signer that is behind goes on from the newest STH in the request, if that is the log's own and extends its last
    /// head; but only one that took its memory over can be behind (docs/protocol.md, G5).
    fn advance(&self, memory: &Memory, request: &SignSth) -> Result<Memory, Refusal> {
        let Some((sth, proof)) = &request.newest else { return Ok(memory.clone()) };
        let last = memory.head();
        let ahead = last.is_none_or(|last| {
            sth.head.tree_size >= last.tree_size && sth.head.timestamp > last.timestamp && sth.head != last
        });
        if !ahead {
            return Ok(memory.clone());
        }
        let newest = self.settings.log_key.verify_sth(sth.clone()).map_err(unproven)?;
        if !matches!(memory, Memory::FromSth { .. }) {
            return Err(rolled_back(last, newest.head()));
        }
        check_consistency(last, newest.head(), proof)?;
        Ok(Memory::FromSth { head: *newest.head(), settled: memory.settled() })
    }

    fn check_clock(&self, now: Timestamp, head: &TreeHead) -> Result<(), Refusal> {
        let checked = self.settings.clock.check(head.timestamp, now);
        checked.map_err(|off| Refusal::OffClock { reason: off.to_string() })
    }

    /// As [`Settings::may_sign_leaf`].
    pub fn may_sign_leaf(
        &self,
        now: Timestamp,
        leaf: &[u8],
        evidence: Option<&Evidence>,
    ) -> Result<(), LeafFault> {
        self.settings.may_sign_leaf(now, leaf, evidence)
    }
}

/// What a signer signed itself it had made durable before: an STH beyond that shows that its memory was put back from an older
/// copy, or that somebody else signs with the log's key. Either is for a person.
fn rolled_back(last: Option<TreeHead>, newest: &TreeHead) -> Refusal {
    let (size, at) = (newest.tree_size, newest.timestamp);
    let own = last.map_or("none".to_owned(), |last| format!("size {} of {}", last.tree_size, last.timestamp));
    let reason = format!(
        "its last STH is {own}, and the log has one of size {size} of {at}: this state was put back from an older copy, or \
         another signs (make it anew: wolffish init-node --from-sth)"
    );
    Refusal::Halted { reason }
}

fn check_term(memory: &Memory, proposal: &Proposal) -> Result<(), Refusal> {
    match memory {
        Memory::Signed { proposal: last } if proposal.term < last.term => Err(unproven(format!(
            "term: {} is below {}, for which this signer signed",
            proposal.term, last.term
        ))),
        _ => Ok(()),
    }
}

fn check_growth(last: Option<TreeHead>, head: &TreeHead) -> Result<(), Refusal> {
    let Some(last) = last else { return Ok(()) };
    if head.tree_size < last.tree_size {
        return Err(Refusal::WrongBase { last });
    }
    if head.timestamp <= last.timestamp {
        return Err(Refusal::NotLater { floor: last.timestamp });
    }
    Ok(())
}

fn check_consistency(last: Option<TreeHead>, head: &TreeHead, proof: &Consistency) -> Result<(), Refusal> {
    let (size, root) = last.map_or((TreeSize::ZERO, EMPTY_ROOT), |last| (last.tree_size, last.root_hash));
    if proof.from != size {
        return match last {
            Some(last) => Err(Refusal::WrongBase { last }),
            None => Err(unproven("consistency: nothing was signed yet, so it must begin at size 0")),
        };
    }
    verify::consistency(size, root, head.tree_size, head.root_hash, &proof.path).map_err(unproven)
}
