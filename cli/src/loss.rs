//! `wolffish accept-loss`: k storage lists were lost at once, so no list that is left can make good for them, and the log would
//! wait for ever. A person says that it is to go on (docs/protocol.md, Z7).

use crate::ask::other_lists;
use crate::failure::Failure;
use crate::init::node::{NodeArgs, host};
use crate::out;
use config::Log;
use ct::names::{LogName, Role};
use ct::wire::storage::Completeness;
use node::host::Host;
use tokio::task::block_in_place;

/// Accept that SCTs are lost of which no storage list is left, so that the log promises on
///
/// Said of a storage node that is down, and recovering while so many others are that it would wait for ever. It counts when it
/// has copied all lists that are whole.
#[derive(Debug, Clone, clap::Args)]
pub struct LossArgs {
    #[command(flatten)]
    pub node: NodeArgs,
    /// Only this log
    #[arg(long)]
    pub log: Option<LogName>,
}

/// Writes it down for each log, unless the node would be filled by itself.
pub async fn run(args: LossArgs) -> Result<(), Failure> {
    let host = host(&args.node)?;
    let done = accept(&host, &args).await;
    host.shutdown().cancel();
    done
}

async fn accept(host: &Host, args: &LossArgs) -> Result<(), Failure> {
    if host.me().role() != Role::Storage {
        return Err(Failure::Usage(format!("node: {} is no storage node", host.me().name())));
    }
    let wanted = |log: &&Log| args.log.as_ref().is_none_or(|name| log.name() == name);
    let mut accepted = 0;
    for log in host.cluster().logs().iter().filter(wanted) {
        accepted += usize::from(accept_one(host, log).await?);
    }
    if accepted == 0 {
        return Err(Failure::Check("nothing is to be accepted".to_owned()));
    }
    out::line(format_args!(
        "Start {}. The alarm of the primary names the time of the SCTs that may be lost.",
        host.me().name()
    ));
    Ok(())
}

async fn accept_one(host: &Host, log: &Log) -> Result<bool, Failure> {
    let (name, cluster) = (log.name(), host.cluster());
    let mut whole = 0;
    for (node, list) in other_lists(host.client(), cluster, name, host.me().name()).await {
        match list {
            Ok(Completeness::Whole) => whole += 1,
            Ok(Completeness::Recovering) => {
                out::line(format_args!("log {name}: {node} is recovering as well"))
            }
            Err(why) => out::line(format_args!("log {name}: it will be waited for {node}: {why}")),
        }
    }
    let needed = cluster.quorum().meeting();
    if whole >= needed {
        out::line(format_args!("log {name}: {whole} other lists are whole: it is filled by itself"));
        return Ok(false);
    }
    let dir = host.log_dir(name);
    let recovering = block_in_place(|| storage::state::accept_loss(&dir));
    if !recovering.map_err(|error| Failure::Io(format!("log {name}: {error}")))? {
        out::line(format_args!("log {name}: its list is whole"));
        return Ok(false);
    }
    out::line(format_args!(
        "log {name}: accepted: it counts when it has copied every list that is whole, though {whole} of {needed} are"
    ));
    Ok(true)
}
