//! `get consistency`.

use super::Common;
use crate::failure::Failure;
use crate::out;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use client::{ClientError, Reader};
use ct::hash::{HASH_LEN, NodeHash, RootHash};
use ct::index::TreeSize;
use ct::sth::TreeHead;
use serde_json::json;

/// Fetch and verify a consistency proof
#[derive(Debug, Clone, clap::Args)]
pub struct ConsistencyArgs {
    /// Size of the smaller tree
    #[arg(value_parser = parse_size)]
    pub first: TreeSize,
    /// Size of the larger tree
    #[arg(value_parser = parse_size)]
    pub second: TreeSize,
    /// Root that the smaller tree should have, base64, as an old tree head had it [default: ask the log]
    #[arg(long, value_name = "BASE64", value_parser = parse_root)]
    pub first_root: Option<RootHash>,
    #[command(flatten)]
    pub common: Common,
}

fn parse_size(text: &str) -> Result<TreeSize, String> {
    let size = text.parse().map_err(|_| "not a number of entries".to_owned())?;
    TreeSize::new(size).map_err(|error| error.to_string())
}

fn parse_root(text: &str) -> Result<RootHash, String> {
    let bytes = STANDARD.decode(text).map_err(|error| error.to_string())?;
    let root: [u8; HASH_LEN] = bytes.try_into().map_err(|_| format!("a root has {HASH_LEN} bytes"))?;
    Ok(RootHash::new(root))
}

/// Prints the proof. Both trees are tied to the newest STH, so neither root is a mere claim.
pub async fn run(args: ConsistencyArgs) -> Result<(), Failure> {
    let reader = args.common.reader()?;
    let sth = reader.sth().await?;
    let head = sth.head();
    let (first, second) = (args.first, args.second);
    if first > second || second > head.tree_size {
        let text =
            format!("FIRST {first}, SECOND {second}: must rise, and end at most at {}", head.tree_size);
        return Err(Failure::Usage(text));
    }
    let first_root = match args.first_root {
        Some(root) => root,
        None => reader.claimed_root(first).await?,
    };
    let (second_root, to_sth) = authentic_root(&reader, second, head).await?;
    let path = reader.links(first, first_root, second, second_root).await?;
    let (path, to_sth) = (encoded(&path), encoded(&to_sth));
    let (first_root, second_root) = (STANDARD.encode(first_root), STANDARD.encode(second_root));
    if args.common.json {
        out::line(json!({
            "first": first, "first_root": first_root, "second": second, "second_root": second_root,
            "consistency": path, "to_sth": to_sth, "sth": super::sth::json(&sth, reader.client().log()),
            "verified": true,
        }));
    } else {
        out::line(format_args!("first   {:12}  {first_root}", first.get()));
        out::line(format_args!("second  {:12}  {second_root} (extends the first, verified)", second.get()));
        path.iter().for_each(out::line);
    }
    Ok(())
}

/// The root of that size, and the proof that it lies on the way to a signed tree head.
async fn authentic_root(
    reader: &Reader,
    size: TreeSize,
    head: &TreeHead,
) -> Result<(RootHash, Vec<NodeHash>), ClientError> {
    if size == head.tree_size {
        return Ok((head.root_hash, Vec::new()));
    }
    let root = reader.claimed_root(size).await?;
    let path = reader.links(size, root, head.tree_size, head.root_hash).await?;
    Ok((root, path))
}

fn encoded(path: &[NodeHash]) -> Vec<String> {
    path.iter().map(|node| STANDARD.encode(node)).collect()
}
