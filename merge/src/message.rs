//! Everything that goes into a merge node's machine and comes out of it.

use ct::hash::{Fingerprint, Name};
use ct::index::{Term, TreeSize};
use ct::names::NodeName;
use ct::order::OrderRecord;
use ct::replica::Placed;
use ct::sth::Sth;
use ct::term::{
    AcceptedHead, Endorsement, Incarnation, RunId, SignedProposal, SignedStopReply, TermCertificate,
};
use ct::time::Timestamp;
use ct::wire::signer::SignSth;
use ct::wire::storage::{Fetch, Fetched, GetEntry, MoveStart};
use ct::wire::tree::{FrontendPosition, MergePosition, Publish, Reminder, SendLog, Taken};
use ct::wire::{EntryBatch, Refusal};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Tells which request an answer is for.
pub type Token = u64;

/// Tells which call an outcome is of.
pub type CallId = u64;

/// What happens to a merge node.
#[derive(Debug)]
pub enum Event {
    /// Another node asks.
    Request(Token, NodeName, Request),
    /// A call of ours has ended.
    Returned(CallId, Result<Returned, CallFailure>),
    /// Time passed.
    Tick,
}

/// What others ask of a merge node.
#[derive(Debug)]
pub enum Request {
    /// CurrentPosition, by the primary of a term.
    Position(Term),
    /// SendLog.
    SendLog(SendLog, Vec<OrderRecord>),
    /// MissingEntries.
    Missing(Term),
    /// SendEntry.
    SendEntry(Term, EntryBatch),
    /// VerifyRoot.
    VerifyRoot(Box<SignedProposal>),
    /// Remind.
    Remind(Box<Reminder>),
    /// SendSTH.
    Publish(Publish),
    /// SetPrimary.
    SetPrimary(Box<TermCertificate>),
    /// Stop, by repair.
    Stop(Term, RunId),
    /// Start, by repair.
    Start(Term),
}

/// What a merge node answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// To CurrentPosition.
    Position(MergePosition),
    /// To SendLog.
    Staged(TreeSize),
    /// To MissingEntries.
    Missing(Vec<Name>),
    /// To SendEntry.
    Taken(Taken),
    /// To VerifyRoot.
    Endorsed(Endorsement),
    /// To Stop.
    Stopped(Box<SignedStopReply>),
    /// To SendSTH, SetPrimary and Start.
    Done,
}

/// What a primary asks of others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// Of a storage node: FetchNewEntries.
    Fetch(Fetch),
    /// Of a storage node: GetEntry.
    GetEntry(GetEntry),
    /// Of a storage node: SendSTH.
    MoveStart(Box<MoveStart>),
    /// Of a merge node or frontend: CurrentPosition.
    Position(Term),
    /// Of a merge node or frontend: SendLog.
    SendLog(SendLog, Vec<OrderRecord>),
    /// Of a merge node or frontend: MissingEntries.
    Missing(Term),
    /// Of a merge node or frontend: SendEntry of these entries and issuers, which the shell reads from disk.
    SendEntries(Term, Vec<Name>, Vec<Fingerprint>),
    /// Of a merge node: VerifyRoot.
    VerifyRoot(Box<SignedProposal>),
    /// Of a merge node: Remind.
    Remind(Box<Reminder>),
    /// Of a merge node or frontend: SendSTH.
    Publish(Box<Publish>),
    /// Of the signer: SignSTH.
    SignSth(Box<SignSth>),
    /// Of anybody who is behind: SetPrimary.
    SetPrimary(Box<TermCertificate>),
}

/// What a call brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Returned {
    /// Of FetchNewEntries.
    Fetched(Fetched),
    /// Of GetEntry at a storage node.
    Entries(EntryBatch),
    /// Of CurrentPosition at a merge node.
    MergePosition(MergePosition),
    /// Of CurrentPosition at a frontend.
    FrontendPosition(Box<FrontendPosition>),
    /// Of SendLog.
    Staged(TreeSize),
    /// Of MissingEntries.
    Missing(Vec<Name>),
    /// Of SendEntry.
    Taken(Taken),
    /// Of VerifyRoot.
    Endorsed(Endorsement),
    /// Of SignSTH.
    Signed(Sth),
    /// Of the rest.
    Done,
}

/// Why a call brought nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallFailure {
    /// The other node refused.
    Refused(Box<Refusal>),
    /// It did not answer, or not sensibly.
    Failed(String),
}

/// A stop that waits for its certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stopped {
    /// The term that is to come.
    pub term: Term,
    /// The run of repair.
    pub run: RunId,
}

/// What is to be made durable; all writes of a step together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// Copies of entries, without places, and issuers.
    Copies(EntryBatch),
    /// A damaged copy is thrown away.
    DropCopy(Name),
    /// The order is cut at `base` and continued.
    Order {
        /// Where.
        base: TreeSize,
        /// With what.
        append: Vec<Placed>,
    },
    /// The accepted head, and the greatest timestamp under it.
    Accepted(Box<AcceptedHead>, Timestamp),
    /// The newest STH.
    NewestSth(Box<Sth>),
    /// The newest certificate.
    Certificate(Box<TermCertificate>),
    /// What the voters endorsed last, the primary's own vote apart.
    Endorsed(Box<BTreeMap<NodeName, Reminder>>),
    /// Which state this is from now on.
    Incarnation(Incarnation),
    /// Stopped, or no longer.
    Stopped(Option<Stopped>),
}

/// Something a person should know of.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Alarm {
    /// A copy on this node's disk is damaged.
    #[error("the copy of entry {0} on this node's disk is damaged: {1}")]
    BadCopy(Name, String),
    /// An endorser computed another root.
    #[error("{0} recomputed the head and got other roots")]
    RootDiffers(NodeName),
    /// An endorser's copy is damaged.
    #[error("{0} has a damaged copy: {1}")]
    DamagedPeer(NodeName, String),
    /// No storage node gives a good copy of an entry.
    #[error("no storage node gives a good copy of entry {0}; it is set aside")]
    SetAside(Name),
    /// An entry's time lies far in the future.
    #[error("entry {0} has a time more than an hour ahead ({1}); it is set aside until it is due")]
    FarFuture(Name, Timestamp),
    /// A storage node's list changed its identity or shrank.
    #[error("the list of {0} is another one, or was rolled back: {1}")]
    ListChanged(NodeName, String),
    /// The signer refuses.
    #[error("the signer refuses: {0}")]
    SignerRefuses(String),
    /// A frontend refuses what a majority endorsed and the log signed.
    #[error("frontend {0} refuses: {1}")]
    FrontendRefuses(NodeName, String),
    /// A frontend holds less than it held before.
    #[error(
        "frontend {node} was put back from an older copy: it held a tree of {held}, and holds one of {holds}"
    )]
    FrontendPutBack {
        /// Which.
        node: NodeName,
        /// When what it held before was signed.
        held: Timestamp,
        /// When what it holds now was signed.
        holds: Timestamp,
    },
    /// So many storage lists were lost that an entry may have been in no other.
    #[error(
        "{lists} storage lists are recovering at once: SCTs of the time from {from} to {to} may be for entries that are lost"
    )]
    MayBeLost {
        /// How many.
        lists: usize,
        /// Everything promised before was seen.
        from: Timestamp,
        /// When it was noticed.
        to: Timestamp,
    },
    /// This node's state was put back from an older copy.
    #[error(
        "this node's state was put back from an older copy: it endorsed a tree of size {signed} in term {term}, and remembers one of size {remembered}"
    )]
    RolledBack {
        /// The term of what it endorsed.
        term: Term,
        /// The size of that.
        signed: TreeSize,
        /// What it remembers.
        remembered: TreeSize,
    },
    /// A merge node has no vote: its state was lost and made anew.
    #[error("{0} is recovering: it has no vote until it rejoins (wolffish rejoin {0})")]
    Recovering(NodeName),
    /// A certificate that does not prove itself.
    #[error("refused a certificate: {0}")]
    BadCertificate(String),
}

/// What is to be done after the commit.
#[derive(Debug, PartialEq, Eq)]
pub enum Act {
    /// Answer a request.
    Respond(Token, Result<Answer, Box<Refusal>>),
    /// Call another node; its outcome comes back as [`Event::Returned`].
    Call(CallId, NodeName, Call),
    /// Tell a person.
    Alarm(Alarm),
    /// An STH was signed, and the primary goes on to publish it.
    Signed(Box<Sth>),
}

/// Why a machine must never take another step.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Halt {
    /// The disk does not answer.
    #[error(transparent)]
    Disk(#[from] ct::replica::DiskFault),
    /// The primary's log lacks something that was endorsed in its own term (docs/protocol.md, M8).
    #[error(
        "{holder} endorsed a head of size {size} in this primary's own term, and this log does not contain it"
    )]
    LostOwnTerm {
        /// Who endorsed it.
        holder: NodeName,
        /// Its size.
        size: TreeSize,
    },
    /// The log does not contain what its certificate or its accepted head says.
    #[error("the log on disk does not contain the {what} of size {size}: it was damaged or rolled back")]
    Lost {
        /// Which head.
        what: &'static str,
        /// Its size.
        size: TreeSize,
    },
}

/// Effects of a merge node.
pub type Fx = ct::machine::Effects<Write, Act>;
