//! A storage node over real TLS, and the callers that it knows.

#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use bytes::Bytes;
use config::init::Counts;
use config::raw::RawLog;
use ct::entry::{Leaf, SignedEntry, StoredEntry};
use ct::hash::RootHash;
use ct::index::{Position, Term, TreeSize};
use ct::key::LogSigningKey;
use ct::names::Role;
use ct::sth::{Sth, TreeHead};
use ct::term::Incarnation;
use ct::time::Timestamp;
use ct::wire::storage::{Completeness, Cursor, Fetch, Fetched, MoveStart, PutHeader, PutReply};
use ct::wire::{EntryBatch, Refusal};
use node::clock::{Clock as _, ManualClock, SystemClock};
use node::deadline::Deadline;
use node::exit::Exit;
use node::host::Host;
use node::message::Method;
use node::rpc_client::CallError;
use node::testing::{Lab, node_name};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use storage::service::Storage;
use store::list::ListOptions;
use tempfile::TempDir;

pub const LIST: Incarnation = Incarnation::new([1; 16]);
const PATIENCE: Duration = Duration::from_secs(20);

pub struct World {
    pub lab: Lab,
    pub clock: Arc<ManualClock>,
    pub running: Option<Host>,
    callers: BTreeMap<String, Host>,
    _dir: TempDir,
}

impl World {
    /// A cluster with a storage node that was made, but not started.
    pub fn new(settings: RawLog) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let counts = Counts { frontends: 1, storage: 3, signers: 1, merge: 3 };
        let lab = Lab::new(&dir.path().join("cluster"), counts, settings);
        let clock = Arc::new(ManualClock::new(SystemClock.now()));
        let world = Self { lab, clock, running: None, callers: BTreeMap::new(), _dir: dir };
        let state = node::host::log_dir(&world.lab.state_dir("storage-1"), world.lab.log_name());
        storage::create(&state, &world.lab.founding(), LIST, Completeness::Whole).unwrap();
        world
    }

    /// The same, started.
    pub async fn started() -> Self {
        let mut world = Self::new(RawLog::default());
        world.start(&ListOptions::default()).await;
        world
    }

    pub async fn start(&mut self, options: &ListOptions) {
        let host = self.lab.host("storage-1", Role::Storage, self.clock.clone()).unwrap();
        let service = Storage::open_with(&host, options).unwrap();
        let listener = self.lab.listener("storage-1").await;
        host.serve_on(Arc::new(service), listener, None).unwrap();
        self.running = Some(host);
    }

    pub async fn stop(&mut self) -> Exit {
        let host = self.running.take().unwrap();
        host.shutdown().cancel();
        host.finish().await
    }

    fn caller(&mut self, name: &str) -> &Host {
        let role = self.lab.cluster().node(&node_name(name)).unwrap().role();
        self.callers.entry(name.to_owned()).or_insert_with(|| {
            let clock: Arc<dyn node::clock::Clock> = self.clock.clone();
            self.lab.host(name, role, clock).unwrap()
        })
    }

    pub async fn call(&mut self, by: &str, method: Method, body: Vec<u8>) -> Result<Bytes, CallError> {
        let log = self.lab.log_name().clone();
        let peer = node_name("storage-1");
        let deadline = Deadline::after(PATIENCE);
        self.caller(by).client().call(&peer, &log, method, Bytes::from(body), deadline).await
    }

    /// A call of messages in JSON.
    pub async fn ask<T: DeserializeOwned>(
        &mut self,
        by: &str,
        method: Method,
        message: &impl Serialize,
    ) -> Result<T, CallError> {
        let answer = self.call(by, method, serde_json::to_vec(message).unwrap()).await?;
        Ok(serde_json::from_slice(&answer).unwrap())
    }

    pub async fn send(&mut self, entries: Vec<StoredEntry>, issuers: Vec<Vec<u8>>) -> Vec<PutReply> {
        let body = batch(entries, issuers, 2);
        let answer = self.call("frontend-1", Method::SendEntry, body).await.unwrap();
        serde_json::from_slice(&answer).unwrap()
    }

    /// An entry of the certificate `identity`, promised now and `later`.
    pub fn entry(&self, identity: &str, later: Duration) -> StoredEntry {
        let certificate = identity.as_bytes().to_vec();
        let timestamp = self.clock.now().plus(later);
        let leaf = Leaf::plain(timestamp, SignedEntry::X509 { certificate });
        StoredEntry::new(&leaf, None, Vec::new()).unwrap()
    }

    pub fn log_key(&self) -> LogSigningKey {
        let pem = config::load_private_key(&self.lab.report.logs[0].private_key_files[0]).unwrap();
        LogSigningKey::from_pem(pem.pem()).unwrap()
    }

    pub fn sth(&self, size: u64) -> Sth {
        let tree_size = TreeSize::new(size).unwrap();
        let head = TreeHead { timestamp: self.clock.now(), tree_size, root_hash: RootHash::new([3; 32]) };
        self.log_key().sign_head(head).sth().clone()
    }

    pub fn move_start(&self, start: u64) -> MoveStart {
        MoveStart { term: Term::FIRST, sth: self.sth(start), incarnation: LIST, start: at(start) }
    }

    pub async fn fetch(&mut self, fetch: &Fetch) -> Fetched {
        self.ask("merge-1", Method::FetchNewEntries, fetch).await.unwrap()
    }
}

pub fn batch(entries: Vec<StoredEntry>, issuers: Vec<Vec<u8>>, storage_quorum: usize) -> Vec<u8> {
    let header = PutHeader { storage_quorum };
    EntryBatch { entries, issuers }.into_bulk(header).unwrap().encode().unwrap()
}

pub fn at(position: u64) -> Position {
    Position::new(position).unwrap()
}

pub fn from(position: u64) -> Fetch {
    let cursor = Some(Cursor { incarnation: LIST, position: at(position) });
    Fetch { term: Term::FIRST, cursor, retained: false, wait_ms: 0 }
}

/// What a 409 says.
pub fn refusal<T: std::fmt::Debug>(result: Result<T, CallError>) -> Refusal {
    match result {
        Err(CallError::Refused(body)) => serde_json::from_slice(&body).unwrap(),
        other => panic!("{other:?}"),
    }
}

pub fn millis(timestamp: Timestamp) -> u64 {
    timestamp.millis()
}
