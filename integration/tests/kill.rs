//! `kill -9` at any node, at any moment: nothing that was promised is lost, and the log goes on.

use integration::cluster::{Cluster, wait_for};
use integration::load::{demand_all, promise, under_load};
use judge::session::Session;

/// Both frontends, once each of them promises again: a process that was just started may not listen yet.
fn serving(cluster: &Cluster) -> [Session; 2] {
    let sessions = [cluster.session(0), cluster.session(1)];
    for session in &sessions {
        wait_for("a promise from each frontend", || promise(session));
    }
    sessions
}

#[test]
fn every_role_may_be_killed_during_submissions() {
    let cluster = Cluster::start(&["--sth-interval", "2s"]);
    let promised = under_load(&serving(&cluster), || {
        for victim in [
            "storage-1",
            "frontend-2",
            "merge-2",
            "signer-1",
            "merge-repair-1",
            "merge-1",
            "storage-3",
            "frontend-1",
        ] {
            let old = cluster.kill(victim);
            cluster.await_restart(&old);
            let session = cluster.session(usize::from(victim == "frontend-1"));
            wait_for("a promise after the kill", || promise(&session));
        }
    });
    demand_all(&serving(&cluster), &promised);
    // Nothing is lost either when everything stops and starts again.
    let cluster = cluster.restart();
    demand_all(&serving(&cluster), &promised);
}
