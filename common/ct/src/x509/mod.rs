//! Certificates: reading them, judging submitted chains, and reducing a precertificate to what its final certificate will
//! say.
//!
//! A log records misissuance, it does not police it (RFC 6962 §3.1): what chains to an accepted root and can be read is
//! logged. The gate is [`chain::validate`]; only it makes a [`ValidatedChain`].

mod algorithm;
pub mod cache;
pub mod certificate;
pub mod chain;
pub mod chain_error;
pub mod der;
pub mod embedded;
pub mod extensions;
mod layout;
pub mod oid;
mod path;
pub mod pem;
pub mod precert;
pub mod public_key;
pub mod roots;
pub mod signature;
pub mod validity;

#[cfg(test)]
pub(crate) mod tests;

pub use cache::{NoCache, VERIFIED_CACHE_LEN, VerifiedCache, VerifiedIssuers};
pub use certificate::{Certificate, CertificateError};
pub use chain::{Admission, Endpoint, ValidatedChain, ValidatedParts, Window, validate};
pub use chain_error::{ChainError, IssuerFault, RootFault};
pub use embedded::{EmbeddedError, embedded_list, embedded_scts};
pub use extensions::{CaClaim, Extension};
pub use precert::{Poison, PrecertError, final_tbs, is_precert_signer, poison, precert_tbs};
pub use roots::{Root, Roots, RootsError};
pub use signature::{SignatureError, verify_issued};
