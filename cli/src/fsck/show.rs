//! What was found, in text and in JSON.

use super::find::Kind;
use super::look::Report;
use serde_json::{Value, json};
use store::{Finding, Place};

/// A line for each directory.
pub fn summary(reports: &[Report]) -> String {
    let mut text = String::new();
    for report in reports {
        let state = match report.findings.len() {
            0 => "clean".to_owned(),
            1 => "1 FAULT".to_owned(),
            count => format!("{count} FAULTS"),
        };
        let what = match (&report.log, report.store.kind) {
            (Some(log), _) => {
                let against =
                    log.signed.as_ref().map_or("no signed tree head to compare with".to_owned(), |sth| {
                        let whose =
                            if report.store.key.is_some() { "signed" } else { "signature not checked" };
                        format!("tree head of {} entries, {whose}", sth.head.tree_size)
                    });
                format!("log of {} entries; {against}", log.len)
            }
            (None, Kind::Log) => "log".to_owned(),
            (None, Kind::List) => "entry list".to_owned(),
            (None, Kind::State) => "node state".to_owned(),
        };
        text.push_str(&format!("{}: {state}: {what}\n", report.store.name()));
    }
    text
}

/// Everything, for programs.
pub fn json(reports: &[Report]) -> Value {
    let store = |report: &Report| {
        json!({
            "node": report.store.node,
            "log": report.store.log,
            "directory": report.store.dir,
            "entries": report.log.as_ref().map(|log| log.len),
            "tree_head": report.log.as_ref().and_then(|log| log.signed.as_ref()),
            "findings": report.findings.iter().map(finding).collect::<Vec<_>>(),
        })
    };
    json!({
        "clean": reports.iter().all(|report| report.findings.is_empty()),
        "stores": reports.iter().map(store).collect::<Vec<_>>(),
    })
}

fn finding(finding: &Finding) -> Value {
    let Finding { path, place, what, expected, found } = finding;
    let mut value = json!({ "file": path, "what": what, "expected": expected, "found": found });
    match place {
        Place::Byte(offset) => value["offset"] = json!(offset),
        Place::Row { table, row } => {
            value["table"] = json!(table);
            value["row"] = json!(row);
        }
        Place::File => {}
    }
    value
}
