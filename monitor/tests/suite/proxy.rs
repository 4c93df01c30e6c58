//! A way to the log that lacks an endpoint, as some logs do.

use liar::Liar;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

/// Answers 404 to every path that has `without` in it, and passes everything else on. It ends with the process.
pub fn lacking(liar: &Liar, without: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (host, prefix) = {
        let url = liar.url();
        let (host, prefix) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
        (host.parse::<SocketAddr>().unwrap(), prefix.to_owned())
    };
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            thread::spawn(move || answer(client, host, without));
        }
    });
    format!("http://{address}/{prefix}")
}

/// One request; an error ends the connection, which is all a client can see of it.
fn answer(mut client: TcpStream, host: SocketAddr, without: &str) -> Option<()> {
    let mut first = String::new();
    BufReader::new(client.try_clone().ok()?.take(64 << 10)).read_line(&mut first).ok()?;
    let target = first.split(' ').nth(1)?;
    if target.contains(without) {
        let refusal = "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\nConnection: close\r\n\r\nnone";
        return client.write_all(refusal.as_bytes()).ok();
    }
    let mut log = TcpStream::connect(host).ok()?;
    write!(log, "GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").ok()?;
    let mut whole = Vec::new();
    log.read_to_end(&mut whole).ok()?;
    client.write_all(&whole).ok()
}
