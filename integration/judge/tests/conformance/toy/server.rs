//! Just enough HTTP/1.1 server on plain threads.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::lie::Lie;
use super::log::Log;

/// As CTFE.
const BODY_LIMIT: usize = 512_000;
const BODY_TIME: Duration = Duration::from_secs(1);
const IDLE_TIME: Duration = Duration::from_secs(10);

pub struct Request {
    pub method: String,
    pub path: String,
    pub has_query: bool,
    pub query: HashMap<String, String>,
    pub body: Vec<u8>,
}

pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
}

pub struct Server {
    pub address: SocketAddr,
    stopping: Arc<AtomicBool>,
    acceptor: Option<JoinHandle<()>>,
}

impl Server {
    pub fn start(log: Arc<Log>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let stopping = Arc::new(AtomicBool::new(false));
        let seen = stopping.clone();
        let acceptor = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if seen.load(Ordering::SeqCst) {
                    return;
                }
                let (Ok(stream), log) = (stream, log.clone()) else { continue };
                // A connection that ends badly concerns its client only.
                std::thread::spawn(move || serve(&log, stream).ok());
            }
        });
        Self { address, stopping, acceptor: Some(acceptor) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        // One more connection wakes the acceptor so that it sees the flag.
        let _ = TcpStream::connect(self.address);
        let _ = self.acceptor.take().map(JoinHandle::join);
    }
}

/// Held by each request of a log that lets slow clients block it.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn serve(log: &Log, stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(IDLE_TIME))?;
    let mut writer = stream.try_clone()?;
    let mut reader = BufReader::new(stream);
    loop {
        let Some((mut request, length)) = read_head(&mut reader)? else { return Ok(()) };
        let blocked = (log.lie == Lie::DripBlocksOthers)
            .then(|| ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner));
        if length > BODY_LIMIT && log.lie != Lie::HugeBodyIs400 {
            return write(&mut writer, &refused(413, "certificate chain too large"), "close");
        }
        let patience = match log.lie {
            Lie::DripNeverCut => Duration::from_secs(60),
            Lie::DripBlocksOthers => BODY_TIME * 4,
            _ => BODY_TIME,
        };
        match read_body(&mut reader, length, patience) {
            Ok(body) => request.body = body,
            Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                return write(&mut writer, &refused(408, "body too slow"), "close");
            }
            Err(error) => return Err(error),
        }
        drop(blocked);
        write(&mut writer, &log.answer(&request), "keep-alive")?;
    }
}

pub fn refused(status: u16, why: &str) -> Answer {
    Answer { status, body: format!("{why}\n").into_bytes() }
}

fn read_head(reader: &mut BufReader<TcpStream>) -> io::Result<Option<(Request, usize)>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace();
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let request = Request {
        method: method.to_owned(),
        path: path.to_owned(),
        has_query: target.contains('?'),
        query: parse_query(query),
        body: Vec::new(),
    };
    let mut length = 0;
    loop {
        let mut field = String::new();
        reader.read_line(&mut field)?;
        let Some((name, value)) = field.split_once(':') else { return Ok(Some((request, length))) };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
        }
    }
}

fn parse_query(query: &str) -> HashMap<String, String> {
    let mut parameters = HashMap::new();
    for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        let value = value.replace("%2B", "+").replace("%2F", "/").replace("%3D", "=");
        parameters.entry(name.to_owned()).or_insert(value);
    }
    parameters
}

fn read_body(reader: &mut BufReader<TcpStream>, length: usize, patience: Duration) -> io::Result<Vec<u8>> {
    let deadline = Instant::now() + patience;
    let mut body = Vec::with_capacity(length);
    let mut piece = [0; 8192];
    while body.len() < length {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        reader.get_ref().set_read_timeout(Some(left))?;
        let most = piece.len().min(length - body.len());
        match reader.read(&mut piece[..most]) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => body.extend_from_slice(&piece[..count]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                return Err(io::ErrorKind::TimedOut.into());
            }
            Err(error) => return Err(error),
        }
    }
    reader.get_ref().set_read_timeout(Some(IDLE_TIME))?;
    Ok(body)
}

fn write(writer: &mut TcpStream, answer: &Answer, connection: &str) -> io::Result<()> {
    let head = format!(
        "HTTP/1.1 {} -\r\nContent-Length: {}\r\nConnection: {connection}\r\n\r\n",
        answer.status,
        answer.body.len()
    );
    writer.write_all(&[head.as_bytes(), &answer.body].concat())
}
