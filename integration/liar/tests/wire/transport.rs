//! Answers that come slowly, in part, without end, or not at all; and the end of the log.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use liar::{Endpoint, Liar, Lie, Setup};

use super::api;

/// Lets a broken test fail instead of hanging.
const SAFETY: Duration = Duration::from_secs(20);

fn lying(lie: Lie) -> Liar {
    Liar::with(Setup { lie, drip: Duration::from_millis(1), ..Setup::default() })
}

/// A connection that has asked for the head.
fn asked(liar: &Liar) -> TcpStream {
    let url = liar.url();
    let address = url.strip_prefix("http://").unwrap().strip_suffix("/liar").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(SAFETY)).unwrap();
    let request = format!("GET /liar/ct/v1/get-sth HTTP/1.1\r\nHost: {address}\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    stream
}

/// Everything up to the empty line.
fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(byte(stream));
    }
    String::from_utf8(head).unwrap()
}

fn byte(stream: &mut TcpStream) -> u8 {
    let mut byte = [0];
    stream.read_exact(&mut byte).unwrap();
    byte[0]
}

/// What is left until the connection ends, in whatever way.
fn rest(stream: &mut TcpStream) -> Vec<u8> {
    let mut rest = Vec::new();
    // A reset is an end as good as any; running into the safety net is not.
    if let Err(error) = stream.read_to_end(&mut rest) {
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    }
    rest
}

#[test]
fn a_dripping_body_ends_with_the_log_only() {
    let liar = lying(Lie::BodyDrips);
    let mut stream = asked(&liar);
    let head = head(&mut stream);
    assert!(head.starts_with("HTTP/1.1 200 ") && !head.contains("Content-Length"), "{head}");
    let body: Vec<u8> = (0..10).map(|_| byte(&mut stream)).collect();
    assert_eq!(body, b"{         ");
    drop(liar);
    assert!(rest(&mut stream).iter().all(|byte| *byte == b' '));
}

#[test]
fn a_dripping_head_ends_with_the_log_only() {
    let liar = lying(Lie::HeadDrips);
    let mut stream = asked(&liar);
    let start: Vec<u8> = (0..40).map(|_| byte(&mut stream)).collect();
    assert_eq!(start, b"HTTP/1.1 200 -\r\nX-Drip: aaaaaaaaaaaaaaaa");
    drop(liar);
    assert!(rest(&mut stream).iter().all(|byte| *byte == b'a'));
}

#[test]
fn a_request_may_never_be_answered() {
    let liar = Liar::start();
    liar.tell_at(Endpoint::GetSth, Lie::NeverAnswered);
    let mut stream = asked(&liar);
    // Others are served meanwhile.
    while liar.requests().is_empty() {
        std::thread::yield_now();
    }
    for _ in 0..20 {
        api(&liar).roots().unwrap();
    }
    drop(liar);
    assert_eq!(rest(&mut stream), b"");
}

#[test]
fn a_connection_may_end_too_early() {
    let liar = lying(Lie::HungUp);
    assert_eq!(rest(&mut asked(&liar)), b"");
    liar.tell(Lie::BodyCut);
    let mut stream = asked(&liar);
    let head = head(&mut stream);
    let length = head.split_once("Content-Length: ").unwrap().1.split_once("\r\n").unwrap().0;
    let rest = rest(&mut stream);
    assert!(!rest.is_empty() && rest.len() < length.parse().unwrap(), "{} of {length}", rest.len());
}

#[test]
fn a_body_may_have_no_end() {
    for (lie, length) in
        [(Lie::BodyEndless, None), (Lie::BodyClaimsHuge, Some("Content-Length: 100000000000\r\n"))]
    {
        let liar = lying(lie);
        let mut stream = asked(&liar);
        let head = head(&mut stream);
        assert!(head.contains(length.unwrap_or("Connection: close")), "{head}");
        assert_eq!(head.contains("Content-Length"), length.is_some());
        let mut body = vec![0; 4 << 20];
        stream.read_exact(&mut body).unwrap();
        assert!(body.starts_with(br#"{"x":"aaa"#) && body.ends_with(b"aaa"));
        // Both sides may go first.
        if length.is_some() {
            drop(stream);
        }
        drop(liar);
    }
}

#[test]
fn a_refusal_arrives_though_the_body_was_not_read() {
    let liar = Liar::start();
    let body = vec![b' '; 4 << 20];
    let refusal = api(&liar).http.post("/ct/v1/add-chain", &body).unwrap();
    assert_eq!(refusal.status, 413);
}

#[test]
fn the_end_of_the_log_is_the_end_of_all_connections() {
    let liar = Liar::with(Setup { frontends: 3, ..Setup::default() });
    liar.frontend(0).tell(Lie::NeverAnswered);
    let silent = asked(&liar);
    let url = liar.frontend(1).url();
    let address = url.strip_prefix("http://").unwrap().strip_suffix("/liar").unwrap().to_owned();
    let idle = TcpStream::connect(&address).unwrap();
    idle.set_read_timeout(Some(SAFETY)).unwrap();
    drop(liar);
    for mut stream in [silent, idle] {
        assert_eq!(rest(&mut stream), b"");
    }
    assert!(TcpStream::connect(&address).is_err());
}
