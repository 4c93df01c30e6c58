//! Which directories are looked at, and whose they are.

use super::FsckArgs;
use crate::failure::Failure;
use crate::status::load;
use crate::upfile::DEFAULT_DIR;
use config::init::node_dir;
use config::{AnyLog, Cluster};
use ct::key::LogKey;
use ct::names::{LogName, NodeName, Role};
use node::host::log_dir;
use std::path::{Path, PathBuf};

/// How deep below a given directory stores are looked for.
const DEPTH: usize = 4;

/// What a directory holds, seen from the database in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// `log.db`
    Log,
    /// `list.db`
    List,
    /// `state.db`
    State,
}

const FILES: [(Kind, &str); 3] = [(Kind::Log, "log.db"), (Kind::List, "list.db"), (Kind::State, "state.db")];

/// A directory to be checked.
#[derive(Debug, Clone)]
pub struct Store {
    /// Of which node, if that is known.
    pub node: Option<NodeName>,
    /// Of which log, if it is one's.
    pub log: Option<LogName>,
    /// The log's key, if that is known.
    pub key: Option<LogKey>,
    /// The role of that node, if the configuration says that it has this.
    pub role: Option<Role>,
    /// What it holds.
    pub kind: Kind,
    /// The directory.
    pub dir: PathBuf,
}

/// Finds them all.
pub fn find(args: &FsckArgs) -> Result<Vec<Store>, Failure> {
    let mut stores = match (&args.path, &args.cluster, &args.state, &args.node) {
        (Some(path), ..) => alone(path)?,
        (None, Some(file), Some(state), Some(node)) => of_node(&load(file)?, node, state)?,
        _ => {
            let dir = args.dir.as_deref().unwrap_or(Path::new(DEFAULT_DIR));
            let cluster = load(&dir.join(config::CLUSTER_FILE))?;
            let named = |node: &&config::Node| args.node.as_ref().is_none_or(|name| node.name() == name);
            let nodes: Vec<_> = cluster.nodes().iter().filter(named).collect();
            if let (true, Some(node)) = (nodes.is_empty(), &args.node) {
                return Err(no_node(&cluster, node));
            }
            let of = |node: &&config::Node| of_node(&cluster, node.name(), &node_dir(dir, node.name()));
            nodes.iter().map(of).collect::<Result<Vec<_>, _>>()?.concat()
        }
    };
    if let Some(log) = &args.log {
        stores.retain(|store| store.log.as_ref() == Some(log));
    }
    if stores.is_empty() {
        return Err(Failure::Usage("no state was found that this could check".to_owned()));
    }
    Ok(stores)
}

fn no_node(cluster: &Cluster, node: &NodeName) -> Failure {
    Failure::Usage(format!("{}: there is no node {node}", cluster.file().display()))
}

/// What a node of the cluster should have, be it there or not, and what else is there.
fn of_node(cluster: &Cluster, name: &NodeName, state: &Path) -> Result<Vec<Store>, Failure> {
    let node = cluster.node(name).ok_or_else(|| no_node(cluster, name))?;
    let mut stores = Vec::new();
    for log in cluster.logs_kept_by(node.role()) {
        let (facts, kinds) = match (log, node.role()) {
            (AnyLog::Live(log), role) => (log.facts(), kept(role)),
            (AnyLog::ReadOnly(log), _) => (log.facts(), &[Kind::Log][..]),
        };
        let dir = log_dir(state, facts.name());
        stores.extend(kinds.iter().map(|kind| Store {
            node: Some(name.clone()),
            log: Some(facts.name().clone()),
            key: Some(facts.key().clone()),
            role: Some(node.role()),
            kind: *kind,
            dir: if *kind == Kind::List { storage::state::list_dir(&dir) } else { dir.clone() },
        }));
    }
    let mut others = Vec::new();
    if state.is_dir() {
        below(state, DEPTH, &mut others)?;
    }
    let known =
        |found: &(Kind, PathBuf)| stores.iter().any(|store| (store.kind, &store.dir) == (found.0, &found.1));
    let others: Vec<_> = others.into_iter().filter(|found| !known(found)).collect();
    stores.extend(others.into_iter().map(|(kind, dir)| Store {
        node: Some(name.clone()),
        log: log_of(&dir),
        key: None,
        role: None,
        kind,
        dir,
    }));
    Ok(stores)
}

const fn kept(role: Role) -> &'static [Kind] {
    match role {
        Role::Merge | Role::Frontend => &[Kind::Log],
        Role::Storage => &[Kind::State, Kind::List],
        Role::Signer => &[Kind::State],
        Role::MergeRepair | Role::Operator => &[],
    }
}

/// Whatever lies in and below a directory.
fn alone(dir: &Path) -> Result<Vec<Store>, Failure> {
    let mut found = Vec::new();
    below(dir, DEPTH, &mut found)?;
    let store = |(kind, dir): (Kind, PathBuf)| Store {
        node: None,
        log: log_of(&dir),
        key: None,
        role: None,
        kind,
        dir,
    };
    Ok(found.into_iter().map(store).collect())
}

/// A log's directory is called after it, and lies in `logs`.
fn log_of(dir: &Path) -> Option<LogName> {
    let mut parts = dir.components().skip_while(|part| part.as_os_str() != "logs");
    parts.nth(1)?.as_os_str().to_str()?.parse().ok()
}

fn below(dir: &Path, depth: usize, found: &mut Vec<(Kind, PathBuf)>) -> Result<(), Failure> {
    let shown = dir.display().to_string();
    let failed = || Failure::io(format!("list {shown}"));
    found.extend(
        FILES.iter().filter(|(_, file)| dir.join(file).is_file()).map(|(kind, _)| (*kind, dir.to_owned())),
    );
    let mut inside = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(failed())? {
        let path = entry.map_err(failed())?.path();
        if depth > 0 && path.is_dir() && !storage::salvage::is_beside(&path) {
            inside.push(path);
        }
    }
    inside.sort();
    inside.iter().try_for_each(|dir| below(dir, depth - 1, found))
}
