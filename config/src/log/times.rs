//! The times of a log, and how they bound each other.

use crate::fault::Section;
use crate::raw::{RawClock, RawLog};
use ct::time::ClockBound;
use std::time::Duration;

/// Greatest wait before a repair: 30 days, in seconds.
const MAX_SECONDS: u64 = 30 * 24 * 3600;
/// Interval between tree heads of an idle log where none is given, in milliseconds.
const DEFAULT_STH_INTERVAL: u64 = 60_000;
/// Shortest time between two tree heads that may be asked for, in milliseconds.
const MIN_PUBLISH_INTERVAL: u64 = 10;
/// Shortest time between two tree heads where none is given, in milliseconds.
const DEFAULT_PUBLISH_INTERVAL: u64 = 1_000;
/// Greatest default age of the newest tree head while submissions are taken, in milliseconds.
const DEFAULT_STOP_SUBMISSIONS: u64 = 3_600_000;
/// Age of the newest tree head from which repair acts where none is given, in milliseconds.
const DEFAULT_REPAIR_AFTER: u64 = 300_000;
/// A repair waits at least for so many tree heads.
const REPAIR_INTERVALS: u64 = 5;
/// Greatest bound on a clock that is ahead, in milliseconds.
const MAX_AHEAD: u64 = 60_000;
/// Greatest bound on a clock that is behind, in milliseconds.
const MAX_BEHIND: u64 = 3_600_000;

/// Least and greatest rate of scrubbing, in bytes a second.
const SCRUB_RATE: (u64, u64) = (1_000, 10_000_000_000);

/// Times that fit each other: `publish_interval ≤ sth_interval ≤ mmd / 2`, `sth_interval ≤ stop_submissions ≤ mmd`,
/// `5 × sth_interval ≤ repair_after`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Times {
    pub(crate) sth_interval: Duration,
    pub(crate) publish_interval: Duration,
    pub(crate) stop_submissions: Duration,
    pub(crate) repair_after: Duration,
}

/// Reads the times that go with this MMD. A limit that hangs on a faulty time is not judged.
pub(crate) fn check(section: &mut Section<'_>, raw: &RawLog, mmd: Duration) -> Option<Times> {
    let mmd = mmd.as_millis() as u64;

    // The upper limit is half a second at least, the lower one 10 ms: the range is never empty.
    let given = raw.sth_interval_ms.unwrap_or(DEFAULT_STH_INTERVAL.min(mmd / 2));
    let range = (MIN_PUBLISH_INTERVAL, mmd / 2);
    let sth_interval =
        section.within("sth_interval_ms", given, range, "at most half of mmd_seconds, in milliseconds");
    let fallback = sth_interval.unwrap_or(mmd / 2);

    let given = raw.publish_interval_ms.unwrap_or(DEFAULT_PUBLISH_INTERVAL.min(fallback));
    let range = (MIN_PUBLISH_INTERVAL, fallback);
    let publish_interval =
        section.within("publish_interval_ms", given, range, "at least 10 ms, at most sth_interval_ms");

    let stop_submissions = stop_submissions(section, raw, mmd, sth_interval);
    let repair_after = repair_after(section, raw, sth_interval);
    Some(Times {
        sth_interval: Duration::from_millis(sth_interval?),
        publish_interval: Duration::from_millis(publish_interval?),
        stop_submissions: Duration::from_millis(stop_submissions?),
        repair_after: Duration::from_millis(repair_after?),
    })
}

/// In milliseconds. The default is raised where tree heads are rarer than that.
fn stop_submissions(
    section: &mut Section<'_>,
    raw: &RawLog,
    mmd: u64,
    sth_interval: Option<u64>,
) -> Option<u64> {
    let least = sth_interval.unwrap_or(0);
    let Some(given) = raw.stop_submissions_after_sth_age_seconds else {
        return Some((mmd / 2).min(DEFAULT_STOP_SUBMISSIONS).max(least));
    };
    let range = (least.div_ceil(1000).max(1), mmd / 1000);
    let why = "from sth_interval_ms to mmd_seconds, in seconds";
    Some(section.within("stop_submissions_after_sth_age_seconds", given, range, why)? * 1000)
}

/// In milliseconds.
fn repair_after(section: &mut Section<'_>, raw: &RawLog, sth_interval: Option<u64>) -> Option<u64> {
    let least = sth_interval.unwrap_or(0) * REPAIR_INTERVALS;
    let Some(given) = raw.repair_after_seconds else {
        return Some(DEFAULT_REPAIR_AFTER.max(least));
    };
    let least = least.div_ceil(1000).max(1);
    let why = "at least 5 times sth_interval_ms, in seconds";
    Some(section.within("repair_after_seconds", given, (least, MAX_SECONDS.max(least)), why)? * 1000)
}

/// How a node reads again what it keeps of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scrubbing {
    /// At most so much is read.
    pub bytes_per_second: u64,
    /// From the end of one pass to the next.
    pub interval: Duration,
}

impl Scrubbing {
    /// Where nothing is given: 8 MB a second, once a day. At that rate a hundred million entries take half a day.
    pub const DEFAULT: Self = Self { bytes_per_second: 8_000_000, interval: Duration::from_secs(24 * 3600) };
}

/// The bounds on scrubbing.
pub(crate) fn scrubbing(section: &mut Section<'_>, raw: &RawLog) -> Option<Scrubbing> {
    let default = Scrubbing::DEFAULT;
    let rate = raw.scrub_bytes_per_second.unwrap_or(default.bytes_per_second);
    let interval = raw.scrub_interval_seconds.unwrap_or(default.interval.as_secs());
    let rate = section.within("scrub_bytes_per_second", rate, SCRUB_RATE, "a kilobyte to ten gigabytes");
    let interval =
        section.within("scrub_interval_seconds", interval, (1, MAX_SECONDS), "1 second to 30 days");
    Some(Scrubbing { bytes_per_second: rate?, interval: Duration::from_secs(interval?) })
}

/// The bounds on clocks.
pub(crate) fn clock(section: &mut Section<'_>, raw: Option<&RawClock>) -> Option<ClockBound> {
    let (default, raw) = (ClockBound::DEFAULT, raw.cloned().unwrap_or_default());
    let ahead = raw.ahead_ms.unwrap_or(default.ahead.as_millis() as u64);
    let behind = raw.behind_ms.unwrap_or(default.behind.as_millis() as u64);
    let ahead = section.within("clock.ahead_ms", ahead, (1, MAX_AHEAD), "1 ms to 1 minute");
    let behind = section.within("clock.behind_ms", behind, (1, MAX_BEHIND), "1 ms to 1 hour");
    Some(ClockBound { ahead: Duration::from_millis(ahead?), behind: Duration::from_millis(behind?) })
}
