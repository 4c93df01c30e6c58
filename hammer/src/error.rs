//! Why a run cannot begin or go on. What the log does wrong is no error here: that is what a run reports.

use crate::chains::ChainsError;
use crate::records::RecordsError;
use client::{ClientError, SetupError};

/// Why a run cannot begin or go on.
#[derive(Debug, thiserror::Error)]
pub enum HammerError {
    /// There are no chains to submit.
    #[error(transparent)]
    Chains(#[from] ChainsError),
    /// Nothing can be recorded.
    #[error(transparent)]
    Records(#[from] RecordsError),
    /// No evidence could be kept.
    #[error(transparent)]
    Evidence(#[from] crate::evidence::Unusable),
    /// No client can be made.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// The mix asks for chains, and there is nothing that they could be made of.
    #[error("the mix has {operation}, and there are no chains: give a test CA or a directory of chains")]
    NoChains {
        /// add-chain or add-pre-chain.
        operation: crate::mix::Operation,
    },
    /// No frontend shows a tree head.
    #[error("no frontend shows a tree head: {0}")]
    NoHead(String),
    /// The very first tree head is a lie.
    #[error("not a log to load: {0}")]
    Lie(ClientError),
    /// A part of the hammer itself broke.
    #[error("{0} broke: this is a fault of the hammer")]
    Broken(&'static str),
}
