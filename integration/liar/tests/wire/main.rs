//! The liar seen from outside: honest until told otherwise, and each lie told as it is described.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed, which is what it is for")]

mod auditor;
mod dialects;
mod forks;
mod lies;
mod script;
mod transport;

use std::time::Duration;

use judge::Limits;
use judge::api::Api;
use liar::{Frontend, Liar};

/// The log at its first frontend, seen with the judge's eyes.
fn api(liar: &Liar) -> Api {
    api_at(liar.frontend(0))
}

fn api_at(frontend: &Frontend) -> Api {
    let target = frontend.target();
    let limits = Limits { request: Duration::from_secs(20), ..Limits::for_target(&target) };
    Api::new(&target, &limits).unwrap()
}
