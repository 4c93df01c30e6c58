//! `log.v3.json`: the log's description in the form in which browsers list logs.

use super::base64::encode;
use config::LogFacts;
use ct::sth::TreeHead;
use std::fmt::Write as _;

/// The description of a log. A read-only one has a last tree head, in the form in which operators publish it.
pub fn v3_body(log: &LogFacts, last: Option<&TreeHead>) -> String {
    let key = encode(log.key().spki());
    let id = encode(log.log_id().as_ref());
    let mut out = format!(r#"{{"key":"{key}","log_id":"{id}","mmd":{}"#, log.mmd().as_secs());
    if let Some(window) = log.window() {
        let (start, end) = window.to_rfc3339();
        // Writing into memory cannot fail.
        let _ =
            write!(out, r#","temporal_interval":{{"start_inclusive":"{start}","end_exclusive":"{end}"}}"#);
    }
    if let Some(url) = log.url() {
        // A URL has no character that JSON would escape, but who knows what a file has.
        let _ = write!(out, r#","url":{}"#, serde_json::Value::from(url));
    }
    if let Some(TreeHead { tree_size, root_hash, .. }) = last {
        let root = encode(root_hash.as_ref());
        let _ = write!(
            out,
            r#","status":"readonly","final_tree_head":{{"sha256_root_hash":"{root}","tree_size":{tree_size}}}"#
        );
    }
    out.push('}');
    out
}
