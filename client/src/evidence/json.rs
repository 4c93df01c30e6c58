//! The JSON of a piece of evidence: read strictly, bounded everywhere, for it may come from anybody.

use super::error::{EvidenceError, MAX_FILE, MAX_MMD, MAX_NODES, MAX_TEXT, MAX_URLS, VERSION};
use super::{BrokenPromise, Case, Evidence, Served, TreeHeads};
use crate::Log;
use crate::log::base_url;
use ct::hash::{Base64, HASH_LEN, NodeHash, RootHash};
use ct::index::TreeSize;
use ct::key::LogKey;
use ct::sct::{DigitallySigned, Sct};
use ct::sth::{Sth, TreeHead};
use ct::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The one field that every version has.
#[derive(Deserialize)]
struct RawVersion {
    wolffish_evidence: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEvidence {
    wolffish_evidence: u64,
    log: RawLog,
    seen: Timestamp,
    case: RawCase,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLog {
    name: String,
    urls: Vec<String>,
    key: Base64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RawCase {
    TreeHeads(RawHeads),
    BrokenPromise(RawPromise),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawHeads {
    first: RawServed,
    second: RawServed,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    consistency: Option<Vec<Base64>>,
}

/// The fields of get-sth, and who served them when.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawServed {
    tree_size: TreeSize,
    timestamp: Timestamp,
    sha256_root_hash: Base64,
    tree_head_signature: DigitallySigned,
    url: String,
    received: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPromise {
    sct: Base64,
    leaf_input: Base64,
    mmd_seconds: u64,
    later: RawServed,
    answer: String,
}

impl Evidence {
    /// Reads evidence. That it can be read says nothing about what it proves.
    pub fn from_json(bytes: &[u8]) -> Result<Self, EvidenceError> {
        if bytes.len() as u64 > MAX_FILE {
            return Err(EvidenceError::TooLarge);
        }
        let RawVersion { wolffish_evidence: found } = serde_json::from_slice(bytes)?;
        if found != VERSION {
            return Err(EvidenceError::Version { found });
        }
        let raw: RawEvidence = serde_json::from_slice(bytes)?;
        let case = match raw.case {
            RawCase::TreeHeads(heads) => Case::TreeHeads(heads.read()?),
            RawCase::BrokenPromise(promise) => Case::BrokenPromise(promise.read()?),
        };
        Ok(Self { log: raw.log.read()?, seen: raw.seen, case })
    }

    /// The text of the file.
    pub fn to_json(&self) -> Result<Vec<u8>, EvidenceError> {
        let case = match &self.case {
            Case::TreeHeads(heads) => RawCase::TreeHeads(RawHeads::write(heads)),
            Case::BrokenPromise(promise) => RawCase::BrokenPromise(RawPromise::write(promise)?),
        };
        let log = RawLog::write(&self.log);
        let raw = RawEvidence { wolffish_evidence: VERSION, log, seen: self.seen, case };
        let mut text = serde_json::to_vec_pretty(&raw)?;
        text.push(b'\n');
        Ok(text)
    }
}

impl RawLog {
    fn read(self) -> Result<Log, EvidenceError> {
        at_most("log.urls", self.urls.len(), MAX_URLS)?;
        let bad = |error: String| EvidenceError::Url(error);
        let url = |text: &String| {
            at_most("log.urls", text.len(), MAX_TEXT)?;
            base_url(text).map_err(|error| bad(error.to_string()))
        };
        let urls = self.urls.iter().map(url).collect::<Result<_, _>>()?;
        let name = text("log.name", self.name)?;
        Log::new(name, urls, LogKey::from_spki(&self.key.0)?).map_err(|error| bad(error.to_string()))
    }

    fn write(log: &Log) -> Self {
        let short = log.urls().iter().map(|url| url.to_string()).filter(|url| url.len() <= MAX_TEXT);
        Self {
            name: cut(log.name()),
            urls: short.take(MAX_URLS).collect(),
            key: Base64(log.key().spki().to_vec()),
        }
    }
}

impl RawHeads {
    fn read(self) -> Result<TreeHeads, EvidenceError> {
        Ok(TreeHeads {
            first: self.first.read()?,
            second: self.second.read()?,
            consistency: self.consistency.map(nodes).transpose()?,
        })
    }

    fn write(heads: &TreeHeads) -> Self {
        let node = |node: &NodeHash| Base64(node.as_bytes().to_vec());
        let path = heads.consistency.as_ref();
        Self {
            first: RawServed::write(&heads.first),
            second: RawServed::write(&heads.second),
            consistency: path.map(|path| path.iter().take(MAX_NODES).map(node).collect()),
        }
    }
}

impl RawServed {
    fn read(self) -> Result<Served, EvidenceError> {
        let root_hash = RootHash::new(hash("sha256_root_hash", &self.sha256_root_hash)?);
        let head = TreeHead { timestamp: self.timestamp, tree_size: self.tree_size, root_hash };
        let sth = Sth { head, tree_head_signature: self.tree_head_signature };
        Ok(Served { sth, url: text("url", self.url)?, received: self.received })
    }

    fn write(served: &Served) -> Self {
        let head = &served.sth.head;
        Self {
            tree_size: head.tree_size,
            timestamp: head.timestamp,
            sha256_root_hash: Base64(head.root_hash.as_bytes().to_vec()),
            tree_head_signature: served.sth.tree_head_signature.clone(),
            url: cut(&served.url),
            received: served.received,
        }
    }
}

impl RawPromise {
    fn read(self) -> Result<BrokenPromise, EvidenceError> {
        at_most("mmd_seconds", self.mmd_seconds as usize, MAX_MMD as usize)?;
        Ok(BrokenPromise {
            sct: Sct::decode(&self.sct.0)?,
            leaf_input: self.leaf_input.0,
            mmd: Duration::from_secs(self.mmd_seconds),
            later: self.later.read()?,
            answer: text("answer", self.answer)?,
        })
    }

    fn write(promise: &BrokenPromise) -> Result<Self, EvidenceError> {
        Ok(Self {
            sct: Base64(promise.sct.encode()?),
            leaf_input: Base64(promise.leaf_input.clone()),
            mmd_seconds: promise.mmd.as_secs(),
            later: RawServed::write(&promise.later),
            answer: cut(&promise.answer),
        })
    }
}

fn at_most(field: &'static str, found: usize, limit: usize) -> Result<(), EvidenceError> {
    if found > limit { Err(EvidenceError::Limit { field, found, limit }) } else { Ok(()) }
}

fn text(field: &'static str, text: String) -> Result<String, EvidenceError> {
    at_most(field, text.len(), MAX_TEXT).map(|()| text)
}

/// The text as far as it may be written.
fn cut(text: &str) -> String {
    let end = (0..=text.len().min(MAX_TEXT)).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    text[..end].to_owned()
}

fn hash(field: &'static str, bytes: &Base64) -> Result<[u8; HASH_LEN], EvidenceError> {
    let found = bytes.0.len();
    bytes.0.as_slice().try_into().map_err(|_| EvidenceError::Hash { field, found })
}

fn nodes(path: Vec<Base64>) -> Result<Vec<NodeHash>, EvidenceError> {
    at_most("consistency", path.len(), MAX_NODES)?;
    path.iter().map(|node| hash("consistency", node).map(NodeHash::new)).collect()
}
