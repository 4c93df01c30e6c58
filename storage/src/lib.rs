//! The storage role: keeps submissions, durably, until they are published.
//!
//! [`machine`] decides; one [`writer`] thread a log commits what it decided and only then answers; [`service`] decodes
//! and reads. On disk, `<state>/logs/<log>/` has the list of entries and a small state beside it ([`state`]).

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that panics has failed"))]

pub mod error;
pub mod machine;
pub mod queue;
pub mod salvage;
pub mod service;
pub mod state;
pub mod writer;

mod disk;
mod meters;
mod read;
mod refill;
mod scrub;

pub use error::StorageError;
pub use state::create;

use ct::names::Role;
use node::exit::Exit;
use node::host::{Host, RunArgs};
use service::Storage;
use std::sync::Arc;

/// Runs a storage node until it is told to end, or must.
///
/// # Errors
/// Whatever keeps it from starting; state that was never made is an error that names its directory.
pub async fn run(args: RunArgs) -> Result<Exit, StorageError> {
    let host = Host::start(Role::Storage, &args).await?;
    let started = match Storage::open(&host) {
        Ok(service) => host.serve(Arc::new(service)).await.map_err(StorageError::from),
        Err(error) => Err(error),
    };
    match started {
        Ok(()) => Ok(host.finish().await),
        Err(error) => {
            host.shutdown().cancel();
            Err(error)
        }
    }
}
