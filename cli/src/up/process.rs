//! One node's process: started, watched, started again, ended.

use super::backoff::{Backoff, Verdict};
use rustix::process::{Pid, Signal, kill_process};
use std::fs::OpenOptions;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::mpsc::Sender;
use tokio_util::sync::CancellationToken;

/// How long a node may take to end in good order.
const GRACE: Duration = Duration::from_secs(10);
/// How often it is looked whether a node that rests may start.
const LOOK: Duration = Duration::from_millis(500);

/// How a node is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<String>,
    /// Where its output goes.
    pub log_file: PathBuf,
    /// While this file is there, a process that ended by itself is not started again.
    pub rests: Option<PathBuf>,
}

/// What happens to a node.
#[derive(Debug)]
pub enum Event {
    /// It runs.
    Started {
        /// Which node.
        node: usize,
        /// Its process.
        pid: Option<u32>,
    },
    /// It ended, and will be started again.
    Ended {
        /// Which node.
        node: usize,
        /// How.
        end: End,
        /// What comes next.
        verdict: Verdict,
    },
    /// It ended, and is started again when the file is gone for which it rests.
    Rests {
        /// Which node.
        node: usize,
    },
}

/// How a process ended.
#[derive(Debug)]
pub enum End {
    /// It ran.
    Status(ExitStatus),
    /// It could not even be started.
    NotStarted(io::Error),
}

impl End {
    /// The exit code, if it came to one.
    pub fn code(&self) -> Option<i32> {
        match self {
            End::Status(status) => status.code(),
            End::NotStarted(_) => None,
        }
    }
}

impl std::fmt::Display for End {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            End::Status(status) => write!(f, "ended ({status})"),
            End::NotStarted(error) => write!(f, "could not be started ({error})"),
        }
    }
}

/// What ends all nodes.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    /// In good order.
    pub politely: CancellationToken,
    /// At once.
    pub at_once: CancellationToken,
}

/// A child, and the pipe that tells it that we live: it ends when the pipe closes, however we die.
struct Running {
    child: Child,
    _alive: Option<ChildStdin>,
    since: Instant,
}

/// Keeps the node running until it is to stop.
pub async fn keep(node: usize, process: Process, events: Sender<Event>, stop: Stop) {
    let mut backoff = Backoff::default();
    while !stop.politely.is_cancelled() {
        let (end, ran) = match process.start() {
            Err(error) => (End::NotStarted(error), Duration::ZERO),
            Ok(mut running) => {
                let pid = running.child.id();
                // Nobody listens only if `up` itself is on its way out.
                let _ = events.send(Event::Started { node, pid }).await;
                let Some(end) = running.run(&stop).await else { return };
                (end, running.since.elapsed())
            }
        };
        if let Some(file) = process.rests.as_ref().filter(|file| end.code().is_some() && file.exists()) {
            let _ = events.send(Event::Rests { node }).await;
            stop.politely.run_until_cancelled(gone(file)).await;
            continue;
        }
        let verdict = backoff.ended(ran);
        let _ = events.send(Event::Ended { node, end, verdict }).await;
        stop.politely.run_until_cancelled(tokio::time::sleep(verdict.pause)).await;
    }
}

/// Waits until a file is gone.
async fn gone(file: &Path) {
    while file.exists() {
        tokio::time::sleep(LOOK).await;
    }
}

impl Process {
    fn start(&self) -> io::Result<Running> {
        let log = OpenOptions::new().create(true).append(true).open(&self.log_file)?;
        let mut child = Command::new(&self.program)
            .args(&self.args)
            // Its output goes to a file.
            .env("NO_COLOR", "1")
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log)
            // Of its own, so that Ctrl-C reaches us alone, and the nodes are stopped once and in order.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        let alive = child.stdin.take();
        Ok(Running { child, _alive: alive, since: Instant::now() })
    }
}

impl Running {
    /// How it ended by itself; nothing if it was stopped.
    async fn run(&mut self, stop: &Stop) -> Option<End> {
        tokio::select! {
            biased;
            () = stop.politely.cancelled() => {}
            status = self.child.wait() => {
                return Some(status.map_or_else(End::NotStarted, End::Status));
            }
        }
        let pid = self.child.id().and_then(|pid| Pid::from_raw(pid.cast_signed()));
        if let Some(pid) = pid {
            // It fails only if the process is gone, and that is what it is for.
            let _ = kill_process(pid, Signal::TERM);
        }
        let ended = stop.at_once.run_until_cancelled(tokio::time::timeout(GRACE, self.child.wait())).await;
        if !matches!(ended, Some(Ok(_))) {
            let _ = self.child.kill().await;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt as _;
    use tokio::sync::mpsc;

    fn shell(dir: &std::path::Path, script: &str) -> Process {
        let args = vec!["-c".to_owned(), script.to_owned()];
        Process { program: "/bin/sh".into(), args, log_file: dir.join("log"), rests: None }
    }

    #[tokio::test]
    async fn a_node_that_ends_is_started_again_and_stopped_when_asked() {
        let dir = tempfile::tempdir().unwrap();
        let (sender, mut events) = mpsc::channel(8);
        let stop = Stop::default();
        let process = shell(dir.path(), "echo here; test -e again && exec sleep 60; : > again; kill -9 $$");
        let mut process = process;
        process.args[1] = process.args[1].replace("again", dir.path().join("again").to_str().unwrap());
        let task = tokio::spawn(keep(3, process, sender, stop.clone()));
        assert!(matches!(events.recv().await, Some(Event::Started { node: 3, pid: Some(_) })));
        let Some(Event::Ended { end: End::Status(status), verdict, .. }) = events.recv().await else {
            panic!()
        };
        assert_eq!((status.signal(), verdict.pause), (Some(9), Duration::ZERO));
        assert!(matches!(events.recv().await, Some(Event::Started { .. })));
        // Started is not yet running: it is asked to stop only after it has spoken a second time.
        let said = || std::fs::read_to_string(dir.path().join("log")).unwrap();
        while said() != "here\nhere\n" {
            tokio::task::yield_now().await;
        }
        stop.politely.cancel();
        task.await.unwrap();
    }

    #[tokio::test]
    async fn a_node_that_has_done_its_work_rests_until_its_report_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let (sender, mut events) = mpsc::channel(8);
        let (stop, report) = (Stop::default(), dir.path().join("report"));
        let process = shell(dir.path(), &format!(": > {}; exit 70", report.display()));
        let process = Process { rests: Some(report.clone()), ..process };
        let task = tokio::spawn(keep(1, process, sender, stop.clone()));
        for _ in 0..2 {
            assert!(matches!(events.recv().await, Some(Event::Started { node: 1, .. })));
            assert!(matches!(events.recv().await, Some(Event::Rests { node: 1 })));
            assert!(events.try_recv().is_err(), "it is not started again");
            std::fs::remove_file(&report).unwrap();
        }
        stop.politely.cancel();
        events.close();
        task.await.unwrap();
    }

    #[tokio::test]
    async fn a_node_that_will_not_stop_is_killed() {
        let dir = tempfile::tempdir().unwrap();
        let (sender, mut events) = mpsc::channel(8);
        let stop = Stop::default();
        let ready = dir.path().join("ready");
        let script = format!("trap '' TERM; : > {}; while :; do sleep 0.05; done", ready.display());
        let task = tokio::spawn(keep(0, shell(dir.path(), &script), sender, stop.clone()));
        let Some(Event::Started { pid: Some(_), .. }) = events.recv().await else { panic!() };
        while !ready.exists() {
            tokio::task::yield_now().await;
        }
        stop.politely.cancel();
        stop.at_once.cancel();
        task.await.unwrap();
    }

    #[tokio::test]
    async fn a_program_that_is_not_there_is_no_end_of_the_world() {
        let dir = tempfile::tempdir().unwrap();
        let (sender, mut events) = mpsc::channel(8);
        let stop = Stop::default();
        let mut process = shell(dir.path(), "");
        process.program = dir.path().join("none");
        let task = tokio::spawn(keep(0, process, sender, stop.clone()));
        let Some(Event::Ended { end, .. }) = events.recv().await else { panic!() };
        assert!(end.to_string().contains("could not be started") && end.code().is_none());
        stop.politely.cancel();
        task.await.unwrap();
    }
}
