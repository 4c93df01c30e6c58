//! `get sth`.

use super::Common;
use crate::failure::Failure;
use crate::{moment, out, span};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use node::clock::{Clock as _, SystemClock};
use serde_json::json;

/// Prints the newest STH, its signature verified.
pub async fn run(common: &Common) -> Result<(), Failure> {
    let reader = common.reader()?;
    let sth = reader.sth().await?;
    let head = sth.head();
    let (root, signature) =
        (STANDARD.encode(head.root_hash), STANDARD.encode(sth.sth().tree_head_signature.encode()));
    if common.json {
        out::line(json!({
            "tree_size": head.tree_size, "timestamp": head.timestamp, "sha256_root_hash": root,
            "tree_head_signature": signature, "verified": true,
        }));
    } else {
        let age = span::show(SystemClock.now().since(head.timestamp));
        out::line(format_args!("tree size  {}", head.tree_size));
        out::line(format_args!("time       {} ({age} ago)", moment::show_millis(head.timestamp)));
        out::line(format_args!("root       {root}"));
        out::line(format_args!("signature  {signature} (verified)"));
    }
    Ok(())
}
