//! Where the copies go: every frontend of an `up`, or one frontend of a cluster that is spread over machines.

use super::args::{FactArgs, ImportArgs, To};
use crate::failure::Failure;
use crate::moment;
use crate::status;
use crate::target::Target;
use crate::up::Lock;
use config::init::{Addition, node_dir, spki_base64};
use config::raw::RawReadOnlyLog;
use config::{CLUSTER_FILE, Cluster, Purpose, load_node_credentials};
use ct::key::LogKey;
use ct::names::{LogName, NodeName, Role};
use node::host::log_dir;
use std::path::{Path, PathBuf};

/// The directory of one copy.
pub struct Destination {
    /// The frontend.
    pub node: NodeName,
    /// Where it keeps the log.
    pub dir: PathBuf,
}

/// Where the copies go.
pub struct Place {
    /// At least one.
    pub destinations: Vec<Destination>,
    /// What is to be written into `cluster.toml` once the copies are complete: until then nothing names the log, and the
    /// cluster can be started as if there were no import.
    missing: Option<Missing>,
    _lock: Option<Lock>,
}

struct Missing {
    file: PathBuf,
    log: RawReadOnlyLog,
}

impl Place {
    /// Finds it. Nothing is written yet.
    pub fn find(args: &ImportArgs, target: &Target) -> Result<Self, Failure> {
        let To { name, into, cluster, node, state } = &args.to;
        match (into, cluster, node, state) {
            (Some(dir), ..) => Self::of_up(dir, name, &args.facts, target),
            (None, Some(file), Some(node), Some(state)) => {
                Self::of_frontend(file, (node, state), name, target.log.key())
            }
            // The arguments are such that this cannot be.
            _ => Err(Failure::Usage("expected --into, or --cluster, --node and --state".to_owned())),
        }
    }

    fn of_up(dir: &Path, name: &LogName, facts: &FactArgs, target: &Target) -> Result<Self, Failure> {
        let file = dir.join(CLUSTER_FILE);
        let cluster = status::load(&file)?;
        let lock = Lock::take(dir)?;
        let key = target.log.key();
        let missing = if is_there(&cluster, name, key)? {
            None
        } else {
            let log = described(&cluster, name, facts, target);
            // Whether it goes with the file is better known before days of fetching than after.
            Addition::plan(&file, &log)?;
            Some(Missing { file, log })
        };
        let frontends = cluster.nodes_of(Role::Frontend).map(|node| Destination {
            node: node.name().clone(),
            dir: log_dir(&node_dir(dir, node.name()), name),
        });
        Ok(Self { destinations: frontends.collect(), missing, _lock: Some(lock) })
    }

    fn of_frontend(
        file: &Path,
        (node, state): (&NodeName, &Path),
        name: &LogName,
        key: &LogKey,
    ) -> Result<Self, Failure> {
        let cluster = status::load(file)?;
        let usage = |text: String| Failure::Usage(format!("{}: {text}", file.display()));
        let frontend = cluster.node(node).ok_or_else(|| usage(format!("it has no node {node}")))?;
        if frontend.role() != Role::Frontend {
            let role = frontend.role();
            return Err(usage(format!(
                "{node} is a node of role {role}; frontends alone keep read-only logs"
            )));
        }
        let found = load_node_credentials(state)?.public();
        if found != frontend.key() {
            let (state, expected) = (state.display(), frontend.key());
            return Err(usage(format!("{node} has the key {expected}, the key in {state} is {found}")));
        }
        if !is_there(&cluster, name, key)? {
            let (name, key) = (Some(name.to_string()), Some(spki_base64(key)));
            let planned = Addition::plan(file, &RawReadOnlyLog { name, key, ..RawReadOnlyLog::default() })?;
            let table = planned.table();
            return Err(usage(format!(
                "it does not name this log. Add these lines, on every machine alike, and import again:\n\n{table}"
            )));
        }
        let destination = Destination { node: node.clone(), dir: log_dir(state, name) };
        Ok(Self { destinations: vec![destination], missing: None, _lock: None })
    }

    /// Writes the log into `cluster.toml`, if it is not there. Answers the lines that were added, and to which file.
    pub fn finish(self) -> Result<Option<(PathBuf, String)>, Failure> {
        let Some(Missing { file, log }) = self.missing else { return Ok(None) };
        let addition = Addition::plan(&file, &log)?;
        let table = addition.table().to_owned();
        addition.write()?;
        Ok(Some((file, table)))
    }
}

/// Whether the cluster has this read-only log. One of that name with another key is an error.
fn is_there(cluster: &Cluster, name: &LogName, key: &LogKey) -> Result<bool, Failure> {
    let Some(log) = cluster.read_only_logs().iter().find(|log| log.name() == name) else { return Ok(false) };
    let (found, expected) = (log.facts().log_id(), key.log_id());
    if found == expected {
        return Ok(true);
    }
    let file = cluster.file().display();
    Err(Failure::Usage(format!(
        "{file}: read_only_log {name} is the log {found}, the one to copy is {expected}"
    )))
}

fn described(cluster: &Cluster, name: &LogName, facts: &FactArgs, target: &Target) -> RawReadOnlyLog {
    // Where a test cluster is, anybody can tell; where the public finds another, its operator knows.
    let test = cluster.purpose() == Purpose::Test;
    let public = cluster.nodes_of(Role::Frontend).find_map(config::Node::public).filter(|_| test);
    let given = facts.window.map(|window| (window.start, window.end));
    let known = target.window.map(|window| (window.start_inclusive, window.end_exclusive));
    let window = given.or(known);
    RawReadOnlyLog {
        name: Some(name.to_string()),
        key: Some(spki_base64(target.log.key())),
        url: public.map(|public| format!("http://{public}/{name}/")),
        mmd_seconds: facts.mmd.or(target.mmd).map(|mmd| mmd.as_secs()),
        start_inclusive: window.map(|(start, _)| moment::show(start)),
        end_exclusive: window.map(|(_, end)| moment::show(end)),
        ..RawReadOnlyLog::default()
    }
}
