//! Disks that are lost and rights that move, on real processes, during submissions: each is a runbook of docs/operating.md,
//! followed word for word.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use integration::cluster::{Cluster, wait_for, wolffish};
use integration::load::{demand_all, promise, under_load};
use integration::spread::Spread;
use serde_json::Value;
use std::path::PathBuf;
use std::process::{Command, Output};

const OPTIONS: &[&str] =
    &["--sth-interval", "500ms", "--publish-interval", "200ms", "--repair-after", "5m", "--signers", "2"];

/// A cluster as on machines of its own, and the words that name it to a command.
struct Site {
    spread: Spread,
    file: PathBuf,
}

impl Site {
    fn start() -> Self {
        let mut spread = Spread::take_over(Cluster::start(OPTIONS));
        spread.start_all();
        let file = spread.dir().join("cluster.toml");
        Self { spread, file }
    }

    fn state(&self, node: &str) -> PathBuf {
        self.spread.dir().join("nodes").join(node)
    }

    fn wolffish(&self, words: &[&str]) -> Output {
        Command::new(wolffish()).args(words).output().unwrap()
    }

    /// A command of merge-repair's, which must succeed.
    fn repair_node_does(&self, words: &[&str]) -> String {
        let state = self.state("merge-repair-1");
        let place = ["--cluster", self.file.to_str().unwrap(), "--state", state.to_str().unwrap()];
        success(&self.wolffish(&[words, &place].concat()))
    }

    /// The disk of a node is replaced: everything but its keys is gone. It does not start before it is told to.
    fn lose_disk(&mut self, node: &str) {
        self.spread.kill(node);
        // A signer's log keys lie beside the logs.
        for entry in std::fs::read_dir(self.state(node).join("logs")).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                std::fs::remove_dir_all(path).unwrap();
            }
        }
        self.spread.start_again(node);
        let role = node.rsplit_once('-').unwrap().0;
        let said = wait_for("the node to refuse", || self.spread.ended(role).into_iter().next());
        assert!(said.contains("logs"), "it names the directory: {said}");
    }

    fn init_node(&mut self, node: &str, more: &[&str]) -> String {
        let (file, state) = (self.file.clone(), self.state(node));
        let words = ["init-node", "--cluster", file.to_str().unwrap(), "--node", node, "--state"];
        let done = self.wolffish(&[&words, [state.to_str().unwrap()].as_slice(), more].concat());
        let said = success(&done);
        self.spread.start_again(node);
        said
    }

    /// What `wolffish status` says of a node and the log "anytime".
    fn detail(&self, node: &str) -> Option<Value> {
        let operator = self.state("operator-1");
        let words = ["status", "--cluster", self.file.to_str().unwrap(), "--operator-state"];
        let said = self.wolffish(&[&words, [operator.to_str().unwrap(), "--json"].as_slice()].concat());
        let report: Value = serde_json::from_slice(&said.stdout).ok()?;
        let logs = report["logs"].as_array()?;
        let log = logs.iter().find(|log| log["log"] == "anytime")?;
        let nodes = log["nodes"].as_array()?;
        nodes.iter().find(|look| look["node"] == node).map(|look| look["status"]["detail"].clone())
    }

    fn wait_for(&self, node: &str, field: &str, value: &str) {
        wait_for(&format!("{field} of {node} to be {value}"), || {
            (self.detail(node)?[field] == value).then_some(())
        });
    }
}

fn success(output: &Output) -> String {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}\n{out}\n{err}", output.status);
    out.into_owned()
}

/// A merge node's disk is lost. It refuses to start; made anew it is filled and has no vote; rejoined it has one: with the
/// primary gone, the log goes on only with it.
#[test]
fn a_merge_node_that_lost_its_disk_is_made_anew_and_rejoins() {
    let mut site = Site::start();
    let session = [site.spread.session()];
    let promised = under_load(&session, || {
        wait_for("a first promise", || promise(&session[0]));
        site.lose_disk("merge-3");
        site.init_node("merge-3", &[]);
        site.wait_for("merge-3", "voting", "recovering");
        let plan = site.repair_node_does(&["rejoin", "merge-3", "--plan"]);
        assert!(plan.contains("merge-3 votes with its new state"), "{plan}");
        let said = site.repair_node_does(&["rejoin", "merge-3"]);
        assert!(said.contains("REPAIRED"), "{said}");
        site.wait_for("merge-3", "voting", "votes");
        let again = site.repair_node_does(&["rejoin", "merge-3"]);
        assert!(again.contains("nothing is to be done"), "{again}");
        let during = wait_for("a promise in the new term", || promise(&session[0]));
        session[0].included(&during).unwrap();
        // One that was there all the time goes, and is no primary: the rejoined one makes the majority.
        site.spread.kill("merge-2");
        let with = wait_for("a promise with the rejoined node", || promise(&session[0]));
        session[0].included(&with).unwrap();
        site.spread.start_again("merge-2");
    });
    demand_all(&session, &promised);
}

/// A storage node's disk is lost: made anew it stores at once, and counts when it has copied what the others have.
#[test]
fn a_storage_node_that_lost_its_disk_is_filled_again() {
    let mut site = Site::start();
    let session = [site.spread.session()];
    let promised = under_load(&session, || {
        wait_for("a first promise", || promise(&session[0]));
        site.lose_disk("storage-2");
        site.init_node("storage-2", &[]);
        site.wait_for("storage-2", "completeness", "whole");
        // With another one gone, the filled one makes the k that a promise takes.
        site.spread.kill("storage-1");
        let with = wait_for("a promise with the filled node", || promise(&session[0]));
        session[0].included(&with).unwrap();
        site.spread.start_again("storage-1");
    });
    demand_all(&session, &promised);
}

/// A frontend's and a signer's disk are lost, and the right to sign moves to another signer with a release.
#[test]
fn the_right_to_sign_moves_and_a_signer_and_a_frontend_are_made_anew() {
    let mut site = Site::start();
    let session = [site.spread.session()];
    let promised = under_load(&session, || {
        wait_for("a first promise", || promise(&session[0]));
        let said = site.repair_node_does(&["members", "--sth-signer", "signer-2"]);
        assert!(said.contains("REPAIRED"), "{said}");
        let during = wait_for("a promise under the new signer", || promise(&session[0]));
        session[0].included(&during).unwrap();
        // The new one loses its disk, and goes on from the newest tree head that anybody shows.
        site.lose_disk("signer-2");
        let said = site.init_node("signer-2", &["--from-sth"]);
        assert!(said.contains("goes on from the tree head of size"), "{said}");
        let during = wait_for("a promise after that", || promise(&session[0]));
        session[0].included(&during).unwrap();
        site.lose_disk("frontend-2");
        site.init_node("frontend-2", &[]);
        wait_for("the frontend to hold the tree again", || {
            site.detail("frontend-2")?["held"].as_u64().filter(|held| *held > 0)
        });
    });
    demand_all(&session, &promised);
}
