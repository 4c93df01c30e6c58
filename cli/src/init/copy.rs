//! A merge node's state out of a copy of a frontend's: of a log whose merge disks are lost (docs/protocol.md, T16).

use crate::ask::newest_certificate;
use crate::failure::Failure;
use crate::out;
use config::Log;
use ct::sth::Sth;
use ct::term::{Incarnation, TermCertificate};
use node::entropy::random;
use node::host::{Host, log_dir};
use serde::de::DeserializeOwned;
use std::fs::{self, File};
use std::io;
use std::path::Path;
use store::log::{ClosedLog, StoreOptions};
use tokio::task::block_in_place;

/// Takes the log's part of the copy, makes it this node's, and puts it into its place. Cut short, it is done again.
pub async fn adopt(host: &Host, log: &Log, copy: &Path) -> Result<TermCertificate, Failure> {
    let (from, to) = (log_dir(copy, log.name()), host.log_dir(log.name()));
    let failed = |error: &dyn std::fmt::Display| {
        Failure::Io(format!("log {}: cannot be made of {}: {error}", log.name(), from.display()))
    };
    // Whoever copied it may not have waited for the disk.
    block_in_place(|| sync(&from)).map_err(|error| failed(&error))?;
    let (own, held) = block_in_place(|| left_by_frontend(&from)).map_err(|error| failed(&error))?;
    let sth = log.key().verify_sth(held).map_err(|error| failed(&error))?;
    let certificate =
        newest_certificate(host.client(), host.cluster(), log, host.me().name(), Some(own)).await?;
    let incarnation = Incarnation::new(random());
    let head = block_in_place(|| merge::adopt_copy(&from, &certificate, incarnation, &sth));
    let head = head.map_err(|error| failed(&error))?;
    super::states::prepare(&to)?;
    fs::rename(&from, &to).map_err(|error| {
        failed(&format_args!(
            "it cannot be moved to {}: {error}; copy it to the same file system",
            to.display()
        ))
    })?;
    for parent in [from.parent(), to.parent()].into_iter().flatten() {
        File::open(parent).and_then(|dir| dir.sync_all()).map_err(|error| failed(&error))?;
    }
    out::line(format_args!(
        "log {}: has the tree head of size {}, of {}, root {}",
        log.name(),
        head.size,
        sth.head().timestamp,
        head.root
    ));
    Ok(certificate)
}

/// Makes all of a directory durable.
fn sync(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() { sync(&path)? } else { File::open(&path)?.sync_all()? }
    }
    File::open(dir)?.sync_all()
}

/// The certificate in a frontend's state, and the newest tree head whose tree it held.
fn left_by_frontend(dir: &Path) -> Result<(TermCertificate, Sth), String> {
    let closed = ClosedLog::open(dir, &StoreOptions::default()).map_err(|error| error.to_string())?;
    Ok((row(&closed, "certificate")?, row(&closed, "held")?))
}

fn row<T: DeserializeOwned>(closed: &ClosedLog, key: &str) -> Result<T, String> {
    let text = closed.state(key).map_err(|error| error.to_string())?;
    let text = text.ok_or_else(|| format!("it is no frontend's state: there is no row {key:?}"))?;
    serde_json::from_str(&text).map_err(|error| format!("state row {key:?}: {error}"))
}
