//! How many requests a log gets at a time, and when it gets none. Pure.
//!
//! One log has one pace: what one request learns (busy, come back in a minute) holds for all that follow. The number of
//! requests halves where a log is too busy, and grows again one by one.

use client::{ClientError, Patience};
use std::time::Duration;
use tokio::time::Instant;

/// Longest pause that a log gets because it asked for it. One that asks for more is asked again after this.
pub const LONGEST_ASKED: Duration = Duration::from_secs(3600);

/// Answers, for each request at a time, after which one more is tried.
const ANSWERS_TO_WIDEN: usize = 8;

/// The pace of one log.
#[derive(Debug, Clone)]
pub struct Pace {
    patience: Patience,
    most: usize,
    width: usize,
    answers: usize,
    failures: u32,
    resume: Option<Instant>,
}

/// Whether a request may go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// Now.
    Now,
    /// When another has been answered.
    Later,
    /// Not before this moment.
    Not(Instant),
}

impl Pace {
    /// At most `most` requests at a time, at least one.
    pub fn new(most: usize, patience: Patience) -> Self {
        let most = most.max(1);
        Self { patience, most, width: most, answers: 0, failures: 0, resume: None }
    }

    /// Whether one more may go out, while `running` are.
    pub fn room(&self, running: usize, now: Instant) -> Room {
        match self.resume {
            Some(resume) if resume > now => Room::Not(resume),
            _ if running < self.width => Room::Now,
            _ => Room::Later,
        }
    }

    /// A request was answered.
    pub fn answered(&mut self, now: Instant) {
        if self.resume.is_some_and(|resume| resume > now) {
            // It went out before the one that failed; the pause stands.
            return;
        }
        (self.failures, self.resume) = (0, None);
        self.answers += 1;
        if self.answers >= self.width * ANSWERS_TO_WIDEN && self.width < self.most {
            (self.width, self.answers) = (self.width + 1, 0);
        }
    }

    /// A request failed. `jitter` is from 0 to 1.
    pub fn failed(&mut self, error: &ClientError, now: Instant, jitter: f64) {
        let asked = error.retry_after().map(|asked| asked.min(LONGEST_ASKED));
        let paused = self.resume.is_some_and(|resume| resume > now);
        if !paused {
            // Those that went out together and fail together count as one.
            self.failures = self.failures.saturating_add(1);
            self.answers = 0;
            if matches!(error, ClientError::Status { status: 429 | 503, .. } | ClientError::Slow { .. }) {
                self.width = (self.width / 2).max(1);
            }
        } else if asked.is_none() {
            return;
        }
        let until = now + self.patience.pause_after(self.failures, asked, jitter);
        self.resume = Some(self.resume.map_or(until, |resume| resume.max(until)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Patience = Patience {
        rounds: 1,
        pause: Duration::from_secs(1),
        longest_pause: Duration::from_secs(60),
        longest_asked: Duration::from_secs(120),
    };

    fn status(status: u16, retry_after: Option<u64>) -> ClientError {
        let retry_after = retry_after.map(Duration::from_secs);
        ClientError::Status { url: String::new(), status, retry_after, text: String::new() }
    }

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    #[test]
    fn a_busy_log_gets_fewer_requests_and_more_again_when_it_answers() {
        let (mut pace, mut now) = (Pace::new(4, PATIENCE), Instant::now());
        assert_eq!((pace.room(3, now), pace.room(4, now)), (Room::Now, Room::Later));
        for width in [2, 1, 1] {
            pace.failed(&status(429, None), now, 0.0);
            now += seconds(600);
            assert_eq!((pace.room(width - 1, now), pace.room(width, now)), (Room::Now, Room::Later));
        }
        for (answers, width) in [(7, 1), (1, 2), (15, 2), (1, 3), (24, 4), (99, 4)] {
            (0..answers).for_each(|_| pace.answered(now));
            assert_eq!((pace.room(width - 1, now), pace.room(width, now)), (Room::Now, Room::Later));
        }
    }

    #[test]
    fn pauses_double_and_what_the_log_asks_for_is_heeded() {
        let (mut pace, mut now) = (Pace::new(4, PATIENCE), Instant::now());
        for pause in [1, 2, 4, 8, 16, 32, 60, 60] {
            pace.failed(&status(500, None), now, 0.0);
            assert_eq!(pace.room(0, now), Room::Not(now + seconds(pause)));
            now += seconds(pause);
        }
        pace.failed(&status(503, Some(300)), now, 0.0);
        assert_eq!(pace.room(0, now + seconds(299)), Room::Not(now + seconds(300)));
        now += seconds(300);
        pace.failed(&status(503, Some(u64::MAX)), now, 0.0);
        assert_eq!(pace.room(0, now), Room::Not(now + LONGEST_ASKED));
        now += LONGEST_ASKED;
        pace.answered(now);
        pace.failed(&status(500, None), now, 1.0);
        assert_eq!(
            pace.room(0, now),
            Room::Not(now + seconds(2)),
            "one answer, and it begins again; jitter adds"
        );
    }

    #[test]
    fn requests_that_fail_together_count_as_one() {
        let (mut pace, now) = (Pace::new(8, PATIENCE), Instant::now());
        (0..4).for_each(|_| pace.failed(&status(429, None), now, 0.0));
        assert_eq!(pace.room(0, now), Room::Not(now + seconds(1)));
        // One that was on its way does not end the pause; one that asks for more makes it longer.
        pace.answered(now);
        assert_eq!(pace.room(0, now), Room::Not(now + seconds(1)));
        pace.failed(&status(429, Some(9)), now, 0.0);
        assert_eq!(pace.room(0, now), Room::Not(now + seconds(9)));
        assert_eq!(
            (pace.room(3, now + seconds(9)), pace.room(4, now + seconds(9))),
            (Room::Now, Room::Later)
        );
    }
}
