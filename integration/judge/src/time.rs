//! Calendar arithmetic for certificate dates and RFC 3339, in whole seconds since the Unix epoch.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::der;
use crate::error::{JudgeError, Result};

/// Seconds in a day.
pub const DAY: i64 = 86_400;

/// Milliseconds since the epoch now: the unit of SCT and STH timestamps (RFC 6962 §3.2).
pub fn now_millis() -> u64 {
    // A clock before 1970 would be a broken machine; zero makes every freshness check fail loudly.
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_millis() as u64)
}

/// Seconds since the epoch now.
pub fn now_seconds() -> i64 {
    (now_millis() / 1000) as i64
}

/// Parses `2026-01-01T00:00:00Z`, with optional fraction (dropped) and numeric offset.
pub fn parse_rfc3339(text: &str) -> Result<i64> {
    rfc3339(text).ok_or_else(|| JudgeError::setup("temporal_interval", "an RFC 3339 date-time", text))
}

fn rfc3339(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let separators = [(4, b'-'), (7, b'-'), (13, b':'), (16, b':')];
    if bytes.len() < 20 || separators.iter().any(|(at, byte)| bytes[*at] != *byte) {
        return None;
    }
    if !matches!(bytes[10], b'T' | b't' | b' ') {
        return None;
    }
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
    let days = days_from_civil(number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let clock = number(11, 13)? * 3600 + number(14, 16)? * 60 + number(17, 19)?;
    let zone = text.get(19..)?.trim_start_matches('.').trim_start_matches(|c: char| c.is_ascii_digit());
    Some(days * DAY + clock - offset(zone)?)
}

/// `Z` or `+hh:mm`, in seconds east of UTC.
fn offset(zone: &str) -> Option<i64> {
    if zone.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let sign = match zone.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = zone.get(1..)?.split_once(':')?;
    Some(sign * (hours.parse::<i64>().ok()? * 3600 + minutes.parse::<i64>().ok()? * 60))
}

/// A certificate date: UTCTime up to 2049, GeneralizedTime after (RFC 5280 §4.1.2.5).
pub fn to_der(seconds: i64) -> Vec<u8> {
    let (year, month, day) = civil_from_days(seconds.div_euclid(DAY));
    let clock = seconds.rem_euclid(DAY);
    let tail = format!("{month:02}{day:02}{:02}{:02}{:02}Z", clock / 3600, clock / 60 % 60, clock % 60);
    if (1950..2050).contains(&year) {
        der::tlv(der::tag::UTC_TIME, format!("{:02}{tail}", year % 100).as_bytes())
    } else {
        der::tlv(der::tag::GENERALIZED_TIME, format!("{year:04}{tail}").as_bytes())
    }
}

/// Reads a certificate date.
pub fn from_der(element: der::Element<'_>) -> Result<i64> {
    let text = String::from_utf8_lossy(element.content);
    let parsed = match element.tag {
        der::tag::UTC_TIME => utc_time(&text),
        der::tag::GENERALIZED_TIME => compact(&text, 4),
        _ => None,
    };
    parsed
        .ok_or_else(|| JudgeError::wrong("certificate date", "UTCTime or GeneralizedTime ending in Z", &text))
}

fn utc_time(text: &str) -> Option<i64> {
    let century = if text.get(0..2)?.parse::<u8>().ok()? >= 50 { "19" } else { "20" };
    compact(&format!("{century}{text}"), 4)
}

fn compact(text: &str, year_digits: usize) -> Option<i64> {
    let rest = text.strip_suffix('Z')?;
    if rest.len() != year_digits + 10 || !rest.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number = |at: usize, length: usize| rest.get(at..at + length)?.parse::<i64>().ok();
    let days = days_from_civil(number(0, 4)?, number(4, 2)?, number(6, 2)?);
    Some(days * DAY + number(8, 2)? * 3600 + number(10, 2)? * 60 + number(12, 2)?)
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar; years start in March so that the leap day
/// comes last.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_rfc3339() {
        assert_eq!(parse_rfc3339("2026-01-01T00:00:00Z").unwrap(), 1_767_225_600);
        assert_eq!(parse_rfc3339("2024-02-29T12:34:56.789+02:00").unwrap(), 1_709_202_896);
        assert!(parse_rfc3339("2026-01-01").is_err());
        assert!(parse_rfc3339("2026-01-01T00:00:00").is_err());
    }

    #[test]
    fn certificate_dates_survive_the_round_trip() {
        for seconds in [0, 951_782_400, 1_709_202_896, 1_767_225_599, 2_524_607_999, 2_524_608_000] {
            let encoded = to_der(seconds);
            let element = der::Reader::new(&encoded).any("date").unwrap();
            assert_eq!(from_der(element).unwrap(), seconds, "{seconds}");
        }
    }
}
