//! Chains to submit, made before the load begins.

mod authority;
mod issuer;
mod keys;
mod prepared;
mod stock;

pub use authority::TestCa;
pub use issuer::{Issuer, Validity};
pub use keys::KeyKind;
pub use prepared::{Issuers, Prepared};
pub use stock::{MAX_STOCK, Need, Stock};

/// Why there are no chains.
#[derive(Debug, thiserror::Error)]
pub enum ChainsError {
    /// The CA's certificate or key is not one.
    #[error("the test CA: {0}")]
    Authority(String),
    /// A certificate cannot be made.
    #[error("cannot issue certificates: {0}")]
    Issue(#[from] rcgen::Error),
    /// The system gives no random bytes.
    #[error("cannot issue certificates: the system gives no random bytes")]
    Random,
    /// More than memory should hold.
    #[error(
        "the run needs {needed} chains beforehand, the limit is {MAX_STOCK}: lower the rate or the duration"
    )]
    TooMany {
        /// How many.
        needed: u64,
    },
    /// A directory has too few.
    #[error("the run needs {needed} chains for {path}, {found} were given: lower the rate or the duration")]
    TooFew {
        /// add-chain or add-pre-chain.
        path: &'static str,
        /// How many it needs.
        needed: u64,
        /// How many there are.
        found: usize,
    },
    /// A given chain cannot be submitted.
    #[error("{source_name}: {reason}")]
    Chain {
        /// Where it is from.
        source_name: String,
        /// Why not.
        reason: String,
    },
}
