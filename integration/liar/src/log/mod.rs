//! The promises, the trees and the heads of the log.

mod heads;
mod promise;
mod state;

use std::sync::{Mutex, MutexGuard, PoisonError};

use judge::merkle::Hash;
use judge::{Target, TemporalInterval};

use crate::ca::TestCa;
use crate::clock::Clock;
use crate::mint::Mint;
use crate::requests::Request;
use crate::setup::{Publishing, Setup};
use crate::signer::Signer;

pub use heads::Head;
pub(crate) use promise::Accepted;
pub(crate) use state::{Branch, State};

/// What all frontends of the log share.
pub(crate) struct Log {
    /// A description for clients and for the judge, with no base URL in it.
    pub(crate) target: Target,
    /// The accepted roots.
    pub(crate) roots: Vec<Vec<u8>>,
    pub(crate) clock: Clock,
    publishing: Publishing,
    signer: Signer,
    /// Signs what the log's own key does not.
    stranger: Signer,
    state: Mutex<State>,
    requests: Mutex<Vec<Request>>,
}

impl Log {
    pub(crate) fn new(setup: &Setup) -> Self {
        let ca = TestCa::new(setup.ca_key);
        let signer = Signer::new(setup.log_key);
        let target = Target {
            name: "liar".to_owned(),
            base_url: String::new(),
            log_key_spki_der: signer.spki(),
            mmd: setup.mmd,
            temporal_interval: setup.window,
            test_ca_cert_pem: ca.certificate_pem,
            test_ca_key_pem: ca.key_pem,
        };
        Self {
            state: Mutex::new(State::new(Mint::new(&target), setup.max_get_entries)),
            requests: Mutex::default(),
            target,
            roots: vec![ca.certificate],
            clock: Clock::default(),
            publishing: setup.publishing,
            signer,
            stranger: Signer::stranger(setup.log_key),
        }
    }

    /// LogID (RFC 6962 §3.2).
    pub(crate) fn id(&self) -> Hash {
        self.signer.id()
    }

    /// Which notAfter dates are accepted.
    pub(crate) fn window(&self) -> Option<TemporalInterval> {
        self.target.temporal_interval
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        // A thread that panicked while it held the lock has failed its test already.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All requests so far, in order of arrival.
    pub(crate) fn requests(&self) -> MutexGuard<'_, Vec<Request>> {
        // A list that is only pushed to.
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
