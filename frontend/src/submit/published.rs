//! Certificates that are in the tree already: their SCT is given again.

use super::SubmitError;
use super::drive::{Nodes, Unpromised};
use super::name_at;
use super::parcel::IssuerSource;
use super::signer_lane::Leaf;
use crate::heads::SharedHeads;
use crate::internal::Job;
use crate::promise::{Event, Unable};
use ct::entry::{SignedEntry, StoredEntry};
use ct::hash::Identity;
use ct::index::LeafIndex;
use ct::key::LogKey;
use ct::sct::DigitallySigned;
use ct::sth::Sth;
use ct::time::Timestamp;
use ct::wire::signer::Evidence;
use node::deadline::Deadline;
use std::sync::Arc;
use store::log::Reader;
use tokio::sync::mpsc;

use super::limits::SUBMISSION_DEADLINE;

/// The tree that is held, as submissions see it.
pub(crate) struct Published {
    pub(crate) reader: Reader,
    pub(crate) heads: Arc<SharedHeads>,
    pub(crate) key: LogKey,
    /// Keeps an SCT that had to be signed again.
    pub(crate) keeper: mpsc::Sender<Job>,
}

impl Published {
    /// Where issuers of the log are found.
    pub(crate) fn issuers(&self) -> Arc<dyn IssuerSource> {
        Arc::new(self.reader.clone())
    }

    /// Time and signature of the SCT of this certificate, if the tree has it.
    pub(crate) async fn sct(
        &self,
        entry: &SignedEntry,
        identity: Identity,
        nodes: &Nodes,
    ) -> Result<Option<(Timestamp, DigitallySigned)>, SubmitError> {
        let Some(held) = self.heads.get().held.clone() else { return Ok(None) };
        let Some(index) = self.reader.index_of_identity(&identity, held.head.tree_size)? else {
            return Ok(None);
        };
        let stored = self.reader.entry(index)?;
        if name_at(entry, stored.timestamp())? != stored.name() {
            tracing::error!(name = %stored.name(), %index, "an entry was found under another identity");
            return Ok(None);
        }
        let good = |sct: &&DigitallySigned| self.key.verify("SCT", stored.leaf_bytes(), sct).is_ok();
        let sct = match stored.sct().filter(good) {
            Some(sct) => sct.clone(),
            None => self.sign_again(&stored, index, &held, nodes).await?,
        };
        Ok(Some((stored.timestamp(), sct)))
    }

    /// The SCT was lost, or never told: a signer makes it again, however old it is, for the leaf is in the tree.
    async fn sign_again(
        &self,
        stored: &StoredEntry,
        index: LeafIndex,
        held: &Sth,
        nodes: &Nodes,
    ) -> Result<DigitallySigned, SubmitError> {
        let path = self.reader.inclusion(index, held.head.tree_size)?;
        let evidence = Some(Evidence { sth: held.clone(), index, path });
        let (events, mut happened) = mpsc::unbounded_channel();
        nodes
            .signers
            .push(Leaf { name: stored.name(), bytes: stored.leaf_bytes().to_vec(), evidence }, &events);
        let event = Deadline::after(SUBMISSION_DEADLINE).bound(happened.recv()).await;
        match event.map_err(|_| Unpromised::TooLong)? {
            Some(Event::Signed(name, sct)) => {
                if let Err(bad) = self.key.verify("SCT", stored.leaf_bytes(), &sct) {
                    return Err(Unpromised::Unable(Unable::Signer(bad.to_string())).into());
                }
                // If the keeper is busy it is signed once more, one day.
                let _ = self.keeper.try_send(Job::Sct(name, sct.clone()));
                Ok(sct)
            }
            Some(Event::NotSigned(_, reason)) => Err(Unpromised::Unable(Unable::Signer(reason)).into()),
            Some(_) | None => Err(Unpromised::BrokeOff.into()),
        }
    }
}
