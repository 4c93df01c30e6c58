//! The rules that tie nodes and logs together.

use crate::address::Address;
use crate::document::Document;
use crate::fault::{Faults, quoted};
use crate::log::AnyLog;
use crate::node::Node;
use crate::problem::Problem;
use crate::purpose::Purpose;
use crate::quorum::Quorum;
use ct::names::{NodeName, Role};
use std::collections::BTreeMap;

/// Most nodes in a file.
pub(crate) const MAX_NODES: usize = 100;
/// Most logs in a file, of both kinds together.
pub(crate) const MAX_LOGS: usize = 100;
/// Fewest merge nodes of a production cluster: with 3 a majority outlives one of them.
const PRODUCTION_MERGE: usize = 3;

/// Judges everything together. Nodes and logs with faults of their own are not among the given ones; rules that count
/// or refer to nodes wait until no node is missing, so that one fault does not draw others behind it.
pub(crate) fn check(
    document: &Document,
    purpose: Purpose,
    nodes: &[Node],
    logs: &[AnyLog<'_>],
    faults: &mut Faults,
) -> Option<Quorum> {
    let all_logs = document.logs.len() + document.read_only_logs.len();
    for (what, found, limit) in [("node", document.nodes.len(), MAX_NODES), ("log", all_logs, MAX_LOGS)] {
        if found > limit {
            faults.section("").fault(what, Some(found.to_string()), Problem::TooMany { limit });
        }
    }
    unique_nodes(nodes, faults);
    unique_logs(logs, faults);
    if document.logs.is_empty() {
        faults.section("").fault("log", None, Problem::Missing { expected: "at least one [[log]]" });
    }
    if nodes.len() < document.nodes.len() || !document.all_nodes {
        return None;
    }
    roles(nodes, purpose, faults);
    references(nodes, document, faults);
    if purpose == Purpose::Production {
        hosts(nodes, faults);
    }
    quorum(document, purpose, nodes, faults)
}

/// Remembers where values stand, and faults those that stand twice.
struct Seen<K> {
    places: BTreeMap<K, String>,
}

impl<K: Ord> Seen<K> {
    const fn new() -> Self {
        Self { places: BTreeMap::new() }
    }
    fn add(&mut self, key: K, section: String, field: &str, value: String, faults: &mut Faults) {
        match self.places.get(&key) {
            Some(by) => faults.section(section).fault(field, Some(value), Problem::Taken { by: by.clone() }),
            None => {
                self.places.insert(key, format!("{section}, {field}"));
            }
        }
    }
}

fn unique_nodes(nodes: &[Node], faults: &mut Faults) {
    let (mut names, mut keys, mut addresses) = (Seen::new(), Seen::new(), Seen::new());
    for node in nodes {
        let section = || format!("node {}", node.name());
        names.add(node.name(), section(), "name", quoted(node.name()), faults);
        keys.add(node.key(), section(), "key", quoted(node.key()), faults);
        for (field, address) in node.addresses() {
            addresses.add(place(node, address), section(), field, quoted(address), faults);
        }
    }
}

/// What an address occupies. Loopback and wildcard addresses are each machine's own.
fn place<'a>(node: &'a Node, address: &'a Address) -> (Option<&'a str>, &'a Address) {
    let own = address.is_loopback() || address.is_unspecified();
    (node.host().filter(|_| own), address)
}

fn unique_logs(logs: &[AnyLog<'_>], faults: &mut Faults) {
    let (mut names, mut keys, mut urls) = (Seen::new(), Seen::new(), Seen::new());
    for log in logs {
        let (section, log) = (|| log.section(), log.facts());
        names.add(log.name(), section(), "name", quoted(log.name()), faults);
        keys.add(log.log_id(), section(), "key", format!("(log ID {})", log.log_id()), faults);
        if let Some(url) = log.url() {
            urls.add(url, section(), "url", quoted(url), faults);
        }
    }
}

fn of_role(nodes: &[Node], role: Role) -> usize {
    nodes.iter().filter(|node| node.role() == role).count()
}

fn roles(nodes: &[Node], purpose: Purpose, faults: &mut Faults) {
    let needed = [Role::Frontend, Role::Storage, Role::Signer, Role::Merge, Role::MergeRepair];
    for role in needed {
        let found = of_role(nodes, role);
        if found < 1 {
            faults.section("").fault("node", None, Problem::TooFew { role, found, least: 1 });
        }
    }
    let found = of_role(nodes, Role::MergeRepair);
    if found > 1 {
        let problem = Problem::TooManyOf { role: Role::MergeRepair, found, limit: 1 };
        faults.section("").fault("node", None, problem);
    }
    let found = of_role(nodes, Role::Merge);
    if purpose == Purpose::Production && found < PRODUCTION_MERGE {
        let why = "fewer than 3 merge nodes do not outlive the loss of one";
        faults.section("").fault("node", Some(format!("{found} of role merge")), Problem::Production { why });
    }
}

fn references(nodes: &[Node], document: &Document, faults: &mut Faults) {
    for log in &document.logs {
        let named = [
            ("first_primary", &log.raw.first_primary, Role::Merge),
            ("sth_signer", &log.raw.sth_signer, Role::Signer),
        ];
        for (field, value, role) in named {
            let Some(Ok(name)) = value.as_ref().map(|text| text.parse::<NodeName>()) else { continue };
            if !nodes.iter().any(|node| *node.name() == name && node.role() == role) {
                let section = log.section.as_str();
                faults.section(section).fault(field, Some(quoted(name)), Problem::NoSuchNode { role });
            }
        }
    }
}

/// In production, a role loses one node at most with a machine.
fn hosts(nodes: &[Node], faults: &mut Faults) {
    let mut seen: BTreeMap<(Role, &str), &Node> = BTreeMap::new();
    for node in nodes.iter().filter(|node| node.role() != Role::Operator) {
        let Some(host) = node.host() else { continue };
        if let Some(other) = seen.insert((node.role(), host), node) {
            let why = "two nodes of one role on one host are lost together";
            let value = format!("{} (as node {})", quoted(host), other.name());
            let section = format!("node {}", node.name());
            faults.section(section).fault("host", Some(value), Problem::Production { why });
        }
    }
}

fn quorum(document: &Document, purpose: Purpose, nodes: &[Node], faults: &mut Faults) -> Option<Quorum> {
    let storage = of_role(nodes, Role::Storage);
    let Some(given) = document.top.storage_quorum else {
        let majority = Quorum::majority(storage)?;
        if purpose == Purpose::Production && majority.needed() == 1 {
            refuse_one(faults, "1 (by default)");
        }
        return Some(majority);
    };
    if storage == 0 {
        return None;
    }
    let why = "the number of storage nodes";
    let given = faults.section("").within("storage_quorum", given, (1, storage as u64), why)?;
    if purpose == Purpose::Production && given == 1 {
        refuse_one(faults, "1");
    }
    Quorum::new(usize::try_from(given).ok()?, storage)
}

fn refuse_one(faults: &mut Faults, value: &str) {
    let why = "with a quorum of 1 one lost disk loses promised certificates";
    faults.section("").fault("storage_quorum", Some(value.to_owned()), Problem::Production { why });
}
