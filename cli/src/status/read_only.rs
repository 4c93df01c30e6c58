//! Read-only logs at a glance: all frontends show the same tree head, however old it is.

use super::look::ReadOnlyLook;
use crate::moment;
use crate::table::Table;
use ct::names::LogName;
use ct::sth::Sth;
use serde_json::{Value, json};

const HEAD: [&str; 3] = ["NODE", "STATE", "POSITION"];

/// One read-only log, judged.
#[derive(Debug, Clone)]
pub struct ReadOnlyReport {
    /// The log.
    pub log: LogName,
    /// The greatest tree head that any frontend shows.
    pub shown: Option<Sth>,
    /// What each frontend says.
    pub nodes: Vec<ReadOnlyLook>,
    /// Everything that is wrong.
    pub problems: Vec<String>,
}

/// Judges what the frontends say of one read-only log.
pub fn assess(log: &LogName, config_hash: &str, nodes: Vec<ReadOnlyLook>) -> ReadOnlyReport {
    let shown = nodes.iter().filter_map(|look| Some(&look.answer.as_ref().ok()?.published));
    let shown = shown.max_by_key(|sth| (sth.head.tree_size, sth.head.timestamp)).cloned();
    let problems = nodes.iter().flat_map(|look| of_node(look, config_hash, shown.as_ref()));
    let problems = problems.map(|problem| format!("{log}: {problem}")).collect();
    ReadOnlyReport { log: log.clone(), shown, problems, nodes }
}

fn of_node(look: &ReadOnlyLook, config_hash: &str, shown: Option<&Sth>) -> Vec<String> {
    let status = match &look.answer {
        Ok(status) => status,
        Err(why) => return vec![format!("{}: no answer: {why}", look.node)],
    };
    let mut problems = status.not_ready.clone();
    if status.config_hash != config_hash {
        problems.push("its cluster.toml is another".to_owned());
    }
    let own = &status.published.head;
    if let Some(other) = shown.map(|sth| &sth.head).filter(|head| *head != own) {
        let (own, other) = (own.tree_size, other.tree_size);
        problems
            .push(format!("it shows a tree head of {own} entries, others one of {other}: import there too"));
    }
    problems.into_iter().map(|problem| format!("{}: {problem}", look.node)).collect()
}

/// A headline and a table.
pub fn text(report: &ReadOnlyReport) -> String {
    let shown = report.shown.as_ref().map_or("no tree head".to_owned(), |sth| {
        format!("{} entries, tree head of {}", sth.head.tree_size, moment::show(sth.head.timestamp))
    });
    let mut table = Table::new(&HEAD);
    for look in &report.nodes {
        let node = look.node.to_string();
        table.row(match &look.answer {
            Ok(status) => {
                let state = if status.not_ready.is_empty() { "ok" } else { "NOT READY" };
                vec![node, state.to_owned(), status.published.head.tree_size.to_string()]
            }
            Err(_) => vec![node, "UNREACHABLE".to_owned()],
        });
    }
    format!("{} (read-only): {shown}\n{}\n", report.log, table.render("  "))
}

/// Everything, for programs.
pub fn json(report: &ReadOnlyReport) -> Value {
    let node = |look: &ReadOnlyLook| match &look.answer {
        Ok(status) => json!({ "node": look.node, "reachable": true, "status": status }),
        Err(why) => json!({ "node": look.node, "reachable": false, "error": why }),
    };
    json!({
        "log": report.log,
        "tree_size": report.shown.as_ref().map(|sth| sth.head.tree_size),
        "sth_timestamp": report.shown.as_ref().map(|sth| sth.head.timestamp),
        "nodes": report.nodes.iter().map(node).collect::<Vec<_>>(),
        "problems": report.problems,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ct::hash::RootHash;
    use ct::index::TreeSize;
    use ct::sct::DigitallySigned;
    use ct::sth::TreeHead;
    use ct::time::Timestamp;
    use ct::wire::status::ReadOnlyStatus;

    fn look(node: &str, size: usize) -> ReadOnlyLook {
        let (node, log): (ct::names::NodeName, LogName) = (node.parse().unwrap(), "old".parse().unwrap());
        let timestamp = Timestamp::from_millis(1_400_000_000_000);
        let head = TreeHead { timestamp, tree_size: TreeSize::of(size), root_hash: RootHash::new([1; 32]) };
        let published = Sth { head, tree_head_signature: DigitallySigned::ecdsa(vec![1]).unwrap() };
        let status = ReadOnlyStatus {
            node: node.clone(),
            log: log.clone(),
            now: Timestamp::from_millis(1_800_000_000_000),
            config_hash: "same".to_owned(),
            not_ready: Vec::new(),
            published,
        };
        ReadOnlyLook { node, log, answer: Ok(status) }
    }

    fn report(looks: Vec<ReadOnlyLook>) -> ReadOnlyReport {
        assess(&"old".parse().unwrap(), "same", looks)
    }

    #[test]
    fn an_old_tree_head_is_as_it_should_be() {
        let report = report(vec![look("frontend-1", 7), look("frontend-2", 7)]);
        assert!(report.problems.is_empty(), "{:?}", report.problems);
        let text = text(&report);
        assert!(text.contains("old (read-only): 7 entries, tree head of 2014-05-13T16:53:20Z"), "{text}");
        assert_eq!(json(&report)["tree_size"], 7);
    }

    #[test]
    fn frontends_that_differ_or_are_gone_are_named() {
        let mut other = look("frontend-3", 7);
        if let Ok(status) = &mut other.answer {
            status.config_hash = "another".to_owned();
            status.not_ready.push("starting: not listening yet".to_owned());
        }
        let gone = ReadOnlyLook { answer: Err("no route".to_owned()), ..look("frontend-4", 7) };
        let report = report(vec![look("frontend-1", 7), look("frontend-2", 5), other, gone]);
        let wanted = [
            "old: frontend-2: it shows a tree head of 5 entries, others one of 7: import there too",
            "old: frontend-3: starting: not listening yet",
            "old: frontend-3: its cluster.toml is another",
            "old: frontend-4: no answer: no route",
        ];
        assert_eq!(report.problems, wanted);
        assert!(text(&report).contains("UNREACHABLE") && text(&report).contains("NOT READY"));
    }
}
