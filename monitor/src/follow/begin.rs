//! Where reading begins.

use super::health::{Health, Trouble};
use super::{Follow, Newest, Stop};
use crate::finding::Finding;
use crate::growth::from_last;
use crate::settings::Start;
use crate::state::{Commit, Position, Tally};
use client::ClientError;
use ct::hash::{LeafHash, NodeHash};
use ct::index::{LeafIndex, TreeSize};
use ct::merkle::compact::Compact;
use ct::sth::TreeHead;

impl Follow {
    /// Where reading stopped, or where it is to begin.
    pub(crate) async fn position(&self) -> Result<Position, Stop> {
        let id = self.log_id();
        if let Some(position) = self.store.with(move |state| state.position(id)).await? {
            return Ok(position);
        }
        let tree = match self.settings.start {
            Start::Beginning => Compact::empty(),
            Start::Now => self.tree_of_now().await?,
        };
        let position = Position { begun: tree.size(), tree, tally: Tally::default() };
        let commit = Commit { position: position.clone(), lines: Vec::new() };
        self.store.with(move |state| state.commit(id, &commit)).await?;
        Ok(position)
    }

    /// The tree of the first head, from its last entry alone.
    async fn tree_of_now(&self) -> Result<Compact, Stop> {
        let mut health = Health::default();
        loop {
            let Newest { head, from } = self.some_head().await;
            let Some(last) = head.tree_size.last() else { return Ok(Compact::empty()) };
            let trouble = match self.last_entry(from, last, &head).await {
                Ok((leaf, path)) => match from_last(head.tree_size, leaf, &path) {
                    Some(tree) if tree.root() == head.root_hash => return Ok(tree),
                    _ => Trouble::new(not_the_last(last, head.tree_size)),
                },
                Err(error) => error.into(),
            };
            tokio::time::sleep(health.ill(self, trouble)?).await;
        }
    }

    /// The newest head, as soon as there is one.
    async fn some_head(&self) -> Newest {
        let mut newest = self.newest.subscribe();
        loop {
            let found = *newest.borrow_and_update();
            if let Some(found) = found {
                return found;
            }
            // The sender is in this very log.
            let _ = newest.changed().await;
        }
    }

    /// The leaf hash of the last entry and its path; a log that refuses to give both at once is asked for one after the
    /// other.
    async fn last_entry(
        &self,
        from: usize,
        last: LeafIndex,
        head: &TreeHead,
    ) -> Result<(LeafHash, Vec<NodeHash>), ClientError> {
        let reader = self.client.frontend(from);
        match reader.entry_and_proof(last, head).await {
            Ok((entry, path)) => Ok((entry.leaf_hash(), path)),
            Err(ClientError::Status { status: 400..=499, .. }) => {
                let entries = reader.run(last, last).await?;
                let leaf = entries.iter().map(client::EntryBody::leaf_hash).next();
                // There is one, or else it would be an error.
                let leaf = leaf.unwrap_or(LeafHash::new([0; 32]));
                Ok((leaf, reader.find(leaf, head).await?.path))
            }
            Err(error) => Err(error),
        }
    }
}

fn not_the_last(last: LeafIndex, size: TreeSize) -> Finding {
    let text = format!("entry {last} and its proof do not lead to the signed root of the tree of {size}");
    Finding::suspect("wrong-proof", text)
}
