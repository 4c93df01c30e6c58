//! Moments as people write and read them: RFC 3339 in UTC, or a date alone.

use ct::time::Timestamp;
use time::format_description::well_known::Rfc3339;
use time::{Date, Month, OffsetDateTime, Time};

/// Writes a moment; one that no calendar reaches as milliseconds.
pub fn show(moment: Timestamp) -> String {
    calendar(moment).and_then(|moment| moment.format(&Rfc3339).ok()).unwrap_or_else(|| moment.to_string())
}

/// Writes a moment with its milliseconds, always as long.
pub fn show_millis(moment: Timestamp) -> String {
    let whole = Timestamp::from_millis(moment.millis() / 1000 * 1000);
    match (calendar(moment), show(whole).strip_suffix('Z')) {
        (Some(_), Some(text)) => format!("{text}.{:03}Z", moment.millis() % 1000),
        _ => show(moment),
    }
}

/// The moment on the calendar, in UTC.
pub fn calendar(moment: Timestamp) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(moment.millis()) * 1_000_000).ok()
}

/// The moment in milliseconds; one before 1970 is the epoch.
pub fn timestamp(moment: OffsetDateTime) -> Timestamp {
    Timestamp::from_millis(u64::try_from(moment.unix_timestamp_nanos() / 1_000_000).unwrap_or(0))
}

/// Reads RFC 3339, or `YYYY-MM-DD` for the first moment of that day.
pub fn parse(text: &str) -> Result<Timestamp, String> {
    if let Ok(moment) = OffsetDateTime::parse(text, &Rfc3339) {
        return Ok(timestamp(moment));
    }
    let expected = || format!("{text:?} is neither a date (2026-01-31) nor RFC 3339 (2026-01-31T00:00:00Z)");
    let mut parts = text.splitn(3, '-').map(str::parse::<u16>);
    let (Some(Ok(year)), Some(Ok(month)), Some(Ok(day))) = (parts.next(), parts.next(), parts.next()) else {
        return Err(expected());
    };
    let month =
        u8::try_from(month).ok().and_then(|month| Month::try_from(month).ok()).ok_or_else(expected)?;
    let day = u8::try_from(day).map_err(|_| expected())?;
    let date = Date::from_calendar_date(i32::from(year), month, day).map_err(|_| expected())?;
    Ok(timestamp(date.with_time(Time::MIDNIGHT).assume_utc()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_moments_are_read_and_written() {
        assert_eq!(parse("2027-01-01").map(show), Ok("2027-01-01T00:00:00Z".to_owned()));
        assert_eq!(parse("2027-01-01T01:00:00+01:00").map(show), Ok("2027-01-01T00:00:00Z".to_owned()));
        for text in ["", "2027", "2027-13-01", "2027-02-29", "27-1-1-1", "2027-01-01 00:00"] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert_eq!(show(Timestamp::from_millis(u64::MAX)), format!("{} ms", u64::MAX));
        assert_eq!(show_millis(Timestamp::from_millis(1_700_000_000_050)), "2023-11-14T22:13:20.050Z");
        assert_eq!(show_millis(Timestamp::from_millis(u64::MAX)), format!("{} ms", u64::MAX));
    }
}
