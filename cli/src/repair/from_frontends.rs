//! `wolffish repair --from-frontends`: a log whose merge disks are lost goes on from the newest tree head, by a person's word
//! (docs/protocol.md, T16).

use super::{failure, tell};
use crate::failure::Failure;
use crate::out;
use crate::status::{operator_key, operator_state};
use ct::hash::RootHash;
use ct::names::LogName;
use merge_repair::from_frontends::Continuation;
use merge_repair::plan::NoPlan;
use merge_repair::repair::{Offer, carry_out, give_word, offers};
use node::host::Host;
use serde_json::{Map, json};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What the person says.
#[derive(Debug, Clone, clap::Args)]
pub struct Word {
    /// With --from-frontends: do it, for this log
    #[arg(long, value_name = "NAME", requires = "root")]
    pub log: Option<LogName>,
    /// With --from-frontends: the root of the tree head to go on from, as it was shown
    #[arg(long, value_name = "ROOT", requires = "log")]
    pub root: Option<String>,
    /// With --root: state directory of an operator node, whose key signs the word
    #[arg(long, value_name = "DIR")]
    pub operator_state: Option<PathBuf>,
}

/// Shows how each log would go on, or does it for one.
pub async fn run(host: &Host, as_json: bool, word: &Word) -> Result<(), Failure> {
    let offers = offers(host).await.map_err(failure)?;
    match (&word.log, &word.root) {
        (Some(log), Some(root)) => {
            give(host, log, root, &offers, word).await?;
            let report = carry_out(host, BTreeMap::new()).await.map_err(failure)?;
            tell(report, as_json)
        }
        _ => show(&offers, as_json),
    }
}

async fn give(
    host: &Host,
    name: &LogName,
    root: &str,
    offers: &BTreeMap<LogName, Offer>,
    word: &Word,
) -> Result<(), Failure> {
    let cluster = host.cluster();
    let unknown = || Failure::Usage(format!("--log: {} lists no log {name}", cluster.file().display()));
    let (log, offer) = cluster.log(name).zip(offers.get(name)).ok_or_else(unknown)?;
    let impossible = |reason: &NoPlan| Failure::Check(format!("log {name}: {reason}"));
    let continuation = offer.continuation.as_ref().map_err(impossible)?;
    let named: Result<RootHash, _> = root.parse();
    let newest = continuation.sth.head.root_hash;
    if named.is_ok_and(|named| named == newest) {
        let state = match &word.operator_state {
            Some(state) => state.clone(),
            None => operator_state(cluster, cluster.file().parent().unwrap_or(cluster.file()))?,
        };
        let key = operator_key(cluster, &state)?;
        return give_word(host, log, (offer.guard(), continuation), &key).map_err(failure);
    }
    Err(impossible(&NoPlan::NotTheNewest { named: root.to_owned(), newest }))
}

fn show(offers: &BTreeMap<LogName, Offer>, as_json: bool) -> Result<(), Failure> {
    let mut logs = Map::new();
    for (log, offer) in offers {
        if as_json {
            let one = match &offer.continuation {
                Ok(continuation) => json!({ "continuation": continuation }),
                Err(reason) => json!({ "no_plan": reason, "text": reason.to_string() }),
            };
            logs.insert(log.to_string(), one);
            continue;
        }
        match &offer.continuation {
            Ok(continuation) => out::line(in_words(log, continuation)),
            Err(reason) => out::line(format_args!("log {log}: {reason}")),
        }
    }
    if as_json {
        out::line(serde_json::Value::Object(logs));
    }
    let impossible: Vec<&str> =
        offers.iter().filter(|(_, offer)| offer.continuation.is_err()).map(|(log, _)| log.as_str()).collect();
    if impossible.is_empty() {
        Ok(())
    } else {
        Err(Failure::Check(format!("it is not possible for {}", impossible.join(", "))))
    }
}

fn in_words(log: &LogName, continuation: &Continuation) -> String {
    format!(
        "log {log}: {continuation}\nOnly if the disks of the others are lost for ever. To do it: the same command with\n  \
         --log {log} --root {}",
        continuation.sth.head.root_hash
    )
}
