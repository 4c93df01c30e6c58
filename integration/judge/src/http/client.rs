//! Connections, requests, and two ways of misbehaving: a huge body and a dripping one.

use std::io::{self, BufReader, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::response::Response;
use super::url::BaseUrl;
use crate::error::{JudgeError, Result};

/// After so many dripped bytes the server has surely begun to read them.
const SETTLED: u32 = 10;
/// How many idle connections are kept for reuse.
const IDLE: usize = 4;

/// A client of one server.
#[derive(Debug)]
pub struct Client {
    base: BaseUrl,
    timeout: Duration,
    idle: Mutex<Vec<TcpStream>>,
}

/// How a body that never completes came to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Drip {
    /// The server answered with this status.
    Answered(u16),
    /// The server closed the connection.
    Cut,
    /// The server was still listening at the deadline.
    StillOpen,
}

impl Client {
    /// A client for `http://host:port[/prefix]`; `timeout` bounds each request as a whole.
    pub fn new(base_url: &str, timeout: Duration) -> Result<Self> {
        Ok(Self { base: BaseUrl::parse(base_url)?, timeout, idle: Mutex::new(Vec::new()) })
    }

    /// GET `<prefix><path>`.
    pub fn get(&self, path: &str) -> Result<Response> {
        self.request("GET", &format!("{}{path}", self.base.prefix), b"")
    }

    /// POST `<prefix><path>` with a JSON body.
    pub fn post(&self, path: &str, body: &[u8]) -> Result<Response> {
        self.request("POST", &format!("{}{path}", self.base.prefix), body)
    }

    /// GET a path as seen from the root of the server, without the prefix.
    pub fn get_from_root(&self, path: &str) -> Result<Response> {
        self.request("GET", path, b"")
    }

    fn request(&self, method: &str, path: &str, body: &[u8]) -> Result<Response> {
        let mut message = self.head(method, path, body.len()).into_bytes();
        message.extend_from_slice(body);
        let reused = self.lock_idle().pop();
        if let Some(connection) = reused {
            // The server may have closed an idle connection at any time; that is no fault, and the request is
            // made again. Silence is one, and is not hidden by asking twice.
            match self.exchange(connection, &message) {
                Ok(response) => return Ok(response),
                Err(cause) if timed_out(&cause) => {
                    return Err(JudgeError::Transport { request: format!("{method} {path}"), cause });
                }
                Err(_) => {}
            }
        }
        self.connect()
            .and_then(|connection| self.exchange(connection, &message))
            .map_err(|cause| JudgeError::Transport { request: format!("{method} {path}"), cause })
    }

    fn exchange(&self, mut connection: TcpStream, message: &[u8]) -> io::Result<Response> {
        let deadline = Instant::now() + self.timeout;
        connection.write_all(message)?;
        let response = read_by(deadline, &mut connection)?;
        if response.keeps_connection() {
            let mut idle = self.lock_idle();
            if idle.len() < IDLE {
                idle.push(connection);
            }
        }
        Ok(response)
    }

    /// POSTs a body that the server will not want to read to its end, and takes the answer whenever it comes.
    pub fn post_oversized(&self, path: &str, body: &[u8]) -> Result<Response> {
        let path = format!("{}{path}", self.base.prefix);
        self.try_oversized(&path, body).map_err(|cause| JudgeError::Transport {
            request: format!("POST {path} ({} bytes)", body.len()),
            cause,
        })
    }

    fn try_oversized(&self, path: &str, body: &[u8]) -> io::Result<Response> {
        let deadline = Instant::now() + self.timeout;
        let mut connection = self.connect()?;
        connection.write_all(self.head("POST", path, body.len()).as_bytes())?;
        for piece in body.chunks(16 << 10) {
            if answer_waits(&connection)? {
                break;
            }
            // A write that fails means that the server has stopped reading; its answer is already on the way.
            if connection.write_all(piece).is_err() {
                break;
            }
        }
        read_by(deadline, &mut connection)
    }

    /// POSTs one byte of a long body every `interval`, until the server ends it or `limit` is over. Calls
    /// `dripping` once, when the server has had time to start reading.
    pub fn drip(&self, path: &str, interval: Duration, limit: Duration, dripping: impl Fn()) -> Result<Drip> {
        let path = format!("{}{path}", self.base.prefix);
        self.try_drip(&path, interval, limit, dripping)
            .map_err(|cause| JudgeError::Transport { request: format!("POST {path} (dripping)"), cause })
    }

    fn try_drip(
        &self,
        path: &str,
        interval: Duration,
        limit: Duration,
        dripping: impl Fn(),
    ) -> io::Result<Drip> {
        let deadline = Instant::now() + limit;
        let mut stream = self.connect()?;
        stream.write_all(self.head("POST", path, 400_000).as_bytes())?;
        stream.write_all(b"{\"chain\":[\"")?;
        for sent in 0.. {
            if Instant::now() >= deadline {
                break;
            }
            if sent == SETTLED {
                dripping();
            }
            if stream.write_all(b"A").is_err() {
                return Ok(Drip::Cut);
            }
            // Waiting for an answer for the length of the interval is what paces the bytes.
            stream.set_read_timeout(Some(interval))?;
            let mut first = [0; 1];
            match stream.peek(&mut first) {
                Ok(0) => return Ok(Drip::Cut),
                Ok(_) => {
                    let answer = read_by(deadline, &mut stream);
                    return Ok(answer.map_or(Drip::Cut, |response| Drip::Answered(response.status)));
                }
                Err(error) if timed_out(&error) => {}
                Err(_) => return Ok(Drip::Cut),
            }
        }
        Ok(Drip::StillOpen)
    }

    fn connect(&self) -> io::Result<TcpStream> {
        let mut last = io::Error::new(io::ErrorKind::NotFound, "host has no address");
        for address in self.base.authority.to_socket_addrs()? {
            match TcpStream::connect_timeout(&address, self.timeout) {
                Ok(stream) => {
                    stream.set_nodelay(true)?;
                    stream.set_write_timeout(Some(self.timeout))?;
                    return Ok(stream);
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn head(&self, method: &str, path: &str, length: usize) -> String {
        let mut head =
            format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nUser-Agent: ct-judge\r\n", self.base.authority);
        if method == "POST" {
            head.push_str(&format!("Content-Type: application/json\r\nContent-Length: {length}\r\n"));
        }
        head + "\r\n"
    }

    fn lock_idle(&self) -> std::sync::MutexGuard<'_, Vec<TcpStream>> {
        // The list stays usable even if a thread died while holding it.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read_by(deadline: Instant, connection: &mut TcpStream) -> io::Result<Response> {
    Response::read(&mut BufReader::new(Bounded { connection, deadline }))
}

/// Reads until one deadline for the whole response, however many pieces it comes in.
struct Bounded<'a> {
    connection: &'a mut TcpStream,
    deadline: Instant,
}

impl Read for Bounded<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "no complete answer in time"));
        }
        self.connection.set_read_timeout(Some(left))?;
        self.connection.read(buffer)
    }
}

fn answer_waits(stream: &TcpStream) -> io::Result<bool> {
    stream.set_nonblocking(true)?;
    let waiting = stream.peek(&mut [0; 1]).is_ok();
    stream.set_nonblocking(false)?;
    Ok(waiting)
}

fn timed_out(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}
