//! What must be so in every state, and what must be so in one at least, or the exploration shows nothing.

use super::action::Action;
use super::bounds::{Honesty, Wanted};
use super::explored::Explored;
use super::message::Message;
use super::pool::Id;
use super::state::State;
use ct::hash::Name;
use ct::index::Term;
use ct::sth::TreeHead;
use stateright::{Model, Property};
use std::sync::Arc;

/// Of two tree heads one extends the other.
pub const FORK: &str = "no two signed heads fork";
/// Sizes rise with times.
pub const SHRINK: &str = "no later head is smaller";
/// A term begins with all that was signed before it, and with all that is signed in earlier terms ever after.
pub const LOST: &str = "every term contains what earlier ones signed";
/// A term has one certificate.
pub const TWIN: &str = "no term has two certificates";
/// No merge node comes to where it can only stop.
pub const HALT: &str = "no merge node halts";
/// What holds in every state.
pub const BROKEN: [&str; 5] = [FORK, SHRINK, LOST, TWIN, HALT];

/// A head of the full size is signed.
pub const FULL: &str = "a head of the full size is signed";
/// A head is signed in the last term.
pub const LAST_TERM: &str = "a head is signed in the last term";
/// A node that lost its disk endorses again.
pub const REJOINED: &str = "a node that lost its disk endorses again";
/// The second signer signs after the first did.
pub const MOVED: &str = "the second signer signs what extends the first's";
/// A head is signed by another number of voters than the log began with.
pub const MEMBERS: &str = "a head is signed after voters came or went";
/// What some state shows.
pub const REACHED: [&str; 5] = [FULL, LAST_TERM, REJOINED, MOVED, MEMBERS];

/// What tree heads and certificates tell.
#[derive(Debug)]
pub struct Verdict {
    forked: bool,
    shrunk: bool,
    lost: bool,
    twins: bool,
    full: bool,
    in_last_term: bool,
    moved: bool,
    changed: bool,
}

/// A signed head: in which term, by which signer, and over what.
struct Signed {
    head: TreeHead,
    term: Term,
    second_signer: bool,
    log: Arc<Vec<Name>>,
}

impl Explored {
    fn verdict(&self, state: &State) -> Arc<Verdict> {
        let key = (state.signed.clone(), state.certificates.clone());
        self.verdicts.of(key, || self.judge(state))
    }

    fn judge(&self, state: &State) -> Verdict {
        let signed: Vec<Signed> =
            state.signed.iter().filter_map(|(id, sth)| self.signed(*id, *sth)).collect();
        let pairs = || signed.iter().flat_map(|one| signed.iter().map(move |other| (one, other)));
        let forked = |(one, other): (&Signed, &Signed)| {
            one.log.len() <= other.log.len() && !other.log.starts_with(&one.log)
        };
        let shrunk = |(one, other): (&Signed, &Signed)| {
            one.head.timestamp <= other.head.timestamp && one.head.tree_size > other.head.tree_size
        };
        let lost = |id: &Id| {
            let (term, start) = self.certificate(*id, |c| (c.term(), c.body.start_head));
            let start = self.log(start.root.as_bytes());
            signed.iter().any(|signed| signed.term < term && !start.starts_with(&signed.log))
        };
        let mut terms: Vec<Term> =
            state.certificates.iter().map(|id| self.certificate(*id, |c| c.term())).collect();
        terms.sort_unstable();
        let last = Term::ZERO.plus(self.bounds.terms);
        let moved = |(one, other): (&Signed, &Signed)| {
            !one.second_signer && other.second_signer && !one.log.is_empty()
        };
        let others = |id: &Id| {
            self.certificate(*id, |c| {
                let grown = c.body.voters.len() != self.cluster.founding.body.voters.len();
                grown && signed.iter().any(|signed| signed.term == c.term())
            })
        };
        Verdict {
            forked: pairs().any(forked),
            shrunk: pairs().any(shrunk),
            lost: state.certificates.iter().any(lost),
            twins: terms.windows(2).any(|pair| pair[0] == pair[1]),
            full: signed.iter().any(|signed| signed.head.tree_size.get() == self.bounds.entries),
            in_last_term: signed.iter().any(|signed| signed.term == last),
            moved: pairs().any(moved),
            changed: state.certificates.iter().any(others),
        }
    }

    fn signed(&self, proposal: Id, sth: Id) -> Option<Signed> {
        let Message::Signed(sth, term) = &*self.messages.get(sth) else { return None };
        let second = &self.cluster.signers[1];
        let second_signer =
            self.proposal(proposal, |proposed| proposed.request.proposal.sth_signer == *second);
        let log = self.log(sth.head.root_hash.as_bytes());
        Some(Signed { head: sth.head, term: *term, second_signer, log })
    }

    /// What a tree consists of: of one that nobody proposed, nothing, as the empty one.
    fn log(&self, root: &[u8; 32]) -> Arc<Vec<Name>> {
        self.logs.of(*root, Vec::new)
    }

    fn has_rejoined(&self, state: &State) -> bool {
        state.merges.iter().any(|local| {
            let disk = self.merges.get(*local);
            let incarnation = disk.durable.incarnation;
            let founding = &self.cluster.founding.body.voters;
            founding.iter().all(|voter| voter.incarnation != incarnation)
                && disk.durable.accepted.term.get() > 1
        })
    }
}

impl Model for Explored {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![self.first()]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        actions.extend(self.possible(state));
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        self.after(state, &action)
    }

    /// A liar makes three nodes one too few for a new term to contain the old ones: then the signer is the last fence.
    fn properties(&self) -> Vec<Property<Self>> {
        let mut properties = vec![
            Property::always(FORK, |model: &Self, state| !model.verdict(state).forked),
            Property::always(SHRINK, |model: &Self, state| !model.verdict(state).shrunk),
            Property::sometimes(FULL, |model: &Self, state| model.verdict(state).full),
        ];
        if self.bounds.first_primary == Honesty::Honest {
            properties.extend([
                Property::always(LOST, |model: &Self, state: &State| !model.verdict(state).lost),
                Property::always(TWIN, |model: &Self, state: &State| !model.verdict(state).twins),
                Property::always(HALT, |_: &Self, state: &State| state.halted.is_none()),
            ]);
        }
        let runs = |wanted: &[Wanted]| self.bounds.runs.iter().any(|run| wanted.contains(run));
        if !self.bounds.runs.is_empty() || self.bounds.terms == 1 {
            properties.push(Property::sometimes(LAST_TERM, |model: &Self, state| {
                model.verdict(state).in_last_term
            }));
        }
        if self.bounds.wipes > 0 && runs(&[Wanted::Rejoin]) {
            properties.push(Property::sometimes(REJOINED, |model: &Self, state| model.has_rejoined(state)));
        }
        if runs(&[Wanted::MoveSigner]) {
            properties.push(Property::sometimes(MOVED, |model: &Self, state| model.verdict(state).moved));
        }
        if runs(&[Wanted::Leave, Wanted::Join]) {
            properties.push(Property::sometimes(MEMBERS, |model: &Self, state| model.verdict(state).changed));
        }
        properties
    }
}
