//! A log in memory, honest unless told to tell one particular lie.
//!
//! It exists so that each check of the judge is seen to pass against a right answer and to fail against a wrong
//! one. It sequences at once, keeps everything in memory, and gives each connection a thread.

mod ca;
mod handlers;
mod lie;
mod log;
mod policy;
mod server;

use std::sync::Arc;
use std::time::Duration;

use judge::cert::KeyKind;
use judge::{Target, TemporalInterval};

pub use lie::Lie;

use log::Log;
use server::Server;

/// A running toy log; it stops when dropped.
pub struct Toy {
    /// What the judge needs to know.
    pub target: Target,
    _server: Server,
}

impl Toy {
    pub fn start(lie: Lie, window: Option<TemporalInterval>) -> Self {
        Self::start_below(KeyKind::P256, lie, window)
    }

    /// With a test CA whose key is of this kind.
    pub fn start_below(ca: KeyKind, lie: Lie, window: Option<TemporalInterval>) -> Self {
        let (certificate, certificate_pem, key_pem) = ca::new(ca);
        let log = Log::new(lie, window, vec![certificate]);
        let log_key_spki_der = log.spki();
        let server = Server::start(Arc::new(log));
        let target = Target {
            name: "toy".to_owned(),
            base_url: format!("http://{}/toy", server.address),
            log_key_spki_der,
            mmd: Duration::from_secs(5),
            temporal_interval: window,
            test_ca_cert_pem: certificate_pem,
            test_ca_key_pem: key_pem,
        };
        Self { target, _server: server }
    }
}
