//! The report in text and in JSON.

use super::assess::{LogReport, age, oldest};
use super::look::NodeLook;
use super::{Reports, read_only};
use crate::span;
use crate::table::Table;
use ct::wire::status::{Detail, Status};
use ct::wire::storage::Completeness;
use ct::wire::tree::Voting;
use serde_json::{Value, json};

const HEAD: [&str; 8] = ["NODE", "ROLE", "STATE", "POSITION", "TERM", "STH AGE", "BACKLOG", "OLDEST SCT"];
/// Stands where a role has nothing to say.
const NOTHING: &str = "-";

/// A table for each log, then everything that is wrong.
pub fn text(reports: &Reports) -> String {
    let mut text = String::new();
    for report in &reports.live {
        text.push_str(&headline(report));
        let mut table = Table::new(&HEAD);
        for look in &report.nodes {
            table.row(row(look));
        }
        text.push_str(&table.render("  "));
        text.push('\n');
    }
    reports.read_only.iter().for_each(|report| text.push_str(&read_only::text(report)));
    if reports.problems().next().is_none() {
        text.push_str("all is well\n");
    }
    for problem in reports.problems() {
        text.push_str(&format!("WRONG  {problem}\n"));
    }
    text
}

fn headline(report: &LogReport) -> String {
    let size = report.newest.as_ref().map_or("no tree head".to_owned(), |sth| {
        let age = report.sth_age.map(span::show).unwrap_or_default();
        format!("{} entries, STH {age} old", sth.head.tree_size)
    });
    let term = report
        .term
        .as_ref()
        .map_or("term unknown".to_owned(), |(term, primary)| format!("term {term}, primary {primary}"));
    let waiting =
        report.oldest_unpublished.map(|age| format!("; oldest unpublished SCT {}", span::show(age)));
    format!(
        "{}: {size}; {term}; quorum {} of {} merge nodes{}\n",
        report.log,
        report.agreeing,
        report.voters,
        waiting.unwrap_or_default()
    )
}

fn row(look: &NodeLook) -> Vec<String> {
    let status = match &look.answer {
        Ok(status) => status,
        Err(_) => {
            let state = "UNREACHABLE".to_owned();
            return vec![look.node.to_string(), look.role.to_string(), state];
        }
    };
    let age = age(status).map(span::show);
    let or_nothing = |text: Option<String>| text.unwrap_or_else(|| NOTHING.to_owned());
    vec![
        look.node.to_string(),
        look.role.to_string(),
        state(status),
        position(status),
        status.term.to_string(),
        or_nothing(age),
        or_nothing(backlog(status).map(|entries| entries.to_string())),
        or_nothing(oldest(status).map(span::show)),
    ]
}

fn state(status: &Status) -> String {
    let special = match &status.detail {
        Detail::Frontend { closed: Some(_), .. } => Some("CLOSED"),
        Detail::Signer { halted: Some(_), .. } => Some("HALTED"),
        Detail::Merge { voting: Voting::Recovering, .. }
        | Detail::Storage { completeness: Completeness::Recovering, .. } => Some("recovering"),
        Detail::Merge { waiting: Some(_), .. } => Some("waiting"),
        Detail::Merge { .. } if status.primary == status.node => Some("primary"),
        _ => None,
    };
    match special {
        _ if !status.not_ready.is_empty() => "NOT READY".to_owned(),
        Some(special) => special.to_owned(),
        None => "ok".to_owned(),
    }
}

fn position(status: &Status) -> String {
    match &status.detail {
        Detail::Frontend { held, published, .. } => {
            let shown = published.as_ref().map_or(0, |sth| sth.head.tree_size.get());
            let held = held.as_ref().map_or(0, |sth| sth.head.tree_size.get());
            if held == shown { shown.to_string() } else { format!("{shown} (holds {held})") }
        }
        Detail::Storage { start, end, .. } => format!("{start}..{end}"),
        Detail::Signer { last, .. } => {
            last.as_ref().map_or(NOTHING.to_owned(), |sth| sth.head.tree_size.to_string())
        }
        Detail::Merge { len, accepted, .. } => {
            let accepted = accepted.size;
            if accepted == *len { accepted.to_string() } else { format!("{accepted} (has {len})") }
        }
    }
}

/// Entries at a storage node that no tree head covers.
fn backlog(status: &Status) -> Option<u64> {
    match &status.detail {
        Detail::Storage { start, end, .. } => Some(end.get().saturating_sub(start.get())),
        _ => None,
    }
}

/// Everything, for programs.
pub fn json(reports: &Reports) -> Value {
    let node = |look: &NodeLook| {
        let mut value = json!({ "node": look.node, "role": look.role, "reachable": look.answer.is_ok() });
        match &look.answer {
            Ok(status) => {
                value["status"] = json!(status);
                value["backlog"] = json!(backlog(status));
            }
            Err(why) => value["error"] = json!(why),
        }
        value
    };
    let millis = |span: std::time::Duration| span.as_millis() as u64;
    let log = |report: &LogReport| {
        json!({
            "log": report.log,
            "tree_size": report.newest.as_ref().map(|sth| sth.head.tree_size),
            "sth_timestamp": report.newest.as_ref().map(|sth| sth.head.timestamp),
            "sth_age_ms": report.sth_age.map(millis),
            "term": report.term.as_ref().map(|(term, _)| term),
            "primary": report.term.as_ref().map(|(_, primary)| primary),
            "quorum": { "agreeing": report.agreeing, "of": report.voters },
            "oldest_unpublished_ms": report.oldest_unpublished.map(millis),
            "nodes": report.nodes.iter().map(node).collect::<Vec<_>>(),
            "problems": report.problems,
        })
    };
    json!({
        "healthy": reports.problems().next().is_none(),
        "logs": reports.live.iter().map(log).collect::<Vec<_>>(),
        "read_only_logs": reports.read_only.iter().map(read_only::json).collect::<Vec<_>>(),
    })
}
