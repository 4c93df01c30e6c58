//! Everything that can happen to the processes of a cluster, one after the other and drawn by a seed, while several submitters go on:
//! then every promise and every tree head that any of them ever saw is checked by a monitor that rebuilds the log.
//!
//! `STORM_SEED` and `STORM_ROUNDS` make other storms, and longer ones (docs/simulation.md).

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use integration::cluster::{Cluster, Node, may_trace, succeeded, wait_for, wolffish};
use integration::hammer::{Hammer, all_kept};
use integration::load::promise;
use integration::net::Net;
use integration::spread::Spread;
use judge::limits::Limits;
use judge::session::Session;
use rustix::process::Signal;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Submissions through each frontend that are tried while something is wrong, whatever becomes of them.
const TRIES: usize = 2;

/// How long such a submission waits for its answer.
const PATIENCE: Duration = Duration::from_secs(6);

const ROLES: [&str; 4] = ["storage", "signer", "merge", "frontend"];

#[derive(Debug, Clone, Copy)]
enum Trouble {
    /// `kill -9`.
    Killed,
    /// SIGSTOP, and SIGCONT later.
    StandsStill,
    /// Nothing reaches it, and nothing that it asks reaches anybody.
    Isolated,
    /// What it is asked does not reach it; what it asks does.
    Deaf,
    /// What it asks reaches nobody; what it is asked does.
    Mute,
    /// Its disk is full: writes fail, from one of the next on.
    DiskFull,
    /// Its disk fails to sync.
    SyncFails,
    /// A person wants another primary.
    AnotherPrimary,
}

struct Site {
    spread: Spread,
    net: Net,
    sessions: [Session; 2],
    rng: fastrand::Rng,
}

impl Site {
    fn new(seed: u64, home: &Path) -> Self {
        let cluster = Cluster::start(&["--sth-interval", "1s", "--repair-after", "1h"]);
        // It tells hammer and monitor of the log, when `up` is gone.
        std::fs::copy(cluster.dir().join("up.json"), home.join("up.json")).unwrap();
        let sessions = [0, 1].map(|frontend| {
            let target = cluster.target("anytime", frontend);
            // A frontend that stands still answers nothing, and is not waited for.
            let limits = Limits { request: PATIENCE, ..Limits::for_target(&target) };
            Session::new(target, limits).unwrap()
        });
        // While the nodes hold their ports no gate gets one of them.
        let (nodes, net) = (cluster.nodes(), Net::between(&cluster.nodes()));
        let mut spread = Spread::take_over(cluster);
        let text = std::fs::read_to_string(spread.dir().join("cluster.toml")).unwrap();
        for Node { name, .. } in nodes.iter().filter(|node| node.role != "merge-repair") {
            let file = spread.dir().join(format!("cluster-{name}.toml"));
            std::fs::write(&file, net.file_for(name, &text, &nodes)).unwrap();
            spread.give_file(name, file);
        }
        spread.start_all();
        Self { spread, net, sessions, rng: fastrand::Rng::with_seed(seed) }
    }

    fn victim(&mut self) -> String {
        let running = self.spread.nodes().iter().filter(|node| node.role != "merge-repair");
        let names: Vec<String> = running.map(|node| node.name.clone()).collect();
        names[self.rng.usize(..names.len())].clone()
    }

    fn submissions(&self) {
        std::thread::scope(|scope| {
            for session in &self.sessions {
                scope.spawn(|| (0..TRIES).for_each(|_| drop(promise(session))));
            }
        });
    }

    /// One trouble from beginning to end; then the log goes on, through every frontend.
    fn suffer(&mut self, trouble: Trouble, victim: &str) {
        let begin = std::time::Instant::now();
        match trouble {
            Trouble::Killed => {
                self.spread.kill(victim);
                self.submissions();
                self.spread.start_again(victim);
            }
            Trouble::StandsStill => {
                self.spread.signal(victim, Signal::STOP);
                self.submissions();
                self.spread.signal(victim, Signal::CONT);
            }
            Trouble::Isolated => self.without(|from, to| from == victim || to == victim),
            Trouble::Deaf => self.without(|_, to| to == victim),
            Trouble::Mute => self.without(|from, _| from == victim),
            Trouble::DiskFull => {
                self.failing(victim, "pwrite64,pwritev,pwritev2,fallocate", "error=ENOSPC");
            }
            Trouble::SyncFails => self.failing(victim, "fsync,fdatasync", "error=EIO"),
            Trouble::AnotherPrimary => {
                self.repair("--rearm");
                let said = self.repair("--now");
                assert!(said.contains("REPAIRED"), "{said}");
            }
        }
        for role in ROLES {
            let ended = self.spread.ended(role);
            assert!(ended.is_empty(), "after {trouble:?} of {victim} these are down: {}", ended.join("\n"));
        }
        for (at, session) in self.sessions.iter().enumerate() {
            let after = wait_for(&format!("a promise after {trouble:?} of {victim}"), || promise(session));
            let other = &self.sessions[(at + 1) % self.sessions.len()];
            // One that was started shows nothing before the primary says what.
            wait_for("the other frontend to show a tree head", || other.sth().ok());
            other.included(&after).unwrap_or_else(|error| panic!("after {trouble:?} of {victim}: {error}"));
        }
        println!("{victim}: {trouble:?}, {:.1?}", begin.elapsed());
    }

    /// Nobody reaches anybody, so nothing can be promised: the gates are where the calls go.
    fn cut_everything(&self) {
        self.net.cut(|_, _| true);
        assert!(self.sessions.iter().all(|session| promise(session).is_none()), "a promise by nobody");
        self.net.heal();
    }

    fn without(&self, is_cut: impl Fn(&str, &str) -> bool) {
        self.net.cut(is_cut);
        self.submissions();
        self.net.heal();
    }

    /// System calls of a node fail from one of its first on: it stops by itself, and is started again when they do not.
    fn failing(&mut self, victim: &str, calls: &str, how: &str) {
        let inject = format!("inject={calls}:{how}:when={}+", self.rng.u32(3..12));
        let strace =
            ["strace", "-f", "--seccomp-bpf", "-qq", "-I2", "-o", "/dev/null", "-e", inject.as_str()];
        self.spread.kill(victim);
        self.spread.start_again_behind(victim, &strace);
        wait_for(&format!("{victim} to stop because of {inject}"), || {
            self.submissions();
            self.spread.has_ended(victim)
        });
        self.spread.start_again(victim);
    }

    fn repair(&self, what: &str) -> String {
        let file = self.spread.dir().join("cluster.toml");
        let state = self.spread.dir().join("nodes/merge-repair-1");
        let mut command = Command::new(wolffish());
        command.args(["repair", what, "--cluster"]).arg(file).arg("--state").arg(state);
        succeeded(&command.output().unwrap())
    }
}

impl Drop for Site {
    /// Whoever reads of a failure wants to know who is down, and what it said last.
    fn drop(&mut self) {
        if std::thread::panicking() {
            for said in ROLES.iter().flat_map(|role| self.spread.ended(role)) {
                println!("down: {}", said.lines().rev().take(20).collect::<Vec<_>>().join("\n"));
            }
        }
    }
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().unwrap())
}

#[test]
fn whatever_happens_to_processes_every_promise_is_kept_and_no_view_differs() {
    let (seed, rounds) = (number("STORM_SEED", 1), number("STORM_ROUNDS", 0));
    println!("STORM_SEED={seed}");
    let home = tempfile::tempdir().unwrap();
    let mut site = Site::new(seed, home.path());
    let records: Vec<PathBuf> = (1..=2).map(|number| home.path().join(format!("records-{number}"))).collect();
    let start = |(session, records): (&Session, &PathBuf)| {
        let url = session.target.base_url.clone();
        let args = ["--url", &url, "--rate", "15", "--duration", "1h", "--mmd", "1d", "--records"];
        Hammer::start(home.path(), &[&args, [records.to_str().unwrap()].as_slice()].concat())
    };
    let hammers: Vec<Hammer> = site.sessions.iter().zip(&records).map(start).collect();

    site.cut_everything();
    let mut troubles = vec![
        Trouble::Killed,
        Trouble::StandsStill,
        Trouble::Isolated,
        Trouble::Deaf,
        Trouble::Mute,
        Trouble::AnotherPrimary,
    ];
    if may_trace() {
        troubles.extend([Trouble::DiskFull, Trouble::SyncFails]);
    } else {
        println!("skipped: full disks and failing syncs, for ptrace is refused here, or there is no strace");
    }
    // Each once, and then as they come.
    let mut planned = troubles.clone();
    site.rng.shuffle(&mut planned);
    planned.extend((0..rounds).map(|_| troubles[site.rng.usize(..troubles.len())]));
    for trouble in planned {
        let victim = site.victim();
        site.suffer(trouble, &victim);
    }

    let begin = std::time::Instant::now();
    hammers.iter().for_each(Hammer::interrupt);
    hammers.into_iter().for_each(|hammer| all_kept(&hammer.report()));
    println!("all proved after {:.1?}", begin.elapsed());
    for records in &records {
        let mut monitor = Command::new(wolffish());
        monitor.args(["monitor", "--log", "anytime", "--once", "--poll", "1s", "--dir"]).arg(home.path());
        monitor.arg("--state").arg(home.path().join("monitor")).arg("--check").arg(records);
        let output = monitor.output().unwrap();
        println!("{}{}", succeeded(&output), String::from_utf8_lossy(&output.stderr));
    }
}
