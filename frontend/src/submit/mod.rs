//! From a validated chain to an SCT (RFC 6962 §3, §4.1).
//!
//! What is promised or published already gets the same SCT again, byte for byte; only what is new passes the gate and
//! becomes a promise. A wrong hit would be fatal, a miss is harmless: so every hit makes the leaf again from the submission
//! and compares (docs/protocol.md, F3).

mod drive;
mod gate;
mod known;
pub mod limits;
mod network;
mod parcel;
mod probe;
mod published;
mod sct_lane;
mod signer_lane;
mod start;
mod storage_lane;

pub use drive::{Nodes, Unpromised};
pub use gate::{Bounds, Closed, Facts, judge};
pub use known::{Known, Promised};
pub use network::{Calling, Health, LogNetwork, Network, Peer};
pub use start::{Wiring, start};

use crate::heads::SharedHeads;
use ct::entry::{EntryError, Leaf, SignedEntry, StoredEntry};
use ct::hash::{LogId, Name};
use ct::merkle::leaf_hash;
use ct::sct::Sct;
use ct::time::Timestamp;
use ct::x509::{ValidatedChain, ValidatedParts};
use known::{Flight, Found, wait};
use node::clock::Clock;
use node::tasks::Tasks;
use parcel::Issuers;
use published::Published;
use std::sync::Arc;

/// Why a submission has no SCT. None of it is the client's fault.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// The log makes no promises now.
    #[error(transparent)]
    Closed(#[from] Closed),
    /// This one could not be made.
    #[error(transparent)]
    Unpromised(#[from] Unpromised),
    /// The disk.
    #[error(transparent)]
    Store(#[from] store::StoreError),
    /// An entry that validation let through cannot be encoded.
    #[error("the entry cannot be made: {0}")]
    Entry(#[from] EntryError),
}

/// Makes the promises of one log. Shared by all requests.
pub struct Submitter {
    log: Arc<str>,
    log_id: LogId,
    clock: Arc<dyn Clock>,
    promises: Tasks,
    known: Known,
    published: Published,
    nodes: Nodes,
    heads: Arc<SharedHeads>,
    bounds: Bounds,
    started: Timestamp,
    signers: Vec<Peer>,
}

impl Submitter {
    /// The SCT of a chain.
    pub async fn submit(&self, chain: ValidatedChain) -> Result<Sct, SubmitError> {
        let ValidatedParts { entry, precertificate, issuers, identity } = chain.into_parts();
        if let Some(sct) = self.promised_before(&entry, self.known.look(&identity)).await? {
            return Ok(sct);
        }
        // What is dropped from the promises made was placed in the tree before: so the tree is asked after them.
        if let Some(sct) = self.published.sct(&entry, identity, &self.nodes).await? {
            self.hit("published");
            return Ok(self.sct(sct.0, sct.1));
        }
        self.check_open()?;
        let flight = match self.known.begin(identity) {
            Found::TooMany => return Err(Unpromised::TooMany.into()),
            Found::Nothing(flight) => flight,
            found => {
                if let Some(sct) = self.promised_before(&entry, Some(found)).await? {
                    return Ok(sct);
                }
                // Not the same certificate after all: it goes on its own, and nobody joins it.
                let issuers = self.issuers(issuers);
                let own = self.entry(entry, precertificate, &issuers)?;
                let (made, sct) = self.nodes.promise(own, &issuers, &*self.clock).await?;
                return Ok(self.sct(made.timestamp(), sct));
            }
        };
        let issuers = self.issuers(issuers);
        let own = self.entry(entry, precertificate, &issuers)?;
        let waiting = flight.waiting();
        self.begin(own, issuers, flight)?;
        let made = wait(waiting).await?;
        Ok(self.sct(made.timestamp, made.sct.clone()))
    }

    /// The SCT of a promise made before, or under way, if it is for this entry.
    async fn promised_before(
        &self,
        entry: &SignedEntry,
        found: Option<Found>,
    ) -> Result<Option<Sct>, SubmitError> {
        let (promised, kind) = match found {
            Some(Found::UnderWay(waiting)) => (wait(waiting).await?, "in_flight"),
            Some(Found::Made(promised)) => (promised, "recent"),
            Some(Found::Nothing(_) | Found::TooMany) | None => return Ok(None),
        };
        if name_at(entry, promised.timestamp)? != promised.name {
            tracing::error!(log = %self.log, name = %promised.name, "a promise was found under another identity");
            return Ok(None);
        }
        self.hit(kind);
        Ok(Some(self.sct(promised.timestamp, promised.sct.clone())))
    }

    fn issuers(&self, chain: Vec<ct::x509::Certificate>) -> Issuers {
        Issuers::new(chain, self.published.issuers())
    }

    fn entry(
        &self,
        entry: SignedEntry,
        precertificate: Option<Vec<u8>>,
        issuers: &Issuers,
    ) -> Result<StoredEntry, EntryError> {
        StoredEntry::new(&Leaf::plain(self.clock.now(), entry), precertificate, issuers.fingerprints())
    }

    /// Carries the promise out in a task of its own: clients come and go, others may have joined.
    fn begin(&self, own: StoredEntry, issuers: Issuers, flight: Flight) -> Result<(), Unpromised> {
        let (nodes, clock, log) = (self.nodes.clone(), Arc::clone(&self.clock), Arc::clone(&self.log));
        let promise = async move {
            let made = nodes.promise(own, &issuers, &*clock).await;
            let result = if made.is_ok() { "made" } else { "failed" };
            metrics::counter!("wolffish_promises_total", "log" => log.to_string(), "result" => result)
                .increment(1);
            match made {
                Ok((entry, sct)) => {
                    let (name, timestamp) = (entry.name(), entry.timestamp());
                    flight.made(Promised { name, timestamp, sct: sct.clone() });
                    nodes.tell(&entry, &sct);
                }
                Err(why) => {
                    tracing::warn!(%log, %why, "no promise");
                    flight.failed(why);
                }
            }
        };
        self.promises.background("promise", promise).map_err(|_| Unpromised::TooMany)
    }

    /// Whether the log makes promises now.
    pub fn check_open(&self) -> Result<(), Closed> {
        let heads = self.heads.get();
        let storage = || self.nodes.storage.iter().map(|lane| &lane.peer.health);
        judge(
            &self.bounds,
            &Facts {
                now: self.clock.now(),
                started: self.started,
                sth: heads.published.as_ref().map(|shown| shown.sth.head.timestamp),
                polled_through: heads.polled_through,
                storage: storage().filter(|health| health.answers()).count(),
                storage_with_room: storage().filter(|health| health.has_room()).count(),
                signers: self.signers.iter().filter(|signer| signer.health.answers()).count(),
            },
        )
    }

    /// Promises that are remembered because their entries are not in the tree yet.
    pub fn promised(&self) -> usize {
        self.known.made()
    }

    fn hit(&self, kind: &'static str) {
        metrics::counter!("wolffish_dedup_hits_total", "log" => self.log.to_string(), "kind" => kind)
            .increment(1);
    }

    fn sct(&self, timestamp: Timestamp, signature: ct::sct::DigitallySigned) -> Sct {
        Sct { log_id: self.log_id, timestamp, extensions: Vec::new(), signature }
    }
}

/// The name that an entry has if it was promised at this time: the leaf is made anew.
fn name_at(entry: &SignedEntry, timestamp: Timestamp) -> Result<Name, EntryError> {
    let leaf = Leaf::plain(timestamp, entry.clone()).encode()?;
    Ok(Name::new(*leaf_hash(&leaf).as_bytes()))
}
