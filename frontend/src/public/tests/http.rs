//! Paths, methods, headers.

use super::path;
use crate::testing::Primary;
use crate::testing::http::{exchange, get, post, send};
use crate::testing::lab::Lab;
use http_body_util::{BodyExt as _, Empty};
use hyper::Request;
use hyper_util::rt::{TokioExecutor, TokioIo};

async fn lab() -> Lab {
    let lab = Lab::new().await;
    lab.publish(&Primary::new(2)).await;
    lab
}

#[tokio::test(flavor = "multi_thread")]
async fn every_endpoint_takes_its_method_only_and_says_which() {
    let lab = lab().await;
    for (name, wrong, allow) in [
        ("add-chain", ["GET", "PUT", "HEAD"], "POST"),
        ("add-pre-chain", ["GET", "DELETE", "HEAD"], "POST"),
        ("get-sth", ["POST", "PUT", "HEAD"], "GET"),
        ("get-sth-consistency", ["POST", "PUT", "HEAD"], "GET"),
        ("get-proof-by-hash", ["POST", "PUT", "HEAD"], "GET"),
        ("get-entries", ["POST", "PUT", "HEAD"], "GET"),
        ("get-roots", ["POST", "PUT", "HEAD"], "GET"),
        ("get-entry-and-proof", ["POST", "PUT", "HEAD"], "GET"),
    ] {
        for method in wrong {
            let answer = send(lab.address, method, &path(name), b"{}").await;
            assert_eq!((answer.status, answer.header("allow")), (405, Some(allow)), "{method} {name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_paths_are_not_found_and_say_so_in_words() {
    let lab = lab().await;
    for path in [
        "/lab/ct/v1/get-nothing",
        "/lab/ct/v1/",
        "/other/ct/v1/get-sth",
        "/lab/ct/v1/get-sth/",
        "/favicon.ico",
    ] {
        for answer in [get(lab.address, path).await, post(lab.address, path, b"{}").await] {
            assert_eq!(answer.status, 404, "{path}");
            assert_eq!(answer.text(), "Not Found\nthere is nothing at this path\n");
            assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn doubled_slashes_are_not_redirected() {
    let lab = lab().await;
    for path in ["//lab//ct/v1/get-sth", "/lab/ct//v1///get-sth?", "/logs/lab/ct/v1/get-sth"] {
        assert_eq!(get(lab.address, path).await.status, 200, "{path}");
    }
    assert_eq!(post(lab.address, "//lab/ct/v1//add-chain", b"{}").await.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn browsers_may_ask_and_read_everything() {
    let lab = lab().await;
    for (name, method) in [("add-chain", "POST"), ("get-sth", "GET"), ("get-entries?start=0&end=0", "GET")] {
        let answer = send(lab.address, "OPTIONS", &path(name), b"").await;
        assert_eq!(answer.status, 204, "{name}");
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        assert_eq!(answer.header("access-control-allow-headers"), Some("Content-Type"));
        assert_eq!(answer.header("access-control-allow-methods"), Some(method));
        assert!(answer.body.is_empty());
    }
    for name in ["get-sth", "get-roots", "get-entries?start=9&end=9", "add-chain", "nothing"] {
        let answer = get(lab.address, &path(name)).await;
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_query_is_refused_wherever_it_stands() {
    let lab = lab().await;
    for name in ["get-sth?a=%zz", "get-roots?%", "get-entries?start=0&end=0&more=%f", "get-sth?a=1;b=2"] {
        assert_eq!(get(lab.address, &path(name)).await.status, 400, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn there_are_pages_for_people_and_balancers() {
    let lab = lab().await;
    let home = get(lab.address, "/").await;
    assert!(home.status == 200 && home.text().contains("/lab/ct/v1/") && home.text().contains("2 entries"));
    for (path, expected) in [("/healthz", "ok\n"), ("/readyz", "ready\n")] {
        let page = get(lab.address, path).await;
        assert_eq!((page.status, page.text()), (200, expected));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_connection_serves_many_requests() {
    let lab = lab().await;
    let one = "GET /lab/ct/v1/get-sth HTTP/1.1\r\nHost: ct.example\r\n\r\n";
    let last = "GET /lab/ct/v1/get-roots HTTP/1.1\r\nHost: ct.example\r\nConnection: close\r\n\r\n";
    let answers = exchange(lab.address, [one, one, last].concat().as_bytes()).await;
    let text = String::from_utf8(answers.body).unwrap();
    assert_eq!((answers.status, text.matches("HTTP/1.1 200 OK").count()), (200, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn http_2_is_spoken_too() {
    let lab = lab().await;
    let stream = tokio::net::TcpStream::connect(lab.address).await.unwrap();
    let (mut client, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let url = format!("http://{}{}", lab.address, path("get-sth"));
    let answer =
        client.send_request(Request::get(url).body(Empty::<bytes::Bytes>::new()).unwrap()).await.unwrap();
    assert_eq!(answer.status(), 200);
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&body).unwrap()["tree_size"], 2);
}
