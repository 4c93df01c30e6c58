//! The numbers of a merge node, once a second.

use crate::keeper::Job;
use crate::service::look;
use ct::names::LogName;
use node::host::Host;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::mpsc;

/// Keeps the gauges up to date until the node stops.
pub(crate) async fn watch(host: Host, logs: BTreeMap<LogName, mpsc::Sender<Job>>) {
    let mut interval = tokio::time::interval(Duration::from_secs(1));
    let shutdown = host.shutdown();
    while shutdown.run_until_cancelled(interval.tick()).await.is_some() {
        for (log, jobs) in &logs {
            let Some(look) = look(jobs).await else { return };
            let log = log.to_string();
            let now = host.clock().now();
            metrics::gauge!("wolffish_merge_term", "log" => log.clone()).set(look.term.get() as f64);
            metrics::gauge!("wolffish_merge_pooled", "log" => log.clone()).set(look.pooled as f64);
            if let (Some(at), Some(size)) = (look.sth_time, look.sth_size) {
                let age = now.since(at).as_secs_f64();
                metrics::gauge!("wolffish_sth_age_seconds", "log" => log.clone()).set(age);
                metrics::gauge!("wolffish_sth_size", "log" => log.clone()).set(size.get() as f64);
            }
            let primary = f64::from(u8::from(look.primary == *host.me().name()));
            metrics::gauge!("wolffish_merge_is_primary", "log" => log).set(primary);
        }
    }
}
