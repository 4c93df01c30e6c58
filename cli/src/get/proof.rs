//! `get proof`.

use super::Common;
use crate::failure::Failure;
use crate::out;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ct::hash::{HASH_LEN, LeafHash};
use serde_json::json;

/// Fetch and verify an inclusion proof
#[derive(Debug, Clone, clap::Args)]
pub struct ProofArgs {
    /// Leaf hash, base64 or hexadecimal, as `submit` prints it
    #[arg(value_parser = parse_hash)]
    pub hash: LeafHash,
    #[command(flatten)]
    pub common: Common,
}

fn parse_hash(text: &str) -> Result<LeafHash, String> {
    if let Ok(hash) = text.parse() {
        return Ok(hash);
    }
    let bytes = STANDARD.decode(text).map_err(|error| format!("neither hexadecimal nor base64: {error}"))?;
    let hash: [u8; HASH_LEN] = bytes
        .try_into()
        .map_err(|bytes: Vec<u8>| format!("{} bytes, a leaf hash has {HASH_LEN}", bytes.len()))?;
    Ok(LeafHash::new(hash))
}

/// Prints where the leaf is, and the proof, verified against a verified STH.
pub async fn run(args: ProofArgs) -> Result<(), Failure> {
    let reader = args.common.reader()?;
    let sth = reader.sth().await?;
    let head = sth.head();
    let found = reader.find(args.hash, head).await?;
    let path: Vec<String> = found.path.iter().map(|node| STANDARD.encode(node)).collect();
    if args.common.json {
        out::line(json!({
            "leaf_hash": STANDARD.encode(args.hash), "leaf_index": found.index, "tree_size": head.tree_size,
            "audit_path": path, "sth": super::sth::json(&sth, reader.client().log()), "verified": true,
        }));
    } else {
        out::line(format_args!("entry {} of the tree of {} (verified)", found.index, head.tree_size));
        path.iter().for_each(out::line);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_read_in_both_forms() {
        let hash = LeafHash::new([0xfb; 32]);
        assert_eq!(parse_hash(&hash.to_string()), Ok(hash));
        assert_eq!(parse_hash(&STANDARD.encode(hash)), Ok(hash));
        assert!(parse_hash("AAAA").unwrap_err().contains("3 bytes"));
        assert!(parse_hash("!").is_err());
    }
}
