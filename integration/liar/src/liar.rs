//! The handle by which a test runs and scripts a log.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use judge::Target;
use judge::merkle::Hash;

use crate::endpoint::Endpoint;
use crate::frontend::Frontend;
use crate::http::Server;
use crate::lie::Lie;
use crate::log::{Branch, Head, Log};
use crate::requests::Request;
use crate::setup::Setup;
use crate::tree::Entry;

/// A running log; it stops when dropped. See the [crate's documentation](crate).
pub struct Liar {
    log: Arc<Log>,
    frontends: Vec<Arc<Frontend>>,
    _server: Server,
}

impl Liar {
    /// An honest, empty log with a head for its empty tree.
    pub fn start() -> Self {
        Self::with(Setup::default())
    }

    /// An honest log with so many synthetic entries, published.
    pub fn with_entries(entries: u64) -> Self {
        Self::with(Setup { entries, ..Setup::default() })
    }

    /// A log as described.
    pub fn with(setup: Setup) -> Self {
        let log = Arc::new(Log::new(&setup));
        let frontend = |number| {
            let (listener, address) = Server::bind();
            (listener, Arc::new(Frontend::new(number, address, log.clone(), setup.drip)))
        };
        let servers: Vec<_> = (0..setup.frontends.max(1)).map(frontend).collect();
        let frontends = servers.iter().map(|(_, frontend)| frontend.clone()).collect();
        let liar = Self { log, frontends, _server: Server::start(servers) };
        liar.append(setup.entries);
        liar.publish();
        liar.tell(setup.lie);
        liar
    }

    /// The base URL of the first frontend, without a slash at the end.
    pub fn url(&self) -> String {
        self.frontend(0).url()
    }

    /// The base URLs of all frontends.
    pub fn urls(&self) -> Vec<String> {
        self.frontends.iter().map(|frontend| frontend.url()).collect()
    }

    /// One of the frontends, counted from zero.
    pub fn frontend(&self, number: usize) -> &Frontend {
        &self.frontends[number]
    }

    /// The log's SubjectPublicKeyInfo.
    pub fn spki(&self) -> Vec<u8> {
        self.log.target.log_key_spki_der.clone()
    }

    /// The same in base64.
    pub fn key_base64(&self) -> String {
        STANDARD.encode(self.spki())
    }

    /// The LogID (RFC 6962 §3.2).
    pub fn log_id(&self) -> Hash {
        self.log.id()
    }

    /// What a client, or the judge, needs to know of the log at its first frontend, with the test CA's certificate
    /// and key for submissions.
    pub fn target(&self) -> Target {
        self.frontend(0).target()
    }

    /// Adds so many synthetic entries at once, certificates and precertificates by turns, and returns their indexes.
    /// They are dated now; no head covers them yet.
    pub fn append(&self, count: u64) -> Range<u64> {
        let now = self.log.clock.now();
        let mut state = self.log.state();
        let start = state.trunk.len() as u64;
        for _ in 0..count {
            let entry = state.mint.next(now);
            state.append(entry, now);
        }
        start..start + count
    }

    /// The same, an entry for each of these names (dNSName and common name).
    pub fn append_named(&self, names: &[&str]) -> Range<u64> {
        let now = self.log.clock.now();
        let mut state = self.log.state();
        let start = state.trunk.len() as u64;
        for name in names {
            let entry = state.mint.next_for(name, now);
            state.append(entry, now);
        }
        start..start + names.len() as u64
    }

    /// Adds an entry of any bytes, and returns its index.
    pub fn append_raw(&self, entry: Entry) -> u64 {
        let now = self.log.clock.now();
        let mut state = self.log.state();
        state.append(entry, now);
        state.trunk.len() as u64 - 1
    }

    /// How many entries the log holds, published or not.
    pub fn size(&self) -> u64 {
        self.log.state().trunk.len() as u64
    }

    /// An entry as it truly is, published or not.
    pub fn entry(&self, index: u64) -> Entry {
        self.log.state().trunk.entry(index as usize).clone()
    }

    /// The true root of the first `size` entries.
    pub fn root(&self, size: u64) -> Hash {
        self.log.state().trunk.root(size as usize)
    }

    /// Signs a head for all entries, and one for the fork if there is one. It is dated now, or a millisecond after
    /// the last one if that is later.
    pub fn publish(&self) -> Head {
        self.log.publish()
    }

    /// The same with any date, in milliseconds since the epoch, even one before the last.
    pub fn publish_at(&self, timestamp: u64) -> Head {
        self.log.publish_at(timestamp)
    }

    /// The last head signed, as it truly is.
    pub fn head(&self) -> Head {
        self.last_head(Branch::Trunk)
    }

    /// The last head of the fork.
    pub fn fork_head(&self) -> Head {
        self.last_head(Branch::Fork)
    }

    fn last_head(&self, branch: Branch) -> Head {
        let head = self.log.state().tree(branch).head.clone();
        head.expect("a log publishes when it starts, and so does a fork")
    }

    /// Makes a fork that shares the first `size` entries with the trunk and has others, as many, from there on, also
    /// for entries yet to come. It has a head at once, of the size and date of the trunk's last one. Who sees it is
    /// told by [`Lie::Fork`] and its like; telling one of them without a fork makes one that shares nothing. An
    /// earlier fork is forgotten.
    pub fn fork_at(&self, size: u64) {
        self.log.fork_at(size);
    }

    /// Tells this lie from now on at all frontends, instead of any earlier one.
    pub fn tell(&self, lie: Lie) {
        self.frontends.iter().for_each(|frontend| frontend.tell(lie));
    }

    /// Tells this lie at one endpoint of all frontends, and the truth at all other endpoints.
    pub fn tell_at(&self, endpoint: Endpoint, lie: Lie) {
        self.frontends.iter().for_each(|frontend| frontend.tell_at(endpoint, lie));
    }

    /// Tells no lie from now on.
    pub fn be_honest(&self) {
        self.tell(Lie::None);
    }

    /// Goes on showing what is shown now, at all frontends: [`Lie::Frozen`].
    pub fn serve_frozen(&self) {
        self.tell(Lie::Frozen);
    }

    /// The time at which the log is, in milliseconds since the epoch.
    pub fn now(&self) -> u64 {
        self.log.clock.now()
    }

    /// Stops the log's clock at this time, in milliseconds since the epoch.
    pub fn set_time(&self, timestamp: u64) {
        self.log.clock.stop_at(timestamp);
    }

    /// Puts the log's clock forward, whether it runs or not.
    pub fn pass(&self, time: Duration) {
        self.log.clock.put_forward(time);
    }

    /// Limits the entries in one answer to get-entries from now on; at least one is served.
    pub fn set_max_get_entries(&self, most: u64) {
        self.log.state().max_get_entries = most;
    }

    /// What all frontends have been asked so far, in order of arrival.
    pub fn requests(&self) -> Vec<Request> {
        self.log.requests().clone()
    }

    /// Forgets the requests so far.
    pub fn forget_requests(&self) {
        self.log.requests().clear();
    }
}
