//! Tests of the configuration, from outside: files in, clusters and faults out.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod examples;
mod init;
mod read_only;
mod refusals;
mod roots;
mod support;
