//! What the client does with connections: keeps them, notices stale ones, gives up on dead peers and finds them again.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod world;

use ct::names::Role;
use node::deadline::Deadline;
use node::message::Method;
use node::retry::Retry;
use node::rpc_client::{CallError, Client};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use world::{PATIENCE, World, bytes, log, name};

async fn world() -> World {
    World::new(&[("merge-1", Role::Merge), ("frontend-1", Role::Frontend)]).await
}

async fn call(client: &Client) -> Result<bytes::Bytes, CallError> {
    let deadline = Deadline::after(PATIENCE);
    client.call(&name("frontend-1"), &log(), Method::SendSTH, bytes("hello"), deadline).await
}

/// A server that answers by script: each connection answers so many requests, then reads one more and closes.
async fn scripted(world: &mut World, answers: &'static [usize]) -> Arc<AtomicUsize> {
    let listener = world.listener("frontend-1");
    let acceptor = TlsAcceptor::from(world.server("frontend-1").tls);
    let taken = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&taken);
    tokio::spawn(async move {
        for answers in answers {
            let (stream, _) = listener.accept().await.unwrap();
            counter.fetch_add(1, Ordering::SeqCst);
            let mut stream = acceptor.accept(stream).await.unwrap();
            for number in 0..=*answers {
                let mut request = Vec::new();
                while !request.ends_with(b"hello") {
                    request.push(stream.read_u8().await.unwrap());
                }
                if number < *answers {
                    let answer = b"HTTP/1.1 200 OK\r\nwolffish-version: 1\r\ncontent-length: 2\r\n\r\nhi";
                    stream.write_all(answer).await.unwrap();
                }
            }
        }
    });
    taken
}

#[tokio::test]
async fn one_connection_serves_many_calls() {
    let mut world = world().await;
    let taken = scripted(&mut world, &[10]).await;
    let client = world.client("merge-1");
    for _ in 0..10 {
        assert_eq!(call(&client).await.unwrap(), "hi");
    }
    assert_eq!(taken.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_stale_connection_is_replaced_by_a_fresh_one() {
    let mut world = world().await;
    let taken = scripted(&mut world, &[2, 1]).await;
    let client = world.client("merge-1");
    for _ in 0..3 {
        assert_eq!(call(&client).await.unwrap(), "hi");
    }
    assert_eq!(taken.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_fresh_connection_that_breaks_is_not_tried_for_ever() {
    let mut world = world().await;
    let taken = scripted(&mut world, &[1, 0, 1]).await;
    let client = world.client("merge-1");
    assert_eq!(call(&client).await.unwrap(), "hi");
    let broken = call(&client).await;
    assert!(matches!(broken, Err(CallError::Broken(_))), "{broken:?}");
    assert_eq!(taken.load(Ordering::SeqCst), 2);
    assert_eq!(call(&client).await.unwrap(), "hi");
}

#[tokio::test]
async fn a_dead_peer_fails_fast_and_is_found_again() {
    let mut world = world().await;
    drop(world.listener("frontend-1"));
    let client = world.client("merge-1");
    let began = Instant::now();
    for _ in 0..1000 {
        let dead = call(&client).await;
        assert!(matches!(dead, Err(CallError::Unreachable(_))), "{dead:?}");
    }
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());

    let listener = TcpListener::bind(world.address("frontend-1")).await.unwrap();
    world.serve_with(world.server("frontend-1"), listener);
    let (to, retry, deadline) = (name("frontend-1"), Retry::default(), Deadline::after(PATIENCE));
    let back = client.call_with_retries(&to, &log(), Method::SendSTH, bytes("hello"), deadline, &retry).await;
    assert_eq!(back.unwrap(), "hello");
}

/// A failure to connect is remembered for 100 ms at least, so that many callers do not each try anew.
#[tokio::test]
async fn a_peer_that_fails_is_not_dialled_by_every_call() {
    let mut world = world().await;
    let listener = world.listener("frontend-1");
    let dialled = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&dialled);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            counter.fetch_add(1, Ordering::SeqCst);
            drop(stream);
        }
    });
    let client = world.client("merge-1");
    let began = Instant::now();
    for _ in 0..1000 {
        let failed = call(&client).await;
        assert!(matches!(failed, Err(CallError::Unreachable(_))), "{failed:?}");
    }
    let most = 1 + began.elapsed().as_millis() / 100;
    assert!(dialled.load(Ordering::SeqCst) as u128 <= most, "{dialled:?} in {:?}", began.elapsed());
}

#[tokio::test]
async fn a_peer_that_was_started_again_is_called_on_a_new_connection() {
    let mut world = world().await;
    let listener = world.listener("frontend-1");
    let mut first = World::new(&[]).await;
    first.serve_with(world.server("frontend-1"), listener);
    let client = world.client("merge-1");
    assert_eq!(call(&client).await.unwrap(), "hello");
    drop(first);
    let listener = loop {
        // The first server gives the port back when it has seen its shutdown.
        match TcpListener::bind(world.address("frontend-1")).await {
            Ok(listener) => break listener,
            Err(_) => tokio::task::yield_now().await,
        }
    };
    world.serve_with(world.server("frontend-1"), listener);
    assert_eq!(call(&client).await.unwrap(), "hello");
}

#[tokio::test]
async fn more_calls_than_connections_wait_for_their_turn() {
    let mut world = world().await;
    world.serve("frontend-1");
    let client = Arc::new(world.client("merge-1"));
    let calls: Vec<_> = (0..500)
        .map(|_| {
            let client = Arc::clone(&client);
            tokio::spawn(async move { call(&client).await })
        })
        .collect();
    for running in calls {
        assert_eq!(running.await.unwrap().unwrap(), "hello");
    }
}
