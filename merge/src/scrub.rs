//! The scrub of a log: up to the newest tree head that this node endorsed, which is never cut.

use crate::keeper::Job;
use crate::service::look;
use config::Log;
use ct::wire::status::Detail;
use node::host::{Host, StartError};
use node::scrub::{Pass, Piece, Scrubber};
use store::check::Check as _;
use store::log::{Known, LogCheck, Reader};
use tokio::sync::mpsc;

/// Scrubs until the node stops.
pub(crate) fn start(
    host: &Host,
    log: &Log,
    reader: Reader,
    jobs: mpsc::WeakSender<Job>,
) -> Result<(), StartError> {
    let scrubber = Scrubber::new(host, log.name(), log.scrubbing());
    let begin = move || {
        let (reader, jobs) = (reader.clone(), jobs.clone());
        async move { begin(&reader, &jobs.upgrade()?).await }
    };
    Ok(host.tasks().background("scrub", scrubber.run(begin))?)
}

async fn begin(reader: &Reader, jobs: &mpsc::Sender<Job>) -> Option<Pass> {
    let Detail::Merge { accepted, newest_sth: Some(sth), .. } = look(jobs).await?.detail else { return None };
    if sth.head.tree_size > accepted.size {
        return None;
    }
    let (size, root) = (sth.head.tree_size, sth.head.root_hash);
    let mut check =
        LogCheck::live(reader, Known { what: "the newest tree head", size, root, internal: None });
    let total = check.total();
    let step = move || {
        let step = check.step()?;
        Some(Piece { findings: step.findings.iter().map(ToString::to_string).collect(), bytes: step.bytes })
    };
    Some(Pass { total, step: Box::new(step) })
}
