//! `wolffish verify` and `wolffish decode`, from outside: files in, verdicts out.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod decode;
mod evidence;
mod issued;
mod lab;
mod proofs;
mod scts;
