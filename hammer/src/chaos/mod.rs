//! Trouble for the nodes of a cluster on this machine, while it is under load: one node at a time is killed, or stopped
//! for a while, and the next only when it is back.

mod plan;
mod process;
mod run;

pub use plan::{Act, BadVictims, ChaosPlan, Trouble, Victims};
pub use process::{ProcessError, Target};
pub use run::{Chaos, ChaosEvent, Cluster, Node, run};
