//! The scrub of a copy: up to the tree head whose tree is held, which is never cut.

use crate::log::LogState;
use config::Scrubbing;
use node::host::{Host, StartError};
use node::scrub::{Pass, Piece, Scrubber};
use std::sync::Arc;
use store::check::Check as _;
use store::log::{Known, LogCheck};

/// Scrubs until the node stops.
pub(crate) fn start(host: &Host, log: &Arc<LogState>, limits: Scrubbing) -> Result<(), StartError> {
    let scrubber = Scrubber::new(host, log.facts.name(), limits);
    let log = Arc::clone(log);
    let begin = move || {
        let pass = begin(&log);
        async move { pass }
    };
    Ok(host.tasks().background("scrub", scrubber.run(begin))?)
}

fn begin(log: &LogState) -> Option<Pass> {
    let head = log.heads.get().held.as_ref()?.head;
    let (size, root) = (head.tree_size, head.root_hash);
    let known = Known { what: "the tree head that is held", size, root, internal: None };
    let mut check = LogCheck::live(&log.reader, known);
    let total = check.total();
    let step = move || {
        let step = check.step()?;
        Some(Piece { findings: step.findings.iter().map(ToString::to_string).collect(), bytes: step.bytes })
    };
    Some(Pass { total, step: Box::new(step) })
}
