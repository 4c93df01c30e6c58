//! From what the nodes say to what is the matter. A pure function, so that every alarm can be tested.

use super::look::NodeLook;
use crate::span;
use config::Log;
use ct::index::Term;
use ct::names::{LogName, NodeName, Role};
use ct::sth::Sth;
use ct::wire::status::{Detail, Status};
use ct::wire::storage::Completeness;
use ct::wire::tree::Voting;
use std::time::Duration;

/// One log, judged.
#[derive(Debug, Clone)]
pub struct LogReport {
    /// The log.
    pub log: LogName,
    /// The newest tree head that any node shows.
    pub newest: Option<Sth>,
    /// How old that is.
    pub sth_age: Option<Duration>,
    /// The newest term, and its primary.
    pub term: Option<(Term, NodeName)>,
    /// Merge nodes whose accepted head does not fall behind the newest tree head.
    pub agreeing: usize,
    /// Merge nodes.
    pub voters: usize,
    /// How long the oldest promise has been waiting for a tree head.
    pub oldest_unpublished: Option<Duration>,
    /// What each node says.
    pub nodes: Vec<NodeLook>,
    /// Everything that is wrong.
    pub problems: Vec<String>,
}

/// Judges what the nodes say of one log.
pub fn assess(log: &Log, config_hash: &str, nodes: Vec<NodeLook>) -> LogReport {
    let answers: Vec<&Status> = nodes.iter().filter_map(|look| look.answer.as_ref().ok()).collect();
    let newest =
        answers.iter().filter_map(|status| sth(status)).max_by_key(|sth| sth.head.timestamp).cloned();
    let term = answers.iter().max_by_key(|status| status.term);
    let mut report = LogReport {
        log: log.name().clone(),
        // By the clock of who shows it, when it did: asking a node that does not answer takes a while.
        sth_age: answers.iter().filter_map(|status| age(status)).min(),
        term: term.map(|status| (status.term, status.primary.clone())),
        agreeing: answers.iter().filter(|status| agrees(status, newest.as_ref())).count(),
        voters: nodes.iter().filter(|look| look.role == Role::Merge).count(),
        oldest_unpublished: answers.iter().filter_map(|status| oldest(status)).max(),
        newest,
        problems: Vec::new(),
        nodes: Vec::new(),
    };
    let mut problems = of_cluster(log, &report);
    for look in &nodes {
        problems.extend(of_node(log, config_hash, &report, look));
    }
    report.problems = problems.into_iter().map(|problem| format!("{}: {problem}", log.name())).collect();
    report.nodes = nodes;
    report
}

/// The tree head that a node shows or remembers.
pub fn sth(status: &Status) -> Option<&Sth> {
    match &status.detail {
        Detail::Frontend { published, .. } => published.as_ref(),
        Detail::Signer { last, .. } => last.as_ref(),
        Detail::Merge { newest_sth, .. } => newest_sth.as_ref(),
        Detail::Storage { .. } => None,
    }
}

/// How old the tree head was that a node shows, when it said so.
pub fn age(status: &Status) -> Option<Duration> {
    sth(status).map(|sth| status.now.since(sth.head.timestamp))
}

/// How long a storage node's oldest unpublished entry has been waiting.
pub fn oldest(status: &Status) -> Option<Duration> {
    match &status.detail {
        Detail::Storage { oldest_unpublished, .. } => oldest_unpublished.map(|at| status.now.since(at)),
        _ => None,
    }
}

/// Whether a merge node's accepted head goes with the newest tree head: the same root at its size, or further on.
fn agrees(status: &Status, newest: Option<&Sth>) -> bool {
    match (&status.detail, newest) {
        (Detail::Merge { accepted, .. }, Some(sth)) => {
            let (own, public) = (accepted.size, sth.head.tree_size);
            own > public || (own == public && accepted.root == sth.head.root_hash)
        }
        _ => false,
    }
}

fn of_cluster(log: &Log, report: &LogReport) -> Vec<String> {
    let mut problems = Vec::new();
    let shown = span::show;
    let limit = log.stop_submissions_after_sth_age();
    match report.sth_age {
        None => problems.push("no node shows a tree head".to_owned()),
        Some(age) if age > limit => {
            problems.push(format!(
                "the newest tree head is {} old, the limit is {}",
                shown(age),
                shown(limit)
            ));
        }
        Some(_) => {}
    }
    let majority = report.voters / 2 + 1;
    if report.newest.is_some() && report.agreeing < majority {
        let (agreeing, voters) = (report.agreeing, report.voters);
        problems.push(format!("{agreeing} of {voters} merge nodes agree, a majority is {majority}"));
    }
    if let Some(age) = report.oldest_unpublished.filter(|age| *age > log.mmd() / 2) {
        problems.push(format!(
            "a promise has been waiting for {}, the MMD is {}",
            shown(age),
            shown(log.mmd())
        ));
    }
    problems
}

fn of_node(log: &Log, config_hash: &str, report: &LogReport, look: &NodeLook) -> Vec<String> {
    let status = match &look.answer {
        Ok(status) => status,
        Err(why) => return vec![format!("{}: no answer: {why}", look.node)],
    };
    let mut problems = status.not_ready.clone();
    if status.config_hash != config_hash {
        problems.push("its cluster.toml is another".to_owned());
    }
    if let Some((term, _)) = report.term.as_ref().filter(|(term, _)| *term > status.term) {
        problems.push(format!("it is in term {}, others are in {term}", status.term));
    }
    if let Some(scrub) = status.scrub.filter(|scrub| scrub.findings > 0) {
        let found = scrub.findings;
        problems.push(format!(
            "its scrub found {found} damaged places: its log lines name them, see wolffish fsck"
        ));
    }
    match &status.detail {
        Detail::Frontend { published, closed, .. } => {
            if published.is_none() {
                problems.push("it shows no tree head".to_owned());
            }
            problems.extend(closed.iter().map(|why| format!("it takes no submissions: {why}")));
        }
        Detail::Storage { completeness: Completeness::Recovering, .. } => {
            problems.push("its list was lost, and is being filled".to_owned());
        }
        Detail::Storage { .. } => {}
        Detail::Signer { halted, .. } => {
            problems.extend(halted.iter().map(|why| format!("halted: {why}")));
        }
        Detail::Merge { accepted, polled_through, voting, .. } => {
            if *voting == Voting::Recovering {
                problems.push("it has no vote with the state that it has: wolffish rejoin".to_owned());
            }
            let forked =
                |sth: &&Sth| sth.head.tree_size == accepted.size && sth.head.root_hash != accepted.root;
            if report.newest.as_ref().filter(forked).is_some() {
                problems
                    .push("its accepted head has another root than the tree head of that size".to_owned());
            }
            let limit = log.stop_submissions_after_polled_age();
            let age = polled_through.map(|through| status.now.since(through));
            if let Some(age) = age.filter(|age| *age > limit) {
                let (age, limit) = (span::show(age), span::show(limit));
                problems.push(format!("too few storage lists read for {age}, the limit is {limit}"));
            }
        }
    }
    problems.into_iter().map(|problem| format!("{}: {problem}", look.node)).collect()
}

#[cfg(test)]
#[path = "assess_tests.rs"]
mod tests;
