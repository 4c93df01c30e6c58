//! `wolffish add-node`: one more node in a cluster that runs. It makes the node's key and its lines in `cluster.toml`; in
//! which order the others learn of it is the runbook's (docs/operating.md).

use super::spec::NodeSpec;
use crate::failure::Failure;
use crate::out;
use config::init::NodeAddition;
use ct::names::Role;
use std::path::PathBuf;

/// Make the key of a new node, and add the node to cluster.toml; what to do then is printed
#[derive(Debug, Clone, clap::Args)]
pub struct AddNodeArgs {
    /// Configuration of the whole cluster; the node is added to it
    #[arg(long, value_name = "FILE")]
    pub cluster: PathBuf,
    /// What it is to be: frontend, storage, signer or merge
    #[arg(long)]
    pub role: Role,
    /// The node; a frontend needs public=
    #[arg(long, value_name = "NAME@HOST:PORT[,public=HOST:PORT][,admin=HOST:PORT][,host=MACHINE]")]
    pub node: NodeSpec,
    /// Its state directory, which is made: it gets the key
    #[arg(long, value_name = "DIR")]
    pub state: PathBuf,
}

/// Makes the key, changes the file, and says how to go on.
pub fn run(args: &AddNodeArgs) -> Result<(), Failure> {
    let restart = match args.role {
        Role::Frontend => "signers, storage nodes, merge nodes",
        Role::Storage => "merge nodes (the primary last), storage nodes",
        Role::Signer | Role::Merge => "frontends, storage nodes, signers, merge nodes",
        Role::MergeRepair | Role::Operator => {
            let role = args.role;
            return Err(Failure::Usage(format!(
                "--role: a {role} node is no part of a cluster that is added"
            )));
        }
    };
    let plan = args.node.node(args.role);
    let (name, role) = (plan.name.clone(), args.role);
    let table = NodeAddition::plan(&args.cluster, &plan)?.write(&args.state)?;
    let (file, state) = (args.cluster.display(), args.state.display());
    out::line(format_args!("added to {file}, the key is in {state}:\n\n{table}"));
    if role == Role::Storage {
        out::line(format_args!(
            "Go on only while all other storage nodes are there and whole (wolffish status)."
        ));
    }
    out::line(format_args!("1. Give every machine the new {file}."));
    out::line(format_args!("2. Restart one by one, each when the one before is ready: {restart}."));
    out::line(format_args!("   merge-repair and signers too, whenever it suits."));
    if role == Role::Signer {
        out::line(format_args!("3. Copy the keys of the logs into {state}, as another signer has them."));
    }
    out::line(format_args!("Then, where its state is:"));
    for words in ["init-node".to_owned(), format!("run {role}")] {
        out::line(format_args!("  wolffish {words} --cluster {file} --node {name} --state {state}"));
    }
    match role {
        Role::Storage => out::line(format_args!(
            "Last, when status says that it is whole, restart the frontends one by one: they promise with it from then on."
        )),
        Role::Merge => out::line(format_args!("It votes after `wolffish members --add {name}`.")),
        Role::Frontend => out::line(format_args!(
            "It is ready when it holds the newest tree; give it its part of the public then."
        )),
        _ => {}
    }
    Ok(())
}
