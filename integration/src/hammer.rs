//! `wolffish hammer`, as its user runs it.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use crate::cluster::wolffish;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};

/// A hammer that runs.
pub struct Hammer {
    child: Child,
    said: BufReader<ChildStderr>,
}

impl Hammer {
    /// Starts one on the logs that the `up.json` in a directory tells of.
    ///
    /// # Panics
    /// If it does not start.
    pub fn start(dir: &Path, args: &[&str]) -> Self {
        let mut command = Command::new(wolffish());
        command.arg("hammer").arg("--dir").arg(dir).arg("--json").args(args);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let said = BufReader::new(child.stderr.take().unwrap());
        Self { child, said }
    }

    /// Waits until it says something with these words in it.
    pub fn says(&mut self, words: &str) -> String {
        let mut line = String::new();
        while !line.contains(words) {
            line.clear();
            assert_ne!(self.said.read_line(&mut line).unwrap(), 0, "it ended before it said {words:?}");
        }
        line
    }

    /// Ends its load as Ctrl-C would.
    pub fn interrupt(&self) {
        kill_process(Pid::from_child(&self.child), Signal::INT).unwrap();
    }

    /// What it reports, once it has ended well.
    pub fn report(self) -> Value {
        // It may say more than a pipe holds.
        let said =
            std::thread::spawn(|| self.said.lines().map_while(Result::ok).collect::<Vec<_>>().join("\n"));
        let output = self.child.wait_with_output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{}\n{text}\n{}", output.status, said.join().unwrap());
        serde_json::from_str(&text).unwrap()
    }
}

/// Demands that every promise was kept, and that nothing contradicts itself.
///
/// # Panics
/// If not, or if there was no promise.
pub fn all_kept(report: &Value) {
    let proof = &report["proof"];
    assert!(proof["promised"].as_u64().unwrap() > 0, "nothing was promised, so nothing was tested");
    assert_eq!(proof["proved"], proof["promised"], "{proof}");
    assert_eq!(report["faults"]["count"], 0, "{}", report["faults"]);
    assert_eq!(report["views"]["unproved"], 0, "{}", report["views"]);
}
