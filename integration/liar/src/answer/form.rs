//! The form of answers: base64 and JSON, and how to get them wrong.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use judge::merkle::Hash;
use serde_json::{Value, json};

use super::Teller;
use crate::lie::Lie;

pub(super) fn encode(bytes: impl AsRef<[u8]>) -> String {
    STANDARD.encode(bytes)
}

pub(super) fn encode_all(hashes: &[Hash]) -> Value {
    json!(hashes.iter().map(encode).collect::<Vec<_>>())
}

impl Teller<'_> {
    /// An answer that is right, in the form that this log gives it.
    pub(super) fn reshaped(&self, mut answer: Value) -> Value {
        match self.lie {
            Lie::RootHashShort => {
                if let Some(root) = answer.get_mut("sha256_root_hash") {
                    resize(root, 31);
                }
            }
            Lie::NodesLong => {
                if let Some(nodes) = nodes(&mut answer) {
                    nodes.iter_mut().for_each(|node| resize(node, 33));
                }
            }
            Lie::ProofsTooLong(count) => {
                if let Some(nodes) = nodes(&mut answer) {
                    nodes.resize(count, json!(encode([7; 32])));
                }
            }
            Lie::Base64Invalid | Lie::NumbersQuoted => self.spoil(&mut answer),
            _ => {}
        }
        answer
    }

    /// Spoils all values of one type.
    fn spoil(&self, value: &mut Value) {
        match (value, self.lie) {
            (Value::Object(fields), _) => fields.values_mut().for_each(|field| self.spoil(field)),
            (Value::Array(items), _) => items.iter_mut().for_each(|item| self.spoil(item)),
            (Value::String(text), Lie::Base64Invalid) if !text.is_empty() => text.replace_range(..1, "!"),
            (value @ Value::Number(_), Lie::NumbersQuoted) => *value = json!(value.to_string()),
            _ => {}
        }
    }
}

/// The nodes of either kind of proof.
fn nodes(answer: &mut Value) -> Option<&mut Vec<Value>> {
    let name = if answer.get("consistency").is_some() { "consistency" } else { "audit_path" };
    answer.get_mut(name)?.as_array_mut()
}

/// Cuts or fills base64 to this many bytes.
fn resize(value: &mut Value, length: usize) {
    let mut bytes = value.as_str().and_then(|text| STANDARD.decode(text).ok()).unwrap_or_default();
    bytes.resize(length, 0);
    *value = json!(encode(bytes));
}
