//! Load: operations at fixed times or by workers, and what comes of them.

mod closed;
mod follow;
mod hand;
mod known;
mod open;
mod pacer;
mod publication;
mod step;
mod verify;

pub(crate) use follow::Followers;
pub(crate) use hand::Site;
pub(crate) use known::Known;
pub(crate) use publication::Publication;
pub use step::{Load, StepReport};
pub(crate) use step::{Step, Timing};
pub(crate) use verify::{Bench, Promises, Verifier};
