//! The frontend role: answers the public from its own copy of the published log, and makes promises.
//!
//! What it decides is pure and lies in [`copy`] (the copy of the log), [`promise`] (one submission) and
//! [`submit::judge`] (whether promises are made at all). Around that: [`internal`] keeps the copy, [`submit`] makes the
//! promises, [`public`] speaks HTTP. [`read_only`] is for logs of which the cluster has nothing but a copy.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that panics has failed"))]

pub mod copy;
mod error;
pub mod heads;
pub mod internal;
pub mod log;
pub mod promise;
pub mod public;
pub mod read_only;
mod run;
mod scrub;
pub mod submit;
#[cfg(test)]
mod testing;
mod watch;

pub use error::FrontendError;
pub use internal::{CreateError, create};
pub use run::run;
