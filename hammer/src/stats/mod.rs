//! What a run is counted in.

mod latency;
mod outcome;
mod tally;

pub use latency::{Latency, Percentiles};
pub use outcome::Outcome;
pub use tally::{OperationReport, Submissions, Tally};
