//! Why a request of the public is not answered as hoped, with whose fault that is, and the one table of statuses.

use super::chain_json::BodyFault;
use super::query::QueryError;
use crate::submit::{Closed, Unpromised};
use ct::x509::ChainError;
use hyper::StatusCode;
use node::body::BodyError;
use std::time::Duration;

/// Pause that a client is asked for when this node has too much to do at the moment.
const BUSY_PAUSE: Duration = Duration::from_secs(2);
/// Pause that a client is asked for before the log has its first STH.
const NO_STH_PAUSE: Duration = Duration::from_secs(10);
/// Pause that a client is asked for when a promise could not be made.
const UNPROMISED_PAUSE: Duration = Duration::from_secs(5);

/// Why a request is not answered as hoped.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The client's: there is nothing at this path.
    #[error("there is nothing at this path")]
    NoPath,
    /// The client's: another method is meant for this path.
    #[error("this path takes {allow}")]
    Method {
        /// Which one.
        allow: &'static str,
    },
    /// The client's: the query.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// The client's: the tree is smaller than asked for.
    #[error("need tree size: {needed} {purpose} but only got: {size}")]
    BeyondTree {
        /// The least size that would do.
        needed: u64,
        /// What for.
        purpose: &'static str,
        /// The size there is.
        size: u64,
    },
    /// The client's: no proof for a tree that is larger than the log.
    #[error("tree_size {asked} is above the size of the log, {size}")]
    NoSuchTree {
        /// Asked for.
        asked: u64,
        /// The size there is.
        size: u64,
    },
    /// The client's: no such leaf below that size.
    #[error("no leaf with this hash lies below tree_size {tree_size}")]
    NoSuchLeaf {
        /// Asked for.
        tree_size: u64,
    },
    /// The client's, or the network's: the body did not arrive whole.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// The client's: the body is no submission.
    #[error(transparent)]
    Submission(#[from] BodyFault),
    /// The client's: the chain is not logged.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The client's: this log takes no submissions, now or ever.
    #[error("this log is read-only: it takes no submissions, and never will")]
    ReadOnly,
    /// Ours: the log makes no promises now.
    #[error("the log takes no submissions now: {0}")]
    Closed(#[from] Closed),
    /// Ours: this promise could not be made.
    #[error("the promise could not be made: {0}")]
    Unpromised(#[from] Unpromised),
    /// Ours: too much to do.
    #[error("too many requests are under way")]
    Busy,
    /// Ours: there is no tree to answer from yet.
    #[error("the log has no signed tree head yet")]
    NoSth,
    /// Ours: the disk, or a state that cannot be. The public is not told what.
    #[error("{0}")]
    Ours(String),
}

impl Fault {
    /// The one table of statuses.
    pub const fn status(&self) -> StatusCode {
        match self {
            Fault::NoPath | Fault::NoSuchTree { .. } | Fault::NoSuchLeaf { .. } => StatusCode::NOT_FOUND,
            Fault::Method { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Fault::ReadOnly => StatusCode::GONE,
            Fault::Query(_) | Fault::BeyondTree { .. } => StatusCode::BAD_REQUEST,
            Fault::Submission(_) | Fault::Chain(_) => StatusCode::BAD_REQUEST,
            Fault::Body(error) => error.status(),
            Fault::Closed(_) | Fault::Unpromised(_) => StatusCode::SERVICE_UNAVAILABLE,
            Fault::Busy | Fault::NoSth => StatusCode::SERVICE_UNAVAILABLE,
            Fault::Ours(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// What `Retry-After` says, for faults that pass.
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Fault::Closed(closed) => Some(closed.retry_after()),
            Fault::Unpromised(_) => Some(UNPROMISED_PAUSE),
            Fault::Busy => Some(BUSY_PAUSE),
            Fault::NoSth => Some(NO_STH_PAUSE),
            _ => None,
        }
    }

    /// What the public is told.
    pub fn detail(&self) -> String {
        match self {
            Fault::Ours(_) => "the log failed in this request; its operator is told".to_owned(),
            other => other.to_string(),
        }
    }
}

impl From<store::StoreError> for Fault {
    fn from(error: store::StoreError) -> Self {
        Fault::Ours(error.to_string())
    }
}
