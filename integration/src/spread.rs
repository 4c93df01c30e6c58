//! The processes of a cluster started one by one, as on machines of their own: by the role's command and `cluster.toml`.

use crate::cluster::{Cluster, Node, wait_for, wolffish};
use judge::limits::Limits;
use judge::session::Session;
use judge::{Target, UpFile};
use rustix::process::{Pid, Signal, kill_process};
use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// The nodes of a cluster that `up` made and no longer runs.
pub struct Spread {
    /// Stopped; it has the files.
    cluster: Cluster,
    nodes: Vec<Node>,
    target: Target,
    running: Vec<(Node, Child)>,
    /// Which `cluster.toml` a node reads, if it has one of its own.
    files: BTreeMap<String, PathBuf>,
    binary: PathBuf,
}

/// Whether a process has ended.
enum Ended {
    Yes,
    No,
}

impl Spread {
    /// Takes over a cluster that `up` just made.
    pub fn take_over(mut cluster: Cluster) -> Self {
        let (nodes, file) = (cluster.nodes(), cluster.dir().join("up.json"));
        let target = UpFile::load(&file).and_then(|file| file.target("anytime", 0));
        let status = cluster.stop();
        assert!(status.success(), "up did not end well: {status}\n{}", cluster.said());
        let target = target.expect("the judge reads up.json");
        let (running, files) = (Vec::new(), BTreeMap::new());
        Self { cluster, nodes, target, running, files, binary: wolffish() }
    }

    /// Starts every node of a role, each behind the same words: `strace …`, say.
    pub fn start(&mut self, role: &str, before: &[&str]) {
        for node in self.nodes.iter().filter(|node| node.role == role).cloned().collect::<Vec<_>>() {
            self.start_node(node, before);
        }
    }

    /// Starts every node of every role.
    pub fn start_all(&mut self) {
        for role in ["storage", "signer", "merge", "frontend"] {
            self.start(role, &[]);
        }
    }

    /// Starts a node, and waits until it is ready or has ended. Its ports were free since `up` ended, and any connection of this
    /// machine may have taken one for a while: then it is started again.
    fn start_node(&mut self, node: Node, before: &[&str]) {
        let log = node.state_dir.with_extension("log");
        let text = move || std::fs::read_to_string(&log).unwrap_or_default();
        wait_for(&format!("the ports of {}", node.name), || {
            let known = text().len();
            let mut child = self.spawn(&node, before);
            let new = || text().split_off(known);
            let ended = wait_for(&format!("{} to be ready, or to end", node.name), || {
                match child.try_wait().expect("our own child can be asked whether it ended") {
                    Some(_) => Some(Ended::Yes),
                    None => new()
                        .lines()
                        .any(|line| line.contains("node::host") && line.contains(" ready "))
                        .then_some(Ended::No),
                }
            });
            let taken = matches!(ended, Ended::Yes) && new().contains("Address already in use");
            if !taken {
                self.running.push((node.clone(), child));
            }
            (!taken).then_some(())
        });
    }

    fn spawn(&self, node: &Node, before: &[&str]) -> Child {
        let binary = self.binary.to_string_lossy().into_owned();
        let words: Vec<&str> = before.iter().copied().chain([binary.as_str(), "run", &node.role]).collect();
        let log = File::options().create(true).append(true).open(node.state_dir.with_extension("log"));
        let log = log.expect("a file can be made");
        let mut command = Command::new(words[0]);
        command.args(&words[1..]);
        let file = self.files.get(&node.name).cloned();
        command.arg("--cluster").arg(file.unwrap_or_else(|| self.cluster.dir().join("cluster.toml")));
        command.args(["--node", &node.name]).arg("--state").arg(&node.state_dir);
        command.stdin(Stdio::null()).stderr(log.try_clone().expect("a file can be shared")).stdout(log);
        command.spawn().unwrap_or_else(|error| panic!("{}: {error}", words[0]))
    }

    /// Kills a node as `kill -9` would; nobody starts it again.
    pub fn kill(&mut self, name: &str) {
        let (_, child) = self
            .running
            .iter_mut()
            .find(|(node, _)| node.name == name)
            .unwrap_or_else(|| panic!("no node {name}"));
        child.kill().expect("our own child can be killed");
        child.wait().expect("our own child can be waited for");
    }

    /// Sends a signal to a node.
    pub fn signal(&self, name: &str, signal: Signal) {
        let (_, child) = self.running.iter().find(|(node, _)| node.name == name).expect("it was started");
        kill_process(Pid::from_child(child), signal).expect("our own child can be signalled");
    }

    /// From its next start on a node reads this `cluster.toml`.
    pub fn give_file(&mut self, name: &str, file: PathBuf) {
        self.files.insert(name.to_owned(), file);
    }

    /// Adds a node that `up` never ran.
    pub fn add(&mut self, node: Node) {
        self.nodes.push(node);
    }

    /// All nodes.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Starts a node that is down, as it was.
    pub fn start_again(&mut self, name: &str) {
        self.start_again_behind(name, &[]);
    }

    /// The same, behind these words.
    pub fn start_again_behind(&mut self, name: &str, before: &[&str]) {
        self.running.retain(|(node, _)| node.name != name);
        let node = self.nodes.iter().find(|node| node.name == name).cloned();
        let node = node.unwrap_or_else(|| panic!("no node {name}"));
        self.start_node(node, before);
    }

    /// The directory with `cluster.toml`, and the nodes' state below it.
    pub fn dir(&self) -> &std::path::Path {
        self.cluster.dir()
    }

    /// What a node said.
    pub fn said(&self, node: &Node) -> String {
        std::fs::read_to_string(node.state_dir.with_extension("log")).unwrap_or_default()
    }

    /// The nodes of a role that have ended, with what they said.
    pub fn ended(&mut self, role: &str) -> Vec<String> {
        let mut ended = Vec::new();
        for (node, child) in self.running.iter_mut().filter(|(node, _)| node.role == role) {
            if let Ok(Some(status)) = child.try_wait() {
                let said = std::fs::read_to_string(node.state_dir.with_extension("log")).unwrap_or_default();
                ended.push(format!("{}: {status}: {said}", node.name));
            }
        }
        ended
    }

    /// Whether a node has ended.
    pub fn has_ended(&mut self, name: &str) -> Option<()> {
        let (_, child) = self.running.iter_mut().find(|(node, _)| node.name == name)?;
        child.try_wait().ok().flatten().map(drop)
    }

    /// A judge's session with `anytime`.
    pub fn session(&self) -> Session {
        Session::new(self.target.clone(), Limits::for_target(&self.target)).expect("a session begins")
    }
}

impl Drop for Spread {
    fn drop(&mut self) {
        for (_, child) in &self.running {
            // strace (told by -I2 to heed it) hands it on to the node; one that has ended already is no matter, and one that
            // stands still goes on.
            let _ = kill_process(Pid::from_child(child), Signal::TERM);
            let _ = kill_process(Pid::from_child(child), Signal::CONT);
        }
        for (_, child) in &mut self.running {
            let _ = child.wait();
        }
    }
}
