//! The open loop: requests start when they are meant to, whatever becomes of those before them. The latency of each is
//! counted from its intended start, so that a stall shows in every request that it delays and not only in the few that
//! were under way (coordinated omission).

use crate::schedule::Arrival;

/// The world that requests are sent into.
pub(crate) trait Gate {
    /// Waits until the moment at which this request is meant to start. Answers whether the run still goes on.
    fn wait_for(&mut self, arrival: &Arrival) -> bool;
    /// Waits until a request may be sent, no longer than the run lasts. Answers whether one may.
    fn admit(&mut self) -> bool;
    /// Sends it; its latency counts from the intended start.
    fn send(&mut self, arrival: Arrival);
    /// It could not be sent before the run was over.
    fn unsent(&mut self, arrival: Arrival);
}

/// Sends everything in the schedule, in its order.
pub(crate) fn drive(schedule: impl Iterator<Item = Arrival>, gate: &mut impl Gate) {
    let mut open = true;
    for arrival in schedule {
        if !gate.wait_for(&arrival) {
            return;
        }
        open = open && gate.admit();
        if open {
            gate.send(arrival);
        } else {
            gate.unsent(arrival);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mix::Mix;
    use crate::schedule::{Pace, Rate, Schedule};
    use crate::stats::{Outcome, Tally};
    use std::time::Duration;

    /// A server that answers one request at a time, in a time of its own, and stalls once. All of it is arithmetic.
    struct Simulated {
        now: Duration,
        end: Duration,
        service: Duration,
        stall: Option<(Duration, Duration)>,
        /// When each place becomes free.
        places: Vec<Duration>,
        server_free: Duration,
        tally: Tally,
    }

    impl Simulated {
        fn new(places: usize, service_ms: u64, stall: Option<(u64, u64)>) -> Self {
            let seconds = Duration::from_secs;
            Self {
                now: Duration::ZERO,
                end: seconds(60),
                service: Duration::from_millis(service_ms),
                stall: stall.map(|(from, to)| (seconds(from), seconds(to))),
                places: vec![Duration::ZERO; places],
                server_free: Duration::ZERO,
                tally: Tally::default(),
            }
        }

        /// When a request that comes in now is answered.
        fn answer(&mut self) -> Duration {
            let mut start = self.now.max(self.server_free);
            if let Some((from, to)) = self.stall
                && (from..to).contains(&start)
            {
                start = to;
            }
            self.server_free = start + self.service;
            self.server_free
        }

        fn first_free(&mut self) -> &mut Duration {
            self.places.iter_mut().min().expect("there is a place")
        }

        fn run(mut self, rate: f64) -> Tally {
            let mix: Mix = "add-chain=1".parse().unwrap();
            drive(Schedule::new(Rate::new(rate).unwrap(), Pace::Even, mix, self.end, 1), &mut self);
            self.tally
        }
    }

    impl Gate for Simulated {
        fn wait_for(&mut self, arrival: &Arrival) -> bool {
            self.now = self.now.max(arrival.at);
            self.tally.offer(arrival.operation);
            true
        }

        fn admit(&mut self) -> bool {
            let free = *self.first_free();
            self.now = self.now.max(free);
            self.now < self.end
        }

        fn send(&mut self, arrival: Arrival) {
            let answered = self.answer();
            *self.first_free() = answered;
            self.tally.ended(arrival.operation, Outcome::Done, answered - arrival.at);
        }

        fn unsent(&mut self, arrival: Arrival) {
            self.tally.unsent(arrival.operation);
        }
    }

    fn percentiles(tally: &Tally) -> crate::stats::Percentiles {
        tally.sct_latency().percentiles().unwrap()
    }

    #[test]
    fn a_stall_of_a_second_is_seen_by_every_request_that_it_delayed() {
        // With one place only, a generator that counted from the moment of sending would find 60 s of 1 ms and a single
        // request of 1 s: p99.9 of 1 ms, in a minute of which the log was away for a sixtieth.
        for places in [1, 1000] {
            let quiet = percentiles(&Simulated::new(places, 1, None).run(100.0));
            assert!(quiet.max_us <= 1_001, "{quiet:?}");
            let stalled = percentiles(&Simulated::new(places, 1, Some((20, 21))).run(100.0));
            assert_eq!(stalled.count, 6000);
            assert!(stalled.p50_us <= 1_001, "{stalled:?}");
            assert!(stalled.p99_us > 400_000, "{stalled:?}");
            assert!(stalled.p999_us > 900_000 && stalled.max_us >= 1_000_000, "{stalled:?}");
        }
    }

    #[test]
    fn a_log_that_is_too_slow_falls_behind_and_nothing_is_dropped() {
        // It does 50 a second, 100 are offered.
        let tally = Simulated::new(10, 20, None).run(100.0);
        let report = &tally.report()["add-chain"];
        assert_eq!((report.offered, report.done + report.unsent), (6000, 6000));
        assert!((2_995..=3_015).contains(&report.done), "{report:?}");
        // The last that was answered had been due half a minute before.
        assert!(report.latency.unwrap().max_us > 29_000_000, "{report:?}");
    }
}
