//! What a log is to be like before it starts.

use std::time::Duration;

use judge::TemporalInterval;
use judge::cert::KeyKind;

use crate::lie::Lie;

/// How to start a [`Liar`](crate::Liar); the default is honest, empty, and published by hand.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Told from the first request on, by all frontends.
    pub lie: Lie,
    /// How many synthetic entries are in the tree, published, from the start.
    pub entries: u64,
    /// How many base URLs the log has, at least one.
    pub frontends: usize,
    /// The kind of the log's key.
    pub log_key: LogKeyKind,
    /// The kind of the test CA's key; P-256, P-384 or RSA.
    pub ca_key: KeyKind,
    /// Which notAfter dates the log accepts; None for all.
    pub window: Option<TemporalInterval>,
    /// When heads are signed.
    pub publishing: Publishing,
    /// The most entries in one answer to get-entries, at least one.
    pub max_get_entries: u64,
    /// What the log says its maximum merge delay is. Only [`Liar::target`](crate::Liar::target) repeats it: whether
    /// it is kept is for the test to decide.
    pub mmd: Duration,
    /// Between two bytes of the lies that drip.
    pub drip: Duration,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            lie: Lie::None,
            entries: 0,
            frontends: 1,
            log_key: LogKeyKind::P256,
            ca_key: KeyKind::P256,
            window: None,
            publishing: Publishing::ByHand,
            max_get_entries: 1000,
            mmd: Duration::from_secs(5),
            drip: Duration::from_millis(50),
        }
    }
}

/// The kinds of key that RFC 6962 §2.1.4 allows a log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogKeyKind {
    /// ECDSA with P-256, a new key for each log.
    #[default]
    P256,
    /// RSA with 2048 bits, always the same key.
    Rsa2048,
}

/// When a log signs a new head.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Publishing {
    /// When the test says so, and at the start.
    #[default]
    ByHand,
    /// When get-sth finds entries that no head covers, or a head older than a tenth of a second.
    OnDemand,
}
