//! The node kit of Wolffish: the only door to clock, randomness, network and tasks.
//!
//! What a role decides is pure and lives elsewhere; what a role *does* to the world goes through here, one effect a
//! file. Two kinds of HTTP are spoken: between nodes, mutual TLS with pinned keys ([`tls`], [`access`], [`rpc_server`],
//! [`rpc_client`]; rules N1 to N4 of docs/protocol.md), and to the public ([`public_server`]). Every connection, body,
//! wait and retry has a bound, and the bounds stand in [`limits`].

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that panics has failed"))]

mod accept;
mod call_error;
mod idle;
mod panics;
mod pool;
mod rpc_head;

pub mod access;
pub mod admin_server;
pub mod body;
pub mod clock;
pub mod credentials;
pub mod deadline;
pub mod entropy;
pub mod exit;
pub mod fault;
pub mod files;
pub mod host;
pub mod limits;
pub mod message;
pub mod peers;
pub mod public_server;
pub mod public_tls;
pub mod readiness;
pub mod retry;
pub mod rpc_client;
pub mod rpc_server;
pub mod scrub;
pub mod shutdown;
pub mod tasks;
pub mod telemetry;
pub mod testing;
pub mod tls;
