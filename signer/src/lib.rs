//! The signer role: holds the log's key, and refuses.
//!
//! [`machine`] decides; one [`owner`] thread a log commits what it decided and only then signs a tree head; SCTs are
//! signed by [`service`] on threads of their own, for nothing is remembered of them.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that panics has failed"))]

pub mod error;
pub mod machine;
pub mod owner;
pub mod service;
pub mod state;

mod meters;
mod sct;

pub use error::SignerError;
pub use state::create;

use ct::names::Role;
use node::exit::Exit;
use node::host::{Host, RunArgs};
use service::Signer;
use std::sync::Arc;

/// Runs a signer until it is told to end, or must.
///
/// # Errors
/// Whatever keeps it from starting: state that was never made, a key that others may read or that is not the log's.
pub async fn run(args: RunArgs) -> Result<Exit, SignerError> {
    let host = Host::start(Role::Signer, &args).await?;
    let started = match Signer::open(&host) {
        Ok(service) => host.serve(Arc::new(service)).await.map_err(SignerError::from),
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
