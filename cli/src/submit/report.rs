//! What is said of submissions: a line each, and a line for all.

use super::post::Outcome;
use crate::failure::Failure;
use crate::moment;
use crate::out;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use client::ClientError;
use client::submission::Promise;
use ct::hash::LeafHash;
use ct::index::LeafIndex;
use ct::sth::TreeHead;
use ct::x509::Endpoint;
use serde_json::{Value, json};

/// Prints as it goes, and counts.
#[derive(Debug)]
pub struct Report {
    json: bool,
    leaves: Vec<LeafHash>,
    refused: usize,
    included: usize,
    unproven: usize,
}

impl Report {
    /// In text, or in JSON.
    pub const fn new(json: bool) -> Self {
        Self { json, leaves: Vec::new(), refused: 0, included: 0, unproven: 0 }
    }

    /// The leaves that were promised so far.
    pub fn leaves(&self) -> Vec<LeafHash> {
        self.leaves.clone()
    }

    /// One submission is done.
    pub fn submission(&mut self, outcome: Outcome) {
        let Outcome { source, result } = outcome;
        match result {
            Ok(promise) => {
                let (kind, leaf) = (kind(&promise), STANDARD.encode(promise.leaf));
                let time = moment::show_millis(promise.sct.timestamp);
                let value = json!({
                    "kind": "submission", "source": source, "ok": true, "entry_type": kind,
                    "timestamp": promise.sct.timestamp, "leaf_hash": leaf,
                });
                self.print(value, || format!("promised  {kind:7}  {time:24}  {leaf}  {source}"));
                self.leaves.push(promise.leaf);
            }
            Err(why) => {
                self.refused += 1;
                let value = json!({ "kind": "submission", "source": source, "ok": false, "error": why });
                self.print(value, || format!("FAILED    {source}: {why}"));
            }
        }
    }

    /// A leaf was proved to be in a tree.
    pub fn included(&mut self, leaf: LeafHash, index: LeafIndex, head: &TreeHead) {
        self.included += 1;
        if self.json {
            let (leaf, size) = (STANDARD.encode(leaf), head.tree_size);
            out::line(
                json!({ "kind": "included", "leaf_hash": leaf, "leaf_index": index, "tree_size": size }),
            );
        }
    }

    /// A leaf was not in the tree in time.
    pub fn missing(&mut self, leaf: LeafHash) {
        self.fail(leaf, "not in a signed tree in time".to_owned());
    }

    /// The log's proof does not hold.
    pub fn unproven(&mut self, leaf: LeafHash, error: &ClientError) {
        self.fail(leaf, error.to_string());
    }

    fn fail(&mut self, leaf: LeafHash, why: String) {
        self.unproven += 1;
        let leaf = STANDARD.encode(leaf);
        let value = json!({ "kind": "unproven", "leaf_hash": leaf, "error": why });
        self.print(value, || format!("UNPROVEN  {leaf}: {why}"));
    }

    /// The last line; a failure if anything failed.
    pub fn finish(self, waited: bool) -> Result<(), Failure> {
        let promised = self.leaves.len();
        let all = promised + self.refused;
        let (included, unproven, refused) = (self.included, self.unproven, self.refused);
        let value = json!({
            "kind": "summary", "submitted": all, "promised": promised, "failed": refused,
            "included": waited.then_some(included), "unproven": waited.then_some(unproven),
        });
        self.print(value, || {
            let proved = format!(", {included} of them proved to be in the log");
            format!("{promised} of {all} promised and verified{}", if waited { proved.as_str() } else { "" })
        });
        match refused + unproven {
            0 => Ok(()),
            _ if unproven == 0 => Err(Failure::Check(format!("{refused} of {all} submissions failed"))),
            _ => Err(Failure::Check(format!(
                "{refused} of {all} submissions failed, {unproven} of {promised} promises were not seen kept"
            ))),
        }
    }

    fn print(&self, value: Value, text: impl FnOnce() -> String) {
        if self.json { out::line(value) } else { out::line(text()) }
    }
}

const fn kind(promise: &Promise) -> &'static str {
    match promise.endpoint {
        Endpoint::AddChain => "x509",
        Endpoint::AddPreChain => "precert",
    }
}
