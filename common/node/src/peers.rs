//! The nodes that a node knows: name, role, key, address. A node is its key (docs/protocol.md, N1); whatever else its
//! certificate says is ignored.

use ct::names::{NodeName, Role};
use ct::node_key::NodeKey;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A node of the cluster, or an operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// Its name.
    pub name: NodeName,
    /// What it is for.
    pub role: Role,
    /// What it is recognised by.
    pub key: NodeKey,
    /// Where its internal server listens, `host:port`; empty for an operator.
    pub address: String,
}

/// Every peer of a node, itself included, by name and by key.
#[derive(Debug, Default)]
pub struct Peers {
    by_name: BTreeMap<NodeName, Arc<Peer>>,
    by_key: BTreeMap<NodeKey, Arc<Peer>>,
}

/// Why a list of peers is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PeersError {
    /// One name, two peers.
    #[error("two nodes are named {name}")]
    Name {
        /// The name.
        name: NodeName,
    },
    /// One key, two peers.
    #[error("nodes {first} and {second} have the same key {key}")]
    Key {
        /// The peer listed first.
        first: NodeName,
        /// The peer listed second.
        second: NodeName,
        /// The key.
        key: NodeKey,
    },
}

impl Peers {
    /// A table of `peers`, no two of which may share a name or a key.
    pub fn new(peers: impl IntoIterator<Item = Peer>) -> Result<Self, PeersError> {
        let mut table = Self::default();
        for peer in peers {
            let peer = Arc::new(peer);
            if let Some(first) = table.by_key.insert(peer.key, Arc::clone(&peer)) {
                let (first, second) = (first.name.clone(), peer.name.clone());
                return Err(PeersError::Key { first, second, key: peer.key });
            }
            if table.by_name.insert(peer.name.clone(), Arc::clone(&peer)).is_some() {
                return Err(PeersError::Name { name: peer.name.clone() });
            }
        }
        Ok(table)
    }
    /// The peer of that name.
    pub fn named(&self, name: &NodeName) -> Option<&Arc<Peer>> {
        self.by_name.get(name)
    }
    /// The peer that `key` pins.
    pub fn with_key(&self, key: &NodeKey) -> Option<&Arc<Peer>> {
        self.by_key.get(key)
    }
    /// Every peer, in the order of names.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Peer>> {
        self.by_name.values()
    }
    /// The peers of a role, in the order of names.
    pub fn of_role(&self, role: Role) -> impl Iterator<Item = &Arc<Peer>> {
        self.iter().filter(move |peer| peer.role == role)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(name: &str, key: u8) -> Peer {
        let name = name.parse().unwrap();
        Peer { name, role: Role::Storage, key: NodeKey::new([key; 32]), address: String::new() }
    }

    #[test]
    fn finds_peers_by_name_and_by_key() {
        let peers = Peers::new([peer("a", 1), peer("b", 2)]).unwrap();
        assert_eq!(peers.named(&"b".parse().unwrap()).unwrap().key, NodeKey::new([2; 32]));
        assert_eq!(peers.with_key(&NodeKey::new([1; 32])).unwrap().name.as_str(), "a");
        assert!(peers.with_key(&NodeKey::new([3; 32])).is_none());
    }

    #[test]
    fn refuses_a_name_or_a_key_twice() {
        let name = Peers::new([peer("a", 1), peer("a", 2)]).unwrap_err();
        assert_eq!(name, PeersError::Name { name: "a".parse().unwrap() });
        let key = Peers::new([peer("a", 1), peer("b", 1)]).unwrap_err();
        assert!(matches!(key, PeersError::Key { .. }), "{key}");
    }
}
