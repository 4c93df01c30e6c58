//! The one who starts and ends all nodes, and says what happens to them. One task owns everything; each node has a task
//! that only reports.

use super::process::{Event, Process, Stop, keep};
use super::ready::Awaited;
use super::signals::Signals;
use crate::failure::Failure;
use crate::out;
use crate::progress::Progress;
use crate::status::Observer;
use crate::upfile::UpFile;
use node::exit::Exit;
use std::path::PathBuf;
use std::pin::pin;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

/// Reports of nodes that wait to be read.
const EVENTS: usize = 64;
/// How long the cluster may take to start before it is said what is missing.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is told, and where.
#[derive(Debug)]
pub struct Told {
    /// `up.json`.
    pub file: UpFile,
    /// The directory that it goes to.
    pub dir: PathBuf,
    /// The text for people.
    pub welcome: String,
    /// Looks into the cluster as its operator.
    pub observer: Observer,
}

/// Runs all nodes.
#[derive(Debug)]
pub struct Supervisor {
    told: Told,
    ready: bool,
    events: mpsc::Receiver<Event>,
    tasks: JoinSet<()>,
    stop: Stop,
    signals: Signals,
}

impl Supervisor {
    /// Starts all nodes at once; each waits for those that it needs.
    pub fn start(processes: Vec<Process>, told: Told) -> Result<Self, Failure> {
        let signals = Signals::new()?;
        let (sender, events) = mpsc::channel(EVENTS);
        let (stop, mut tasks) = (Stop::default(), JoinSet::new());
        for (node, process) in processes.into_iter().enumerate() {
            tasks.spawn(keep(node, process, sender.clone(), stop.clone()));
        }
        Ok(Self { told, ready: false, events, tasks, stop, signals })
    }

    /// Runs until a signal, or until it is clear that the cluster will not start.
    pub async fn run(mut self) -> Result<(), Failure> {
        let ran = match self.until_ready().await {
            Ok(true) => self.until_signal().await,
            Ok(false) => Ok(()),
            Err(failure) => Err(failure),
        };
        let ended = self.end().await;
        ran.and(ended)
    }

    /// Whether the cluster became ready before a signal came.
    async fn until_ready(&mut self) -> Result<bool, Failure> {
        let awaited = Awaited::new(&self.told.file, self.told.observer.clone())?;
        let total = awaited.total();
        let mut progress = Progress::new("starting", total);
        out::note(format_args!("starting {} nodes", self.told.file.nodes.len()));
        let (sender, mut missing) = watch::channel(Vec::new());
        let mut waiting = pin!(awaited.wait(sender));
        let mut impatience = tokio::time::interval(PATIENCE);
        impatience.set_missed_tick_behavior(MissedTickBehavior::Delay);
        impatience.tick().await;
        let closed = loop {
            tokio::select! {
                biased;
                () = self.signals.next() => return Ok(false),
                Some(event) = self.events.recv() => {
                    if let Some(node) = refused(&event) {
                        return Err(self.will_not_start(node));
                    }
                    progress.around(|| self.take(event));
                }
                closed = &mut waiting => break closed,
                Ok(()) = missing.changed() => progress.at(total - missing.borrow_and_update().len() as u64),
                _ = impatience.tick() => {
                    let list = missing.borrow().join(" ");
                    let dir = self.told.dir.display();
                    progress.around(|| out::note(format_args!("still no tree head at {list}; node output is in {dir}/log")));
                }
            }
        };
        drop(progress);
        for why in closed {
            out::note(format_args!("no submissions yet: {why}"));
        }
        self.ready = true;
        self.write();
        out::text_of(&self.told.welcome);
        Ok(true)
    }

    async fn until_signal(&mut self) -> Result<(), Failure> {
        loop {
            tokio::select! {
                biased;
                () = self.signals.next() => return Ok(()),
                Some(event) = self.events.recv() => self.take(event),
            }
        }
    }

    fn take(&mut self, event: Event) {
        let nodes = &mut self.told.file.nodes;
        match event {
            Event::Started { node, pid } => nodes[node].pid = pid,
            Event::Rests { node } => {
                let node = &mut nodes[node];
                node.pid = None;
                let file = node.state_dir.join(merge_repair::report::TEXT_FILE);
                match std::fs::read_to_string(&file) {
                    Ok(report) => out::note(format_args!(
                        "{} has ended; this is its report:\n{}",
                        node.name,
                        report.trim_end()
                    )),
                    Err(error) => {
                        out::note(format_args!("{} has ended; {}: {error}", node.name, file.display()))
                    }
                }
            }
            Event::Ended { node, end, verdict } => {
                let node = &mut nodes[node];
                node.pid = None;
                let (name, log) = (&node.name, node.log_file.display());
                let pause = verdict.pause;
                if verdict.troubled {
                    out::note(format_args!("{name} {end} again: see {log}; next try in {pause:?}"));
                } else if pause.is_zero() {
                    out::note(format_args!("{name} {end}: starting it again"));
                } else {
                    out::note(format_args!("{name} {end}: starting it again in {pause:?}"));
                }
            }
        }
        if self.ready {
            self.write();
        }
    }

    /// A cluster whose processes are not told of still runs.
    fn write(&self) {
        if let Err(error) = self.told.file.write(&self.told.dir) {
            out::note(error);
        }
    }

    fn will_not_start(&self, node: usize) -> Failure {
        let node = &self.told.file.nodes[node];
        let said = std::fs::read_to_string(&node.log_file).unwrap_or_default();
        Failure::Usage(format!(
            "{} refuses to start: {}\n(all that it said is in {})",
            node.name,
            last_words(&said),
            node.log_file.display()
        ))
    }

    /// Ends all nodes; a second signal ends them at once.
    async fn end(mut self) -> Result<(), Failure> {
        self.stop.politely.cancel();
        out::note("stopping");
        let mut killed = false;
        // Nobody reads reports any more, and none may wait for a reader.
        self.events.close();
        loop {
            tokio::select! {
                biased;
                ended = self.tasks.join_next() => if ended.is_none() { break },
                () = self.signals.next() => {
                    killed = true;
                    self.stop.at_once.cancel();
                }
            }
        }
        if killed { Err(Failure::Internal("stopped at once: nodes were killed".to_owned())) } else { Ok(()) }
    }
}

/// Why a node ended: its last error, for it may have been started again since, and have said something else.
fn last_words(said: &str) -> &str {
    let error = |line: &&str| line.contains(" ERROR ") || line.starts_with("error:");
    let lines = || said.lines().filter(|line| !line.trim().is_empty());
    lines().rfind(error).or_else(|| lines().next_back()).unwrap_or("it said nothing")
}

/// The node that says that starting it again will not help.
fn refused(event: &Event) -> Option<usize> {
    match event {
        Event::Ended { node, end, .. } if end.code() == Some(i32::from(Exit::Configuration.code())) => {
            Some(*node)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::last_words;

    #[test]
    fn the_last_error_is_told_whatever_was_said_since() {
        let said = "t ERROR x: cannot start error=first\nt  WARN y\nt ERROR x: cannot start error=second\nt  WARN y\n\n";
        assert_eq!(last_words(said), "t ERROR x: cannot start error=second");
        assert_eq!(last_words("error: no such node\n"), "error: no such node");
        assert_eq!(last_words("one\ntwo\n"), "two");
        assert_eq!(last_words(""), "it said nothing");
    }
}
