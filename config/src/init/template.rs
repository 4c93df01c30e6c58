//! The text of a new `cluster.toml`.

use super::InitError;
use crate::raw::{RawCluster, RawLog, RawNode, RawReadOnlyLog};

const HEAD: &str = "\
# A Wolffish cluster. Every node has this file, the same on each machine; no secrets are in it.
#
# A machine needs this file and the directories of its own nodes below nodes/. Frontends also need the files that
# roots and test_ca name. Paths are relative to the directory of this file.

";

const NODES: &str = "
# Nodes: each is known by its key alone. merge-repair signs who is primary, operator is a person; neither listens.
";

const LOGS: &str = "
# Logs: everything not said here has its default. The key of a log never changes, and is never used for another.
";

/// Renders the file, with a word on each part.
pub(crate) fn render(cluster: &RawCluster) -> Result<String, InitError> {
    let mut text = HEAD.to_owned();
    let only = |node: Vec<RawNode>, log: Vec<RawLog>| RawCluster { node, log, ..RawCluster::default() };
    let top = RawCluster { node: Vec::new(), log: Vec::new(), ..cluster.clone() };
    text.push_str(&toml::to_string(&top)?);
    text.push_str(NODES);
    for node in &cluster.node {
        text.push('\n');
        text.push_str(&toml::to_string(&only(vec![node.clone()], Vec::new()))?);
    }
    text.push_str(LOGS);
    for log in &cluster.log {
        text.push('\n');
        text.push_str(&toml::to_string(&only(Vec::new(), vec![log.clone()]))?);
    }
    Ok(text)
}

/// The table of one node.
pub(crate) fn render_node(node: &RawNode) -> Result<String, InitError> {
    Ok(toml::to_string(&RawCluster { node: vec![node.clone()], ..RawCluster::default() })?)
}

/// The table of one read-only log.
pub(crate) fn render_read_only_log(log: &RawReadOnlyLog) -> Result<String, InitError> {
    Ok(toml::to_string(&RawCluster { read_only_log: vec![log.clone()], ..RawCluster::default() })?)
}
