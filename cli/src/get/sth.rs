//! `get sth`.

use super::Common;
use crate::failure::Failure;
use crate::{moment, out, span};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use client::Log;
use ct::sth::VerifiedSth;
use node::clock::{Clock as _, SystemClock};
use serde_json::{Value, json};

/// Prints the newest STH, its signature verified.
pub async fn run(common: &Common) -> Result<(), Failure> {
    let reader = common.reader()?;
    let sth = reader.sth().await?;
    if common.json {
        out::line(json(&sth, reader.client().log()));
    } else {
        let head = sth.head();
        let (root, signature) =
            (STANDARD.encode(head.root_hash), STANDARD.encode(sth.sth().tree_head_signature.encode()));
        let age = span::show(SystemClock.now().since(head.timestamp));
        out::line(format_args!("tree size  {}", head.tree_size));
        out::line(format_args!("time       {} ({age} ago)", moment::show_millis(head.timestamp)));
        out::line(format_args!("root       {root}"));
        out::line(format_args!("signature  {signature} (verified)"));
    }
    Ok(())
}

/// A verified STH: what get-sth answers, and whose it is. `wolffish verify` takes it.
pub fn json(sth: &VerifiedSth, log: &Log) -> Value {
    let head = sth.head();
    json!({
        "tree_size": head.tree_size, "timestamp": head.timestamp,
        "sha256_root_hash": STANDARD.encode(head.root_hash),
        "tree_head_signature": STANDARD.encode(sth.sth().tree_head_signature.encode()),
        "log_id": STANDARD.encode(log.log_id()), "verified": true,
    })
}
