//! What a storage node shows of itself.

use crate::machine::View;
use ct::names::LogName;
use ct::time::Timestamp;

/// The gauges of a log.
pub(crate) fn show(log: &LogName, view: &View, now: Timestamp) {
    let log = log.to_string();
    let age = view.oldest_unpublished.map_or(0.0, |oldest| now.since(oldest).as_secs_f64());
    metrics::gauge!("wolffish_storage_backlog", "log" => log.clone()).set(view.backlog() as f64);
    metrics::gauge!("wolffish_storage_oldest_unpublished_seconds", "log" => log.clone()).set(age);
    metrics::gauge!("wolffish_storage_positions", "log" => log).set(view.end.get() as f64);
}

/// Something was refused; there are only so many reasons.
pub(crate) fn refused(log: &LogName, reason: &'static str) {
    metrics::counter!("wolffish_storage_refusals_total", "log" => log.to_string(), "reason" => reason)
        .increment(1);
}

/// A copy on the disk is damaged.
pub(crate) fn damaged(log: &LogName) {
    metrics::counter!("wolffish_storage_damaged_total", "log" => log.to_string()).increment(1);
}
