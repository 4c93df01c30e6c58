//! `get consistency`.

use super::Common;
use crate::client::{ClientError, LogReader};
use crate::failure::Failure;
use crate::out;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ct::hash::{HASH_LEN, NodeHash, RootHash};
use ct::index::TreeSize;
use ct::merkle::verify;
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
    let head = *reader.sth().await?.head();
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
    let second_root = authentic_root(&reader, second, &head).await?;
    let path = reader.consistency(first, second).await?;
    verify::consistency(first, first_root, second, second_root, &path).map_err(ClientError::from)?;
    print(&args, first_root, second_root, &path);
    Ok(())
}

/// The root of that size, proved to lie on the way to a signed tree head.
async fn authentic_root(
    reader: &LogReader,
    size: TreeSize,
    head: &TreeHead,
) -> Result<RootHash, ClientError> {
    if size == head.tree_size {
        return Ok(head.root_hash);
    }
    let root = reader.claimed_root(size).await?;
    let path = reader.consistency(size, head.tree_size).await?;
    verify::consistency(size, root, head.tree_size, head.root_hash, &path)?;
    Ok(root)
}

fn print(args: &ConsistencyArgs, first_root: RootHash, second_root: RootHash, path: &[NodeHash]) {
    let path: Vec<String> = path.iter().map(|node| STANDARD.encode(node)).collect();
    let (first, second) = (STANDARD.encode(first_root), STANDARD.encode(second_root));
    if args.common.json {
        out::line(json!({
            "first": args.first, "first_root": first, "second": args.second, "second_root": second,
            "consistency": path, "verified": true,
        }));
    } else {
        out::line(format_args!("first   {:12}  {first}", args.first.get()));
        out::line(format_args!("second  {:12}  {second} (extends the first, verified)", args.second.get()));
        path.iter().for_each(out::line);
    }
}
