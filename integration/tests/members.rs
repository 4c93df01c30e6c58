//! Disks that are lost and rights that move, on real processes, during submissions: each is a runbook of docs/operating.md,
//! followed word for word.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use integration::cluster::{Cluster, Node, succeeded, wait_for, wolffish};
use integration::files::copy_dir;
use integration::load::{demand_all, promise, under_load};
use integration::spread::Spread;
use judge::session::Session;
use serde_json::Value;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, Ordering};

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
        succeeded(&self.wolffish(&[words, &place].concat()))
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
        let of_it = |said: &String| said.starts_with(&format!("{node}: "));
        let said = wait_for("the node to refuse", || self.spread.ended(role).into_iter().find(of_it));
        assert!(said.contains("logs"), "it names the directory: {said}");
    }

    /// Takes a copy of a node's directory while the node is down.
    fn snapshot(&mut self, node: &str) {
        self.spread.kill(node);
        copy_dir(&self.state(node), &self.copy_of(node));
        self.spread.start_again(node);
    }

    /// Puts the copy in the directory's place, and starts the node on it.
    fn put_back(&mut self, node: &str) {
        self.spread.kill(node);
        std::fs::remove_dir_all(self.state(node)).unwrap();
        copy_dir(&self.copy_of(node), &self.state(node));
        self.spread.start_again(node);
    }

    fn copy_of(&self, node: &str) -> PathBuf {
        self.spread.dir().join(format!("copy-of-{node}"))
    }

    /// Waits until a node has said something.
    fn hear(&self, node: &str, text: &str) {
        let node = self.spread.nodes().iter().find(|one| one.name == node).unwrap();
        wait_for(&format!("{} to say {text:?}", node.name), || {
            self.spread.said(node).contains(text).then_some(())
        });
    }

    fn init_node(&mut self, node: &str, more: &[&str]) -> String {
        let (file, state) = (self.file.clone(), self.state(node));
        let words = ["init-node", "--cluster", file.to_str().unwrap(), "--node", node, "--state"];
        let done = self.wolffish(&[&words, [state.to_str().unwrap()].as_slice(), more].concat());
        let said = succeeded(&done);
        self.spread.start_again(node);
        said
    }

    /// `add-node`, on ports that the system has; it is known here from then on.
    fn add_node(&mut self, role: &str, name: &str, public: Option<u16>) {
        let address = format!("127.0.0.1:{}", free_port());
        let public = public.map(|port| format!(",public=127.0.0.1:{port}")).unwrap_or_default();
        let (node, state) = (format!("{name}@{address}{public}"), self.state(name));
        let words = ["add-node", "--cluster", self.file.to_str().unwrap(), "--role", role, "--node", &node];
        let said =
            succeeded(&self.wolffish(&[&words, ["--state", state.to_str().unwrap()].as_slice()].concat()));
        assert!(said.contains("Restart one by one") && said.contains("init-node"), "{said}");
        let log_file = state.with_extension("log");
        let (name, role) = (name.to_owned(), role.to_owned());
        self.spread.add(Node { name, role, pid: 0, address, state_dir: state, log_file });
    }

    fn restart(&mut self, nodes: &[&str]) {
        for node in nodes {
            self.spread.kill(node);
            self.spread.start_again(node);
        }
    }

    /// Takes a node out of `cluster.toml`; answers where the file without it is.
    fn file_without(&self, node: &str) -> PathBuf {
        let text = std::fs::read_to_string(&self.file).unwrap();
        let named = format!("name = \"{node}\"");
        let tables =
            text.split("\n[").filter(|table| !table.contains(&named)).collect::<Vec<_>>().join("\n[");
        assert_ne!(tables, text, "{node} was in it");
        let file = self.spread.dir().join(format!("without-{node}.toml"));
        std::fs::write(&file, tables).unwrap();
        file
    }

    fn restart_with(&mut self, file: &Path, nodes: &[&str]) {
        nodes.iter().for_each(|node| self.spread.give_file(node, file.to_owned()));
        self.restart(nodes);
    }

    /// What `wolffish status` says of a node and the log "anytime".
    fn detail(&self, node: &str) -> Option<Value> {
        let looks = self.looks()?;
        looks.iter().find(|look| look["node"] == node).map(|look| look["status"]["detail"].clone())
    }

    /// The primary of the newest term that a node knows of.
    fn leader(&self) -> String {
        wait_for("a node to name the primary", || {
            let looks = self.looks()?;
            let newest = looks.iter().max_by_key(|look| look["status"]["term"].as_u64())?;
            newest["status"]["primary"].as_str().map(str::to_owned)
        })
    }

    /// Of these merge nodes the first that does not lead.
    fn follower(&self, of: &[&'static str]) -> &'static str {
        let leader = self.leader();
        of.iter().find(|node| **node != leader).expect("one leads")
    }

    /// All nodes, as `wolffish status` sees them.
    fn looks(&self) -> Option<Vec<Value>> {
        let operator = self.state("operator-1");
        let words = ["status", "--cluster", self.file.to_str().unwrap(), "--operator-state"];
        let said = self.wolffish(&[&words, [operator.to_str().unwrap(), "--json"].as_slice()].concat());
        let report: Value = serde_json::from_slice(&said.stdout).ok()?;
        let logs = report["logs"].as_array()?;
        let log = logs.iter().find(|log| log["log"] == "anytime")?;
        log["nodes"].as_array().cloned()
    }

    fn wait_for(&self, node: &str, field: &str, value: &str) {
        wait_for(&format!("{field} of {node} to be {value}"), || {
            (self.detail(node)?[field] == value).then_some(())
        });
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
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

/// The disks of k storage nodes are lost at once: what only they had is gone, and no list that is left can tell, so none counts again
/// by itself, and nothing is read to its end any more. A person accepts that; one counts then, and the rest follows.
#[test]
fn k_storage_nodes_that_lost_their_disks_count_again_when_a_person_accepts_it() {
    let mut site = Site::start();
    let session = [site.spread.session()];
    let published = wait_for("a promise", || promise(&session[0]));
    session[0].included(&published).unwrap();
    let nodes = ["storage-1", "storage-2"];
    nodes.iter().for_each(|node| site.lose_disk(node));
    for node in nodes {
        site.init_node(node, &[]);
    }
    for node in nodes {
        site.hear(node, "its list is copied");
        site.hear(node, "it is recovering itself");
        site.wait_for(node, "completeness", "recovering");
    }
    site.hear(&site.leader(), "SCTs of the time from");
    let between = wait_for("a promise of lists that are recovering", || promise(&session[0]));

    let accept = |site: &Site, node: &str| {
        let state = site.state(node);
        let words = ["accept-loss", "--cluster", site.file.to_str().unwrap(), "--node", node, "--state"];
        site.wolffish(&[&words, [state.to_str().unwrap()].as_slice()].concat())
    };
    let running = accept(&site, "storage-1");
    assert!(!running.status.success(), "it runs");
    let whole = accept(&site, "storage-3");
    assert!(!whole.status.success(), "it runs, and is whole");
    site.spread.kill("storage-1");
    let said = succeeded(&accept(&site, "storage-1"));
    assert!(said.contains("1 of 2 are"), "{said}");
    // Not without the one that is whole, whatever was accepted.
    site.spread.kill("storage-3");
    site.spread.start_again("storage-1");
    site.hear("storage-1", "its list is not copied yet");
    site.wait_for("storage-1", "completeness", "recovering");
    site.spread.start_again("storage-3");
    nodes.iter().for_each(|node| site.wait_for(node, "completeness", "whole"));
    // Now each is filled by itself again, and accepts nothing.
    site.lose_disk("storage-2");
    site.init_node("storage-2", &[]);
    site.wait_for("storage-2", "completeness", "whole");
    site.spread.kill("storage-2");
    let said = accept(&site, "storage-2");
    assert!(!said.status.success());
    assert!(String::from_utf8_lossy(&said.stdout).contains("it is filled by itself"), "{said:?}");
    site.spread.start_again("storage-2");
    let after = wait_for("a promise of lists that are whole", || promise(&session[0]));
    demand_all(&session, &[(0, published), (0, between), (0, after)]);
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
            site.detail("frontend-2")?["held"]["tree_size"].as_u64().filter(|held| *held > 0)
        });
    });
    demand_all(&session, &promised);
}

/// The signer of tree heads is gone and gives no word: the right moves when all merge nodes are stopped, and the new one signs
/// when the primary has proven that nothing which the old one might yet sign is left out (G12). Then that one loses its disk;
/// made anew it owes no proof, for its operator says that the old one is gone for good.
#[test]
fn the_right_to_sign_moves_from_a_signer_that_is_gone() {
    let mut site = Site::start();
    let session = [site.spread.session()];
    let promised = under_load(&session, || {
        wait_for("a first promise", || promise(&session[0]));
        site.spread.kill("signer-1");
        let said = site.repair_node_does(&["members", "--sth-signer", "signer-2"]);
        assert!(said.contains("REPAIRED"), "{said}");
        let during = wait_for("a promise under the new signer", || promise(&session[0]));
        session[0].included(&during).unwrap();
        site.lose_disk("signer-2");
        let said = site.init_node("signer-2", &["--from-sth", "--old-signer-gone"]);
        assert!(said.contains("goes on from the tree head of size"), "{said}");
        let during = wait_for("a promise after that", || promise(&session[0]));
        session[0].included(&during).unwrap();
    });
    demand_all(&session, &promised);
}

/// The disks of all merge nodes are lost at once. One is made of a frontend's copy, the others are empty; an operator's word says
/// from which tree head they go on, and what was promised and not yet published comes from the storage nodes.
#[test]
fn a_log_that_lost_its_merge_disks_goes_on_from_its_frontends() {
    let mut site = Site::start();
    let session = [site.spread.session()];
    let merges = ["merge-1", "merge-2", "merge-3"];
    let promised = under_load(&session, || {
        let first = wait_for("a first promise", || promise(&session[0]));
        session[0].included(&first).unwrap();
        // A tree head that was signed and held by no frontend would die with them.
        wait_for("merge nodes to be gone between two tree heads", || {
            merges.iter().for_each(|node| site.spread.kill(node));
            let signed = site.detail("signer-1")?["last"].clone();
            if ["frontend-1", "frontend-2"]
                .iter()
                .all(|node| site.detail(node).is_some_and(|detail| detail["published"] == signed))
            {
                return Some(());
            }
            merges.iter().for_each(|node| site.spread.start_again(node));
            None
        });
        merges.iter().for_each(|node| site.lose_disk(node));
        wait_for("a promise that nobody can publish", || promise(&session[0]));

        site.snapshot("frontend-1");
        let copy = site.copy_of("frontend-1");
        let said = site.init_node("merge-1", &["--from-copy", copy.to_str().unwrap()]);
        assert!(said.contains("has the tree head of size"), "{said}");
        site.wait_for("merge-1", "voting", "recovering");
        site.init_node("merge-2", &[]);
        site.init_node("merge-3", &[]);
        site.wait_for("merge-3", "voting", "recovering");

        let shown = site.repair_node_does(&["repair", "--from-frontends"]);
        assert!(shown.contains("with merge-1 as primary"), "{shown}");
        let named = shown.split_once("--log anytime --root ").unwrap().1;
        let root = named.split_whitespace().next().unwrap();
        let operator = site.state("operator-1");
        let operator = ["--operator-state", operator.to_str().unwrap()];
        let word = |root: &str| {
            let (file, state) = (site.file.to_str().unwrap(), site.state("merge-repair-1"));
            let words = ["repair", "--from-frontends", "--log", "anytime", "--root", root];
            let place = ["--cluster", file, "--state", state.to_str().unwrap()];
            site.wolffish(&[&words[..], &operator, &place].concat())
        };
        let other = word(&"0".repeat(64));
        assert_eq!(other.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&other.stderr).contains("the newest tree head has the root"));
        let said = succeeded(&word(root));
        assert!(said.contains("REPAIRED"), "{said}");
        let during = wait_for("a promise in the new term", || promise(&session[0]));
        session[0].included(&during).unwrap();
        // Each of them votes again: the log goes on without any one.
        merges.iter().for_each(|node| site.wait_for(node, "voting", "votes"));
        site.spread.kill("merge-3");
        let with = wait_for("a promise with the two others", || promise(&session[0]));
        session[0].included(&with).unwrap();
        site.spread.start_again("merge-3");
    });
    demand_all(&session, &promised);
}

/// A storage node is added, and promises stand on it; then another one is taken out, when all that it alone might hold is under a
/// tree head.
#[test]
fn a_storage_node_is_added_and_another_one_removed() {
    let mut site = Site::start();
    let session = [site.spread.session()];
    let promised = under_load(&session, || {
        wait_for("a first promise", || promise(&session[0]));
        site.add_node("storage", "storage-4", None);
        site.restart(&["merge-2", "merge-3", "merge-1", "storage-1", "storage-2", "storage-3"]);
        site.init_node("storage-4", &[]);
        site.wait_for("storage-4", "completeness", "whole");
        site.restart(&["frontend-1", "frontend-2"]);
        // Without two of the old ones there are k only with the new one.
        site.spread.kill("storage-1");
        site.spread.kill("storage-2");
        let with = wait_for("a promise with the new node", || promise(&session[0]));
        session[0].included(&with).unwrap();
        site.spread.start_again("storage-1");
        site.spread.start_again("storage-2");

        let file = site.file_without("storage-1");
        site.restart_with(&file, &["frontend-1", "frontend-2"]);
        wait_for("all that it has to be under a tree head", || {
            let detail = site.detail("storage-1")?;
            (detail["start"].as_u64()? == detail["end"].as_u64()?).then_some(())
        });
        let rest = ["merge-2", "merge-3", "merge-1", "storage-2", "storage-3", "storage-4", "signer-1"];
        site.restart_with(&file, &rest);
        site.restart_with(&file, &["signer-2"]);
        site.spread.kill("storage-1");
        site.file = file;
        let without = wait_for("a promise without it", || promise(&session[0]));
        session[0].included(&without).unwrap();
    });
    demand_all(&session, &promised);
}

/// A frontend is added, and answers when it holds the tree; then another one is taken out.
#[test]
fn a_frontend_is_added_and_another_one_removed() {
    let mut site = Site::start();
    let session = [site.spread.session()];
    let promised = under_load(&session, || {
        wait_for("a first promise", || promise(&session[0]));
        let public = free_port();
        site.add_node("frontend", "frontend-3", Some(public));
        site.restart(&["signer-1", "signer-2", "storage-1", "storage-2", "storage-3"]);
        site.restart(&["merge-2", "merge-3", "merge-1"]);
        site.init_node("frontend-3", &[]);
        let mut target = session[0].target.clone();
        target.base_url = format!("http://127.0.0.1:{public}/anytime");
        let new = Session::new(target, session[0].limits.clone()).unwrap();
        let through = wait_for("a promise through the new frontend", || promise(&new));
        session[0].included(&through).unwrap();

        site.spread.kill("frontend-2");
        let file = site.file_without("frontend-2");
        site.restart_with(&file, &["merge-2", "merge-3", "merge-1", "storage-1", "storage-2", "storage-3"]);
        site.restart_with(&file, &["signer-1", "signer-2", "frontend-1", "frontend-3"]);
        site.file = file;
        let without = wait_for("a promise without the old one", || promise(&new));
        // A frontend that was started shows nothing before the primary says what.
        wait_for("the restarted frontend to show a tree head", || session[0].sth().ok());
        session[0].included(&without).unwrap();
    });
    demand_all(&session, &promised);
}

/// A merge node is added, filled, and gets a vote; then another one gives its vote up. With two of the three that vote now the log goes
/// on, so the new one's vote counts.
#[test]
fn a_merge_node_comes_to_vote_and_another_one_leaves() {
    let mut site = Site::start();
    let session = [site.spread.session()];
    let promised = under_load(&session, || {
        wait_for("a first promise", || promise(&session[0]));
        site.add_node("merge", "merge-4", None);
        site.restart(&["frontend-1", "frontend-2", "storage-1", "storage-2", "storage-3"]);
        site.restart(&["signer-1", "signer-2", "merge-2", "merge-3", "merge-1"]);
        site.init_node("merge-4", &[]);
        site.wait_for("merge-4", "voting", "recovering");
        let said = site.repair_node_does(&["members", "--add", "merge-4"]);
        assert!(said.contains("REPAIRED"), "{said}");
        site.wait_for("merge-4", "voting", "votes");
        // Whoever held the newest head when they were stopped leads: not always the same as before.
        let leaves = site.follower(&["merge-2", "merge-3"]);
        let stays = if leaves == "merge-2" { "merge-3" } else { "merge-2" };
        site.repair_node_does(&["repair", "--rearm"]);
        let said = site.repair_node_does(&["members", "--remove", leaves]);
        assert!(said.contains("REPAIRED"), "{said}");
        site.wait_for(leaves, "voting", "recovering");
        let away = site.follower(&[stays, "merge-1"]);
        site.spread.kill(away);
        site.spread.kill(leaves);
        let with = wait_for("a promise with the new voter", || promise(&session[0]));
        session[0].included(&with).unwrap();
        site.spread.start_again(away);
    });
    demand_all(&session, &promised);
}

/// Directories are put back from copies that were taken earlier. A merge node forgot what it endorsed, a storage node what it
/// acknowledged, a signer what it signed, a frontend what it showed. Each is found, and takes no part before it has what it lost.
#[test]
fn a_directory_that_is_put_back_from_a_copy_is_found_whatever_the_role() {
    let mut site = Site::start();
    let session = [site.spread.session()];
    let promised = under_load(&session, || {
        let early = wait_for("a first promise", || promise(&session[0]));
        session[0].included(&early).unwrap();
        for node in ["merge-2", "storage-2", "signer-1", "frontend-1"] {
            site.snapshot(node);
        }
        // Without the third its votes count: what is put back forgets one that did.
        site.spread.kill("merge-3");
        let late = wait_for("a later promise", || promise(&session[0]));
        session[0].included(&late).unwrap();
        site.spread.start_again("merge-3");

        site.put_back("merge-2");
        site.hear("merge-2", "put back from an older copy");
        site.wait_for("merge-2", "voting", "recovering");
        let said = site.repair_node_does(&["rejoin", "merge-2"]);
        assert!(said.contains("REPAIRED"), "{said}");
        site.wait_for("merge-2", "voting", "votes");

        let list = |site: &Site| site.detail("storage-2").unwrap()["incarnation"].clone();
        let old = list(&site);
        site.put_back("storage-2");
        wait_for("the list to be another one", || (list(&site) != old).then_some(()));
        site.wait_for("storage-2", "completeness", "whole");

        site.put_back("signer-1");
        site.hear("signer-1", "put back from an older copy");
        site.lose_disk("signer-1");
        site.init_node("signer-1", &["--from-sth"]);
        let late = wait_for("a promise that is published", || promise(&session[0]));
        session[0].included(&late).unwrap();

        let newest = session[0].sth().unwrap().timestamp;
        let back = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !back.load(Ordering::Relaxed) {
                    if let Ok(shown) = session[0].sth() {
                        assert!(
                            shown.timestamp >= newest,
                            "it shows {}, and showed {newest}",
                            shown.timestamp
                        );
                    }
                }
            });
            site.put_back("frontend-1");
            wait_for("it to show a tree head", || session[0].sth().ok());
            back.store(true, Ordering::Relaxed);
        });
        wait_for("the primary to say so", || {
            let mut merges = site.spread.nodes().iter().filter(|node| node.role == "merge");
            let text = "frontend-1 was put back from an older copy";
            merges.any(|node| site.spread.said(node).contains(text)).then_some(())
        });
    });
    demand_all(&session, &promised);
}
