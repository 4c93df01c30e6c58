//! The command, and the clusters that it is tried on.

use integration::cluster::{Cluster, wolffish};
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// What a command said.
pub struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Said {
    fn of(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// The one JSON object that it printed.
    pub fn json(&self) -> Value {
        assert_eq!(self.code, Some(0), "{}", self.err);
        serde_json::from_str(&self.out).unwrap()
    }
}

/// `wolffish import` with these arguments, ready to be started.
pub fn import(args: &[&str]) -> Command {
    let mut command = Command::new(wolffish());
    command.arg("import").args(args).arg("--json").stdin(Stdio::null());
    command
}

/// Runs `wolffish import` to its end.
pub fn imported(args: &[&str]) -> Said {
    Said::of(import(args).output().unwrap())
}

/// Runs `wolffish` to its end.
pub fn run(args: &[&str]) -> Said {
    Said::of(Command::new(wolffish()).args(args).stdin(Stdio::null()).output().unwrap())
}

/// A path as an argument.
pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A small cluster that `up` made, and that has stopped.
pub fn stopped_cluster() -> Cluster {
    let mut cluster = Cluster::start(&["--storage", "1", "--merge", "1", "--sth-interval", "1h"]);
    assert!(cluster.stop().success(), "{}", cluster.said());
    cluster
}

/// The base URLs of a read-only log, one for each frontend.
pub fn urls(cluster: &Cluster, log: &str) -> Vec<String> {
    let file: Value =
        serde_json::from_str(&std::fs::read_to_string(cluster.dir().join("up.json")).unwrap()).unwrap();
    let logs = file["read_only_logs"].as_array().expect("up.json has read-only logs");
    let found = logs.iter().find(|found| found["name"] == log).unwrap_or_else(|| panic!("no log {log}"));
    found["urls"].as_array().unwrap().iter().map(|url| url.as_str().unwrap().to_owned()).collect()
}
