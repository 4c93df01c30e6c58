//! The rules by which a log can be judged alone.

use super::{Log, Window, times};
use crate::document::Named;
use crate::fault::{Faults, Section, quoted};
use crate::problem::Problem;
use crate::purpose::Purpose;
use crate::raw::RawLog;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ct::entry::LogKind;
use ct::key::LogKey;
use ct::limits::{MAX_BACKLOG, MAX_GET_ENTRIES};
use ct::time::Timestamp;
use std::path::Path;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// What belongs into the field `key`.
const KEY: &str = "base64 of a DER SubjectPublicKeyInfo, P-256, uncompressed";
/// What belongs into the fields that name a node.
const NODE: &str = "the name of a node";
/// What belongs into the ends of the window.
const MOMENT: &str = "RFC 3339 after 1970, such as \"2026-01-01T00:00:00Z\"";

/// Reads one log; the faults say why there is none.
pub(crate) fn check(
    named: &Named<RawLog>,
    purpose: Purpose,
    base: &Path,
    faults: &mut Faults,
) -> Option<Log> {
    let raw = &named.raw;
    let mut section = faults.section(named.section.as_str());
    let section = &mut section;
    let name = section
        .required("name", raw.name.as_deref(), "a name")
        .and_then(|text| section.parse("name", text, "1 to 63 of a-z, 0-9 and inner hyphens"));
    let key = section.required("key", raw.key.as_deref(), KEY).and_then(|text| log_key(section, text));
    let kind = kind(section, raw.kind.as_deref());
    let url = url(section, raw.url.as_deref(), purpose);
    let times = times::check(section, raw);
    let window = window(section, raw);
    let clock = times::clock(section, raw.clock.as_ref());
    let first_primary = section
        .required("first_primary", raw.first_primary.as_deref(), "the name of a merge node")
        .and_then(|text| section.parse("first_primary", text, NODE));
    let sth_signer = section
        .required("sth_signer", raw.sth_signer.as_deref(), "the name of a signer node")
        .and_then(|text| section.parse("sth_signer", text, NODE));
    let backlog_limit = count(section, "backlog_limit", raw.backlog_limit, MAX_BACKLOG as u64);
    let get_entries_limit = count(section, "get_entries_limit", raw.get_entries_limit, MAX_GET_ENTRIES);
    paths(section, raw, purpose);
    Some(Log {
        purpose,
        name: name?,
        key: key?,
        kind: kind?,
        url,
        times: times?,
        window,
        roots: raw.roots.iter().map(|path| base.join(path)).collect(),
        test_ca: raw.test_ca.as_ref().map(|path| base.join(path)),
        first_primary: first_primary?,
        sth_signer: sth_signer?,
        clock: clock?,
        backlog_limit: backlog_limit?,
        get_entries_limit: get_entries_limit?,
        align_get_entries: raw.align_get_entries.unwrap_or(true),
    })
}

/// A count up to its limit, which is its default too.
fn count(section: &mut Section<'_>, field: &str, given: Option<u64>, limit: u64) -> Option<u64> {
    section.within(field, given.unwrap_or(limit), (1, limit), "a fixed bound of this software")
}

/// The log ID is a hash of the key's bytes, so only the one usual encoding of a key is taken.
fn log_key(section: &mut Section<'_>, text: &str) -> Option<LogKey> {
    let parsed = STANDARD
        .decode(text)
        .map_err(|e| format!("not base64: {e}"))
        .and_then(|spki| Ok((LogKey::from_spki(&spki).map_err(|e| e.to_string())?, spki)));
    let detail = match parsed {
        Ok((key, spki)) if key.spki() == spki => return Some(key),
        Ok(_) => "an unusual encoding of a P-256 key".to_owned(),
        Err(detail) => detail,
    };
    section.fault("key", Some(quoted(text)), Problem::Malformed { detail, expected: KEY });
    None
}

fn kind(section: &mut Section<'_>, text: Option<&str>) -> Option<LogKind> {
    match text {
        None | Some("rfc6962") => Some(LogKind::Rfc6962),
        Some(other) => {
            let detail = "not a kind of log that this version can be".to_owned();
            section.fault(
                "kind",
                Some(quoted(other)),
                Problem::Malformed { detail, expected: "\"rfc6962\"" },
            );
            None
        }
    }
}

fn url(section: &mut Section<'_>, text: Option<&str>, purpose: Purpose) -> Option<String> {
    let text = text?;
    let expected = "a URL such as \"https://ct.example/2026h1/\", with a / at its end";
    let url: url::Url = section.parse("url", text, expected)?;
    let plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    if !matches!(url.scheme(), "http" | "https") || !plain || url.as_str() != text || !text.ends_with('/') {
        let detail = format!("not a plain base URL (read as {})", quoted(&url));
        section.fault("url", Some(quoted(text)), Problem::Malformed { detail, expected });
        return None;
    }
    if purpose == Purpose::Production && url.scheme() != "https" {
        section.fault("url", Some(quoted(text)), Problem::Production { why: "https is needed" });
    }
    Some(text.to_owned())
}

fn window(section: &mut Section<'_>, raw: &RawLog) -> Option<Window> {
    let (start, end) = match (&raw.start_inclusive, &raw.end_exclusive) {
        (Some(start), Some(end)) => (start, end),
        (None, None) => return None,
        (Some(start), None) => {
            let problem = Problem::OnlyOneOf { other: "end_exclusive" };
            section.fault("start_inclusive", Some(quoted(start)), problem);
            return None;
        }
        (None, Some(end)) => {
            let problem = Problem::OnlyOneOf { other: "start_inclusive" };
            section.fault("end_exclusive", Some(quoted(end)), problem);
            return None;
        }
    };
    let first = moment(section, "start_inclusive", start);
    let last = moment(section, "end_exclusive", end);
    let window = Window { start: first?, end: last? };
    if window.start >= window.end {
        let start = quoted(start);
        section.fault("end_exclusive", Some(quoted(end)), Problem::EmptyWindow { start });
        return None;
    }
    Some(window)
}

fn moment(section: &mut Section<'_>, field: &str, text: &str) -> Option<Timestamp> {
    let parsed = OffsetDateTime::parse(text, &Rfc3339).map_err(|e| e.to_string()).and_then(|moment| {
        u64::try_from(moment.unix_timestamp_nanos() / 1_000_000).map_err(|_| "before 1970".to_owned())
    });
    match parsed {
        Ok(millis) => Some(Timestamp::from_millis(millis)),
        Err(detail) => {
            section.fault(field, Some(quoted(text)), Problem::Malformed { detail, expected: MOMENT });
            None
        }
    }
}

/// Which roots are named at all; the files are another matter.
fn paths(section: &mut Section<'_>, raw: &RawLog, purpose: Purpose) {
    let empty = |path: &String| path.is_empty();
    if raw.roots.iter().chain(&raw.test_ca).any(empty) {
        let field = if raw.test_ca.as_ref().is_some_and(empty) { "test_ca" } else { "roots" };
        let detail = "an empty path".to_owned();
        section.fault(field, Some(quoted("")), Problem::Malformed { detail, expected: "a path" });
    }
    if purpose != Purpose::Production {
        return;
    }
    if raw.roots.is_empty() {
        section.fault("roots", None, Problem::Production { why: "a log without roots accepts nothing" });
    }
    if let Some(path) = &raw.test_ca {
        let why = "a test CA would let anybody log anything";
        section.fault("test_ca", Some(quoted(path)), Problem::Production { why });
    }
}
