//! Spans of time as people write and read them.

use std::time::Duration;

const UNITS: [(&str, u64); 5] = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// Reads `500ms`, `5s`, `10m`, `24h`, `1d`; a number alone is seconds.
pub fn parse(text: &str) -> Result<Duration, String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let unit = if unit.is_empty() { "s" } else { unit };
    let millis = UNITS.iter().find(|(name, _)| *name == unit).map(|(_, millis)| *millis);
    let (Ok(number), Some(millis)) = (number.parse::<u64>(), millis) else {
        return Err("expected a number and ms, s, m, h or d, such as 500ms or 24h".to_owned());
    };
    number.checked_mul(millis).map(Duration::from_millis).ok_or_else(|| "far too long".to_owned())
}

/// A span that is not shorter than `least`.
pub fn at_least(least: Duration, span: Duration) -> Result<Duration, String> {
    if span < least { Err(format!("shorter than {}", show(least))) } else { Ok(span) }
}

/// Writes a span with two or so significant digits: `120 ms`, `4.2 s`, `12 min`, `3.5 h`, `9.0 d`.
pub fn show(span: Duration) -> String {
    let seconds = span.as_secs_f64();
    match span.as_secs() {
        0 => format!("{} ms", span.as_millis()),
        1..10 => format!("{seconds:.1} s"),
        10..120 => format!("{seconds:.0} s"),
        120..7200 => format!("{:.0} min", seconds / 60.0),
        7200..172_800 => format!("{:.1} h", seconds / 3600.0),
        _ => format!("{:.1} d", seconds / 86_400.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_unit_and_bare_seconds() {
        for (text, millis) in [("7", 7000), ("500ms", 500), ("5s", 5000), ("2m", 120_000), ("1d", 86_400_000)]
        {
            assert_eq!(parse(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "s", "-1", "1.5s", "1 s", "5w", "18446744073709551615h"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn writes_what_can_be_read_at_a_glance() {
        let cases =
            [(5, "5 ms"), (1500, "1.5 s"), (65_000, "65 s"), (600_000, "10 min"), (9_000_000, "2.5 h")];
        for (millis, text) in cases {
            assert_eq!(show(Duration::from_millis(millis)), text);
        }
        assert_eq!(show(Duration::from_secs(9 * 86_400)), "9.0 d");
    }
}
