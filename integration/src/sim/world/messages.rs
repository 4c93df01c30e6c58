//! What travels between nodes, and which stage it belongs to.

use crate::sim::fault::Stage;
use crate::sim::repair::repair_name;
use ct::entry::StoredEntry;
use ct::index::Term;
use ct::names::{NodeName, Role};
use ct::term::{RunId, SignedStopReply};
use ct::wire::EntryBatch;
use ct::wire::storage::SctItem;
use frontend::promise;
use merge::message::{Call, CallFailure, CallId, Returned};

/// Who asked, and how the answer finds it.
#[derive(Debug, Clone)]
pub(in crate::sim) enum Origin {
    Primary {
        node: NodeName,
        epoch: u64,
        call: CallId,
    },
    Submission {
        frontend: NodeName,
        epoch: u64,
        id: u64,
    },
    Repair {
        node: NodeName,
        epoch: u64,
        call: CallId,
    },
    /// The caller has given up: no answer finds it.
    Late(Box<Origin>),
    Nobody,
}

impl Origin {
    pub fn caller(&self) -> NodeName {
        match self {
            Self::Primary { node, .. } | Self::Repair { node, .. } => node.clone(),
            Self::Submission { frontend, .. } => frontend.clone(),
            Self::Late(origin) => origin.caller(),
            Self::Nobody => super::name("nobody", 1),
        }
    }

    pub fn too_late(self) -> Self {
        match self {
            Self::Late(_) => self,
            other => Self::Late(Box::new(other)),
        }
    }
}

#[derive(Debug, Clone)]
pub(in crate::sim) enum Message {
    Call(Call),
    Batch(Call, EntryBatch),
    /// An entry, and the quorum that the frontend counts with.
    Store(Box<StoredEntry>, usize),
    Sign(Box<StoredEntry>),
    Scts(Vec<SctItem>),
    Stop(Term, RunId),
    Start(Term),
    Release(Term, RunId),
    GetCertificate,
}

#[derive(Debug)]
pub(in crate::sim) enum Reply {
    Primary(Result<Returned, CallFailure>),
    Submission(promise::Event),
    Stopped(Box<SignedStopReply>),
    Released(Box<ct::term::SignedRelease>),
    Certificate(Box<ct::term::TermCertificate>),
}

impl Reply {
    /// A list with nothing new on it.
    pub fn is_no_news(&self) -> bool {
        matches!(self, Self::Primary(Ok(Returned::Fetched(fetched))) if fetched.list.is_empty())
    }

    pub fn failed() -> Self {
        Self::Primary(Err(CallFailure::Failed("deadline".to_owned())))
    }
}

impl Message {
    /// The primary's call in it.
    pub fn call(&self) -> Option<&Call> {
        match self {
            Self::Call(call) | Self::Batch(call, _) => Some(call),
            _ => None,
        }
    }

    /// The stage that it belongs to at a node of this role.
    pub fn stage(&self, to: Role) -> Stage {
        match self {
            Self::Store(..) | Self::Sign(_) | Self::Scts(_) => Stage::Promise,
            Self::Stop(..) | Self::Start(_) | Self::Release(..) | Self::GetCertificate => Stage::Terms,
            Self::Call(call) | Self::Batch(call, _) => match call {
                Call::Fetch(_) | Call::GetEntry(_) => Stage::Collect,
                Call::MoveStart(_) => Stage::TellStorage,
                Call::VerifyRoot(_) | Call::Remind(_) => Stage::Endorse,
                Call::Publish(_) => Stage::Distribute,
                Call::SignSth(_) => Stage::Sign,
                Call::SetPrimary(_) => Stage::Terms,
                Call::Position(_) | Call::SendLog(..) | Call::Missing(_) | Call::SendEntries(..) => {
                    if to == Role::Frontend { Stage::Distribute } else { Stage::BackUp }
                }
            },
        }
    }

    /// The term in whose name it is sent.
    pub fn term(&self) -> Option<Term> {
        Some(match self.call()? {
            Call::Fetch(fetch) => fetch.term,
            Call::MoveStart(message) => message.term,
            Call::Position(term) | Call::Missing(term) | Call::SendEntries(term, ..) => *term,
            Call::SendLog(header, _) => header.term,
            Call::VerifyRoot(request) => request.proposal.term,
            Call::Publish(publish) => publish.term,
            Call::GetEntry(_) | Call::SignSth(_) | Call::SetPrimary(_) | Call::Remind(_) => return None,
        })
    }
}

/// What a name says of a node's role.
pub(in crate::sim) fn role(node: &NodeName) -> Role {
    let text = node.to_string();
    let of = |role: &Role| text.rsplit_once('-').is_some_and(|(prefix, _)| prefix == role.as_str());
    if *node == repair_name(1) || *node == repair_name(2) {
        return Role::MergeRepair;
    }
    Role::ALL.into_iter().find(of).unwrap_or(Role::Operator)
}
