//! Load on RFC 6962 logs, open or closed loop, with every promise recorded and later proved.
//!
//! What is decided is pure and stands alone: when requests start ([`schedule`]), what is asked ([`mix`]), what frontends
//! say together ([`views`]), which rate to try next ([`search`]), whom chaos hits ([`chaos`]). Around it:
//!
//! ```text
//! schedule ──► open loop  ┐                       ┌─► verifier ──► records (durable)  ──► prove: each promise included
//!              closed loop├─► operations ─► log ──┤
//!                         ┘        │              └─► tally: outcomes, latencies ──► report: JSON, table, SVG
//! chaos ──► nodes                  └─► watcher: every tree head compared, consistency proved
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that panics has failed"))]

pub mod chains;
pub mod chaos;
mod clock;
mod error;
pub mod evidence;
mod fault;
mod load;
pub mod mix;
pub mod prove;
mod pulse;
pub mod records;
pub mod report;
mod run;
pub mod schedule;
pub mod search;
pub mod stats;
pub mod views;

pub use error::HammerError;
pub use fault::{Fault, Faults};
pub use load::{Load, StepReport};
pub use pulse::{Beat, Pulse};
pub use run::{Chains, Goal, Plan, Stop, reprove, run};
