//! Reading a log, each answer verified before it is believed.

use crate::answers::{EntryAndProof, EntryBody, GetConsistency, GetEntries, GetRoots, GetSth, ProofByHash};
use crate::attempt::Bulk;
use crate::{Client, ClientError};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ct::hash::{LeafHash, NodeHash, RootHash};
use ct::index::{LeafIndex, TreeSize};
use ct::merkle::verify::ProofError;
use ct::merkle::{EMPTY_ROOT, verify};
use ct::sth::{TreeHead, VerifiedSth};
use serde::de::DeserializeOwned;

/// A leaf that was proved to be in a tree, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Included {
    /// Its place.
    pub index: LeafIndex,
    /// The nodes that prove it.
    pub path: Vec<NodeHash>,
}

/// Reads a log: one frontend with one try each ([`Client::frontend`]), or whichever answers ([`Client::reader`]).
#[derive(Debug, Clone)]
pub struct Reader {
    client: Client,
    only: Option<usize>,
}

impl Reader {
    pub(crate) const fn new(client: Client, only: Option<usize>) -> Self {
        Self { client, only }
    }

    /// The client behind it.
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// The newest STH, its signature verified. Its time is the caller's to judge.
    pub async fn sth(&self) -> Result<VerifiedSth, ClientError> {
        let path = "get-sth";
        let answer: GetSth = self.get(path, &[], Bulk::Small).await?;
        let url = self.url(path);
        let sth = answer.into_sth().map_err(|reason| ClientError::malformed(&url, reason))?;
        self.client.log().key().verify_sth(sth).map_err(|error| ClientError::signature(&url, error))
    }

    /// Where a leaf is in the tree of an STH (get-proof-by-hash).
    pub async fn find(&self, leaf: LeafHash, head: &TreeHead) -> Result<Included, ClientError> {
        let path = "get-proof-by-hash";
        let (hash, size) = (STANDARD.encode(leaf), head.tree_size.to_string());
        let query = [("hash", hash.as_str()), ("tree_size", size.as_str())];
        let answer: ProofByHash = self.get(path, &query, Bulk::Small).await?;
        let nodes = answer.path().map_err(|reason| ClientError::malformed(&self.url(path), reason))?;
        verify::inclusion(leaf, answer.leaf_index, head.tree_size, &nodes, head.root_hash)
            .map_err(|error| self.wrong(path, "inclusion", error))?;
        Ok(Included { index: answer.leaf_index, path: nodes })
    }

    /// The entry at a place of the tree of an STH (get-entry-and-proof).
    pub async fn entry(&self, index: LeafIndex, head: &TreeHead) -> Result<EntryBody, ClientError> {
        Ok(self.entry_and_proof(index, head).await?.0)
    }

    /// The same, with the nodes that prove it.
    pub async fn entry_and_proof(
        &self,
        index: LeafIndex,
        head: &TreeHead,
    ) -> Result<(EntryBody, Vec<NodeHash>), ClientError> {
        let (answer, nodes) = self.claimed_entry(index, head.tree_size).await?;
        verify::inclusion(answer.leaf_hash(), index, head.tree_size, &nodes, head.root_hash)
            .map_err(|error| self.wrong("get-entry-and-proof", "inclusion", error))?;
        Ok((answer, nodes))
    }

    /// A run of entries from `start`, no further than `end`, which is in it: at least one, at most those. Not proved:
    /// [`Self::entry`] does that, and so does whoever recomputes the root.
    pub async fn run(&self, start: LeafIndex, end: LeafIndex) -> Result<Vec<EntryBody>, ClientError> {
        let path = "get-entries";
        let (from, to) = (start.to_string(), end.to_string());
        let query = [("start", from.as_str()), ("end", to.as_str())];
        let answer: GetEntries = self.get(path, &query, Bulk::Large).await?;
        let (found, most) = (answer.entries.len() as u64, end.get() - start.get() + 1);
        if found == 0 || found > most {
            return Err(ClientError::WrongCount { url: self.url(path), found, most });
        }
        Ok(answer.entries)
    }

    /// The nodes that the log gives as proof that one tree extends another. Not verified: [`Self::extends`] does that.
    pub async fn consistency(&self, first: TreeSize, second: TreeSize) -> Result<Vec<NodeHash>, ClientError> {
        let path = "get-sth-consistency";
        let (first, second) = (first.to_string(), second.to_string());
        let query = [("first", first.as_str()), ("second", second.as_str())];
        let answer: GetConsistency = self.get(path, &query, Bulk::Small).await?;
        answer.path().map_err(|reason| ClientError::malformed(&self.url(path), reason))
    }

    /// That the tree of `second` extends that of `first`: the nodes that prove it.
    pub async fn extends(&self, first: &TreeHead, second: &TreeHead) -> Result<Vec<NodeHash>, ClientError> {
        self.links(first.tree_size, first.root_hash, second.tree_size, second.root_hash).await
    }

    /// The same of trees that are not signed. The log is not asked where there is nothing to prove.
    pub async fn links(
        &self,
        first: TreeSize,
        first_root: RootHash,
        second: TreeSize,
        second_root: RootHash,
    ) -> Result<Vec<NodeHash>, ClientError> {
        let provable = TreeSize::ZERO < first && first < second;
        let nodes = if provable { self.consistency(first, second).await? } else { Vec::new() };
        verify::consistency(first, first_root, second, second_root, &nodes)
            .map_err(|error| self.wrong("get-sth-consistency", "consistency", error))?;
        Ok(nodes)
    }

    /// The root that the log's tree had at a size, as the log tells it: what its last entry leads to. Believe it once a
    /// consistency proof ties it to an STH.
    pub async fn claimed_root(&self, size: TreeSize) -> Result<RootHash, ClientError> {
        let Some(last) = size.last() else { return Ok(EMPTY_ROOT) };
        let (answer, nodes) = self.claimed_entry(last, size).await?;
        // Nothing but the check of a proof can tell the root that it leads to; no tree with entries has the empty one.
        match verify::inclusion(answer.leaf_hash(), last, size, &nodes, EMPTY_ROOT) {
            Err(ProofError::Root { computed, .. }) => Ok(computed),
            Err(error) => Err(self.wrong("get-entry-and-proof", "inclusion", error)),
            Ok(()) => Ok(EMPTY_ROOT),
        }
    }

    /// The accepted roots, DER.
    pub async fn roots(&self) -> Result<Vec<Vec<u8>>, ClientError> {
        let answer: GetRoots = self.get("get-roots", &[], Bulk::Large).await?;
        Ok(answer.certificates.into_iter().map(|der| der.0).collect())
    }

    async fn claimed_entry(
        &self,
        index: LeafIndex,
        size: TreeSize,
    ) -> Result<(EntryBody, Vec<NodeHash>), ClientError> {
        let path = "get-entry-and-proof";
        let (index, size) = (index.to_string(), size.to_string());
        let query = [("leaf_index", index.as_str()), ("tree_size", size.as_str())];
        let answer: EntryAndProof = self.get(path, &query, Bulk::Large).await?;
        let nodes = answer.path().map_err(|reason| ClientError::malformed(&self.url(path), reason))?;
        Ok((answer.entry, nodes))
    }

    async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
        bulk: Bulk,
    ) -> Result<T, ClientError> {
        match self.only {
            Some(which) => self.client.get_once(which, path, query, bulk).await,
            None => self.client.get_patiently(path, query, bulk).await,
        }
    }

    /// Who gave the answer that is being judged.
    fn url(&self, path: &str) -> String {
        self.client.url(self.only.unwrap_or_else(|| self.client.preferred()), path, &[]).to_string()
    }

    fn wrong(&self, path: &str, what: &'static str, error: ProofError) -> ClientError {
        ClientError::proof(&self.url(path), what, error)
    }
}
