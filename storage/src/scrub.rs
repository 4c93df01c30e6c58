//! The scrub of a list, and of the state beside it.

use crate::state::list_dir;
use config::Log;
use node::host::{Host, StartError};
use node::scrub::{Pass, Piece, Scrubber};
use std::path::Path;
use store::check::Check as _;
use store::list::{ListCheck, ListReader};
use store::{Finding, StoreError, node_state};

/// Scrubs until the node stops.
pub(crate) fn start(host: &Host, log: &Log, reader: ListReader) -> Result<(), StartError> {
    let scrubber = Scrubber::new(host, log.name(), log.scrubbing());
    let dir = host.log_dir(log.name());
    let begin = move || {
        let pass = begin(&dir, &reader);
        async move { Some(pass) }
    };
    Ok(host.tasks().background("scrub", scrubber.run(begin))?)
}

fn begin(dir: &Path, reader: &ListReader) -> Pass {
    let mut check = ListCheck::live(&list_dir(dir), reader);
    let total = check.as_ref().map_or(0, |check| check.total());
    let mut state = Some(dir.to_owned());
    let step = move || {
        if let Some(dir) = state.take() {
            let mut findings =
                node_state::check_open(&dir).unwrap_or_else(|error| vec![unreadable(&dir, &error)]);
            if let Err(error) = &check {
                findings.push(unreadable(&dir, error));
            }
            return Some(piece(&findings, 0));
        }
        let step = check.as_mut().ok()?.step()?;
        Some(piece(&step.findings, step.bytes))
    };
    Pass { total, step: Box::new(step) }
}

fn piece(findings: &[Finding], bytes: u64) -> Piece {
    Piece { findings: findings.iter().map(ToString::to_string).collect(), bytes }
}

fn unreadable(dir: &Path, error: &StoreError) -> Finding {
    Finding::unreadable(dir, error)
}
