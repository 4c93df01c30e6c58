//! A cluster of real processes, started as its operator would: by `wolffish up`.

use judge::limits::Limits;
use judge::session::Session;
use judge::{Target, UpFile};
use rustix::process::{Pid, Signal, kill_process};
use serde::Deserialize;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long a cluster may take to start, or a node to come back.
pub const START: Duration = Duration::from_secs(90);

/// How often a condition is looked at while it is waited for.
const LOOK: Duration = Duration::from_millis(50);

/// A node, as `up.json` describes it.
#[derive(Debug, Clone, Deserialize)]
pub struct Node {
    /// Its name.
    pub name: String,
    /// Its role.
    pub role: String,
    /// Its process.
    pub pid: i32,
    /// Its internal address.
    pub address: String,
    /// Its state directory.
    pub state_dir: PathBuf,
    /// Its log lines.
    pub log_file: PathBuf,
}

#[derive(Debug, Deserialize)]
struct UpJson {
    nodes: Vec<serde_json::Value>,
}

/// The `wolffish` command of this build: `cargo test --workspace` has built it.
///
/// # Panics
/// If it was not built.
pub fn wolffish() -> PathBuf {
    let test = std::env::current_exe().expect("a running test has a path");
    let dir = test.parent().and_then(Path::parent).expect("tests run from target/<profile>/deps");
    let command = dir.join("wolffish");
    assert!(command.exists(), "{} is missing: run `cargo build -p cli` first", command.display());
    command
}

/// What a command printed, which must have succeeded.
///
/// # Panics
/// If it did not.
pub fn succeeded(output: &Output) -> String {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}\n{out}\n{err}", output.status);
    out.into_owned()
}

/// Whether this system lets a process be traced at all.
pub fn may_trace() -> bool {
    let mut strace = Command::new("strace");
    strace.args(["-f", "--seccomp-bpf", "-e", "trace=fsync", "true"]);
    strace.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// Waits until `found` finds something.
///
/// # Panics
/// If it does not within [`START`].
pub fn wait_for<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(begin.elapsed() < START, "waited {START:?} for {what}");
        std::thread::sleep(LOOK);
    }
}

/// A running cluster. Dropping it stops it.
pub struct Cluster {
    up: Child,
    dir: PathBuf,
    _home: Option<TempDir>,
}

impl Cluster {
    /// Starts a new cluster with these options of `up`, in a directory of its own, on ports that the system chooses.
    pub fn start(options: &[&str]) -> Self {
        let home = tempfile::tempdir().expect("a temporary directory can be made");
        let dir = home.path().join("cluster");
        let up = spawn(&dir, options);
        Self::ready(up, dir, Some(home))
    }

    fn ready(up: Child, dir: PathBuf, home: Option<TempDir>) -> Self {
        let mut cluster = Self { up, dir, _home: home };
        let file = cluster.dir.join("up.json");
        wait_for("the cluster to be ready", || {
            let ended = cluster.up.try_wait().expect("a child can be asked whether it ended");
            assert!(ended.is_none(), "up ended: {ended:?}\n{}", cluster.said());
            file.exists().then_some(())
        });
        cluster
    }

    /// What `up` printed.
    pub fn said(&self) -> String {
        std::fs::read_to_string(output(&self.dir)).unwrap_or_default()
    }

    /// The cluster's directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Stops it as Ctrl-C would, and starts it again on the same directory.
    pub fn restart(mut self) -> Self {
        let status = self.stop();
        assert!(status.success(), "up did not end well: {status}\n{}", self.said());
        let (dir, home) = (self.dir.clone(), self._home.take());
        Self::ready(spawn(&dir, &[]), dir, home)
    }

    /// Stops it as Ctrl-C would, unless it has ended already.
    pub fn stop(&mut self) -> std::process::ExitStatus {
        if let Ok(Some(ended)) = self.up.try_wait() {
            return ended;
        }
        // It may end just now.
        let _ = kill_process(Pid::from_child(&self.up), Signal::INT);
        self.up.wait().expect("a child can be waited for")
    }

    /// The nodes that run now.
    pub fn nodes(&self) -> Vec<Node> {
        let text = std::fs::read_to_string(self.dir.join("up.json")).expect("a ready cluster has up.json");
        let nodes = serde_json::from_str::<UpJson>(&text).expect("up.json is of its own shape").nodes;
        let running = nodes.into_iter().filter(|node| !node["pid"].is_null());
        running.map(|node| serde_json::from_value(node).expect("up.json is of its own shape")).collect()
    }

    /// The node of this name.
    pub fn node(&self, name: &str) -> Node {
        let nodes = self.nodes();
        nodes.into_iter().find(|node| node.name == name).unwrap_or_else(|| panic!("there is no node {name}"))
    }

    /// Kills a node as `kill -9` would.
    pub fn kill(&self, name: &str) -> Node {
        let node = self.node(name);
        let pid = Pid::from_raw(node.pid).expect("a process has a number");
        kill_process(pid, Signal::KILL).expect("our own child can be killed");
        node
    }

    /// Waits until `up` has started a node again.
    pub fn await_restart(&self, old: &Node) {
        wait_for(&format!("{} to be started again", old.name), || {
            self.nodes().into_iter().find(|node| node.name == old.name && node.pid != old.pid)
        });
    }

    /// What `up` wrote of its logs.
    pub fn file(&self) -> UpFile {
        UpFile::load(&self.dir.join("up.json")).expect("the judge reads up.json")
    }

    /// The log of this name, seen through one frontend.
    pub fn target(&self, log: &str, frontend: usize) -> Target {
        self.file().target(log, frontend).expect("the log is there")
    }

    /// A judge's session with `anytime` through one frontend.
    pub fn session(&self, frontend: usize) -> Session {
        let target = self.target("anytime", frontend);
        let limits = Limits::for_target(&target);
        Session::new(target, limits).expect("a session begins")
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if matches!(self.up.try_wait(), Ok(None)) {
            self.stop();
        }
    }
}

fn output(dir: &Path) -> PathBuf {
    dir.with_extension("out")
}

fn spawn(dir: &Path, options: &[&str]) -> Child {
    let out = File::options().create(true).append(true).open(output(dir)).expect("a file can be made");
    let err = out.try_clone().expect("a file can be shared");
    let mut up = Command::new(wolffish());
    up.arg("up").arg("--dir").arg(dir).args(["--port", "0"]).args(options);
    up.stdin(Stdio::null()).stdout(out).stderr(err);
    up.spawn().expect("up can be started")
}
