//! The right to sign STHs: given up with a release, taken over with a certificate (docs/protocol.md, G10, G11).

use super::{Act, Machine, Memory, Token, Write, unproven};
use ct::index::Term;
use ct::limits::MAX_TERM_STEP;
use ct::machine::Effects;
use ct::sth::TreeHead;
use ct::term::{Change, Guard, RunId, TermBody};
use ct::wire::Refusal;
use serde::{Deserialize, Serialize};

/// The right was given up: no STH is signed for this term or an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Released {
    /// The term that is to come.
    pub term: Term,
    /// For which run of repair.
    pub run: RunId,
}

impl Machine {
    /// Gives up the right, for ever as far as terms up to this one go; the same run is answered the same again.
    pub(super) fn release(&mut self, token: Token, wanted: Released, fx: &mut Effects<Write, Act>) {
        if let Err(refusal) = self.may_release(wanted) {
            return fx.act(Act::Refuse(token, refusal));
        }
        if self.released != Some(wanted) {
            self.released = Some(wanted);
            fx.write(Write::Released(wanted));
        }
        fx.act(Act::Release(token, wanted, self.last()));
    }

    fn may_release(&self, wanted: Released) -> Result<(), Refusal> {
        let body = &self.guard.certificate().body;
        if wanted.term <= body.term {
            return Err(Refusal::TermOver { certificate: Box::new(self.guard.certificate().clone()) });
        }
        if body.sth_signer != self.settings.me {
            return Err(unproven(format!("sth_signer: in term {} it is {}", body.term, body.sth_signer)));
        }
        if wanted.term.get() > body.term.get() + MAX_TERM_STEP {
            return Err(unproven(format!("term: {} is more than 2^20 above {}", wanted.term, body.term)));
        }
        match self.released {
            Some(released) if released != wanted && released.term >= wanted.term => {
                Err(Refusal::Stopped { term: released.term })
            }
            _ => Ok(()),
        }
    }

    /// Whether this term is over for this signer.
    pub(super) fn check_right(&self, term: Term) -> Result<(), Refusal> {
        match self.released {
            Some(released) if term <= released.term => Err(Refusal::Stopped { term: released.term }),
            _ => Ok(()),
        }
    }

    /// Whoever takes over the right goes on from the last STH that the old signer signed, as far as it is known: from the
    /// release, or from the nodes that were stopped.
    pub(super) fn take_over(&mut self, adopted: &Guard, fx: &mut Effects<Write, Act>) {
        let mut missed = adopted.certificate().bodies().filter(|body| body.term > self.guard.term());
        let mine = |body: &&TermBody| matches!(&body.change, Change::MoveSigner { to, .. } if *to == self.settings.me);
        let Some(body) = missed.rfind(mine) else { return };
        let settled = self.memory.as_ref().map_or(Term::ZERO, Memory::settled);
        let memory = match (self.inherited(body), self.last()) {
            (Some(head), last) if last.is_none_or(|last| is_newer(&head, &last)) => {
                Memory::FromSth { head, settled }
            }
            (None, None) if body.start_head.size.get() == 0 => Memory::NewLog,
            _ => return,
        };
        fx.write(Write::Memory(memory.clone()));
        self.memory = Some(memory);
    }

    /// The newest head under the log's key that the certificate carries.
    pub(super) fn inherited(&self, body: &TermBody) -> Option<TreeHead> {
        let told = body.stops.iter().filter_map(|stop| stop.reply.newest_sth.clone());
        let released = match &body.change {
            Change::MoveSigner { release: Some(release), .. } => release.release.last.clone(),
            _ => None,
        };
        let known = told.chain(released).filter_map(|sth| self.settings.log_key.verify_sth(sth).ok());
        known.map(|sth| *sth.head()).max_by_key(|head| (head.tree_size, head.timestamp))
    }
}

pub(super) fn is_newer(head: &TreeHead, than: &TreeHead) -> bool {
    head.tree_size >= than.tree_size && head.timestamp > than.timestamp
}
