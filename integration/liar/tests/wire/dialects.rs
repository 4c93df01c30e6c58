//! What a client must bear with: being sent away, and being sent elsewhere.

use judge::http::Client;
use liar::{Liar, Lie};
use std::time::{Duration, SystemTime};

use super::api;

const STH: &str = "/ct/v1/get-sth";
const ROOTS: &str = "/ct/v1/get-roots";

fn status(http: &Client, path: &str) -> u16 {
    http.get(path).unwrap().status
}

#[test]
fn a_busy_log_says_when_to_come_back_and_then_serves() {
    let liar = Liar::start();
    let http = &api(&liar).http;
    liar.tell(Lie::Busy { requests: 2, seconds: 3 });
    let first = http.get(STH).unwrap();
    assert_eq!((first.status, first.header("retry-after")), (503, Some("3")));
    assert_eq!([status(http, STH), status(http, STH), status(http, STH)], [503, 200, 200]);
    // Each endpoint counts for itself, and anew when it is told again.
    assert_eq!([status(http, ROOTS), status(http, ROOTS), status(http, ROOTS)], [503, 503, 200]);
    liar.tell(Lie::Busy { requests: 1, seconds: 0 });
    assert_eq!([status(http, STH), status(http, STH)], [503, 200]);
}

#[test]
fn the_time_to_come_back_can_be_a_date() {
    let liar = Liar::start();
    let http = &api(&liar).http;
    let before = SystemTime::now();
    liar.tell(Lie::BusyUntil { requests: 1, seconds: 3600 });
    let refusal = http.get(STH).unwrap();
    assert_eq!(refusal.status, 429);
    let date = httpdate::parse_http_date(refusal.header("retry-after").unwrap()).unwrap();
    assert!(date + Duration::from_secs(1) > before + Duration::from_secs(3600));
    assert_eq!(status(http, STH), 200);
}

#[test]
fn a_server_error_is_a_page() {
    let liar = Liar::start();
    let http = &api(&liar).http;
    liar.tell(Lie::ServerError { requests: 1 });
    let page = http.get(STH).unwrap();
    assert_eq!((page.status, page.header("content-type")), (500, Some("text/html")));
    assert!(page.excerpt().starts_with("<!DOCTYPE html>"));
    assert_eq!(status(http, STH), 200);
}

fn location(http: &Client, path: &str) -> String {
    let response = http.get_from_root(path).unwrap();
    assert_eq!(response.status, 302);
    response.header("location").unwrap().to_owned()
}

#[test]
fn a_redirection_may_end_or_not() {
    let liar = Liar::with_entries(3);
    let http = &api(&liar).http;
    let path = "/liar/ct/v1/get-entries?start=0&end=1";
    liar.tell(Lie::RedirectOnce);
    let there = location(http, path);
    assert_eq!(there, format!("{path}&hop=1"));
    assert_eq!(http.get_from_root(&there).unwrap().status, 200);

    liar.tell(Lie::RedirectLoop);
    assert_eq!(location(http, path), format!("{path}&hop=1"));
    assert_eq!(location(http, &format!("{path}&hop=41")), format!("{path}&hop=42"));
    assert_eq!(location(http, "/liar/ct/v1/get-sth"), "/liar/ct/v1/get-sth?hop=1");
}

#[test]
fn a_redirection_may_lead_elsewhere() {
    let liar = Liar::start();
    let http = &api(&liar).http;
    let path = "/liar/ct/v1/get-sth";
    let port = liar.url().rsplit_once(':').unwrap().1.split_once('/').unwrap().0.to_owned();
    liar.tell(Lie::RedirectToOtherScheme);
    assert_eq!(location(http, path), format!("https://127.0.0.1:{port}{path}"));
    liar.tell(Lie::RedirectToOtherHost);
    assert_eq!(location(http, path), format!("http://localhost:{port}{path}"));
    // Who goes there gets the answer, and is found out.
    let elsewhere = Client::new(&format!("http://localhost:{port}/liar"), Duration::from_secs(20)).unwrap();
    assert_eq!(status(&elsewhere, STH), 200);
    let last = liar.requests().pop().unwrap();
    assert_eq!(last.header("Host"), Some(format!("localhost:{port}").as_str()));
}
