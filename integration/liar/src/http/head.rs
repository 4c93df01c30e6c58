//! Reading the head of a request.

use std::io::{self, BufRead, Read};
use std::time::Instant;

use crate::requests::Request;

/// Bytes in the request line and all header fields.
const LIMIT: u64 = 64 << 10;

/// Where a request arrives.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) frontend: usize,
    pub(super) connection: u64,
}

/// The request but for its body; None if the connection has ended where it may.
pub(super) fn read(reader: &mut impl BufRead, place: Place) -> io::Result<Option<Request>> {
    let mut lines = reader.by_ref().take(LIMIT);
    let Some(line) = read_line(&mut lines)? else { return Ok(None) };
    let mut words = line.split_whitespace().map(str::to_owned);
    let (Some(method), Some(target)) = (words.next(), words.next()) else {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "no request line"));
    };
    let mut headers = Vec::new();
    while let Some(line) = read_line(&mut lines)?.filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':').unwrap_or((&line, ""));
        headers.push((name.trim().to_owned(), value.trim().to_owned()));
    }
    let Place { frontend, connection } = place;
    Ok(Some(Request { at: Instant::now(), frontend, connection, method, target, headers }))
}

/// The next line without its end; None where the connection ends.
fn read_line(reader: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    if line.pop() != Some('\n') {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Some(line.trim_end_matches('\r').to_owned()))
}

/// The length of the body that follows; None for one without a length.
pub(super) fn body_length(request: &Request) -> io::Result<Option<usize>> {
    if request.header("transfer-encoding").is_some() {
        return Ok(None);
    }
    let length = request.header("content-length").map_or(Ok(0), str::parse);
    length.map(Some).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "Content-Length is no number"))
}
