//! The signer: requests in, steps, commits, acts.

use super::*;
use ct::term::Release;

impl World {
    pub(super) fn deliver_signer(&mut self, origin: Origin, message: Message) {
        let now = self.clock(self.signer.skew);
        let Some(machine) = &mut self.signer.machine else {
            self.lost(origin, &signer_name(), &message);
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
                self.answer(origin, Reply::Submission(event));
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
        let crash = if fx.writes.is_empty() { None } else { self.crash_at_commit(&signer_name()) };
        if crash != Some(false) {
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
        if crash.is_none() {
            self.act_signer(fx.acts, &origin);
        } else {
            self.unanswered(origin);
        }
    }

    pub(super) fn act_signer(&mut self, acts: Vec<signer::machine::Act>, origin: &Origin) {
        for act in acts {
            let outcome = match act {
                signer::machine::Act::Sign(_, head) => {
                    let disks =
                        self.merges.values().map(|p| (&p.disk.log, p.disk.durable.accepted.head.size));
                    self.check.signed(&head, disks);
                    Ok(Returned::Signed(self.log_key.sign_head(head).sth().clone()))
                }
                signer::machine::Act::Release(_, signer::machine::Released { term, run }, last) => {
                    let last = last.map(|head| self.log_key.sign_head(head).sth().clone());
                    let (log_id, signer) = (self.trust.log_id, signer_name());
                    let word = Release { log_id, run, term, signer, last }.sign(&signer_key());
                    self.answer(origin.clone(), Reply::Released(Box::new(word)));
                    continue;
                }
                signer::machine::Act::Refuse(_, refusal) => Err(CallFailure::Refused(Box::new(refusal))),
                signer::machine::Act::Done(_) => Ok(Returned::Done),
            };
            self.answer(origin.clone(), Reply::Primary(outcome));
        }
    }
}
