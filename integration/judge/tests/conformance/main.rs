//! The judge judged: an honest log must pass every check, and each check must notice lies.

mod honest;
mod lies;
mod up_file;

use std::time::Duration;

use judge::{Limits, Report, Selection, Target, TemporalInterval, run_with};
use liar::{Liar, Lie, Publishing, Setup};

/// A log that publishes what it is sent, as a real one does.
fn start(lie: Lie, window: Option<TemporalInterval>) -> Liar {
    Liar::with(setup(lie, window))
}

fn setup(lie: Lie, window: Option<TemporalInterval>) -> Setup {
    Setup { lie, window, publishing: Publishing::OnDemand, ..Setup::default() }
}

fn judged(log: &Liar, selection: &Selection) -> Report {
    let target = log.target();
    run_with(&target, selection, &limits(&target), &mut |_| {}).unwrap()
}

/// Short waits; nothing here is slow unless it is a lie.
fn limits(target: &Target) -> Limits {
    Limits {
        request: Duration::from_secs(20),
        poll_interval: Duration::from_millis(5),
        inclusion: Duration::from_secs(2),
        idle_sth: Duration::from_secs(2),
        drip: Duration::from_secs(6),
        drip_interval: Duration::from_millis(20),
        drip_neighbour: Duration::from_secs(2),
        ..Limits::for_target(target)
    }
}

/// A year that contains today whenever that is.
fn window() -> TemporalInterval {
    let now = judge::time::now_seconds();
    TemporalInterval {
        start_inclusive: now - 180 * judge::time::DAY,
        end_exclusive: now + 185 * judge::time::DAY,
    }
}
