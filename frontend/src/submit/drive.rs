//! Carries a promise out: feeds its machine with what storage nodes and signers answer, and does what it says.

use super::limits::SUBMISSION_DEADLINE;
use super::parcel::{Issuers, Parcel};
use super::sct_lane::SctLane;
use super::signer_lane::{Leaf, SignerLane};
use super::storage_lane::{Events, StorageLane};
use crate::promise::{Act, Promise, Unable};
use ct::entry::StoredEntry;
use ct::sct::DigitallySigned;
use ct::time::ClockBound;
use ct::wire::storage::SctItem;
use node::clock::Clock;
use node::deadline::Deadline;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Why there is no promise. Not the client's fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unpromised {
    /// Storage nodes or signers failed.
    #[error(transparent)]
    Unable(#[from] Unable),
    /// It took too long.
    #[error("it took longer than {} s", SUBMISSION_DEADLINE.as_secs())]
    TooLong,
    /// Too many promises are under way.
    #[error("too many promises are under way")]
    TooMany,
    /// This node stops, or the work broke off.
    #[error("the work broke off")]
    BrokeOff,
}

/// The nodes that a promise needs, and how many.
#[derive(Clone)]
pub struct Nodes {
    /// One for each storage node.
    pub storage: Vec<StorageLane>,
    /// One for each storage node.
    pub scts: Vec<SctLane>,
    /// The signers.
    pub signers: SignerLane,
    /// k.
    pub quorum: usize,
    /// How far a timestamp may be off.
    pub clock_bound: ClockBound,
}

impl Nodes {
    /// From an entry of our own making to a promise; perhaps for an older entry of the same certificate.
    pub async fn promise(
        &self,
        own: StoredEntry,
        issuers: &Issuers,
        clock: &dyn Clock,
    ) -> Result<(StoredEntry, DigitallySigned), Unpromised> {
        let (events, mut happened) = mpsc::unbounded_channel();
        let deadline = Deadline::after(SUBMISSION_DEADLINE);
        let (mut promise, mut acts) = Promise::begin(own, self.storage.len(), self.quorum, self.clock_bound);
        loop {
            for act in acts {
                match act {
                    Act::Store(entry) => self.store(&entry, issuers, &events),
                    Act::Sign(entry) => self.signers.push(leaf(&entry), &events),
                    Act::Promise(entry, sct) => return Ok((*entry, sct)),
                    Act::Fail(unable) => return Err(unable.into()),
                }
            }
            let event = deadline.bound(happened.recv()).await.map_err(|_| Unpromised::TooLong)?;
            // A sender is kept here, so there is always an event to come.
            acts = promise.step(clock.now(), event.ok_or(Unpromised::BrokeOff)?);
        }
    }

    fn store(&self, entry: &StoredEntry, issuers: &Issuers, events: &Events) {
        match Parcel::new(entry, issuers.clone()) {
            Ok(parcel) => {
                let parcel = Arc::new(parcel);
                self.storage.iter().for_each(|lane| lane.push(Arc::clone(&parcel), events));
            }
            Err(error) => {
                for lane in &self.storage {
                    let node = lane.peer.name.clone();
                    // The receiver is the caller's.
                    let _ =
                        events.send(crate::promise::Event::NotStored(node, entry.name(), error.to_string()));
                }
            }
        }
    }

    /// Tells the storage nodes of an SCT.
    pub fn tell(&self, entry: &StoredEntry, sct: &DigitallySigned) {
        let item = Arc::new(SctItem { name: entry.name(), sct: sct.clone() });
        self.scts.iter().for_each(|lane| lane.push(&item));
    }
}

fn leaf(entry: &StoredEntry) -> Leaf {
    Leaf { name: entry.name(), bytes: entry.leaf_bytes().to_vec(), evidence: None }
}
