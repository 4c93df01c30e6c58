//! The rules by which a log can be judged alone.

use super::facts::{self, KeyOf};
use super::{Log, ReadOnlyLog, times};
use crate::document::Named;
use crate::fault::{Faults, Section, quoted};
use crate::problem::Problem;
use crate::purpose::Purpose;
use crate::raw::{RawLog, RawReadOnlyLog};
use ct::limits::MAX_BACKLOG;
use std::path::Path;

/// What belongs into the fields that name a node.
const NODE: &str = "the name of a node";

/// Reads one read-only log; the faults say why there is none.
pub(crate) fn check_read_only(
    named: &Named<RawReadOnlyLog>,
    purpose: Purpose,
    faults: &mut Faults,
) -> Option<ReadOnlyLog> {
    let mut section = faults.section(named.section.as_str());
    let raw = named.raw.as_log();
    let mmd = facts::mmd(&mut section, &raw);
    Some(ReadOnlyLog { facts: facts::check(&mut section, &raw, mmd, KeyOf::Others, purpose)? })
}

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
    let mmd = facts::mmd(section, raw);
    let facts = facts::check(section, raw, mmd, KeyOf::Own, purpose);
    let times = mmd.and_then(|mmd| times::check(section, raw, mmd));
    let clock = times::clock(section, raw.clock.as_ref());
    let scrubbing = times::scrubbing(section, raw);
    let first_primary = section
        .required("first_primary", raw.first_primary.as_deref(), "the name of a merge node")
        .and_then(|text| section.parse("first_primary", text, NODE));
    let sth_signer = section
        .required("sth_signer", raw.sth_signer.as_deref(), "the name of a signer node")
        .and_then(|text| section.parse("sth_signer", text, NODE));
    let backlog_limit = facts::count(section, "backlog_limit", raw.backlog_limit, MAX_BACKLOG as u64);
    paths(section, raw, purpose);
    Some(Log {
        purpose,
        facts: facts?,
        times: times?,
        roots: raw.roots.iter().map(|path| base.join(path)).collect(),
        test_ca: raw.test_ca.as_ref().map(|path| base.join(path)),
        first_primary: first_primary?,
        sth_signer: sth_signer?,
        clock: clock?,
        scrubbing: scrubbing?,
        backlog_limit: backlog_limit?,
    })
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
