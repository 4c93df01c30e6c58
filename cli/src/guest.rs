//! A node of the cluster for as long as a command takes: with its key, and without its port.

use crate::failure::Failure;
use ct::names::Role;
use node::clock::SystemClock;
use node::entropy::SystemEntropy;
use node::host::{Host, RunArgs, Surroundings};
use node::telemetry::detached_metrics;
use std::fmt::Display;
use std::sync::Arc;

/// The node in this process.
pub fn host(role: Role, args: &RunArgs) -> Result<Host, Failure> {
    let usage = |error: &dyn Display| Failure::Usage(error.to_string());
    let around = Surroundings {
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy::new()),
        shutdown: tokio_util::sync::CancellationToken::new(),
        metrics: detached_metrics().map_err(|error| usage(&error))?,
    };
    Host::start_in(role, args, around).map_err(|error| usage(&error))
}
