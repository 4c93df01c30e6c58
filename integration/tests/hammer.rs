//! The hammer against a whole cluster: nodes of every role die and stand still under load, and every promise is kept.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use integration::cluster::{Cluster, wait_for, wolffish};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStderr, Command, Stdio};

/// A hammer that runs.
struct Hammer {
    child: Child,
    said: BufReader<ChildStderr>,
}

impl Hammer {
    fn start(cluster: &Cluster, args: &[&str]) -> Self {
        let mut command = Command::new(wolffish());
        command.arg("hammer").arg("--dir").arg(cluster.dir()).arg("--json").args(args);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let said = BufReader::new(child.stderr.take().unwrap());
        Self { child, said }
    }

    /// Waits until it says something with these words in it.
    fn says(&mut self, words: &str) -> String {
        let mut line = String::new();
        while !line.contains(words) {
            line.clear();
            assert_ne!(self.said.read_line(&mut line).unwrap(), 0, "it ended before it said {words:?}");
        }
        line
    }

    /// Ends its load as Ctrl-C would.
    fn interrupt(&self) {
        kill_process(Pid::from_child(&self.child), Signal::INT).unwrap();
    }

    /// What it reports, once it has ended well.
    fn report(self) -> Value {
        // It may say more than a pipe holds.
        let said =
            std::thread::spawn(|| self.said.lines().map_while(Result::ok).collect::<Vec<_>>().join("\n"));
        let output = self.child.wait_with_output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{}\n{text}\n{}", output.status, said.join().unwrap());
        serde_json::from_str(&text).unwrap()
    }
}

fn is_stopped(pid: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    stat[stat.rfind(')').unwrap()..].chars().nth(2) == Some('T')
}

fn all_kept(report: &Value) {
    let proof = &report["proof"];
    assert!(proof["promised"].as_u64().unwrap() > 0, "nothing was promised, so nothing was tested");
    assert_eq!(proof["proved"], proof["promised"], "{proof}");
    assert_eq!(report["faults"]["count"], 0, "{}", report["faults"]);
    assert_eq!(report["views"]["unproved"], 0, "{}", report["views"]);
}

#[test]
fn every_promise_is_kept_while_nodes_of_every_role_die() {
    let cluster = Cluster::start(&["--sth-interval", "2s"]);
    let victims = ["storage-1", "signer-1", "merge-2", "frontend-2"];
    let load = ["--rate", "60", "--duration", "5m", "--chaos", &victims.join(","), "--chaos-every", "200ms"];
    let mut hammer = Hammer::start(&cluster, &[&load[..], &["--chaos-act", "kill"]].concat());
    for _ in victims {
        hammer.says("is back after");
    }
    hammer.interrupt();
    let report = hammer.report();
    all_kept(&report);
    let events = report["chaos"].as_array().unwrap();
    for victim in victims {
        let killed = |event: &&Value| event["node"] == victim && event["back_after_seconds"].is_f64();
        assert!(events.iter().any(|event| killed(&event)), "{victim} was not killed: {events:?}");
    }
    assert_eq!(report["stopped"], true);

    // A node that stands still goes on when the hammer is told to end, long before its time is over.
    let stop = ["--rate", "60", "--duration", "5m", "--chaos", "merge-3", "--chaos-every", "0s"];
    let mut hammer =
        Hammer::start(&cluster, &[&stop[..], &["--chaos-act", "stop", "--chaos-stop", "5m"]].concat());
    hammer.says("stop merge-3");
    let pid = cluster.node("merge-3").pid;
    wait_for("merge-3 to stand still", || is_stopped(pid).then_some(()));
    hammer.interrupt();
    all_kept(&hammer.report());
    assert!(!is_stopped(pid));

    // Everything that was ever recorded is proved once more, as after a crash of the hammer itself.
    let records = cluster.dir().join("hammer-anytime.jsonl");
    let again = Hammer::start(&cluster, &["--prove", records.to_str().unwrap()]).report();
    all_kept(&again);
}
