//! get-sth and get-sth-consistency.

use judge::merkle::{Hash, sha256};
use serde_json::{Value, json};

use super::form::{encode, encode_all};
use super::{Answered, Teller, no, number};
use crate::http::Answer;
use crate::lie::Lie;
use crate::log::{Head, State};
use crate::requests::Request;

const HOUR: u64 = 3_600_000;
/// The root of no tree at all.
const NO_ROOT: Hash = [7; 32];

impl Teller<'_> {
    pub(super) fn get_sth(&self, request: &Request) -> Answered {
        if self.lie == Lie::SthQueryRefused && request.has_query() {
            return no("no parameters expected");
        }
        let published = self.frozen.clone().unwrap_or_else(|| self.log.head(self.branch, self.lie));
        let head = self.dressed(published);
        Ok(json!({
            "tree_size": head.size,
            "timestamp": head.timestamp,
            "sha256_root_hash": encode(head.root),
            "tree_head_signature": encode(&head.signature),
        }))
    }

    /// The head as this log shows it.
    fn dressed(&self, head: Head) -> Head {
        let Head { size, timestamp, root, .. } = head;
        let sign = |timestamp, size, root| self.log.signed_head(timestamp, size, root);
        let shrunk = |by: u64| {
            let size = size.saturating_sub(by);
            sign(timestamp, size, self.log.state().tree(self.branch).root(size as usize))
        };
        let every_other = self.asked.is_multiple_of(2);
        match self.lie {
            Lie::SthStale if self.asked > 1 => sign(timestamp - HOUR, size, root),
            Lie::SthPostDated => sign(timestamp + HOUR, size, root),
            Lie::SthGoesBack if every_other => sign(timestamp - 1000, size, root),
            Lie::SthBack(by) => sign(timestamp.saturating_sub(by), size, root),
            Lie::SthShrinks if self.asked.is_multiple_of(3) => shrunk(1),
            Lie::SthShrunk(by) => shrunk(by),
            Lie::TwoRootsOfOneSize if every_other && size > 0 => sign(timestamp, size, NO_ROOT),
            Lie::SthBeyondEntries(more) => sign(timestamp, size.saturating_add(more), NO_ROOT),
            Lie::EndlessEntries(claimed) => sign(timestamp, claimed, NO_ROOT),
            Lie::SthSignatureBroken => Head { root: NO_ROOT, ..head },
            Lie::SthSignedByAnother => self.log.strangely_signed_head(timestamp, size, root),
            _ => head,
        }
    }

    pub(super) fn get_sth_consistency(&self, request: &Request) -> Answered {
        let state = self.log.state();
        let size = self.size(&state);
        let (first, second) = match (self.range(request, size), self.lie) {
            (Ok(range), _) => range,
            (Err(_), Lie::BadRangeIs200) => return Ok(json!({ "consistency": [] })),
            (Err(_), Lie::BadRangeIs500) => return Err(Answer::refused(500, "range")),
            (Err(answer), _) => return Err(answer),
        };
        if second > size {
            return Ok(json!({ "consistency": [] }));
        }
        let proof = self.consistency(&state, first, second);
        if self.lie == Lie::ConsistencyNullForEmpty && proof.is_empty() {
            return Ok(json!({ "consistency": Value::Null }));
        }
        Ok(json!({ "consistency": encode_all(&proof) }))
    }

    fn range(&self, request: &Request, size: usize) -> Result<(usize, usize), Answer> {
        let (first, second) = (number(request, "first")?, number(request, "second")?);
        if second < first {
            return no("second before first");
        }
        if second > size && self.lie != Lie::BeyondSizeIsEmptyProof {
            return no("beyond the tree");
        }
        if first == 0 && self.lie == Lie::ConsistencyFromZeroRefused {
            return no("first is zero");
        }
        Ok((first, second))
    }

    fn consistency(&self, state: &State, first: usize, second: usize) -> Vec<Hash> {
        let mut proof = state.tree(self.branch).consistency_proof(first..second);
        match self.lie {
            Lie::ConsistencyReversed => proof.reverse(),
            Lie::ForkJunkProof => proof.iter_mut().for_each(|node| *node = sha256(node)),
            Lie::ConsistencyWrong => match proof.last_mut() {
                Some(node) => node[0] ^= 1,
                None => proof.push(NO_ROOT),
            },
            _ => {}
        }
        proof
    }
}
