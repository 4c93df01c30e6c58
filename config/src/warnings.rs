//! What is allowed, and still worth a second look.

use crate::cluster::Cluster;
use crate::log::{Log, ReadOnlyLog};
use crate::purpose::Purpose;
use ct::names::Role;
use std::fmt;
use std::time::Duration;

/// Greatest MMD that browsers take.
const BROWSER_MMD: Duration = Duration::from_secs(86_400);
/// Longest shard that browsers take: a calendar year.
const BROWSER_SHARD: Duration = Duration::from_secs(366 * 86_400);

/// What a log without a URL lacks.
const NO_URL: &str = "none: the log cannot tell browsers where it is";

/// Something that an operator should have meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// The table or field.
    pub place: String,
    /// What may go wrong.
    pub text: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.text)
    }
}

fn warn(place: impl Into<String>, text: impl Into<String>) -> Warning {
    Warning { place: place.into(), text: text.into() }
}

impl Cluster {
    /// Everything about this cluster that an operator should have meant.
    pub fn warnings(&self) -> Vec<Warning> {
        let mut list = Vec::new();
        self.warn_quorum(&mut list);
        self.warn_merge(&mut list);
        self.warn_loopback(&mut list);
        if self.purpose() == Purpose::Production {
            self.warn_single(&mut list);
        }
        self.logs().iter().for_each(|log| log.warn(&mut list));
        if self.purpose() == Purpose::Production {
            self.read_only_logs().iter().for_each(|log| log.warn(&mut list));
        }
        list
    }

    fn warn_quorum(&self, list: &mut Vec<Warning>) {
        let (k, of) = (self.quorum().needed(), self.quorum().of());
        let place = format!("storage_quorum = {k} of {of}");
        if k == 1 {
            list.push(warn(place.as_str(), "one lost disk may lose promised certificates; use 1 < k < S"));
        }
        if k == of {
            list.push(warn(place, "one unreachable storage node stops submissions; use 1 < k < S"));
        }
    }

    fn warn_merge(&self, list: &mut Vec<Warning>) {
        let found = self.nodes_of(Role::Merge).count();
        if found < 3 {
            let text = format!("{found} merge nodes: the loss of one stops the log; 3 outlive it");
            list.push(warn("node", text));
        } else if found.is_multiple_of(2) {
            let text = format!("{found} merge nodes outlive no more losses than {}", found - 1);
            list.push(warn("node", text));
        }
    }

    fn warn_loopback(&self, list: &mut Vec<Warning>) {
        let mut hosts: Vec<_> = self.nodes().iter().filter_map(|node| node.host()).collect();
        hosts.sort_unstable();
        hosts.dedup();
        if hosts.len() < 2 {
            return;
        }
        for node in self.nodes() {
            if let Some(address) = node.address().filter(|address| address.is_loopback()) {
                let place = format!("node {}, address = \"{address}\"", node.name());
                list.push(warn(place, "nodes on other hosts cannot call a loopback address"));
            }
        }
    }

    fn warn_single(&self, list: &mut Vec<Warning>) {
        for role in [Role::Frontend, Role::Signer] {
            if self.nodes_of(role).count() == 1 {
                let text = format!("one node of role {role}: while it is down, so is the log");
                list.push(warn("node", text));
            }
        }
    }
}

impl Log {
    fn warn(&self, list: &mut Vec<Warning>) {
        let place = |field: &str| format!("log {}, {field}", self.name());
        if self.stop_submissions_after_sth_age() < 2 * self.sth_interval() {
            let text = "less than two STH intervals: one late tree head refuses submissions";
            list.push(warn(place("stop_submissions_after_sth_age_seconds"), text));
        }
        if self.roots().is_empty() && self.test_ca().is_none() {
            list.push(warn(place("roots"), "none: this log accepts nothing"));
        }
        if self.purpose() == Purpose::Test {
            return;
        }
        if self.mmd() > BROWSER_MMD {
            list.push(warn(place("mmd_seconds"), "browsers take at most 86400"));
        }
        if self.repair_after() >= self.mmd() / 2 {
            list.push(warn(
                place("repair_after_seconds"),
                "at half the MMD or later, a repair may come too late",
            ));
        }
        if self.url().is_none() {
            list.push(warn(place("url"), NO_URL));
        }
        let long = |window: crate::log::Window| {
            window.end_exclusive().since(window.start_inclusive()) > BROWSER_SHARD
        };
        if self.window().is_none_or(long) {
            list.push(warn(place("end_exclusive"), "browsers want shards of at most a year"));
        }
    }
}

impl ReadOnlyLog {
    fn warn(&self, list: &mut Vec<Warning>) {
        if self.facts().url().is_none() {
            list.push(warn(format!("read_only_log {}, url", self.name()), NO_URL));
        }
    }
}
