//! get-proof-by-hash and get-entry-and-proof.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use judge::merkle::Hash;
use serde_json::{Value, json};

use super::form::{encode, encode_all};
use super::{Answered, Teller, no, number};
use crate::http::Answer;
use crate::lie::Lie;
use crate::requests::Request;
use crate::tree::Tree;

impl Teller<'_> {
    pub(super) fn get_proof_by_hash(&self, request: &Request) -> Answered {
        // A plus sign that was not escaped arrives as a space.
        let hash = request.parameter("hash").unwrap_or_default().replace(' ', "+");
        let Ok(hash) = STANDARD.decode(hash) else { return no("hash is not base64") };
        let Ok(hash) = Hash::try_from(hash) else { return no("hash is not 32 bytes") };
        let mut size = number(request, "tree_size")?;
        if size < 1 {
            let status = if self.lie == Lie::TreeSizeZeroIs404 { 404 } else { 400 };
            return Err(Answer::refused(status, "tree_size below 1"));
        }
        let state = self.log.state();
        let most = self.size(&state);
        if size > most && self.lie == Lie::BeyondSizeProved {
            size = most;
        }
        if size > most {
            return Err(Answer::refused(404, "beyond the tree"));
        }
        let tree = state.tree(self.branch);
        let Some(mut index) = self.find(tree, &hash, size) else {
            let status = if self.lie == Lie::UnknownHashIs400 { 400 } else { 404 };
            return Err(Answer::refused(status, "unknown hash"));
        };
        let mut path = self.path(tree, index, size);
        match self.lie {
            Lie::ProofIndexOff => index += 1,
            Lie::ProofReversed => path.reverse(),
            // Right as long as the tree is small, wrong as soon as it has grown.
            Lie::ProofIndexMoves if size > 5 && index < 5 => index ^= 1,
            _ => {}
        }
        Ok(json!({ "leaf_index": index, "audit_path": encode_all(&path) }))
    }

    fn find(&self, tree: &Tree, hash: &Hash, size: usize) -> Option<usize> {
        let found = tree.find(hash, size);
        match self.lie {
            Lie::ProofForgotten => found.filter(|index| index % 5 != 2),
            Lie::UnknownHashProved => found.or(Some(0)),
            _ => found,
        }
    }

    fn path(&self, tree: &Tree, index: usize, size: usize) -> Vec<Hash> {
        let mut path = tree.audit_path(index, size);
        if self.lie == Lie::InclusionWrong {
            match path.first_mut() {
                Some(node) => node[0] ^= 1,
                None => path.push([7; 32]),
            }
        }
        path
    }

    pub(super) fn get_entry_and_proof(&self, request: &Request) -> Answered {
        let state = self.log.state();
        let (index, size) = (number(request, "leaf_index")?, number(request, "tree_size")?);
        if size == 0 || size > self.size(&state) {
            return no("tree_size");
        }
        if index >= size {
            let status = if self.lie == Lie::IndexAtSizeIs404 { 404 } else { 400 };
            return Err(Answer::refused(status, "leaf_index"));
        }
        let proved = if self.lie == Lie::EntryProofOfNeighbour && size > 1 { index ^ 1 } else { index };
        let tree = state.tree(self.branch);
        let mut answer = self.entry(tree, index);
        answer["audit_path"] = encode_all(&self.path(tree, proved.min(size - 1), size));
        if self.lie == Lie::SizeOnePathNull && size == 1 {
            answer["audit_path"] = Value::Null;
        }
        if self.lie == Lie::EntryExtraDataDiffers {
            answer["extra_data"] = json!(encode([0, 0, 0]));
        }
        Ok(answer)
    }
}
