//! What every frontend shows, compared: one log has one tree, and its time runs forward.

mod compare;
mod settle;
mod told;
mod watch;

pub use compare::{Answered, Asked, Check, Contradiction, Shown, Views};
pub use settle::ViewsReport;
pub use watch::{LookError, Watcher};
