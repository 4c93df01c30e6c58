//! `wolffish hammer`, as its user runs it.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use crate::cluster::wolffish;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

/// A hammer that runs.
pub struct Hammer {
    /// Until it has reported.
    child: Option<Child>,
    /// What it says, line by line: always read, for it may say more than a pipe holds.
    said: Receiver<String>,
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
        let (says, said) = channel();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        // It ends with the hammer, or when nobody listens any more.
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| says.send(line)));
        Self { child: Some(child), said }
    }

    /// Waits until it says something with these words in it.
    ///
    /// # Panics
    /// If it ends before.
    pub fn says(&mut self, words: &str) -> String {
        let line = self.said.iter().find(|line| line.contains(words));
        line.unwrap_or_else(|| panic!("it ended before it said {words:?}"))
    }

    /// Ends its load as Ctrl-C would.
    pub fn interrupt(&self) {
        let child = self.child.as_ref().unwrap();
        kill_process(Pid::from_child(child), Signal::INT).unwrap();
    }

    /// What it reports, once it has ended well.
    ///
    /// # Panics
    /// If it does not end well.
    pub fn report(mut self) -> Value {
        let output = self.child.take().unwrap().wait_with_output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let said: Vec<String> = self.said.iter().collect();
        assert!(output.status.success(), "{}\n{text}\n{}", output.status, said.join("\n"));
        serde_json::from_str(&text).unwrap()
    }
}

impl Drop for Hammer {
    /// A test that failed leaves no load behind.
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
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
