//! The process itself: what it says and how it ends.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod world;

use ct::wire::Done;
use ct::wire::status::Status;
use ct::wire::storage::PutReply;
use node::message::Method;
use rustix::process::{Pid, Signal, kill_process};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;
use world::{World, at, from};

fn spawn(world: &World, node: &str) -> Child {
    let args = world.lab.args(node);
    Command::new(env!("CARGO_BIN_EXE_wolffish-storage"))
        .arg("--cluster")
        .arg(&args.cluster)
        .args(["--node", node, "--log-format", "json", "--state"])
        .arg(&args.state)
        .env_remove("WOLFFISH_LOG")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn end(child: Child) -> (Option<i32>, String) {
    let Output { status, stderr, .. } = child.wait_with_output().unwrap();
    (status.code(), String::from_utf8(stderr).unwrap())
}

/// Calls until the node answers.
async fn status(world: &mut World) -> Status {
    for _ in 0..500 {
        match world.ask("operator-1", Method::Status, &Done {}).await {
            Ok(status) => return status,
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
    panic!("the node does not answer");
}

#[tokio::test]
async fn it_survives_kill_and_ends_when_asked() {
    let mut world = World::new(Default::default());
    world.lab.release("storage-1");
    let mut child = spawn(&world, "storage-1");
    assert!(status(&mut world).await.not_ready.is_empty());
    let entry = world.entry("a", Duration::ZERO);
    assert_eq!(world.send(vec![entry], Vec::new()).await, [PutReply::Stored { oldest: None }]);
    child.kill().unwrap();
    child.wait().unwrap();

    let child = spawn(&world, "storage-1");
    status(&mut world).await;
    assert_eq!(world.fetch(&from(0)).await.end, at(1));
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    let (code, log) = end(child);
    assert_eq!(code, Some(0), "{log}");
    let ready = log.lines().filter(|line| line.contains("\"message\":\"ready\"")).count();
    assert_eq!(ready, 1, "{log}");
}

#[test]
fn it_names_what_keeps_it_from_starting() {
    let world = World::new(Default::default());
    // The test holds the node's port.
    let (code, log) = end(spawn(&world, "storage-1"));
    let address =
        world.lab.cluster().node(&node::testing::node_name("storage-1")).unwrap().address().unwrap().clone();
    assert!(code == Some(74) && log.contains(&format!("cannot listen on {address}")), "{code:?} {log}");
    // No state was made for this one.
    let (code, log) = end(spawn(&world, "storage-2"));
    assert!(code == Some(64) && log.contains("it is made by init, never by run"), "{code:?} {log}");
    let (code, log) = end(spawn(&world, "merge-1"));
    assert!(code == Some(64) && log.contains("merge-1 is a node of role merge"), "{code:?} {log}");
}
