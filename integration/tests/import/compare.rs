//! Two logs side by side: every answer of the one is that of the other.

use ct::hash::Base64;
use judge::api::proof_path;
use judge::http::Client;
use judge::merkle::leaf_hash;
use serde_json::Value;
use std::time::Duration;

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A log, read as it is.
pub struct Log(Client);

impl Log {
    pub fn new(url: &str) -> Self {
        Self(Client::new(url.trim_end_matches('/'), PATIENCE).unwrap())
    }

    /// The answer of an endpoint, which must be a good one.
    pub fn get(&self, path: &str) -> Value {
        let response = self.0.get(&format!("/ct/v1/{path}")).unwrap();
        assert_eq!(response.status, 200, "{path}: {}", response.excerpt());
        serde_json::from_slice(&response.body).unwrap()
    }

    /// The status of an answer, and its text.
    pub fn post(&self, path: &str) -> (u16, String) {
        let response = self.0.post(&format!("/ct/v1/{path}"), b"{\"chain\":[\"AAAA\"]}").unwrap();
        (response.status, String::from_utf8(response.body).unwrap())
    }

    /// The newest STH.
    pub fn sth(&self) -> Value {
        self.get("get-sth")
    }

    /// The number of entries under it.
    pub fn size(&self) -> u64 {
        self.sth()["tree_size"].as_u64().unwrap()
    }

    /// The first entries, so many of them.
    fn entries(&self, size: u64) -> Vec<Value> {
        let mut entries = Vec::new();
        while (entries.len() as u64) < size {
            let answer = self.get(&format!("get-entries?start={}&end={}", entries.len(), size - 1));
            let page = answer["entries"].as_array().unwrap();
            assert!(!page.is_empty());
            entries.extend_from_slice(page);
        }
        entries
    }
}

/// Every entry, proof and consistency proof of a tree of `size` entries, and the STH, are the same. `tree_head` is what the
/// original showed when it was copied; it may have gone on since.
pub fn same(original: &Log, copy: &Log, tree_head: &Value) {
    assert_eq!(copy.sth(), *tree_head);
    assert_eq!(copy.get("get-roots"), original.get("get-roots"));
    let size = tree_head["tree_size"].as_u64().unwrap();
    let entries = original.entries(size);
    assert_eq!(copy.entries(size), entries);
    let both = |path: &str| assert_eq!(copy.get(path), original.get(path), "{path}");
    for (index, entry) in entries.iter().enumerate() {
        let leaf: Base64 = serde_json::from_value(entry["leaf_input"].clone()).unwrap();
        let hash = leaf_hash(&leaf.0);
        for tree_size in [index as u64 + 1, size] {
            both(&format!("get-entry-and-proof?leaf_index={index}&tree_size={tree_size}"));
            both(proof_path(&hash, &tree_size.to_string()).strip_prefix("/ct/v1/").unwrap());
        }
        both(&format!("get-sth-consistency?first={index}&second={size}"));
        both(&format!("get-sth-consistency?first={}&second={}", index / 2, index));
    }
}

/// Neither endpoint takes anything, and both say why.
pub fn takes_nothing(copy: &Log) {
    for path in ["add-chain", "add-pre-chain"] {
        let (status, text) = copy.post(path);
        assert_eq!(status, 410, "{text}");
        assert!(text.contains("this log is read-only"), "{text}");
    }
}
