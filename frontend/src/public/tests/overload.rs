//! What goes wrong elsewhere, and what is sent to exhaust the log.

use super::path;
use super::submissions::{add, body, lab};
use crate::testing::Primary;
use crate::testing::http::{exchange, get, post};
use crate::testing::lab::{Lab, now};
use crate::testing::nodes::Failing;
use node::message::Method;
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt as _;

async fn open(lab: &Lab) {
    for _ in 0..200 {
        if lab.live().submitter.check_open().is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{:?}", lab.live().submitter.check_open());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_sth_or_with_an_old_one_nothing_is_promised() {
    let lab = Lab::new().await;
    let answer = add(&lab, &lab.ca.chain("one")).await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("10")), "{}", answer.text());
    let primary = Primary::new(1);
    let old = primary.sth(1, now().minus(Duration::from_secs(3601)));
    lab.hold(&primary, &old).await;
    lab.show(&primary, &old).await;
    let answer = add(&lab, &lab.ca.chain("one")).await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("60")));
    assert!(answer.text().contains("3601 s old, the limit is 3600 s"), "{}", answer.text());
    assert_eq!(get(lab.address, &path("get-sth")).await.status, 200, "reads go on");
    assert!(lab.nodes.entries("st1").is_empty());
    lab.publish(&primary).await;
    assert_eq!(add(&lab, &lab.ca.chain("one")).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_three_storage_nodes_may_be_down_two_may_not() {
    let lab = lab().await;
    lab.nodes.fail("st1", Some(Failing::Down));
    assert_eq!(add(&lab, &lab.ca.chain("one")).await.status, 200);
    lab.nodes.fail("st2", Some(Failing::Down));
    let chain = lab.ca.chain("two");
    for _ in 0..2 {
        let answer = add(&lab, &chain).await;
        assert_eq!((answer.status, answer.header("retry-after")), (503, Some("5")), "{}", answer.text());
    }
    lab.nodes.fail("st2", None);
    open(&lab).await;
    // What failed before does not stand in the way.
    assert_eq!(add(&lab, &chain).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_for_a_storage_node_that_hangs() {
    let lab = lab().await;
    lab.nodes.fail("st1", Some(Failing::Hanging));
    let begin = Instant::now();
    for name in ["one", "two", "three"] {
        assert_eq!(add(&lab, &lab.ca.chain(name)).await.status, 200);
    }
    assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn another_signer_signs_if_one_is_down_or_makes_bad_signatures() {
    for how in [Failing::Down, Failing::Forging] {
        let lab = lab().await;
        lab.nodes.fail("s1", Some(how));
        let answer = add(&lab, &lab.ca.chain("one")).await;
        assert_eq!(answer.status, 200, "{how:?}: {}", answer.text());
        assert_eq!(lab.nodes.calls("s2", Method::SignSCT), 1);
        // It stays with the one that signed.
        let asked = lab.nodes.calls("s1", Method::SignSCT);
        assert_eq!(add(&lab, &lab.ca.chain("two")).await.status, 200);
        assert_eq!(lab.nodes.calls("s1", Method::SignSCT), asked);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_good_signer_there_is_no_promise() {
    for how in [Failing::Down, Failing::Forging] {
        let lab = lab().await;
        for signer in ["s1", "s2"] {
            lab.nodes.fail(signer, Some(how));
        }
        let answer = add(&lab, &lab.ca.chain("one")).await;
        assert_eq!((answer.status, answer.header("retry-after")), (503, Some("5")), "{how:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn storage_nodes_that_are_full_close_the_log() {
    let lab = lab().await;
    for storage in ["st1", "st2"] {
        lab.nodes.fail(storage, Some(Failing::Full));
    }
    assert_eq!(add(&lab, &lab.ca.chain("one")).await.status, 503);
    let answer = add(&lab, &lab.ca.chain("one")).await;
    assert!(answer.text().contains("have room for new entries"), "{}", answer.text());
    assert_eq!(answer.header("retry-after"), Some("10"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storage_node_that_lost_its_issuers_is_sent_them_again() {
    let lab = lab().await;
    assert_eq!(add(&lab, &lab.ca.chain("one")).await.status, 200);
    for storage in ["st1", "st2", "st3"] {
        lab.nodes.forget_issuers(storage);
    }
    assert_eq!(add(&lab, &lab.ca.chain("two")).await.status, 200);
    assert_eq!(lab.nodes.entries("st1").len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_joined_is_answered_although_the_first_client_went_away() {
    let lab = lab().await;
    lab.nodes.slow_down(Duration::from_millis(300));
    let body = body(&lab.ca.chain("one"));
    let mut first = tokio::net::TcpStream::connect(lab.address).await.unwrap();
    let head =
        format!("POST /lab/ct/v1/add-chain HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", body.len());
    first.write_all(&[head.as_bytes(), &body].concat()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let address = lab.address;
    let second = tokio::spawn(async move { post(address, &path("add-chain"), &body).await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    drop(first);
    assert_eq!(second.await.unwrap().status, 200);
    assert_eq!(lab.batches("st1"), 1, "it joined");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_submissions_share_batches() {
    let lab = lab().await;
    lab.nodes.slow_down(Duration::from_millis(100));
    let bodies: Vec<_> = (0..40).map(|number| body(&lab.ca.chain(&format!("leaf {number}")))).collect();
    let address = lab.address;
    let posts: Vec<_> = bodies
        .into_iter()
        .map(|body| tokio::spawn(async move { post(address, &path("add-chain"), &body).await }))
        .collect();
    for post in posts {
        assert_eq!(post.await.unwrap().status, 200);
    }
    assert!(lab.batches("st1") < 15, "{} calls for 40 entries", lab.batches("st1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_meant_to_exhaust_the_log_are_refused() {
    let lab = lab().await;
    let huge = vec![b'A'; 600_000];
    let answer = post(lab.address, &path("add-chain"), &huge).await;
    assert_eq!(
        (answer.status, answer.text()),
        (413, "Payload Too Large\nthe body is larger than 512000 bytes\n")
    );
    let chunked = [
        b"POST /lab/ct/v1/add-chain HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec(),
        format!("{:x}\r\n", huge.len()).into_bytes(),
        huge,
        b"\r\n0\r\n\r\n".to_vec(),
    ];
    assert_eq!(exchange(lab.address, &chunked.concat()).await.status, 413);
    let many = format!(r#"{{"chain":[{}"AAAA"]}}"#, r#""AAAA","#.repeat(1000));
    assert_eq!(post(lab.address, &path("add-chain"), many.as_bytes()).await.status, 400);
    for open in ["[", r#"{"chain":"#] {
        let deep = format!(r#"{{"chain":{}1}}"#, open.repeat(100_000 / open.len()));
        assert_eq!(post(lab.address, &path("add-chain"), deep.as_bytes()).await.status, 400);
    }
    assert_eq!(add(&lab, &lab.ca.chain("one")).await.status, 200);
}
