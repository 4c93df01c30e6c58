//! `wolffish import`: a log copied into a read-only log of another cluster, as an operator would do it.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod broken;
mod compare;
mod foreign;
mod gate;
mod lab;
mod lies;
mod taken_over;
