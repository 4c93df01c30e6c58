//! Reading an HTTP/1.1 response.

use std::io::{self, BufRead, Read};

/// No answer of a log that the judge asks for is larger than this.
const MAX_BODY: u64 = 64 << 20;
const MAX_LINE: u64 = 64 << 10;

/// A response, complete.
#[derive(Clone, Debug)]
pub struct Response {
    /// Status code.
    pub status: u16,
    /// Header fields, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, decoded from chunks.
    pub body: Vec<u8>,
}

impl Response {
    /// The first header field of this (lower-case) name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    /// The body as text, cut for error messages.
    pub fn excerpt(&self) -> String {
        String::from_utf8_lossy(&self.body).chars().take(160).collect()
    }

    /// Whether the connection can carry another request.
    pub(super) fn keeps_connection(&self) -> bool {
        !self.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"))
            && (self.header("content-length").is_some() || self.header("transfer-encoding").is_some())
    }

    pub(super) fn read(reader: &mut impl BufRead) -> io::Result<Self> {
        loop {
            let (status, headers) = read_head(reader)?;
            // An interim response announces nothing of interest here.
            if (100..200).contains(&status) {
                continue;
            }
            let mut response = Self { status, headers, body: Vec::new() };
            response.read_body(reader)?;
            return Ok(response);
        }
    }

    fn read_body(&mut self, reader: &mut impl BufRead) -> io::Result<()> {
        if matches!(self.status, 204 | 304) {
            return Ok(());
        }
        if self.header("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
            self.body = read_chunks(reader)?;
            return Ok(());
        }
        match self.header("content-length").map(str::parse::<u64>) {
            Some(Ok(length)) if length <= MAX_BODY => {
                self.body.resize(length as usize, 0);
                reader.read_exact(&mut self.body)
            }
            Some(_) => Err(invalid("unusable Content-Length")),
            None => reader.take(MAX_BODY).read_to_end(&mut self.body).map(|_| ()),
        }
    }
}

fn read_head(reader: &mut impl BufRead) -> io::Result<(u16, Vec<(String, String)>)> {
    let line = read_line(reader)?;
    let mut words = line.split(' ');
    let version = words.next().unwrap_or_default();
    let status = words.next().and_then(|word| word.parse().ok());
    let (true, Some(status)) = (version.starts_with("HTTP/1."), status) else {
        return Err(invalid("no HTTP/1 status line"));
    };
    let mut headers = Vec::new();
    loop {
        let line = read_line(reader)?;
        if line.is_empty() {
            return Ok((status, headers));
        }
        let (name, value) = line.split_once(':').ok_or_else(|| invalid("header line without colon"))?;
        headers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
    }
}

fn read_line(reader: &mut impl BufRead) -> io::Result<String> {
    let mut line = Vec::new();
    reader.by_ref().take(MAX_LINE).read_until(b'\n', &mut line)?;
    if line.pop() != Some(b'\n') {
        return Err(io::Error::new(
            io::ErrorKind::UnexpectedEof,
            "connection closed within the response head",
        ));
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    String::from_utf8(line).map_err(|_| invalid("response head is not UTF-8"))
}

fn read_chunks(reader: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = read_line(reader)?;
        let size = line.split(';').next().unwrap_or_default().trim();
        let size = u64::from_str_radix(size, 16).map_err(|_| invalid("chunk size is not hexadecimal"))?;
        if size > MAX_BODY || body.len() as u64 + size > MAX_BODY {
            return Err(invalid("body too large"));
        }
        if size == 0 {
            while !read_line(reader)?.is_empty() {}
            return Ok(body);
        }
        let start = body.len();
        body.resize(start + size as usize, 0);
        reader.read_exact(&mut body[start..])?;
        read_line(reader)?;
    }
}

fn invalid(message: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}
