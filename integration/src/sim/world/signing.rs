//! The signer: requests in, steps, commits, acts.

use super::commits::{Acts, Fate};
use super::messages::role;
use super::*;
use crate::sim::words;
use ct::machine::Effects;
use ct::sth::TreeHead;
use ct::term::Release;
use frontend::promise;
use merge::message::{CallFailure, Returned};

impl World {
    pub(super) fn deliver_signer(&mut self, origin: Origin, message: Message) {
        let (me, stage) = (signer_name(), message.stage(role(&signer_name())));
        let now = self.clock(&me);
        let Some(machine) = &mut self.signer.machine else {
            self.lost(origin, &me, &message);
            return;
        };
        let mut fx = Effects::new();
        match message {
            Message::Sign(entry) => {
                let name = entry.name();
                let event = match machine.may_sign_leaf(now, entry.leaf_bytes(), None) {
                    Ok(()) => promise::Event::Signed(name, self.log_key.sign_leaf(entry.leaf_bytes())),
                    Err(fault) => promise::Event::NotSigned(name, fault.to_string()),
                };
                self.answer(&me, origin, Reply::Submission(event));
                return;
            }
            Message::Call(Call::SignSth(request)) => {
                machine.step(now, signer::machine::Event::SignSth(0, request), &mut fx);
            }
            Message::Call(Call::SetPrimary(certificate)) => {
                machine.step(now, signer::machine::Event::SetPrimary(0, certificate), &mut fx);
            }
            Message::Release(term, run) => {
                let wanted = signer::machine::Released { term, run };
                machine.step(now, signer::machine::Event::Release(0, wanted), &mut fx);
            }
            _ => return,
        }
        let fate = if fx.writes.is_empty() { Fate::Done } else { self.fate(&me, stage) };
        if fate.writes() && !fx.writes.is_empty() {
            self.note(format_args!("{me} commits: {}", words::signer_writes(&fx.writes)));
            for write in fx.writes {
                match write {
                    signer::machine::Write::Memory(memory) => self.signer.disk.memory = Some(memory),
                    signer::machine::Write::Fork(fork) => self.signer.disk.fork = Some(*fork),
                    signer::machine::Write::Released(released) => self.signer.disk.released = Some(released),
                    signer::machine::Write::Certificate(certificate) => {
                        self.faults.certificates += 1;
                        self.signer.guard = Guard::new(self.trust.clone(), *certificate);
                    }
                }
            }
        }
        self.finish(&me, fate, Acts::Signer(fx.acts), origin);
    }

    /// The planted bugs: another root for a size that was signed; a time before the last.
    fn forge(&self, head: TreeHead) -> TreeHead {
        let Some(last) = self.check.signed.last().filter(|last| last.tree_size > TreeSize::ZERO) else {
            return head;
        };
        match self.plant {
            Some(Plant::SignAnotherRoot) => {
                TreeHead { tree_size: last.tree_size, root_hash: ct::hash::RootHash::new([7; 32]), ..head }
            }
            Some(Plant::SignBackwards) => TreeHead { timestamp: Timestamp::from_millis(BEGIN), ..head },
            _ => head,
        }
    }

    pub(super) fn act_signer(&mut self, acts: Vec<signer::machine::Act>, origin: &Origin) {
        for act in acts {
            let outcome = match act {
                signer::machine::Act::Sign(_, head) => {
                    let head = self.forge(head);
                    self.note(format_args!("signer-1 SIGNS size {} at {}", head.tree_size, head.timestamp));
                    let lost = self.forgetful().len();
                    let disks = self.merges.values().map(|p| (&p.disk.log, &p.disk.durable.accepted));
                    self.check.signed(&head, disks, lost);
                    self.cut_disks();
                    Ok(Returned::Signed(self.log_key.sign_head(head).sth().clone()))
                }
                signer::machine::Act::Release(_, signer::machine::Released { term, run }, last) => {
                    let last = last.map(|head| self.log_key.sign_head(head).sth().clone());
                    let (log_id, signer) = (self.trust.log_id, signer_name());
                    let word = Release { log_id, run, term, signer, last }.sign(&signer_key());
                    self.answer(&signer_name(), origin.clone(), Reply::Released(Box::new(word)));
                    continue;
                }
                signer::machine::Act::Refuse(_, refusal) => Err(CallFailure::Refused(Box::new(refusal))),
                signer::machine::Act::Done(_) => Ok(Returned::Done),
            };
            self.answer(&signer_name(), origin.clone(), Reply::Primary(outcome));
        }
    }

    /// The planted bug: two disks lose what was just signed.
    fn cut_disks(&mut self) {
        if self.plant != Some(Plant::CutDisks) {
            return;
        }
        for process in self.merges.values_mut().skip(1) {
            let less = process.disk.durable.accepted.head.size.get().saturating_sub(1);
            let less = TreeSize::new(less).unwrap_or_default();
            process.disk.log.order(less, Vec::new());
        }
    }
}
