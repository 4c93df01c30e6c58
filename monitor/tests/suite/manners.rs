//! What the log sees of its monitor.

use crate::harness::Bench;
use liar::{Endpoint, Liar, Lie, Setup};
use std::time::Duration;

#[test]
fn the_operator_can_write_to_whoever_reads() {
    let liar = Liar::with_entries(3);
    let mut bench = Bench::new();
    bench.contact = Some("ct@example.org");
    bench.run(&liar).assert_well();
    for seen in liar.requests() {
        let agent = seen.header("user-agent").unwrap();
        assert!(agent.starts_with("wolffish/") && agent.contains("(+ct@example.org)"), "{agent}");
    }
}

#[test]
fn a_busy_log_is_left_alone_for_as_long_as_it_asks() {
    for lie in [Lie::Busy { requests: 1, seconds: 1 }, Lie::BusyUntil { requests: 1, seconds: 2 }] {
        let liar = Liar::with_entries(5);
        liar.tell_at(Endpoint::GetEntries, lie);
        let run = Bench::new().run(&liar);
        assert_eq!((run.ended, run.told, run.lines.len()), (None, vec!["status"], 5));
        let times: Vec<_> = liar
            .requests()
            .iter()
            .filter(|seen| seen.endpoint() == Some(Endpoint::GetEntries))
            .map(|seen| seen.at)
            .collect();
        // The date of a pause is cut to whole seconds.
        assert!(times.len() == 2 && times[1] - times[0] >= Duration::from_secs(1), "{times:?}");
    }
}

#[test]
fn a_log_that_asks_for_more_time_than_is_left_is_given_up_at_once() {
    let liar = Liar::with_entries(5);
    liar.tell_at(Endpoint::GetSth, Lie::Busy { requests: u64::MAX, seconds: 3600 });
    let mut bench = Bench::new();
    bench.settings.give_up = Some(Duration::from_secs(600));
    let run = bench.run(&liar);
    assert_eq!(run.ended.map(|(name, _)| name), Some("status"), "{}", run.text);
    assert_eq!(liar.requests().len(), 1);
}

#[test]
fn no_more_requests_are_under_way_than_allowed() {
    let liar = Liar::with(Setup { entries: 3000, max_get_entries: 50, ..Setup::default() });
    let mut bench = Bench::new();
    bench.settings.requests = 3;
    bench.settings.stride.entries = 10_000;
    bench.run(&liar).assert_well();
    let requests = liar.requests();
    let entries = requests.iter().filter(|seen| seen.endpoint() == Some(Endpoint::GetEntries));
    let connections: std::collections::BTreeSet<u64> = entries.clone().map(|seen| seen.connection).collect();
    assert!(connections.len() <= 4, "one for each, and one for heads: {connections:?}");
    assert_eq!(entries.count(), 60, "nothing is asked for twice");
}

#[test]
fn nothing_is_asked_for_that_is_known() {
    let liar = Liar::with_entries(20);
    let mut bench = Bench::new();
    bench.settings.stride.entries = 1000;
    bench.run(&liar).assert_well();
    let asked: Vec<_> = liar.requests().iter().filter_map(|seen| seen.endpoint()).collect();
    assert_eq!(asked, [Endpoint::GetSth, Endpoint::GetEntries]);
}
