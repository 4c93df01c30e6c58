//! Certificates: taking them apart, changing them as RFC 6962 §3.2 says, and making odd ones.

mod build;
mod keys;
pub mod oids;
mod parse;
mod tbs;
mod verify;

pub use build::{Certificate, Extension, name};
pub use keys::{KeyKind, KeyPair, random_bytes};
pub use parse::{ParsedCertificate, ParsedExtension, ParsedTbs};
pub use tbs::{PoisonState, poison_state, precert_tbs, tbs_without};
pub use verify::{PublicKey, SignatureAlgorithm, spki_of};
