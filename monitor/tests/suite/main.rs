//! The monitor against a log in memory: honest, slow, busy, and lying.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod claims;
mod harness;
mod honest;
mod lies;
mod manners;
mod proxy;
