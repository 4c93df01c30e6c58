//! Why a submitted chain is refused. Every variant is the client's fault and says where it lies: `chain[0]` is the leaf.

use super::certificate::CertificateError;
use super::extensions::CaClaim;
use super::precert::PrecertError;
use super::signature::SignatureError;
use crate::limits::{MAX_CERTIFICATE, MAX_CHAIN_LEN};
use crate::time::Timestamp;

/// Why a certificate cannot be the issuer of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IssuerFault {
    /// basicConstraints does not make it a CA.
    #[error("it is no CA: basicConstraints {}", claim_text(*.claim))]
    NotCa {
        /// What basicConstraints says.
        claim: CaClaim,
    },
    /// keyUsage forbids it.
    #[error("its keyUsage does not include keyCertSign")]
    KeyUsage,
}

const fn claim_text(claim: CaClaim) -> &'static str {
    match claim {
        CaClaim::Absent => "are missing",
        CaClaim::Ca => "say it is one",
        CaClaim::NotCa => "say it is none",
        CaClaim::Unclear => "are malformed or repeated",
    }
}

/// Why an accepted root with the right name did not issue the last certificate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RootFault {
    /// It may issue nothing.
    #[error(transparent)]
    Issuer(#[from] IssuerFault),
    /// Its key did not make the signature.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// Its name and key are in the chain already.
    #[error("it has the name and key of chain[{index}]")]
    Loop {
        /// Which certificate has them.
        index: usize,
    },
}

/// Why a chain is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// There is no certificate.
    #[error("chain: 0 certificates, at least 1 is needed")]
    Empty,
    /// There are too many certificates.
    #[error("chain: {found} certificates, the limit is {limit}", limit = MAX_CHAIN_LEN)]
    TooMany {
        /// How many there are.
        found: usize,
    },
    /// A certificate cannot be read.
    #[error("chain[{index}]: {error}")]
    Parse {
        /// Which one.
        index: usize,
        /// What is wrong.
        error: CertificateError,
    },
    /// The log does not take leaves that end then.
    #[error("chain[0]: notAfter {not_after} is outside the log's window, from {start} to before {end}")]
    OutsideWindow {
        /// End of the leaf's validity.
        not_after: Timestamp,
        /// First moment of the window.
        start: Timestamp,
        /// First moment after the window.
        end: Timestamp,
    },
    /// A certificate stands there twice.
    #[error("chain[{second}]: the same certificate as chain[{first}]")]
    Duplicate {
        /// The first of the two.
        first: usize,
        /// The second.
        second: usize,
    },
    /// A certificate is not followed by its issuer.
    #[error("chain[{index}]: its issuer is not the subject of chain[{next}]", next = index + 1)]
    NotIssuedByNext {
        /// The certificate.
        index: usize,
    },
    /// A certificate that should have issued another cannot have.
    #[error("chain[{index}]: {fault}")]
    Issuer {
        /// The would-be issuer.
        index: usize,
        /// What is wrong.
        fault: IssuerFault,
    },
    /// Two issuers have one name and key.
    #[error("chain[{second}]: the name and key of chain[{first}] again")]
    Loop {
        /// The first of the two.
        first: usize,
        /// The second.
        second: usize,
    },
    /// A signature was not made by the next certificate's key, or cannot be checked.
    #[error("chain[{index}]: {error}")]
    Signature {
        /// The signed certificate.
        index: usize,
        /// What is wrong.
        error: SignatureError,
    },
    /// The chain ends at no accepted root.
    #[error("chain[{index}]: it is no accepted root, and no accepted root has the name of its issuer")]
    UnknownRoot {
        /// The last certificate.
        index: usize,
    },
    /// The accepted roots with the right name did not issue the last certificate.
    #[error(
        "chain[{index}]: {tried} accepted roots have the name of its issuer, none issued it; the first: {fault}"
    )]
    NotIssuedByRoot {
        /// The last certificate.
        index: usize,
        /// How many roots have the name.
        tried: usize,
        /// What is wrong with the first of them.
        fault: RootFault,
    },
    /// The poison is malformed, or the precertificate cannot be reduced.
    #[error("chain[0]: {0}")]
    Precert(#[from] PrecertError),
    /// A precertificate was sent to add-chain.
    #[error("chain[0]: a precertificate, which belongs to add-pre-chain")]
    PrecertAtAddChain,
    /// A certificate without poison was sent to add-pre-chain.
    #[error("chain[0]: no precertificate (it has no poison), it belongs to add-chain")]
    FinalAtAddPreChain,
    /// A precertificate is an accepted root, so that it has no issuer.
    #[error("chain[0]: a precertificate without an issuer, for it is an accepted root")]
    PrecertIsRoot,
    /// The chain ends at a Precertificate Signing Certificate.
    #[error("chain[1]: a Precertificate Signing Certificate without its issuer")]
    SignerWithoutIssuer,
    /// The reduced precertificate is too long.
    #[error("chain[0]: {len} bytes without poison, the limit is {limit}", limit = MAX_CERTIFICATE)]
    EntryTooLong {
        /// Its length.
        len: usize,
    },
}

impl ChainError {
    /// A short name, one of few: for metrics.
    pub const fn label(&self) -> &'static str {
        match self {
            ChainError::Empty => "empty",
            ChainError::TooMany { .. } => "too_many",
            ChainError::Parse { .. } => "parse",
            ChainError::OutsideWindow { .. } => "window",
            ChainError::Duplicate { .. } => "duplicate",
            ChainError::NotIssuedByNext { .. } => "order",
            ChainError::Issuer { .. } => "issuer",
            ChainError::Loop { .. } => "loop",
            ChainError::Signature { error: SignatureError::Wrong, .. } => "signature",
            ChainError::Signature { .. } => "signature_unsupported",
            ChainError::UnknownRoot { .. } => "unknown_root",
            ChainError::NotIssuedByRoot { .. } => "root_mismatch",
            ChainError::Precert(_) => "precert",
            ChainError::PrecertAtAddChain | ChainError::FinalAtAddPreChain => "endpoint",
            ChainError::PrecertIsRoot | ChainError::SignerWithoutIssuer => "precert_issuer",
            ChainError::EntryTooLong { .. } => "too_long",
        }
    }
}
