//! One question to one node about one log, and its answer in JSON.

use crate::failure::Failure;
use bytes::Bytes;
use config::{Cluster, Log};
use ct::names::{LogName, NodeName, Role};
use ct::term::TermCertificate;
use ct::wire::SetPrimary;
use ct::wire::status::{Detail, Status};
use ct::wire::storage::Completeness;
use node::deadline::Deadline;
use node::message::Method;
use node::rpc_client::Client;
use serde::de::DeserializeOwned;
use std::time::Duration;

/// Longest wait for one node.
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks; what goes wrong is a text for a person.
pub async fn ask<T: DeserializeOwned>(
    client: &Client,
    node: &NodeName,
    log: &LogName,
    method: Method,
) -> Result<T, String> {
    let answer = client.call(node, log, method, Bytes::from_static(b"{}"), Deadline::after(PATIENCE)).await;
    let answer = answer.map_err(|error| error.to_string())?;
    serde_json::from_slice(&answer).map_err(|error| format!("not an answer to {method}: {error}"))
}

/// The newest certificate that nodes other than `me` have, or `own` if that is newer, under the repair key.
pub async fn newest_certificate(
    client: &Client,
    cluster: &Cluster,
    log: &Log,
    me: &NodeName,
    own: Option<TermCertificate>,
) -> Result<TermCertificate, Failure> {
    let trust = cluster.trust(log);
    let mut newest = own.filter(|certificate| certificate.check_signed(&trust).is_ok());
    let mut silent = Vec::new();
    let has_one = |node: &&config::Node| !matches!(node.role(), Role::MergeRepair | Role::Operator);
    for node in cluster.nodes().iter().filter(has_one).filter(|node| node.name() != me) {
        let name = node.name();
        match ask::<SetPrimary>(client, name, log.name(), Method::GetCertificate).await {
            Ok(SetPrimary { certificate }) => match certificate.check_signed(&trust) {
                Ok(()) if newest.as_ref().is_none_or(|known| known.term() < certificate.term()) => {
                    newest = Some(certificate);
                }
                Ok(()) => {}
                Err(error) => silent.push(format!("{name}: {error}")),
            },
            Err(why) => silent.push(format!("{name}: {why}")),
        }
    }
    let nobody = || format!("log {}: no node gives its certificate: {}", log.name(), silent.join("; "));
    newest.ok_or_else(|| Failure::Io(nobody()))
}

/// Whether the lists of storage nodes other than `me` are whole, as the nodes say.
pub async fn other_lists(
    client: &Client,
    cluster: &Cluster,
    log: &LogName,
    me: &NodeName,
) -> Vec<(NodeName, Result<Completeness, String>)> {
    let mut lists = Vec::new();
    for node in cluster.nodes_of(Role::Storage).filter(|node| node.name() != me) {
        let completeness = match ask::<Status>(client, node.name(), log, Method::Status).await {
            Ok(Status { detail: Detail::Storage { completeness, .. }, .. }) => Ok(completeness),
            Ok(_) => Err("it does not answer as a storage node".to_owned()),
            Err(why) => Err(why),
        };
        lists.push((node.name().clone(), completeness));
    }
    lists
}
