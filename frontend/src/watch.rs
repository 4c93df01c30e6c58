//! Looks at every log once a second: whether this node is fit to serve it, and the figures that an operator watches
//! (docs/protocol.md, F4).

use crate::heads::Heads;
use crate::log::{Live, LogState, Mode};
use ct::time::Timestamp;
use node::host::Host;
use node::readiness::Readiness;
use std::sync::Arc;
use std::time::Duration;

/// Pause between two looks.
const PAUSE: Duration = Duration::from_secs(1);

/// How long a newer STH may be on its way into the copy, and how much younger it may be, before this node counts as late.
const LATE: Duration = Duration::from_secs(10);

/// Why a log is not served as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// There is no STH to show.
    #[error("no signed tree head yet")]
    NoSth,
    /// The STH that is shown is old.
    #[error("the newest signed tree head is {} s old", .0.as_secs())]
    Old(Duration),
    /// A newer STH was sent, but its tree is not held yet.
    #[error("the copy is {} s behind the signed tree head that was sent", .0.as_secs())]
    Behind(Duration),
}

/// Whether a log is served as it should be.
pub fn fitness(heads: &Heads, now: Timestamp, oldest: Duration) -> Result<(), Unfit> {
    let shown = heads.published.as_ref().ok_or(Unfit::NoSth)?.sth.head.timestamp;
    let age = now.since(shown);
    if age > oldest {
        return Err(Unfit::Old(age));
    }
    let held = heads.held.as_ref().map_or(Timestamp::EPOCH, |held| held.head.timestamp);
    // An idle log's next STH is much younger than the one held, and one of a busy log is always on its way.
    match (heads.offered, heads.behind_since) {
        (Some(offered), Some(since)) if offered.since(held) > LATE && now.since(since) > LATE => {
            Err(Unfit::Behind(offered.since(held)))
        }
        _ => Ok(()),
    }
}

/// Watches until the node stops.
pub(crate) async fn watch(host: Host, logs: Vec<Arc<LogState>>) {
    let shutdown = host.shutdown();
    loop {
        for log in &logs {
            look(host.clock().now(), &host.readiness(), log);
        }
        if shutdown.run_until_cancelled(tokio::time::sleep(PAUSE)).await.is_none() {
            return;
        }
    }
}

pub(crate) fn look(now: Timestamp, readiness: &Readiness, log: &LogState) {
    let (heads, name) = (log.heads.get(), log.facts.name().to_string());
    if let Some(shown) = &heads.published {
        metrics::gauge!("wolffish_sth_size", "log" => name.clone())
            .set(shown.sth.head.tree_size.get() as f64);
    }
    metrics::gauge!("wolffish_held_size", "log" => name.clone()).set(heads.held_size().get() as f64);
    match &log.mode {
        Mode::Live(live) => look_at_live(now, readiness, (&name, &heads, live)),
        // Its STH is as old as it is: there is no age at which it would be unfit (docs/protocol.md, A5).
        Mode::ReadOnly(_) => {}
    }
}

fn look_at_live(now: Timestamp, readiness: &Readiness, (name, heads, live): (&str, &Heads, &Live)) {
    let reason = format!("log {name}");
    match fitness(heads, now, live.oldest_sth) {
        Ok(()) => readiness.clear(&reason),
        Err(unfit) => readiness.set(&reason, unfit.to_string()),
    }
    let name = name.to_owned();
    if let Some(shown) = &heads.published {
        let age = now.since(shown.sth.head.timestamp).as_secs_f64();
        metrics::gauge!("wolffish_sth_age_seconds", "log" => name.clone()).set(age);
    }
    metrics::gauge!("wolffish_promises_unpublished", "log" => name.clone())
        .set(live.submitter.promised() as f64);
    let open = if live.submitter.check_open().is_ok() { 1.0 } else { 0.0 };
    metrics::gauge!("wolffish_submissions_open", "log" => name).set(open);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heads::SharedHeads;
    use ct::merkle::EMPTY_ROOT;
    use ct::sct::DigitallySigned;
    use ct::sth::{Sth, TreeHead};

    fn sth(at: u64) -> Sth {
        let timestamp = Timestamp::from_millis(at * 1000);
        let head = TreeHead { timestamp, tree_size: ct::index::TreeSize::ZERO, root_hash: EMPTY_ROOT };
        Sth { head, tree_head_signature: DigitallySigned::ecdsa(vec![0x30, 0]).unwrap() }
    }

    #[test]
    fn a_node_is_fit_with_a_young_sth_that_is_the_newest_it_was_sent() {
        let at = |seconds: u64| Timestamp::from_millis(seconds * 1000);
        let (heads, oldest) = (SharedHeads::default(), Duration::from_secs(60));
        let now = |seconds| fitness(&heads.get(), at(seconds), oldest);
        assert_eq!(now(100), Err(Unfit::NoSth));
        heads.hold(sth(100));
        heads.publish(sth(100));
        assert_eq!(now(160), Ok(()));
        assert_eq!(now(161), Err(Unfit::Old(Duration::from_secs(61))));
        heads.offered(at(120), at(120));
        assert_eq!(now(130), Ok(()), "it has just been sent");
        assert_eq!(now(131), Err(Unfit::Behind(Duration::from_secs(20))));
        heads.hold(sth(120));
        assert_eq!(now(131), Ok(()));
    }

    /// A copy that catches up is sent a newer STH every second: it is no less behind for that.
    #[test]
    fn a_node_that_is_sent_one_sth_after_the_other_and_holds_none_is_not_fit() {
        let at = |seconds: u64| Timestamp::from_millis(seconds * 1000);
        let heads = SharedHeads::default();
        heads.hold(sth(100));
        heads.publish(sth(100));
        let fit = |now| fitness(&heads.get(), at(now), Duration::from_secs(60));
        for second in 101..111 {
            heads.offered(at(second), at(second));
            assert_eq!(fit(second), Ok(()));
        }
        heads.offered(at(112), at(112));
        assert_eq!(fit(112), Err(Unfit::Behind(Duration::from_secs(12))));
        // One STH late, always, is not behind.
        for second in 113..140 {
            heads.hold(sth(second - 1));
            heads.offered(at(second), at(second));
            assert_eq!(fit(second), Ok(()));
        }
    }
}
