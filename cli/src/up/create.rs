//! The cluster of an `up`: made at the first start, found at later ones.
//!
//! It is made in a directory beside its place and moved there piece by piece, `cluster.toml` last. Where that file is, all
//! of it is; where it is not, what lies around was never run and is made anew.

use super::options::UpArgs;
use super::plan::{Wanted, plan, wanted};
use super::ports::Ports;
use crate::failure::Failure;
use crate::init::states;
use config::init::{TEST_CA_CERTIFICATE_FILE, TEST_CA_KEY_FILE, init_cluster, node_dir};
use config::{CLUSTER_FILE, Cluster};
use ct::names::Role;
use node::clock::{Clock as _, SystemClock};
use std::fs;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::Path;

/// Where a cluster is made.
const MAKING: &str = ".making";
/// What is moved, in this order.
const PIECES: [&str; 5] = ["nodes", "keys", TEST_CA_CERTIFICATE_FILE, TEST_CA_KEY_FILE, CLUSTER_FILE];

/// The cluster in `dir`, with all of its ports held.
pub async fn open(args: &UpArgs, dir: &Path) -> Result<(Cluster, Ports), Failure> {
    let mut ports = Ports::default();
    let file = dir.join(CLUSTER_FILE);
    if !exists(&file)? {
        ports = make(args, dir)?;
        remove(&dir.join(MAKING))?;
        return Ok((Cluster::load(&file)?, ports));
    }
    let cluster = Cluster::load(&file)?;
    args.check_against(&cluster)?;
    complete(&cluster, dir)?;
    ports.all(addresses(&cluster)).await?;
    Ok((cluster, ports))
}

fn make(args: &UpArgs, dir: &Path) -> Result<Ports, Failure> {
    let making = dir.join(MAKING);
    if exists(&making)? {
        for piece in PIECES {
            remove(&dir.join(piece))?;
        }
        remove(&making)?;
    }
    let (ports, numbers) = hold(args)?;
    let report = init_cluster(&plan(args, &making, SystemClock.now(), &numbers))?;
    states::make(&report.cluster, &making)?;
    for piece in PIECES {
        let (from, to) = (making.join(piece), dir.join(piece));
        if exists(&to)? {
            let text = format!("{}: in the way of a new cluster; use another --dir", to.display());
            return Err(Failure::Usage(text));
        }
        fs::rename(&from, &to).map_err(Failure::io(format_args!("make {}", to.display())))?;
    }
    let synced = fs::File::open(dir).and_then(|dir| dir.sync_all());
    synced.map_err(Failure::io(format_args!("sync {}", dir.display())))?;
    Ok(ports)
}

fn hold(args: &UpArgs) -> Result<(Ports, Vec<u16>), Failure> {
    let mut ports = Ports::default();
    let wanted = wanted(args).map_err(Failure::Usage)?;
    // First those that must be just so, lest the system give one of them away.
    for wanted in &wanted {
        if let Wanted::Exactly(port) = wanted {
            ports.exactly(SocketAddr::from(([127, 0, 0, 1], *port)))?;
        }
    }
    let mut numbers = Vec::new();
    for wanted in wanted {
        numbers.push(match wanted {
            Wanted::Exactly(port) => port,
            Wanted::Any => ports.any()?,
        });
    }
    Ok((ports, numbers))
}

/// Every address of this machine that the nodes will bind.
fn addresses(cluster: &Cluster) -> Vec<SocketAddr> {
    let of = |node: &config::Node| {
        let all = [node.public(), node.address(), node.admin()].into_iter().flatten();
        all.filter_map(|address| Some(SocketAddr::new(address.ip()?, address.port()))).collect::<Vec<_>>()
    };
    cluster.nodes().iter().flat_map(of).collect()
}

/// Every node that runs must have its state here.
fn complete(cluster: &Cluster, dir: &Path) -> Result<(), Failure> {
    for node in cluster.nodes().iter().filter(|node| node.role() != Role::Operator) {
        let state = node_dir(dir, node.name());
        if !exists(&state)? {
            let text = format!("{}: the state of {} is not here", state.display(), node.name());
            return Err(Failure::Usage(text));
        }
    }
    Ok(())
}

fn exists(path: &Path) -> Result<bool, Failure> {
    path.try_exists().map_err(Failure::io(format_args!("look at {}", path.display())))
}

fn remove(path: &Path) -> Result<(), Failure> {
    let removed = match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(Failure::Io(format!("cannot remove {}: {error}", path.display())))
        }
        _ => Ok(()),
    }
}
