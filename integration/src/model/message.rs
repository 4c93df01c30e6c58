//! What nodes send each other, and what the log signs.

use ct::entry::StoredEntry;
use ct::index::Term;
use ct::sth::Sth;
use ct::term::{Endorsement, SignedProposal, SignedRelease, SignedStopReply, TermCertificate};

/// A message.
#[derive(Debug, Clone)]
pub enum Message {
    /// A primary asks for endorsements; it sends the log along.
    Proposal(Box<Proposed>),
    /// A merge node endorsed one.
    Endorsement(Endorsement),
    /// A merge node is stopped.
    Stopped(Box<SignedStopReply>),
    /// A term begins.
    Certificate(Box<TermCertificate>),
    /// A signer gave up its right.
    Released(Box<SignedRelease>),
    /// A tree head is signed, in a term.
    Signed(Sth, Term),
}

/// What a primary sends.
#[derive(Debug, Clone)]
pub struct Proposed {
    /// The request.
    pub request: SignedProposal,
    /// The entries below the proposed head.
    pub log: Vec<StoredEntry>,
    /// The newest tree head that it knows.
    pub newest: Option<Sth>,
}
