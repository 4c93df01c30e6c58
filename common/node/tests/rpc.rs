//! Calls between nodes, as a caller sees them.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod world;

use bytes::Bytes;
use ct::limits::{MAX_CONTROL_BODY, MAX_INTERNAL_BODY};
use ct::names::Role;
use node::deadline::Deadline;
use node::message::Method;
use node::retry::Retry;
use node::rpc_client::{CallError, Outgoing};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;
use world::{PATIENCE, World, bytes, log, name, read_answer};

const GOOD: &str = "wolffish-version: 1\r\n";

async fn merge_and_frontend() -> World {
    let mut world = World::new(&[("merge-1", Role::Merge), ("frontend-1", Role::Frontend)]).await;
    world.serve("frontend-1");
    world
}

fn patient() -> Deadline {
    Deadline::after(PATIENCE)
}

fn fault(result: Result<Bytes, CallError>) -> (u16, String) {
    match result {
        Err(CallError::Fault { status, text }) => (status, text),
        other => panic!("expected a fault, found {other:?}"),
    }
}

#[tokio::test]
async fn a_call_comes_back_with_its_answer() {
    let world = merge_and_frontend().await;
    let client = world.client("merge-1");
    let to = name("frontend-1");
    let who = client.call(&to, &log(), Method::SendSTH, bytes("who"), patient()).await;
    assert_eq!(who.unwrap(), "merge-1 on log-1 []");
    let large = Bytes::from(vec![7; MAX_INTERNAL_BODY]);
    let back = client.call(&to, &log(), Method::SendEntry, large.clone(), patient()).await;
    assert!(back.unwrap() == large);
}

#[tokio::test]
async fn who_may_not_ask_is_told_so() {
    let mut world = World::new(&[("storage-1", Role::Storage), ("signer-1", Role::Signer)]).await;
    world.serve("signer-1");
    let client = world.client("storage-1");
    let call = |method| {
        let (client, body) = (&client, bytes("who"));
        async move { client.call(&name("signer-1"), &log(), method, body, patient()).await }
    };
    let (status, text) = fault(call(Method::SignSTH).await);
    assert_eq!(status, 403);
    assert_eq!(text, "storage-1 is a storage and may not call SignSTH on a signer");
    assert_eq!(fault(call(Method::VerifyRoot).await).0, 403);
    assert!(call(Method::Status).await.is_ok());
}

#[tokio::test]
async fn what_does_not_exist_is_not_found() {
    let world = merge_and_frontend().await;
    for (path, told) in [
        ("/cluster/v1/log-1/frontend/Nonsense", "Nonsense"),
        ("/cluster/v1/log-2/frontend/SendSTH", "log-2"),
        ("/cluster/v1/log-1/storage/SendSTH", "storage"),
        ("/cluster/v2/log-1/frontend/SendSTH", "/cluster/v2"),
        ("/", "no such path"),
    ] {
        let (status, text) = world.by_hand("merge-1", "frontend-1", path, GOOD).await;
        assert_eq!(status, 404, "{path}: {text}");
        assert!(text.contains(told), "{path}: {text}");
    }
}

#[tokio::test]
async fn what_is_not_understood_is_refused_by_name() {
    let world = merge_and_frontend().await;
    let path = "/cluster/v1/log-1/frontend/SendSTH";
    for (headers, told) in [
        ("wolffish-version: 2\r\n", "\"2\""),
        ("", "wolffish-version"),
        ("wolffish-version: 1\r\nwolffish-flags: tiles\r\n", "\"tiles\""),
        (
            "wolffish-version: 1\r\nwolffish-flags:\r\nwolffish-flags: tiles\r\n",
            "wolffish-flags stands there twice",
        ),
        ("wolffish-version: 1\r\nwolffish-deadline-ms: soon\r\n", "\"soon\""),
    ] {
        let (status, text) = world.by_hand("merge-1", "frontend-1", path, headers).await;
        assert_eq!(status, 400, "{headers}: {text}");
        assert!(text.contains(told), "{headers}: {text}");
    }
    assert_eq!(world.by_hand("merge-1", "frontend-1", path, GOOD).await.0, 200);
}

#[tokio::test]
async fn known_flags_arrive_and_others_are_refused() {
    let mut world = World::new(&[("merge-1", Role::Merge), ("frontend-1", Role::Frontend)]).await;
    let mut server = world.server("frontend-1");
    server.known_flags = &["tiles", "witnessed"];
    let listener = world.listener("frontend-1");
    world.serve_with(server, listener);
    let client = world.client("merge-1");
    let (peer, log) = (name("frontend-1"), log());
    let mut call = Outgoing {
        peer: &peer,
        log: &log,
        method: Method::SendSTH,
        body: bytes("who"),
        flags: &["witnessed", "tiles"],
    };
    let answer = client.send(&call, patient()).await.unwrap();
    assert_eq!(answer, "merge-1 on log-1 [\"witnessed\", \"tiles\"]");
    call.flags = &["tiles", "mirrored"];
    let (status, text) = fault(client.send(&call, patient()).await);
    assert_eq!((status, text.as_str()), (400, "flag \"mirrored\" is not understood"));
}

#[tokio::test]
async fn too_large_a_body_is_answered_413() {
    let world = merge_and_frontend().await;
    let client = world.client("merge-1");
    for (method, size) in [
        (Method::SendSTH, MAX_CONTROL_BODY + 1),
        (Method::SendSTH, MAX_INTERNAL_BODY),
        (Method::SendEntry, MAX_INTERNAL_BODY + 1),
    ] {
        let body = Bytes::from(vec![0; size]);
        let (status, text) = fault(client.call(&name("frontend-1"), &log(), method, body, patient()).await);
        assert_eq!(status, 413, "{text}");
        assert!(text.contains(&method.size().limit().to_string()), "{text}");
    }
}

#[tokio::test]
async fn too_large_an_answer_is_not_taken() {
    let world = merge_and_frontend().await;
    let client = world.client("merge-1");
    let flood = client.call(&name("frontend-1"), &log(), Method::SendSTH, bytes("flood"), patient()).await;
    assert!(matches!(flood, Err(CallError::BadAnswer(_))), "{flood:?}");
}

#[tokio::test]
async fn a_deadline_that_passes_is_a_timeout_here_and_ends_the_work_there() {
    let mut world = merge_and_frontend().await;
    let client = world.client("merge-1");
    let soon = Deadline::after(Duration::from_millis(100));
    let result = client.call(&name("frontend-1"), &log(), Method::SendSTH, bytes("hang"), soon).await;
    assert_eq!(result, Err(CallError::Timeout));
    timeout(PATIENCE, world.dropped.recv()).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_server_keeps_the_deadline_of_a_caller_that_does_not() {
    let mut world = merge_and_frontend().await;
    let mut stream = world.connect("merge-1", "frontend-1").await;
    let request = "POST /cluster/v1/log-1/frontend/SendSTH HTTP/1.1\r\nhost: x\r\nwolffish-version: 1\r\n\
                   wolffish-deadline-ms: 50\r\ncontent-length: 4\r\n\r\nhang";
    stream.write_all(request.as_bytes()).await.unwrap();
    assert_eq!(read_answer(&mut stream).await.unwrap().0, 504);
    timeout(PATIENCE, world.dropped.recv()).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_body_that_stops_is_cut_at_the_deadline() {
    let world = merge_and_frontend().await;
    let mut stream = world.connect("merge-1", "frontend-1").await;
    let request = "POST /cluster/v1/log-1/frontend/SendSTH HTTP/1.1\r\nhost: x\r\nwolffish-version: 1\r\n\
                   wolffish-deadline-ms: 50\r\ncontent-length: 40\r\n\r\nhal";
    stream.write_all(request.as_bytes()).await.unwrap();
    assert_eq!(read_answer(&mut stream).await.unwrap().0, 408);
}

#[tokio::test]
async fn a_panic_is_a_500_and_the_connection_lives() {
    let world = merge_and_frontend().await;
    let mut stream = world.connect("merge-1", "frontend-1").await;
    for (body, status) in [("panic", 500), ("hello", 200), ("panic", 500)] {
        let request = format!(
            "POST /cluster/v1/log-1/frontend/SendSTH HTTP/1.1\r\nhost: x\r\nwolffish-version: 1\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        assert_eq!(read_answer(&mut stream).await.unwrap().0, status);
    }
}

#[tokio::test]
async fn a_refusal_carries_json_and_is_not_tried_again() {
    let world = merge_and_frontend().await;
    let client = world.client("merge-1");
    let (to, retry) = (name("frontend-1"), Retry::default());
    let refused =
        client.call_with_retries(&to, &log(), Method::SendSTH, bytes("refuse"), patient(), &retry).await;
    assert_eq!(refused, Err(CallError::Refused(bytes("{\"term\":7}"))));
}

#[tokio::test]
async fn overload_says_when_to_call_again_and_tries_are_bounded() {
    let world = merge_and_frontend().await;
    let client = world.client("merge-1");
    let retry = Retry { tries: 3, pause: Duration::from_millis(1), ..Retry::default() };
    let began = std::time::Instant::now();
    let (to, body) = (name("frontend-1"), bytes("overload"));
    let overloaded = client.call_with_retries(&to, &log(), Method::SendSTH, body, patient(), &retry).await;
    assert_eq!(overloaded, Err(CallError::Overloaded { retry_after: Duration::from_millis(30) }));
    assert!(began.elapsed() >= Duration::from_millis(60), "it waited twice, as asked");
}

#[tokio::test]
async fn one_peer_has_only_so_many_connections() {
    let mut world = World::new(&[("merge-1", Role::Merge), ("frontend-1", Role::Frontend)]).await;
    let mut server = world.server("frontend-1");
    server.most_connections_of_a_peer = 1;
    let listener = world.listener("frontend-1");
    world.serve_with(server, listener);
    let mut first = world.connect("merge-1", "frontend-1").await;
    let request = b"POST /cluster/v1/log-1/frontend/SendSTH HTTP/1.1\r\nhost: x\r\nwolffish-version: 1\r\n\
                   content-length: 3\r\n\r\nwho";
    first.write_all(request).await.unwrap();
    assert_eq!(read_answer(&mut first).await.unwrap().0, 200);
    let mut second = world.connect("merge-1", "frontend-1").await;
    let _ = second.write_all(request).await;
    assert_eq!(read_answer(&mut second).await, None);
    first.write_all(request).await.unwrap();
    assert_eq!(read_answer(&mut first).await.unwrap().0, 200);
    first.shutdown().await.unwrap();
    assert_eq!(first.read(&mut [0]).await.unwrap(), 0);
    // The place is free again, if perhaps a moment later.
    let client = world.client("merge-1");
    let retry = Retry { tries: 20, ..Retry::default() };
    let to = name("frontend-1");
    client.call_with_retries(&to, &log(), Method::SendSTH, bytes("who"), patient(), &retry).await.unwrap();
}
