//! A node's place in the cluster, from `cluster.toml` and its state directory.

use super::args::RunArgs;
use super::error::StartError;
use crate::credentials::{self, NodeCredentials};
use crate::peers::{Peer, Peers, PeersError};
use config::secret::{NODE_CERTIFICATE_FILE, NODE_KEY_FILE};
use config::{Cluster, load_private_key};
use ct::names::Role;
use std::path::Path;

/// What was read, and agrees.
pub(super) struct Loaded {
    pub cluster: Cluster,
    pub me: config::Node,
    pub credentials: NodeCredentials,
}

pub(super) fn load(expected: Role, args: &RunArgs) -> Result<Loaded, StartError> {
    let cluster = Cluster::load_for(&args.cluster, &args.node)?;
    // `load_for` has refused a file without this node.
    let me = cluster.node(&args.node).expect("the configuration has the node that it was loaded for").clone();
    if me.role() != expected {
        return Err(StartError::Role { node: args.node.clone(), found: me.role(), expected });
    }
    let credentials = own_credentials(&args.state)?;
    if credentials.public() != me.key() {
        let (dir, node) = (args.state.clone(), args.node.clone());
        return Err(StartError::OtherKey { dir, node, found: credentials.public(), expected: me.key() });
    }
    Ok(Loaded { cluster, me, credentials })
}

/// Key and certificate of a state directory; a key that others may read is refused.
fn own_credentials(state_dir: &Path) -> Result<NodeCredentials, StartError> {
    let key = load_private_key(&state_dir.join(NODE_KEY_FILE))?;
    let path = state_dir.join(NODE_CERTIFICATE_FILE);
    let certificate =
        std::fs::read_to_string(&path).map_err(|source| StartError::Certificate { path, source })?;
    credentials::load(key.pem(), &certificate)
        .map_err(|source| StartError::Credentials { dir: state_dir.to_owned(), source })
}

/// Every node of the configuration, as TLS and calls want them.
pub(super) fn peers(cluster: &Cluster) -> Result<Peers, PeersError> {
    Peers::new(cluster.nodes().iter().map(|node| Peer {
        name: node.name().clone(),
        role: node.role(),
        key: node.key(),
        address: node.address().map(ToString::to_string).unwrap_or_default(),
    }))
}
