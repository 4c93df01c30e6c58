//! Trouble in real time.

use super::plan::{Act, ChaosPlan, Trouble, Troubles, Victims};
use super::process::{ProcessError, Target};
use crate::fault::Faults;
use crate::pulse::Pulse;
use crate::stats::Submissions;
use serde::Serialize;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

/// Pause between two looks at whether a node is back.
const LOOK: Duration = Duration::from_millis(50);

/// A node, and its process if it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its name.
    pub name: String,
    /// Its role, as in its command line.
    pub role: String,
    /// Its process.
    pub pid: Option<u32>,
}

/// A cluster that can be looked at.
pub trait Cluster: Send + Sync {
    /// Its nodes, as they are now.
    fn nodes(&self) -> Result<Vec<Node>, String>;
    /// Whether a node is fit to serve.
    fn is_ready(&self, node: &str) -> impl Future<Output = bool> + Send;
}

/// A cluster, and what is to happen to it.
#[derive(Debug)]
pub struct Chaos<C> {
    /// The cluster.
    pub cluster: C,
    /// What is to happen.
    pub plan: ChaosPlan,
}

/// Something that happened to a node.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChaosEvent {
    /// To which.
    pub node: String,
    /// What.
    pub act: Act,
    /// When, from the beginning of the chaos, in seconds.
    pub at_seconds: f64,
    /// After how many seconds it was fit to serve again; nothing if it was not in time.
    pub back_after_seconds: Option<f64>,
    /// How submissions fared meanwhile.
    pub meanwhile: Submissions,
    /// Why nothing happened, if nothing did.
    pub skipped: Option<String>,
}

/// Makes trouble until told to stop. Answers with everything that happened.
pub async fn run<C: Cluster>(
    chaos: &Chaos<C>,
    pulse: &Pulse,
    faults: &Faults,
    stop: &CancellationToken,
) -> Result<Vec<ChaosEvent>, String> {
    let plan = &chaos.plan;
    let names = victims(&plan.victims, &chaos.cluster.nodes()?)?;
    let troubles = Troubles::new(names, plan.acts.clone(), plan.seed).ok_or("there is nobody to trouble")?;
    let (begun, mut events) = (Instant::now(), Vec::new());
    for trouble in troubles {
        stop.run_until_cancelled(sleep(plan.every)).await;
        if stop.is_cancelled() {
            break;
        }
        let before = pulse.submissions();
        let at = begun.elapsed();
        pulse.say(format!("chaos: {} {}", trouble.act, trouble.node));
        let done = make(chaos, &trouble, stop).await;
        let event = ChaosEvent {
            at_seconds: at.as_secs_f64(),
            back_after_seconds: done.as_ref().ok().copied().flatten().map(|back| back.as_secs_f64()),
            meanwhile: pulse.submissions().since(before),
            skipped: done.as_ref().err().map(ToString::to_string),
            node: trouble.node,
            act: trouble.act,
        };
        let lost = matches!(done, Ok(None)) && !stop.is_cancelled();
        tell(&event, pulse, stop);
        if lost {
            let text = format!("{} was not back {:?} after {}", event.node, plan.back_within, event.act);
            faults.add("node-not-back", text, None);
        }
        events.push(event);
        if lost {
            // To hit another one now would be more than one at a time.
            break;
        }
    }
    Ok(events)
}

fn tell(event: &ChaosEvent, pulse: &Pulse, stop: &CancellationToken) {
    let (node, lost) = (&event.node, event.meanwhile.failed + event.meanwhile.refused);
    pulse.say(match (event.back_after_seconds, &event.skipped) {
        (_, Some(why)) => format!("chaos: {node} was let be: {why}"),
        (Some(back), _) => {
            format!("chaos: {node} is back after {back:.1} s; {lost} submissions failed meanwhile")
        }
        (None, _) if stop.is_cancelled() => {
            format!("chaos: {node} is no longer waited for: the load has ended")
        }
        (None, _) => format!("chaos: {node} is not back"),
    });
}

impl ChaosPlan {
    /// Whether it can be carried out in this cluster.
    pub fn check(&self, cluster: &impl Cluster) -> Result<(), String> {
        victims(&self.victims, &cluster.nodes()?).map(|_| ())
    }
}

/// Those that are meant, in the order of the cluster. A name that is not there is a mistake.
fn victims(wanted: &Victims, nodes: &[Node]) -> Result<Vec<String>, String> {
    let there = || nodes.iter().map(|node| node.name.clone());
    match wanted {
        Victims::All => Ok(there().collect()),
        Victims::Named(names) => {
            let missing = names.iter().find(|name| there().all(|node| node != **name));
            match missing {
                Some(name) => {
                    let there = there().collect::<Vec<_>>().join(", ");
                    Err(format!("there is no node {name}; there are {there}"))
                }
                None => Ok(there().filter(|node| names.contains(node)).collect()),
            }
        }
    }
}

/// Does it, and waits until the node is back. Answers how long that took, if it was in time.
async fn make<C: Cluster>(
    chaos: &Chaos<C>,
    trouble: &Trouble,
    stop: &CancellationToken,
) -> Result<Option<Duration>, NotDone> {
    let nodes = chaos.cluster.nodes().map_err(NotDone::Cluster)?;
    let node = nodes.into_iter().find(|node| node.name == trouble.node);
    let Some((node, pid)) = node.and_then(|node| node.pid.map(|pid| (node, pid))) else {
        return Err(NotDone::Down);
    };
    let target = Target::hold(&node.name, &node.role, pid)?;
    let begun = Instant::now();
    match trouble.act {
        Act::Kill => target.kill()?,
        Act::Stop => {
            let stopped = target.stop()?;
            stop.run_until_cancelled(sleep(chaos.plan.stop)).await;
            drop(stopped);
        }
    }
    let back = timeout(chaos.plan.back_within, back(&chaos.cluster, &trouble.node, trouble.act, pid));
    let in_time = matches!(stop.run_until_cancelled(back).await, Some(Ok(())));
    Ok(in_time.then(|| begun.elapsed()))
}

/// Waits until the node serves again: after a kill, with another process.
async fn back<C: Cluster>(cluster: &C, name: &str, act: Act, old: u32) {
    loop {
        let nodes = cluster.nodes().unwrap_or_default();
        let pid = nodes.into_iter().find(|node| node.name == name).and_then(|node| node.pid);
        let there = match act {
            Act::Kill => pid.is_some_and(|pid| pid != old),
            Act::Stop => pid.is_some(),
        };
        if there && cluster.is_ready(name).await {
            return;
        }
        sleep(LOOK).await;
    }
}

/// Why nothing was done to a node.
#[derive(Debug, thiserror::Error)]
enum NotDone {
    #[error("{0}")]
    Cluster(String),
    #[error("it is down already")]
    Down,
    #[error(transparent)]
    Process(#[from] ProcessError),
}
