//! Stories about chains, and comparisons with OpenSSL, rcgen and x509-parser.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod chains;
mod embedded;
mod endpoints;
pub(crate) mod fixtures;
pub(crate) mod forge;
mod issuers;
mod mutation;
mod precerts;
mod reading;
mod refusals;
mod signatures;
mod system_roots;
