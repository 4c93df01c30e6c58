//! A merge node's process.

use crate::error::MergeError;
use crate::service::MergeService;
use crate::start::start_log;
use ct::names::Role;
use node::exit::Exit;
use node::host::{Host, RunArgs, StartError};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Runs a merge node until it is told to stop, or must.
pub async fn run(args: RunArgs) -> Result<Exit, MergeError> {
    let host = Host::start(Role::Merge, &args).await?;
    let (mut logs, mut readers) = (BTreeMap::new(), BTreeMap::new());
    for log in host.cluster().logs() {
        let (jobs, reader) = start_log(&host, log)?;
        logs.insert(log.name().clone(), jobs);
        readers.insert(log.name().clone(), reader);
    }
    let watching = crate::watch::watch(host.clone(), logs.clone());
    host.tasks().background("watch", watching).map_err(StartError::from)?;
    host.serve(Arc::new(MergeService { host: host.clone(), logs, readers })).await?;
    Ok(host.finish().await)
}
