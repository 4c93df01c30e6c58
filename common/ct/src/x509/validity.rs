//! The two times of a certificate (RFC 5280 §4.1.2.5).
//!
//! Seconds may be missing and the zone may be an offset, as in certificates from before RFC 3280. A moment before 1970
//! becomes the epoch: no log has a window there.

use super::der::{DerError, Element, GENERALIZED_TIME, Reader, UTC_TIME};
use crate::time::Timestamp;

/// Reads a `Time`.
pub fn read_time(reader: &mut Reader<'_>, field: &'static str) -> Result<Timestamp, DerError> {
    let element = reader.any(field)?;
    let wide = match element.tag {
        UTC_TIME => false,
        GENERALIZED_TIME => true,
        found => {
            return Err(DerError::Tag { field, at: element.span().start, expected: UTC_TIME, found });
        }
    };
    parse(&element, wide).ok_or(element.refuse(field))
}

fn parse(element: &Element<'_>, wide: bool) -> Option<Timestamp> {
    let (year, rest) = if wide {
        let (high, rest) = two_digits(element.value())?;
        let (low, rest) = two_digits(rest)?;
        (high * 100 + low, rest)
    } else {
        let (year, rest) = two_digits(element.value())?;
        // RFC 5280 §4.1.2.5.1: 50 and above belong to the twentieth century.
        (if year >= 50 { 1900 + year } else { 2000 + year }, rest)
    };
    let (month, rest) = in_range(rest, 1, 12)?;
    let (day, rest) = in_range(rest, 1, days_in_month(year, month))?;
    let (hour, rest) = in_range(rest, 0, 23)?;
    let (minute, rest) = in_range(rest, 0, 59)?;
    let (second, rest) = match rest.first()? {
        b'0'..=b'9' => in_range(rest, 0, 59)?,
        _ => (0, rest),
    };
    let seconds =
        days_since_epoch(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - zone(rest)?;
    Some(Timestamp::from_millis(u64::try_from(seconds).unwrap_or(0) * 1000))
}

/// `Z`, or an offset from it as `+hhmm`; in seconds.
fn zone(text: &[u8]) -> Option<i64> {
    let (sign, rest) = match text.split_first()? {
        (b'Z', []) => return Some(0),
        (b'+', rest) => (1, rest),
        (b'-', rest) => (-1, rest),
        _ => return None,
    };
    let (hours, rest) = in_range(rest, 0, 23)?;
    let (minutes, rest) = in_range(rest, 0, 59)?;
    rest.is_empty().then_some(sign * (hours * 3600 + minutes * 60))
}

fn two_digits(text: &[u8]) -> Option<(i64, &[u8])> {
    let (pair, rest) = text.split_first_chunk::<2>()?;
    let digit = |byte: u8| char::from(byte).to_digit(10).map(i64::from);
    Some((digit(pair[0])? * 10 + digit(pair[1])?, rest))
}

fn in_range(text: &[u8], least: i64, greatest: i64) -> Option<(i64, &[u8])> {
    two_digits(text).filter(|(value, _)| (least..=greatest).contains(value))
}

const fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

const fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 to this day of the Gregorian calendar; negative before.
const fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    // Count from a first of March, so that the leap day is the last of its year.
    let (year, month) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let days_before_month = (153 * month + 2) / 5;
    year * 365 + leap_days + days_before_month + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::der::wrap;

    fn seconds(tag: u8, text: &str) -> Option<u64> {
        let der = wrap(tag, &[text.as_bytes()]);
        read_time(&mut Reader::new(&der), "time").ok().map(|time| time.millis() / 1000)
    }

    #[test]
    fn times_of_both_kinds_are_read() {
        assert_eq!(seconds(UTC_TIME, "700101000000Z"), Some(0));
        assert_eq!(seconds(UTC_TIME, "231114221320Z"), Some(1_700_000_000));
        assert_eq!(seconds(UTC_TIME, "2311142213Z"), Some(1_699_999_980));
        assert_eq!(seconds(UTC_TIME, "231115001320+0200"), Some(1_700_000_000));
        assert_eq!(seconds(UTC_TIME, "231114201320-0200"), Some(1_700_000_000));
        assert_eq!(seconds(GENERALIZED_TIME, "20231114221320Z"), Some(1_700_000_000));
        assert_eq!(seconds(GENERALIZED_TIME, "99991231235959Z"), Some(253_402_300_799));
        assert_eq!(seconds(UTC_TIME, "000229000000Z"), Some(951_782_400));
    }

    #[test]
    fn a_time_before_1970_is_the_epoch() {
        assert_eq!(seconds(UTC_TIME, "500101000000Z"), Some(0));
        assert_eq!(seconds(UTC_TIME, "491231235959Z"), Some(2_524_607_999));
        assert_eq!(seconds(GENERALIZED_TIME, "00000101000000Z"), Some(0));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in
            ["", "Z", "230229000000Z", "231301000000Z", "231114240000Z", "231114226000Z", "231114221320"]
        {
            assert_eq!(seconds(UTC_TIME, text), None, "{text}");
        }
        for text in ["20231114221320", "20231114221320.5Z", "2023111422132aZ", "20231114221320ZZ"] {
            assert_eq!(seconds(GENERALIZED_TIME, text), None, "{text}");
        }
        assert_eq!(seconds(0x16, "231114221320Z"), None);
    }
}
