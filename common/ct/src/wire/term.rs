//! Messages by which repair ends a term and begins the next (docs/protocol.md, R1–R8). The certificate itself travels in
//! [`super::SetPrimary`].

use crate::index::Term;
use crate::term::RunId;
use serde::{Deserialize, Serialize};

/// Stop, to a merge node. The answer is a [`crate::term::SignedStopReply`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stop {
    /// The term that is to come.
    pub term: Term,
    /// The run of repair.
    pub run: RunId,
}

/// Release, to the signer that signs STHs: it signs none for a term up to this one again. The answer is a
/// [`crate::term::SignedRelease`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// The term that is to come.
    pub term: Term,
    /// The run of repair.
    pub run: RunId,
}

/// Start, to a merge node: does it work in this term? A node of a later term refuses with the newest certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Start {
    /// The term.
    pub term: Term,
}
