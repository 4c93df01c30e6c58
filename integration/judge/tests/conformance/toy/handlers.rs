//! The endpoints of the toy log.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use judge::api::Submit;
use judge::merkle::{Hash, audit_path, consistency_proof};
use serde_json::{Value, json};

use super::lie::Lie;
use super::log::{Log, State};
use super::policy;
use super::server::{Answer, Request, refused};

type Answered = Result<Value, Answer>;

fn no<T>(why: &str) -> Result<T, Answer> {
    Err(refused(400, why))
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    STANDARD.encode(bytes)
}

fn encode_all(hashes: &[Hash]) -> Value {
    json!(hashes.iter().map(encode).collect::<Vec<_>>())
}

impl Log {
    pub fn answer(&self, request: &Request) -> Answer {
        match self.route(request) {
            Ok(value) => Answer { status: 200, body: value.to_string().into_bytes() },
            Err(answer) => answer,
        }
    }

    fn route(&self, request: &Request) -> Answered {
        let below = match self.lie {
            Lie::AnyPrefixServed => request.path.find("/ct/v1/").map(|at| &request.path[at..]),
            _ => request.path.strip_prefix("/toy"),
        };
        let endpoint = below.and_then(|path| path.strip_prefix("/ct/v1/")).unwrap_or_default();
        let wanted = if endpoint.starts_with("add-") { "POST" } else { "GET" };
        let known = matches!(
            endpoint,
            "add-chain"
                | "add-pre-chain"
                | "get-sth"
                | "get-sth-consistency"
                | "get-proof-by-hash"
                | "get-entries"
                | "get-roots"
                | "get-entry-and-proof"
        );
        if !known {
            return if self.lie == Lie::UnknownPathIs200 {
                Ok(json!({}))
            } else {
                Err(refused(404, "no such path"))
            };
        }
        if request.method != wanted {
            return Err(refused(if self.lie == Lie::WrongMethodIs404 { 404 } else { 405 }, "wrong method"));
        }
        match endpoint {
            "add-chain" => self.add(Submit::Chain, &request.body),
            "add-pre-chain" => self.add(Submit::PreChain, &request.body),
            "get-sth" => self.get_sth(request),
            "get-sth-consistency" => self.get_sth_consistency(request),
            "get-proof-by-hash" => self.get_proof_by_hash(request),
            "get-entries" => self.get_entries(request),
            "get-entry-and-proof" => self.get_entry_and_proof(request),
            _ => Ok(self.get_roots()),
        }
    }

    fn add(&self, endpoint: Submit, body: &[u8]) -> Answered {
        let accepted = policy::accept(self, endpoint, body)?;
        let promise = self.promise(accepted).map_err(|why| refused(409, why))?;
        let mut answer = json!({
            "sct_version": u8::from(self.lie == Lie::SctVersionOne),
            "id": encode(self.id()),
            "timestamp": promise.timestamp,
            "extensions": encode(&promise.extensions),
            "signature": encode(&promise.signature),
        });
        match self.lie {
            Lie::SctWrongLogId => answer["id"] = json!(encode([9; 32])),
            Lie::SctTimestampQuoted => answer["timestamp"] = json!(promise.timestamp.to_string()),
            Lie::SctBase64Unpadded => answer["id"] = json!(STANDARD_NO_PAD.encode(self.id())),
            Lie::SctWithoutExtensions => {
                answer.as_object_mut().unwrap().remove("extensions");
            }
            _ => {}
        }
        Ok(answer)
    }

    fn get_sth(&self, request: &Request) -> Answered {
        if self.lie == Lie::SthQueryRefused && request.has_query {
            return no("no parameters expected");
        }
        let head = self.head();
        Ok(json!({
            "tree_size": head.size,
            "timestamp": head.timestamp,
            "sha256_root_hash": encode(head.root),
            "tree_head_signature": encode(&head.signature),
        }))
    }

    fn get_sth_consistency(&self, request: &Request) -> Answered {
        let state = self.state();
        let (first, second) = match (self.range(request, &state), self.lie) {
            (Ok(range), _) => range,
            (Err(_), Lie::BadRangeIs200) => return Ok(json!({ "consistency": [] })),
            (Err(_), Lie::BadRangeIs500) => return Err(refused(500, "range")),
            (Err(answer), _) => return Err(answer),
        };
        if second > state.size() {
            return Ok(json!({ "consistency": [] }));
        }
        let mut proof = consistency_proof(first, &state.hashes[..second]);
        if self.lie == Lie::ConsistencyReversed {
            proof.reverse();
        }
        if self.lie == Lie::ConsistencyNullForEmpty && proof.is_empty() {
            return Ok(json!({ "consistency": null }));
        }
        Ok(json!({ "consistency": encode_all(&proof) }))
    }

    fn range(&self, request: &Request, state: &State) -> Result<(usize, usize), Answer> {
        let (first, second) = (number(request, "first")?, number(request, "second")?);
        if second < first {
            return no("second before first");
        }
        if second > state.size() && self.lie != Lie::BeyondSizeIsEmptyProof {
            return no("beyond the tree");
        }
        if first == 0 && self.lie == Lie::ConsistencyFromZeroRefused {
            return no("first is zero");
        }
        Ok((first, second))
    }

    fn get_proof_by_hash(&self, request: &Request) -> Answered {
        let hash = request.query.get("hash").map(String::as_str).unwrap_or_default();
        let Ok(hash) = STANDARD.decode(hash) else { return no("hash is not base64") };
        let Ok(hash) = Hash::try_from(hash) else { return no("hash is not 32 bytes") };
        let mut size = number(request, "tree_size")?;
        if size < 1 {
            return Err(refused(
                if self.lie == Lie::TreeSizeZeroIs404 { 404 } else { 400 },
                "tree_size below 1",
            ));
        }
        let state = self.state();
        if size > state.size() && self.lie == Lie::BeyondSizeProved {
            size = state.size();
        }
        if size > state.size() {
            return Err(refused(404, "beyond the tree"));
        }
        let mut found = state.hashes[..size].iter().position(|known| *known == hash);
        if self.lie == Lie::ProofForgotten && found.is_some_and(|index| index % 5 == 2) {
            found = None;
        }
        let Some(mut index) = found.or((self.lie == Lie::UnknownHashProved).then_some(0)) else {
            return Err(refused(if self.lie == Lie::UnknownHashIs400 { 400 } else { 404 }, "unknown hash"));
        };
        let mut path = audit_path(index, &state.hashes[..size]);
        match self.lie {
            Lie::ProofIndexOff => index += 1,
            Lie::ProofReversed => path.reverse(),
            // Right as long as the tree is the one that check 22 fills, wrong as soon as it has grown.
            Lie::ProofIndexMoves if size > 5 && index < 5 => index ^= 1,
            _ => {}
        }
        Ok(json!({ "leaf_index": index, "audit_path": encode_all(&path) }))
    }

    fn get_entries(&self, request: &Request) -> Answered {
        let state = self.state();
        let size = state.size();
        let start = match (number(request, "start"), self.lie) {
            (Err(_), Lie::NegativeStartIsZero)
                if request.query.get("start").is_some_and(|s| s.starts_with('-')) =>
            {
                0
            }
            (start, _) => start?,
        };
        let end = match (number(request, "end"), self.lie) {
            (Err(_), Lie::MissingEndIsStart) if !request.query.contains_key("end") => start,
            (end, _) => end?,
        };
        if start > end {
            return no("start after end");
        }
        if start >= size && self.lie == Lie::EmptyEntriesAtEnd {
            return Ok(json!({ "entries": [] }));
        }
        if start >= size || (end >= size && self.lie == Lie::EntriesBeyondEndRefused) {
            return no("beyond the tree");
        }
        let mut range = start..(end + 1).min(size);
        match self.lie {
            Lie::EntriesTooMany => range.end = (range.end + 1).min(size),
            Lie::EntriesFromElsewhere if range.len() > 1 => range = range.start + 1..range.end,
            _ => {}
        }
        let mut entries: Vec<Value> = range.map(|index| self.entry(&state, index)).collect();
        if self.lie == Lie::EntriesSwapped && entries.len() > 1 {
            entries.swap(0, 1);
        }
        Ok(json!({ "entries": entries }))
    }

    fn entry(&self, state: &State, index: usize) -> Value {
        let (mut leaf_input, mut extra_data) =
            (state.leaf_inputs[index].clone(), state.extra_data[index].clone());
        match self.lie {
            // The last byte of the timestamp.
            Lie::EntryTampered if index == 1 => leaf_input[9] ^= 1,
            Lie::ExtraDataTrailing => extra_data.push(0),
            _ => {}
        }
        json!({ "leaf_input": encode(leaf_input), "extra_data": encode(extra_data) })
    }

    fn get_entry_and_proof(&self, request: &Request) -> Answered {
        let state = self.state();
        let (index, size) = (number(request, "leaf_index")?, number(request, "tree_size")?);
        if size == 0 || size > state.size() {
            return no("tree_size");
        }
        if index >= size {
            return Err(refused(if self.lie == Lie::IndexAtSizeIs404 { 404 } else { 400 }, "leaf_index"));
        }
        let proved = if self.lie == Lie::EntryProofOfNeighbour && size > 1 { index ^ 1 } else { index };
        let mut answer = self.entry(&state, index);
        answer["audit_path"] = encode_all(&audit_path(proved.min(size - 1), &state.hashes[..size]));
        if self.lie == Lie::SizeOnePathNull && size == 1 {
            answer["audit_path"] = Value::Null;
        }
        if self.lie == Lie::EntryExtraDataDiffers {
            answer["extra_data"] = json!(encode([0, 0, 0]));
        }
        Ok(answer)
    }

    fn get_roots(&self) -> Value {
        let roots = match self.lie {
            Lie::TestCaMissingFromRoots | Lie::RootsUnrelatedToChains => Vec::new(),
            _ => self.roots.iter().map(encode).collect(),
        };
        json!({ "certificates": roots })
    }
}

/// A parameter that must be there and be a plain decimal number.
fn number(request: &Request, name: &str) -> Result<usize, Answer> {
    let value = request.query.get(name).and_then(|value| value.parse::<usize>().ok());
    value.ok_or_else(|| refused(400, &format!("parameter '{name}' is missing or malformed")))
}
