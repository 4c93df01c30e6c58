//! `wolffish rejoin` and `wolffish members`: who votes and who signs, changed as a repair is made, by a person
//! (docs/protocol.md, T7, T13, T14).

use super::place::Place;
use super::{act, allow, failure};
use crate::failure::Failure;
use crate::out;
use ct::names::{NodeName, Role};
use ct::node_key::NodeKey;
use merge_repair::plan::{Cause, NoPlan};
use merge_repair::repair::decide;
use merge_repair::wanted::Wanted;
use node::host::Host;
use serde_json::{Map, json};

/// Give a merge node its vote back after its state was lost and made anew (wolffish init-node)
#[derive(Debug, Clone, clap::Args)]
pub struct RejoinArgs {
    /// Which merge node
    pub node: NodeName,
    /// Show what would be done; nothing is stopped
    #[arg(long)]
    pub plan: bool,
    #[command(flatten)]
    pub place: Place,
}

/// Change which merge nodes vote, one at a time, or which signer signs tree heads
#[derive(Debug, Clone, clap::Args)]
pub struct MembersArgs {
    #[command(flatten)]
    pub what: What,
    /// Show what would be done; nothing is stopped
    #[arg(long)]
    pub plan: bool,
    #[command(flatten)]
    pub place: Place,
}

/// One of three.
#[derive(Debug, Clone, clap::Args)]
#[group(required = true, multiple = false)]
pub struct What {
    /// A merge node that is to vote; cluster.toml lists it already
    #[arg(long, value_name = "MERGE")]
    pub add: Option<NodeName>,
    /// A merge node that is to vote no more; cluster.toml still lists it
    #[arg(long, value_name = "MERGE")]
    pub remove: Option<NodeName>,
    /// The signer that is to sign tree heads from now on
    #[arg(long, value_name = "SIGNER")]
    pub sth_signer: Option<NodeName>,
}

/// Gives a node its vote back.
pub async fn rejoin(args: RejoinArgs) -> Result<(), Failure> {
    let host = args.place.host()?;
    key_of(&host, &args.node, Role::Merge)?;
    change(&host, &args.place, &Wanted::Rejoin(args.node.clone()), Mode::of(args.plan)).await
}

/// Changes one thing.
pub async fn members(args: MembersArgs) -> Result<(), Failure> {
    let host = args.place.host()?;
    let wanted = match args.what {
        What { add: Some(node), .. } => {
            let key = key_of(&host, &node, Role::Merge)?;
            Wanted::Join(node, key)
        }
        What { remove: Some(node), .. } => Wanted::Leave(node),
        What { sth_signer: Some(node), .. } => {
            let key = key_of(&host, &node, Role::Signer)?;
            Wanted::MoveSigner(node, key)
        }
        What { .. } => return Err(Failure::Usage("one of --add, --remove and --sth-signer".to_owned())),
    };
    change(&host, &args.place, &wanted, Mode::of(args.plan)).await
}

/// Whether it is done, or only shown.
#[derive(Debug, Clone, Copy)]
enum Mode {
    Show,
    Make,
}

impl Mode {
    const fn of(plan: bool) -> Self {
        if plan { Self::Show } else { Self::Make }
    }
}

fn key_of(host: &Host, name: &NodeName, role: Role) -> Result<NodeKey, Failure> {
    let node = host.cluster().node(name).filter(|node| node.role() == role);
    let unknown = || Failure::Usage(format!("node: cluster.toml lists no {role} node {name}"));
    node.map(config::Node::key).ok_or_else(unknown)
}

/// A change that succeeded uses up nobody's repair: the next fault is repaired by itself again.
async fn change(host: &Host, place: &Place, wanted: &Wanted, mode: Mode) -> Result<(), Failure> {
    let done = match mode {
        Mode::Show => show(host, place.json, wanted).await,
        Mode::Make => make(host, place.json, wanted).await,
    };
    host.shutdown().cancel();
    done
}

async fn make(host: &Host, as_json: bool, wanted: &Wanted) -> Result<(), Failure> {
    act(host, as_json, wanted).await?;
    allow(host)
}

async fn show(host: &Host, as_json: bool, wanted: &Wanted) -> Result<(), Failure> {
    let decisions = decide(host, |_| Cause::Person, wanted).await.map_err(failure)?;
    let mut logs = Map::new();
    let mut impossible = Vec::new();
    for (log, decision) in &decisions {
        let text = match &decision.plan {
            Ok(plan) => plan.to_string(),
            Err(reason) => reason.to_string(),
        };
        match &decision.plan {
            Err(reason) if !matches!(reason, NoPlan::Done { .. }) => impossible.push(log.as_str()),
            _ => {}
        }
        if as_json {
            let plan = decision.plan.as_ref().ok();
            logs.insert(log.to_string(), json!({ "plan": plan, "text": text }));
        } else {
            out::line(format_args!("log {log}: {text}"));
        }
    }
    if as_json {
        out::line(serde_json::Value::Object(logs));
    }
    if impossible.is_empty() {
        Ok(())
    } else {
        Err(Failure::Check(format!("it is not possible for {}", impossible.join(", "))))
    }
}
