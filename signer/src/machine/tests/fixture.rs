//! A log of three voters, its trees, and requests that are good until a test spoils them.

use super::super::*;
use ct::entry::LogKind;
use ct::hash::{InternalRoot, NodeHash, sha256};
use ct::index::Term;
use ct::key::LogSigningKey;
use ct::merkle::{compact::Compact, plan};
use ct::node_key::NodeSigningKey;
use ct::order::LogHead;
use ct::term::{Change, Incarnation, RunId, TermBody, Trust, Voter, Voters};

pub const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

/// Times in requests count from here, in seconds, so that all of them lie within the clock bound.
const DAWN: Timestamp = Timestamp::from_millis(1_700_000_000_000 - 60_000);

pub fn key_of(number: u8) -> NodeSigningKey {
    NodeSigningKey::from_seed(&[number; 32])
}

pub fn log_key() -> LogSigningKey {
    LogSigningKey::from_scalar(&[7; 32]).unwrap()
}

fn merge(number: u8) -> NodeName {
    format!("merge-{number}").parse().unwrap()
}

pub fn voters() -> Voters {
    let voter = |number: u8| Voter {
        name: merge(number),
        key: key_of(number).public(),
        incarnation: Incarnation::new([number; 16]),
        joining_term: Term::ZERO,
    };
    Voters::new([1, 2, 3].map(voter).to_vec()).unwrap()
}

pub fn certificate() -> TermCertificate {
    let body = TermBody {
        log_id: log_key().public().log_id(),
        kind: LogKind::Rfc6962,
        run: RunId::new([0; 16]),
        term: Term::FIRST,
        primary: merge(1),
        start_head: LogHead::EMPTY,
        change: Change::Nothing,
        sth_signer: "signer-1".parse().unwrap(),
        sth_signer_key: ct::node_key::NodeSigningKey::from_seed(&[77; 32]).public(),
        voters: voters(),
        former: Vec::new(),
        stops: Vec::new(),
    };
    TermCertificate::sign(body, &key_of(100))
}

pub fn machine(memory: Option<Memory>) -> Machine {
    machine_with(memory, None, certificate())
}

pub fn machine_with(memory: Option<Memory>, fork: Option<Fork>, certificate: TermCertificate) -> Machine {
    let log_key = log_key().public().clone();
    let (log_id, repair_key) = (log_key.log_id(), key_of(100).public());
    let trust = Trust { log_id, kind: LogKind::Rfc6962, repair_key, operators: vec![key_of(88).public()] };
    let settings = Settings { me: "signer-1".parse().unwrap(), clock: ClockBound::DEFAULT, log_key };
    Machine::recover(
        settings,
        Durable { guard: Guard::new(trust, certificate), memory, fork, released: None },
    )
}

/// A tree of leaves that are numbers; those of two histories have nothing in common.
pub struct Tree(Vec<NodeHash>);

pub fn tree(size: u64, history: u8) -> Tree {
    Tree((0..size).map(|number| NodeHash::new(sha256(&[&[history], &number.to_be_bytes()]))).collect())
}

impl Tree {
    fn root_of(leaves: &[NodeHash]) -> NodeHash {
        let mut tree = Compact::empty();
        leaves.iter().for_each(|leaf| tree.append(*leaf));
        tree.root().into()
    }

    /// The head, `seconds` after dawn, and the internal root that goes with it here.
    pub fn head(&self, seconds: u64) -> (TreeHead, InternalRoot) {
        let root_hash = Self::root_of(&self.0).into();
        let timestamp = Timestamp::from_millis(DAWN.millis() + seconds * 1000);
        let head = TreeHead { timestamp, tree_size: TreeSize::of(self.0.len()), root_hash };
        (head, InternalRoot::from(root_hash))
    }

    fn consistency(&self, from: u64) -> Consistency {
        let from = TreeSize::new(from).unwrap();
        let plan = plan::consistency(from, TreeSize::of(self.0.len())).unwrap();
        let node = |id: plan::NodeId| {
            let begin = (id.index << id.level) as usize;
            Ok::<_, ()>(Self::root_of(&self.0[begin..begin + (1 << id.level)]))
        };
        Consistency { from, path: plan.finish(node).unwrap() }
    }
}

/// The head of the log itself.
pub fn head_of(size: u64, seconds: u64) -> (TreeHead, InternalRoot) {
    tree(size, 0).head(seconds)
}

/// A request in the making.
pub struct Ask(SignSth);

impl Ask {
    /// From one size to another at a time, endorsed by two of three.
    pub fn new(from: u64, to: u64, seconds: u64) -> Self {
        let (head, internal_root) = head_of(to, seconds);
        let proposal = Proposal {
            log_id: log_key().public().log_id(),
            kind: LogKind::Rfc6962,
            voters: voters().hash(),
            term: Term::FIRST,
            sth_signer: "signer-1".parse().unwrap(),
            head,
            internal_root,
        };
        let consistency = tree(to, 0).consistency(from);
        Self(SignSth { proposal, endorsements: Vec::new(), newest: None, consistency, contains: Vec::new() })
            .endorsed()
    }

    /// Adds the newest STH, with its proof.
    pub fn advancing(self, from: u64, to: u64, seconds: u64) -> Self {
        let sth = log_key().sign_head(head_of(to, seconds).0).sth().clone();
        self.with(|request| request.newest = Some((sth, tree(to, 0).consistency(from))))
    }

    pub fn with(mut self, change: impl FnOnce(&mut SignSth)) -> Self {
        change(&mut self.0);
        self
    }

    /// Has what the proposal is now endorsed by two of three.
    pub fn endorsed(self) -> Self {
        self.with(|request| {
            let endorse = |number| request.proposal.endorse(merge(number), &key_of(number));
            request.endorsements = [1, 2].map(endorse).to_vec();
        })
    }

    pub fn request(self) -> SignSth {
        self.0
    }
}
