//! Moments as RFC 3339 writes them, in UTC.

use ct::time::Timestamp;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Reads a moment; one before 1970 is refused.
pub(crate) fn parse(text: &str) -> Result<Timestamp, String> {
    let moment = OffsetDateTime::parse(text, &Rfc3339)
        .map_err(|_| format!("{text:?} is not RFC 3339 (2026-01-31T00:00:00Z)"))?;
    let millis = u64::try_from(moment.unix_timestamp_nanos() / 1_000_000);
    millis.map(Timestamp::from_millis).map_err(|_| format!("{text:?} is before 1970"))
}

/// Writes a moment; one that no calendar reaches as milliseconds.
pub(crate) fn show(moment: Timestamp) -> String {
    let date = OffsetDateTime::from_unix_timestamp_nanos(i128::from(moment.millis()) * 1_000_000).ok();
    date.and_then(|date| date.format(&Rfc3339).ok()).unwrap_or_else(|| moment.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_and_written() {
        assert_eq!(parse("2027-01-01T01:00:00+01:00").map(show), Ok("2027-01-01T00:00:00Z".to_owned()));
        for text in ["", "2027-01-01", "1969-12-31T23:59:59Z", "2027-02-29T00:00:00Z"] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert_eq!(show(Timestamp::from_millis(u64::MAX)), format!("{} ms", u64::MAX));
    }
}
