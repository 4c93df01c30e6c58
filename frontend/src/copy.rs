//! A frontend's copy of the published log, as the primary brings it up to date: it serves nothing that it has not
//! recomputed, and never loses what it has (docs/protocol.md, P1, P4, P7, F1–F5).

use ct::entry::{LogKind, OrderedEntry};
use ct::hash::{Name, NodeHash};
use ct::index::{Term, TreeSize};
use ct::key::LogKey;
use ct::machine::Effects;
use ct::merkle::verify::consistency;
use ct::names::NodeName;
use ct::order::{BothTrees, OrderRecord};
use ct::replica::{CopyFault, DiskFault, Placed, Staging, View, good_copy, keep_complete};
use ct::sth::{Sth, VerifiedSth};
use ct::term::{Guard, Standing, TermCertificate};
use ct::time::{ClockBound, Timestamp};
use ct::wire::tree::{FrontendPosition, Publish, SendLog, Taken};
use ct::wire::{EntryBatch, Refusal};
use std::collections::HashSet;

/// What a frontend is configured to.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The log's key.
    pub log_key: LogKey,
    /// How far an STH may be ahead of its clock.
    pub clock: ClockBound,
}

/// What the machine is rebuilt from at start, beside the log itself.
#[derive(Debug, Clone)]
pub struct Durable {
    /// The newest certificate.
    pub guard: Guard,
    /// The newest STH whose tree is held.
    pub held: Option<Sth>,
    /// The STH that get-sth shows.
    pub published: Option<Sth>,
}

/// Tells which request an answer is for.
pub type Token = u64;

/// What a primary asks of a frontend.
#[derive(Debug)]
pub enum Request {
    /// CurrentPosition.
    Position(Term),
    /// SendLog.
    SendLog(SendLog, Vec<OrderRecord>),
    /// MissingEntries.
    Missing(Term),
    /// SendEntry.
    SendEntry(Term, EntryBatch),
    /// SendSTH.
    Publish(Publish),
    /// SetPrimary; from anybody.
    SetPrimary(Box<TermCertificate>),
}

/// What a frontend answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// To CurrentPosition.
    Position(Box<FrontendPosition>),
    /// To SendLog.
    Staged(TreeSize),
    /// To MissingEntries.
    Missing(Vec<Name>),
    /// To SendEntry.
    Taken(Taken),
    /// To SendSTH and SetPrimary.
    Done,
}

/// What is to be made durable; all writes of a step together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// Copies of entries, without places, and issuers.
    Copies(EntryBatch),
    /// A damaged copy is thrown away.
    DropCopy(Name),
    /// The verified tree grows, to a signed one or, with the next STH to be held, towards one.
    Grow(Vec<Placed>),
    /// The newest STH whose tree is held.
    Held(Box<Sth>),
    /// The STH that get-sth shows.
    Published(Box<Sth>),
    /// The newest certificate.
    Certificate(Box<TermCertificate>),
}

/// What is to be done after the commit.
#[derive(Debug, PartialEq, Eq)]
pub enum Act {
    /// Answer.
    Respond(Token, Result<Answer, Box<Refusal>>),
    /// Tell a person.
    Alarm(String),
    /// get-sth shows another STH from now on.
    Shown(Box<Sth>, Timestamp),
}

type Fx = Effects<Write, Act>;
type Outcome<T> = Result<Result<T, Refusal>, DiskFault>;

/// Why a frontend cannot start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Halt {
    /// The disk does not answer.
    #[error(transparent)]
    Disk(#[from] DiskFault),
    /// The tree on disk is not the one of the STH that is held.
    #[error("the tree on disk does not have the root of the STH of size {size} that is held here")]
    Lost {
        /// Size of that STH.
        size: TreeSize,
    },
}

/// The machine.
#[derive(Debug)]
pub struct Copy {
    settings: Settings,
    guard: Guard,
    held: Option<VerifiedSth>,
    published: Option<VerifiedSth>,
    candidate: Option<VerifiedSth>,
    staging: Staging,
}

impl Copy {
    /// Goes on from what is on disk.
    pub fn recover(settings: Settings, durable: Durable, view: &impl View) -> Result<Self, Halt> {
        let verified = |sth: Option<Sth>| sth.and_then(|sth| settings.log_key.verify_sth(sth).ok());
        let (held, published) = (verified(durable.held), verified(durable.published));
        let size = held.as_ref().map_or(TreeSize::ZERO, |sth| sth.head().tree_size);
        let trees = if view.len() < size { None } else { Some(view.trees_at(size)?) };
        let Some(trees) =
            trees.filter(|trees| held.as_ref().is_none_or(|sth| trees.head().root == sth.head().root_hash))
        else {
            return Err(Halt::Lost { size });
        };
        // What lies beyond was proven to be a part of a signed tree before it came there.
        let trees = if view.len() > size { view.trees_at(view.len())? } else { trees };
        let staging = Staging::begin(trees.size(), trees.internal().clone());
        Ok(Self { settings, guard: durable.guard, held, published, candidate: None, staging })
    }

    /// The newest STH whose tree is held.
    pub const fn held(&self) -> Option<&VerifiedSth> {
        self.held.as_ref()
    }
    /// The STH that get-sth shows.
    pub const fn published(&self) -> Option<&VerifiedSth> {
        self.published.as_ref()
    }
    /// Who is primary.
    pub const fn guard(&self) -> &Guard {
        &self.guard
    }
    fn held_size(&self) -> TreeSize {
        self.held.as_ref().map_or(TreeSize::ZERO, |sth| sth.head().tree_size)
    }
    fn kind(&self) -> LogKind {
        self.guard.certificate().body.kind
    }

    /// Takes one step.
    pub fn step(
        &mut self,
        now: Timestamp,
        token: Token,
        from: &NodeName,
        request: Request,
        view: &impl View,
        fx: &mut Fx,
    ) -> Result<(), DiskFault> {
        let answer = self.respond(now, from, request, view, fx)?;
        fx.act(Act::Respond(token, answer.map_err(Box::new)));
        Ok(())
    }

    fn respond(
        &mut self,
        now: Timestamp,
        from: &NodeName,
        request: Request,
        view: &impl View,
        fx: &mut Fx,
    ) -> Outcome<Answer> {
        let term = match &request {
            Request::Position(term) | Request::Missing(term) | Request::SendEntry(term, _) => *term,
            Request::SendLog(header, _) => header.term,
            Request::Publish(publish) => publish.term,
            Request::SetPrimary(certificate) => return Ok(self.set_primary((**certificate).clone(), fx)),
        };
        if let Err(refusal) = self.check_caller(from, term) {
            return Ok(Err(refusal));
        }
        match request {
            Request::Position(_) => self.position(view, fx),
            Request::SendLog(header, records) => self.send_log(now, header, &records, view, fx),
            Request::Missing(_) => Ok(Ok(Answer::Missing(view.missing(&self.staging.names())?))),
            Request::SendEntry(_, batch) => self.send_entry(batch, view, fx),
            Request::Publish(publish) => Ok(self.publish(publish, fx)),
            Request::SetPrimary(_) => Ok(Ok(Answer::Done)),
        }
    }

    fn check_caller(&self, from: &NodeName, term: Term) -> Result<(), Refusal> {
        match self.guard.standing(from, term) {
            Standing::Primary => Ok(()),
            Standing::Refused => {
                Err(Refusal::TermOver { certificate: Box::new(self.guard.certificate().clone()) })
            }
            Standing::Unknown => Err(Refusal::TermUnknown { known: self.guard.term() }),
        }
    }

    fn set_primary(&mut self, certificate: TermCertificate, fx: &mut Fx) -> Result<Answer, Refusal> {
        let adopted = self.guard.adopt(certificate);
        if let Some(guard) = adopted.map_err(|error| Refusal::Unproven { reason: error.to_string() })? {
            fx.write(Write::Certificate(Box::new(guard.certificate().clone())));
            self.guard = guard;
        }
        Ok(Answer::Done)
    }

    /// The STH comes first: without one nothing is staged, and nothing beyond its size (docs/protocol.md, P1).
    fn send_log(
        &mut self,
        now: Timestamp,
        header: SendLog,
        records: &[OrderRecord],
        view: &impl View,
        fx: &mut Fx,
    ) -> Outcome<Answer> {
        let sth = match self.check_sth(now, header.sth, fx) {
            Ok(sth) => sth,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let (start, verified) = (header.start, self.staging.base());
        if start > self.staging.end() {
            return Ok(Err(Refusal::Gap { held: self.staging.end() }));
        }
        let same = if start <= verified {
            let head = view.trees_at(start)?.head();
            head.root == header.root && head.internal_root == header.internal_root
        } else {
            self.staging.agrees(start, header.internal_root)
        };
        if !same {
            fx.act(Act::Alarm(format!("{start}: the primary has another root there than the tree here")));
            return Ok(Err(Refusal::Diverged { at: start }));
        }
        // Verified entries are never cut, so what the records say below that size is passed over.
        let skip = (verified.since(start) as usize).min(records.len());
        let begin = start.max(verified);
        let room = sth.head().tree_size.since(begin) as usize;
        let records = &records[skip..];
        self.staging.cut(begin);
        if let Some(path) = header.consistency
            && let Err(refusal) = self.verify_part(&sth, &path, view, fx)?
        {
            return Ok(Err(refusal));
        }
        self.staging.extend(&records[..records.len().min(room)]);
        self.candidate = Some(sth);
        Ok(Ok(Answer::Staged(self.staging.end())))
    }

    fn check_sth(&self, now: Timestamp, sth: Option<Sth>, fx: &mut Fx) -> Result<VerifiedSth, Refusal> {
        let unproven = |reason: String| Refusal::Unproven { reason };
        let sth = sth.ok_or_else(|| unproven("sth: a frontend stages nothing without one".to_owned()))?;
        let sth = self.settings.log_key.verify_sth(sth).map_err(|bad| unproven(bad.to_string()))?;
        let at = sth.head().timestamp;
        if at > now.plus(self.settings.clock.ahead) {
            fx.act(Act::Alarm(format!("an STH is ahead of this clock: {at}, here it is {now}")));
            return Err(Refusal::OffClock { reason: format!("{at} is ahead of this clock, {now}") });
        }
        if let Some(held) = &self.held {
            let (new, old) = (sth.head(), held.head());
            if new.timestamp < old.timestamp || new.tree_size < old.tree_size {
                return Err(Refusal::SthBehind { held: *old });
            }
        }
        Ok(sth)
    }

    fn send_entry(&self, batch: EntryBatch, view: &impl View, fx: &mut Fx) -> Outcome<Answer> {
        let staged: HashSet<Name> = self.staging.names().into_iter().collect();
        let wanted = batch.entries.into_iter().filter(|entry| staged.contains(&entry.name())).collect();
        let (copies, need_issuers) = keep_complete(wanted, batch.issuers, view)?;
        fx.write(Write::Copies(copies));
        Ok(Ok(Answer::Taken(Taken { need_issuers })))
    }

    /// Says what is held, after trying to hold what was staged.
    fn position(&mut self, view: &impl View, fx: &mut Fx) -> Outcome<Answer> {
        if let Some(candidate) = self.candidate.clone()
            && self.staging.end() >= candidate.head().tree_size
            && view.missing(&self.staging.names())?.is_empty()
            && let Err(refusal) = self.hold(candidate, view, fx)?
        {
            return Ok(Err(refusal));
        }
        let sth = |sth: &Option<VerifiedSth>| sth.as_ref().map(|sth| sth.sth().clone());
        let position = FrontendPosition {
            held: self.staging.base(),
            held_sth: sth(&self.held),
            published: sth(&self.published),
        };
        Ok(Ok(Answer::Position(Box::new(position))))
    }

    /// Recomputes the tree of the first staged records from bytes read back from disk, on top of the tree that is verified.
    fn recompute(&self, to: TreeSize, view: &impl View, fx: &mut Fx) -> Outcome<(BothTrees, Vec<Placed>)> {
        let base = self.staging.base();
        let mut trees = view.trees_at(to.min(base))?;
        let records = &self.staging.records()[..to.since(base) as usize];
        let mut placed = Vec::with_capacity(records.len());
        for record in records {
            let entry = match good_copy(record, view)? {
                Ok(entry) => entry,
                Err(CopyFault::Absent) => return Ok(Err(Refusal::Missing { count: 1 })),
                Err(CopyFault::Bad(reason)) => {
                    fx.write(Write::DropCopy(record.name));
                    fx.act(Act::Alarm(format!("the copy of entry {} is damaged: {reason}", record.name)));
                    return Ok(Err(Refusal::BadCopy { name: record.name, reason }));
                }
            };
            let leaf = OrderedEntry { index: trees.size().next_index(), entry }.leaf_hash(self.kind());
            trees.append(record, leaf);
            placed.push(Placed { record: *record, leaf });
        }
        Ok(Ok((trees, placed)))
    }

    /// What is staged becomes a part of the verified tree for good, if it is proven to be one of the tree that the log signed:
    /// so a copy that is far behind catches up part by part. It is not served before a signed tree is complete
    /// (docs/protocol.md, P7).
    fn verify_part(
        &mut self,
        sth: &VerifiedSth,
        path: &[NodeHash],
        view: &impl View,
        fx: &mut Fx,
    ) -> Outcome<()> {
        let (trees, placed) = match self.recompute(self.staging.end(), view, fx)? {
            Ok(computed) => computed,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let (part, whole) = (trees.head(), sth.head());
        if consistency(part.size, part.root, whole.tree_size, whole.root_hash, path).is_err() {
            return Ok(Err(self.differs(&trees, fx)));
        }
        self.grow(&trees, placed, fx);
        Ok(Ok(()))
    }

    /// What is held next is consistent with the tree that is served: it is recomputed on top of that (docs/protocol.md, P4).
    fn hold(&mut self, sth: VerifiedSth, view: &impl View, fx: &mut Fx) -> Outcome<()> {
        let (trees, placed) = match self.recompute(sth.head().tree_size, view, fx)? {
            Ok(computed) => computed,
            Err(refusal) => return Ok(Err(refusal)),
        };
        self.candidate = None;
        if trees.head().root != sth.head().root_hash {
            return Ok(Err(self.differs(&trees, fx)));
        }
        self.grow(&trees, placed, fx);
        fx.write(Write::Held(Box::new(sth.sth().clone())));
        self.held = Some(sth);
        Ok(Ok(()))
    }

    fn grow(&mut self, trees: &BothTrees, placed: Vec<Placed>, fx: &mut Fx) {
        if !placed.is_empty() {
            fx.write(Write::Grow(placed));
            self.staging = Staging::begin(trees.size(), trees.internal().clone());
        }
    }

    fn differs(&mut self, trees: &BothTrees, fx: &mut Fx) -> Refusal {
        let size = trees.size();
        fx.act(Act::Alarm(format!("the entries up to {size} do not lead to the root that the log signed")));
        self.staging.cut(self.staging.base());
        Refusal::Differs { computed: trees.head() }
    }

    /// Shows an STH whose tree is held (docs/protocol.md, P4).
    fn publish(&mut self, publish: Publish, fx: &mut Fx) -> Result<Answer, Refusal> {
        let sth = self.settings.log_key.verify_sth(publish.sth);
        let sth = sth.map_err(|bad| Refusal::Unproven { reason: bad.to_string() })?;
        if self.held.as_ref().is_none_or(|held| held.head().timestamp < sth.head().timestamp) {
            return Err(Refusal::Gap { held: self.held_size() });
        }
        let newer = self.published.as_ref().is_none_or(|shown| shown.head().timestamp < sth.head().timestamp);
        if newer {
            fx.write(Write::Published(Box::new(sth.sth().clone())));
            self.published = Some(sth.clone());
        }
        let shown = self.published.as_ref().unwrap_or(&sth);
        fx.act(Act::Shown(Box::new(shown.sth().clone()), publish.polled_through));
        Ok(Answer::Done)
    }
}

#[cfg(test)]
mod tests;
