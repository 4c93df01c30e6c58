//! A log that exists in files only, and the command under test.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ct::entry::{Leaf, SignedEntry};
use ct::hash::{Base64, NodeHash};
use ct::index::{LeafIndex, TreeSize};
use ct::key::LogSigningKey;
use ct::merkle::compact::Compact;
use ct::merkle::plan::{self, NodeId, Plan};
use ct::merkle::{leaf_hash, node_hash};
use ct::sct::{DigitallySigned, Sct};
use ct::sth::{Sth, TreeHead};
use ct::time::Timestamp;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// 2023-11-14T22:13:20Z, when everything here is signed.
pub const START: u64 = 1_700_000_000_000;

/// What the command said, and how it ended.
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Said {
    fn new(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// The lines as JSON.
    pub fn json(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// It ended like this, and every word is in what it said.
    #[track_caller]
    pub fn expect(&self, code: i32, words: &[&str]) {
        let all = format!("{}{}", self.out, self.err);
        assert_eq!(self.code, code, "{all}");
        for word in words {
            assert!(all.contains(word), "{word:?} is not in {all}");
        }
    }
}

/// Runs the command in a directory.
pub fn wolffish(dir: &Path, args: &[&str]) -> Said {
    Said::new(Command::new(env!("CARGO_BIN_EXE_wolffish")).args(args).current_dir(dir).output().unwrap())
}

/// The same, reading this.
pub fn wolffish_reading(dir: &Path, args: &[&str], input: &str) -> Said {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wolffish"));
    command.args(args).current_dir(dir).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    Said::new(child.wait_with_output().unwrap())
}

/// A log: its key, and its leaves.
#[derive(Clone)]
pub struct Log {
    scalar: u8,
    leaves: Vec<Vec<u8>>,
}

impl Log {
    /// A log with this private key.
    pub fn new(scalar: u8, entries: u64) -> Self {
        let leaf = |n: u64| {
            let certificate = n.to_be_bytes().to_vec();
            let at = Timestamp::from_millis(START - 1000 + n);
            Leaf::plain(at, SignedEntry::X509 { certificate }).encode().unwrap()
        };
        Self { scalar, leaves: (0..entries).map(leaf).collect() }
    }

    /// The same log with another entry at that place: the other self of a forked log.
    pub fn forked_at(&self, place: usize) -> Self {
        let mut forked = self.clone();
        let last = forked.leaves[place].len() - 3;
        forked.leaves[place][last] ^= 0xff;
        forked
    }

    pub fn key(&self) -> LogSigningKey {
        LogSigningKey::from_scalar(&[self.scalar; 32]).unwrap()
    }

    /// Its public key, as --key takes it.
    pub fn public(&self) -> String {
        STANDARD.encode(self.key().public().spki())
    }

    pub fn leaf(&self, index: usize) -> &[u8] {
        &self.leaves[index]
    }

    fn hashes(&self, size: usize) -> Vec<NodeHash> {
        self.leaves[..size].iter().map(|leaf| leaf_hash(leaf).into()).collect()
    }

    /// The head of its first entries, signed so many milliseconds after the start.
    pub fn sth(&self, size: usize, after: u64) -> Sth {
        let mut tree = Compact::empty();
        self.hashes(size).into_iter().for_each(|leaf| tree.append(leaf));
        let timestamp = Timestamp::from_millis(START + after);
        let head = TreeHead { timestamp, tree_size: TreeSize::of(size), root_hash: tree.root() };
        self.key().sign_head(head).sth().clone()
    }

    /// PATH(index, D[size]).
    pub fn inclusion(&self, index: usize, size: usize) -> Vec<NodeHash> {
        finish(&plan::inclusion(LeafIndex::of(index), TreeSize::of(size)).unwrap(), &self.hashes(size))
    }

    /// PROOF(first, D[second]).
    pub fn consistency(&self, first: usize, second: usize) -> Vec<NodeHash> {
        finish(&plan::consistency(TreeSize::of(first), TreeSize::of(second)).unwrap(), &self.hashes(second))
    }

    /// An SCT for an entry.
    pub fn promise(&self, entry: &SignedEntry) -> Sct {
        let key = self.key();
        let mut sct = Sct {
            log_id: key.public().log_id(),
            timestamp: Timestamp::from_millis(START),
            extensions: Vec::new(),
            signature: DigitallySigned::ecdsa(vec![0]).unwrap(),
        };
        sct.signature = key.sign_leaf(&sct.leaf(entry.clone()).encode().unwrap());
        sct
    }
}

fn finish(plan: &Plan, leaves: &[NodeHash]) -> Vec<NodeHash> {
    fn node(id: NodeId, leaves: &[NodeHash]) -> NodeHash {
        if id.level == 0 {
            return leaves[id.index as usize];
        }
        let half = |index| node(NodeId { level: id.level - 1, index }, leaves);
        node_hash(&half(2 * id.index), &half(2 * id.index + 1))
    }
    plan.finish(|id| Ok::<_, Infallible>(node(id, leaves))).unwrap()
}

/// Base64.
pub fn b64(bytes: impl AsRef<[u8]>) -> Value {
    serde_json::to_value(Base64(bytes.as_ref().to_vec())).unwrap()
}

/// An STH as get-sth answers it.
pub fn get_sth(sth: &Sth) -> Value {
    json!({
        "tree_size": sth.head.tree_size, "timestamp": sth.head.timestamp,
        "sha256_root_hash": b64(sth.head.root_hash), "tree_head_signature": sth.tree_head_signature,
    })
}

/// A proof as the API has it.
pub fn nodes(path: &[NodeHash]) -> Value {
    path.iter().map(b64).collect()
}

/// An SCT as add-chain answers it.
pub fn add_chain(sct: &Sct) -> Value {
    json!({
        "sct_version": 0, "id": b64(sct.log_id), "timestamp": sct.timestamp, "extensions": b64(&sct.extensions),
        "signature": sct.signature,
    })
}

/// Writes a JSON file.
pub fn write(dir: &Path, name: &str, value: &Value) {
    fs::write(dir.join(name), value.to_string()).unwrap();
}

/// Writes certificates as PEM.
pub fn write_pem(dir: &Path, name: &str, ders: &[&[u8]]) {
    let block = |der: &&[u8]| {
        let body = STANDARD.encode(der);
        let lines: Vec<&str> =
            (0..body.len()).step_by(64).map(|at| &body[at..body.len().min(at + 64)]).collect();
        format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
    };
    fs::write(dir.join(name), ders.iter().map(block).collect::<String>()).unwrap();
}
