//! A log of three merge nodes and two frontends, as repair sees it; and the stories that are told with it.

mod applying;
mod changing;
mod from_frontends;
mod planning;

use crate::scan::{Look, Scan};
use ct::entry::LogKind;
use ct::hash::{InternalRoot, LogId, RootHash};
use ct::index::{Term, TreeSize};
use ct::key::LogSigningKey;
use ct::names::{NodeName, Role};
use ct::node_key::NodeSigningKey;
use ct::order::LogHead;
use ct::sth::{Sth, TreeHead};
use ct::term::{
    AcceptedHead, Change, Guard, Incarnation, Proposal, RunId, SignedProposal, SignedStopReply, StopReply,
    TermBody, TermCertificate, Trust, Voter, Voters,
};
use ct::time::Timestamp;
use ct::wire::status::{Detail, Status};

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);
const MINUTE: u64 = 60_000;

fn name(text: &str) -> NodeName {
    text.parse().unwrap()
}
fn m(number: u8) -> NodeName {
    name(&format!("merge-{number}"))
}
fn key(number: u8) -> NodeSigningKey {
    NodeSigningKey::from_seed(&[number; 32])
}
fn repair_key() -> NodeSigningKey {
    key(99)
}
fn operator() -> NodeSigningKey {
    key(88)
}
fn log_key() -> LogSigningKey {
    LogSigningKey::from_scalar(&[1; 32]).unwrap()
}
fn log_id() -> LogId {
    log_key().public().log_id()
}
fn term(number: u64) -> Term {
    Term::new(number).unwrap()
}
fn run(number: u8) -> RunId {
    RunId::new([number; 16])
}

/// A head of a size; `tree` tells trees of one size apart.
fn head(size: u64, tree: u8) -> LogHead {
    let (root, internal_root) = (RootHash::new([tree; 32]), InternalRoot::new([tree; 32]));
    LogHead { size: TreeSize::new(size).unwrap(), root, internal_root }
}

/// An STH of that head, signed so many milliseconds ago.
fn sth(head: LogHead, ago: u64) -> Sth {
    let timestamp = Timestamp::from_millis(NOW.millis() - ago);
    let head = TreeHead { timestamp, tree_size: head.size, root_hash: head.root };
    log_key().sign_head(head).sth().clone()
}

fn guard() -> Guard {
    let voter = |number: u8| Voter {
        name: m(number),
        key: key(number).public(),
        incarnation: Incarnation::new([number; 16]),
        joining_term: Term::ZERO,
    };
    let body = TermBody {
        log_id: log_id(),
        kind: LogKind::Rfc6962,
        run: run(0),
        term: Term::FIRST,
        primary: m(1),
        start_head: LogHead::EMPTY,
        change: Change::Nothing,
        sth_signer: name("signer-1"),
        sth_signer_key: NodeSigningKey::from_seed(&[77; 32]).public(),
        voters: Voters::new((1..=3).map(voter).collect()).unwrap(),
        former: Vec::new(),
        stops: Vec::new(),
    };
    let operators = vec![operator().public()];
    let (log_id, repair_key_) = (log_id(), repair_key().public());
    let trust = Trust { log_id, kind: LogKind::Rfc6962, repair_key: repair_key_, operators };
    Guard::new(trust, TermCertificate::sign(body, &repair_key()))
}

fn status(node: NodeName, role: Role, detail: Detail) -> Look {
    let answer = Ok(Status {
        node: node.clone(),
        role,
        log: "anytime".parse().unwrap(),
        now: NOW,
        term: Term::FIRST,
        primary: m(1),
        config_hash: String::new(),
        not_ready: Vec::new(),
        scrub: None,
        detail,
    });
    Look { node, role, answer }
}

fn frontend(number: u8, published: Option<Sth>) -> Look {
    let node = name(&format!("frontend-{number}"));
    status(node, Role::Frontend, Detail::Frontend { held: None, published, closed: None })
}

fn merge(number: u8, accepted_term: u64, accepted: LogHead) -> Look {
    let detail = Detail::Merge {
        incarnation: Incarnation::new([number; 16]),
        voting: ct::wire::tree::Voting::Votes,
        len: accepted.size,
        accepted_term: term(accepted_term),
        accepted,
        newest_sth: None,
        stopped: None,
        waiting: None,
        waits_for: None,
        polled_through: None,
    };
    status(m(number), Role::Merge, detail)
}

/// The primary is gone; its last tree head, of size 7, is ten minutes old.
fn scan() -> Scan {
    let old = Some(sth(head(7, 7), 10 * MINUTE));
    let gone = Look { node: m(1), role: Role::Merge, answer: Err("connection refused".to_owned()) };
    let looks = vec![
        frontend(1, old.clone()),
        frontend(2, old),
        gone,
        merge(2, 1, head(7, 7)),
        merge(3, 1, head(7, 7)),
    ];
    Scan { now: NOW, looks }
}

/// The same with another answer of one node.
fn scan_with(look: Look) -> Scan {
    let mut scan = scan();
    scan.looks.retain(|other| other.node != look.node);
    scan.looks.push(look);
    scan
}

/// What a node accepted of merge-1, the primary of term 1.
fn accepted(head: LogHead) -> AcceptedHead {
    let proposal = Proposal::of(&guard().certificate().body, head, NOW);
    let request = Some(SignedProposal::new(proposal, m(1), &key(1)));
    AcceptedHead { term: Term::FIRST, head, request }
}

/// The reply of a node to the Stop of a run for a term.
fn stopped(number: u8, to: Term, by: RunId, head: LogHead, newest_sth: Option<Sth>) -> SignedStopReply {
    let reply = StopReply {
        log_id: log_id(),
        run: by,
        term: to,
        voter: m(number),
        incarnation: Incarnation::new([number; 16]),
        in_force: Term::FIRST,
        voters: guard().certificate().body.voters.hash(),
        sth_signer: name("signer-1"),
        accepted: accepted(head),
        newest_sth,
    };
    reply.sign(&key(number))
}
