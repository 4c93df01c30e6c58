//! Reading a log, each answer verified before it is believed.

use super::answers::{EntryAndProof, EntryBody, GetConsistency, GetEntries, GetRoots, GetSth, ProofByHash};
use super::{ClientError, LogClient};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ct::hash::{LeafHash, NodeHash, RootHash};
use ct::index::{LeafIndex, TreeSize};
use ct::merkle::verify::ProofError;
use ct::merkle::{EMPTY_ROOT, leaf_hash, verify};
use ct::sth::{TreeHead, VerifiedSth};
use std::sync::Arc;

/// A leaf that was proved to be in a tree, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Included {
    /// Its place.
    pub index: LeafIndex,
    /// The nodes that prove it.
    pub path: Vec<NodeHash>,
}

/// Reads a log.
#[derive(Debug, Clone)]
pub struct LogReader {
    client: Arc<LogClient>,
}

fn malformed(what: &str, reason: String) -> ClientError {
    ClientError::unproven(what, reason)
}

impl LogReader {
    /// Reads through that client.
    pub const fn new(client: Arc<LogClient>) -> Self {
        Self { client }
    }

    /// The newest STH, its signature verified.
    pub async fn sth(&self) -> Result<VerifiedSth, ClientError> {
        let answer: GetSth = self.client.get("get-sth", &[]).await?;
        let sth = answer.into_sth().map_err(|reason| malformed("get-sth", reason))?;
        Ok(self.client.target().key.verify_sth(sth)?)
    }

    /// Where a leaf is in the tree of an STH.
    pub async fn find(&self, leaf: LeafHash, head: &TreeHead) -> Result<Included, ClientError> {
        let (hash, size) = (STANDARD.encode(leaf), head.tree_size.to_string());
        let answer: ProofByHash =
            self.client.get("get-proof-by-hash", &[("hash", &hash), ("tree_size", &size)]).await?;
        let path = answer.path().map_err(|reason| malformed("get-proof-by-hash", reason))?;
        verify::inclusion(leaf, answer.leaf_index, head.tree_size, &path, head.root_hash)?;
        Ok(Included { index: answer.leaf_index, path })
    }

    /// The entry at a place of the tree of an STH.
    pub async fn entry(&self, index: LeafIndex, head: &TreeHead) -> Result<EntryBody, ClientError> {
        let (answer, path) = self.entry_and_path(index, head.tree_size).await?;
        let leaf = leaf_hash(&answer.leaf_input.0);
        verify::inclusion(leaf, index, head.tree_size, &path, head.root_hash)?;
        Ok(answer)
    }

    /// A run of entries from `start`, no further than `end`, which is in it. Not proved: [`Self::entry`] does that.
    pub async fn run(&self, start: LeafIndex, end: LeafIndex) -> Result<Vec<EntryBody>, ClientError> {
        let (from, to) = (start.to_string(), end.to_string());
        let answer: GetEntries = self.client.get("get-entries", &[("start", &from), ("end", &to)]).await?;
        let (found, most) = (answer.entries.len() as u64, end.get() - start.get() + 1);
        if found == 0 || found > most {
            return Err(malformed("get-entries", format!("{found} entries, asked for 1 to {most}")));
        }
        Ok(answer.entries)
    }

    /// The nodes that the log gives as proof that one tree extends another. Not verified.
    pub async fn consistency(&self, first: TreeSize, second: TreeSize) -> Result<Vec<NodeHash>, ClientError> {
        let (first, second) = (first.to_string(), second.to_string());
        let query = [("first", first.as_str()), ("second", second.as_str())];
        let answer: GetConsistency = self.client.get("get-sth-consistency", &query).await?;
        answer.path().map_err(|reason| malformed("get-sth-consistency", reason))
    }

    /// The root that the log's tree had at a size, as the log tells it: what its last entry leads to. Believe it once a
    /// consistency proof ties it to an STH.
    pub async fn claimed_root(&self, size: TreeSize) -> Result<RootHash, ClientError> {
        let Some(last) = size.last() else { return Ok(EMPTY_ROOT) };
        let (answer, path) = self.entry_and_path(last, size).await?;
        // Nothing but the check of a proof can tell the root that it leads to; no tree with entries has the empty one.
        match verify::inclusion(leaf_hash(&answer.leaf_input.0), last, size, &path, EMPTY_ROOT) {
            Err(ProofError::Root { computed, .. }) => Ok(computed),
            Err(error) => Err(error.into()),
            Ok(()) => Ok(EMPTY_ROOT),
        }
    }

    /// The accepted roots, DER.
    pub async fn roots(&self) -> Result<Vec<Vec<u8>>, ClientError> {
        let answer: GetRoots = self.client.get("get-roots", &[]).await?;
        Ok(answer.certificates.into_iter().map(|der| der.0).collect())
    }

    async fn entry_and_path(
        &self,
        index: LeafIndex,
        size: TreeSize,
    ) -> Result<(EntryBody, Vec<NodeHash>), ClientError> {
        let (index, size) = (index.to_string(), size.to_string());
        let query = [("leaf_index", index.as_str()), ("tree_size", size.as_str())];
        let answer: EntryAndProof = self.client.get("get-entry-and-proof", &query).await?;
        let path = answer.path().map_err(|reason| malformed("get-entry-and-proof", reason))?;
        Ok((answer.entry, path))
    }
}
