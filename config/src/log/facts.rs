//! What every log has, live or read-only: what the public knows it by, and how reads are answered.

use super::Window;
use crate::fault::{Section, quoted};
use crate::problem::Problem;
use crate::purpose::Purpose;
use crate::raw::RawLog;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ct::entry::LogKind;
use ct::hash::LogId;
use ct::key::{KeyAlgorithm, LogKey};
use ct::limits::MAX_GET_ENTRIES;
use ct::names::LogName;
use ct::time::Timestamp;
use std::time::Duration;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Greatest MMD: 30 days, in seconds.
const MAX_MMD: u64 = 30 * 24 * 3600;
/// MMD where none is given, in seconds.
const DEFAULT_MMD: u64 = 24 * 3600;
/// Whose key a log has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyOf {
    /// This cluster's signers, which have no other keys than P-256.
    Own,
    /// Somebody's.
    Others,
}

impl KeyOf {
    /// What belongs into the field `key`.
    const fn expected(self) -> &'static str {
        match self {
            KeyOf::Own => "base64 of a DER SubjectPublicKeyInfo, P-256, uncompressed",
            KeyOf::Others => "base64 of a DER SubjectPublicKeyInfo, P-256 (uncompressed) or RSA",
        }
    }

    fn read(self, text: &str) -> Result<LogKey, String> {
        let spki = STANDARD.decode(text).map_err(|error| format!("not base64: {error}"))?;
        let key = LogKey::from_spki(&spki).map_err(|error| error.to_string())?;
        match (self, key.algorithm()) {
            (KeyOf::Own, KeyAlgorithm::Rsa { bits }) => {
                Err(format!("an RSA key of {bits} bits, which this cluster's signers cannot have"))
            }
            _ => Ok(key),
        }
    }
}

/// What belongs into the ends of the window.
const MOMENT: &str = "RFC 3339 after 1970, such as \"2026-01-01T00:00:00Z\"";

/// What every log has, live or read-only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFacts {
    name: LogName,
    key: LogKey,
    kind: LogKind,
    url: Option<String>,
    mmd: Duration,
    window: Option<Window>,
    get_entries_limit: u64,
    align_get_entries: bool,
}

impl LogFacts {
    /// Unique in the cluster.
    pub const fn name(&self) -> &LogName {
        &self.name
    }
    /// The log's public key.
    pub const fn key(&self) -> &LogKey {
        &self.key
    }
    /// The hash of the key: the log's name for the world.
    pub const fn log_id(&self) -> LogId {
        self.key.log_id()
    }
    /// How leaves are made.
    pub const fn kind(&self) -> LogKind {
        self.kind
    }
    /// Public base URL, with a `/` at its end.
    pub fn url(&self) -> Option<&str> {
        self.url.as_deref()
    }
    /// Maximum merge delay, in whole seconds.
    pub const fn mmd(&self) -> Duration {
        self.mmd
    }
    /// The notAfter that are, or were, accepted; all, if there is no window.
    pub const fn window(&self) -> Option<Window> {
        self.window
    }
    /// Most entries in one get-entries answer.
    pub const fn get_entries_limit(&self) -> u64 {
        self.get_entries_limit
    }
    /// Whether a full get-entries answer ends at a multiple of the limit.
    pub const fn align_get_entries(&self) -> bool {
        self.align_get_entries
    }
}

/// Reads the MMD.
pub(super) fn mmd(section: &mut Section<'_>, raw: &RawLog) -> Option<Duration> {
    let given = raw.mmd_seconds.unwrap_or(DEFAULT_MMD);
    section.within("mmd_seconds", given, (1, MAX_MMD), "1 second to 30 days").map(Duration::from_secs)
}

/// Reads the others; the faults say why there are none. A read-only log is read as a log without the fields that it cannot have.
pub(super) fn check(
    section: &mut Section<'_>,
    raw: &RawLog,
    mmd: Option<Duration>,
    key_of: KeyOf,
    purpose: Purpose,
) -> Option<LogFacts> {
    let name = section
        .required("name", raw.name.as_deref(), "a name")
        .and_then(|text| section.parse("name", text, "1 to 63 of a-z, 0-9 and inner hyphens"));
    let key = section
        .required("key", raw.key.as_deref(), key_of.expected())
        .and_then(|text| log_key(section, text, key_of));
    let kind = kind(section, raw.kind.as_deref());
    let url = url(section, raw.url.as_deref(), purpose);
    let window = window(section, raw);
    let get_entries_limit = count(section, "get_entries_limit", raw.get_entries_limit, MAX_GET_ENTRIES);
    Some(LogFacts {
        name: name?,
        key: key?,
        kind: kind?,
        url,
        mmd: mmd?,
        window,
        get_entries_limit: get_entries_limit?,
        align_get_entries: raw.align_get_entries.unwrap_or(true),
    })
}

/// A count up to its limit, which is its default too.
pub(super) fn count(section: &mut Section<'_>, field: &str, given: Option<u64>, limit: u64) -> Option<u64> {
    section.within(field, given.unwrap_or(limit), (1, limit), "a fixed bound of this software")
}

fn log_key(section: &mut Section<'_>, text: &str, of: KeyOf) -> Option<LogKey> {
    let refuse = |detail| {
        section.fault("key", Some(quoted(text)), Problem::Malformed { detail, expected: of.expected() });
    };
    of.read(text).map_err(refuse).ok()
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
