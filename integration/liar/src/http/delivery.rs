//! How an answer reaches the client, or does not.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::Answer;
use super::server::Guest;
use crate::lie::Lie;

/// What an endless body stops at.
const MOST_SENT: usize = 1 << 30;
/// What a huge body claims to have.
const CLAIMED: u64 = 100_000_000_000;

/// A way of sending an answer, or of not doing so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// Whole, and the connection goes on.
    Keep,
    /// Whole, and the connection ends.
    Close,
    DripBody,
    DripHead,
    Silence,
    HangUp,
    Cut,
    Endless,
    ClaimHuge,
}

impl Way {
    /// None if this is no lie about the way.
    pub(super) fn of(lie: Lie) -> Option<Self> {
        match lie {
            Lie::BodyDrips => Some(Self::DripBody),
            Lie::HeadDrips => Some(Self::DripHead),
            Lie::NeverAnswered => Some(Self::Silence),
            Lie::HungUp => Some(Self::HangUp),
            Lie::BodyCut => Some(Self::Cut),
            Lie::BodyEndless => Some(Self::Endless),
            Lie::BodyClaimsHuge => Some(Self::ClaimHuge),
            _ => None,
        }
    }
}

/// The sending side of a connection.
pub(super) struct Delivery<'a> {
    pub(super) writer: TcpStream,
    pub(super) guest: &'a Guest<'a>,
    /// Between two bytes that drip.
    pub(super) interval: Duration,
}

impl Delivery<'_> {
    /// Whether the connection goes on.
    pub(super) fn deliver(&mut self, answer: Answer, way: Way) -> io::Result<bool> {
        match way {
            Way::Keep | Way::Close => self.whole(answer, way)?,
            Way::DripBody => {
                self.write(&head(&answer, None), b"{")?;
                // JSON allows any amount of white space, so that no reader can tell early that this leads nowhere.
                self.drip(b' ')?;
            }
            Way::DripHead => {
                self.write(b"HTTP/1.1 200 -\r\nX-Drip: ", b"")?;
                self.drip(b'a')?;
            }
            Way::Silence => self.wait_for_the_end()?,
            Way::HangUp => {}
            Way::Cut => {
                let length = answer.body.len();
                self.write(&head(&answer, Some(length as u64)), &answer.body[..length / 2])?;
            }
            Way::Endless => self.pour(&head(&answer, None))?,
            Way::ClaimHuge => self.pour(&head(&answer, Some(CLAIMED)))?,
        }
        Ok(way == Way::Keep)
    }

    /// Sends the whole answer.
    pub(super) fn whole(&mut self, answer: Answer, way: Way) -> io::Result<()> {
        let answer = if way == Way::Close { answer.with("Connection", "close") } else { answer };
        let length = answer.body.len() as u64;
        self.write(&head(&answer, Some(length)), &answer.body)
    }

    fn write(&mut self, head: &[u8], body: &[u8]) -> io::Result<()> {
        // In one piece: a client may be quick to think that a head without a body is all.
        self.writer.write_all(&[head, body].concat())
    }

    fn drip(&mut self, byte: u8) -> io::Result<()> {
        loop {
            self.guest.pause(self.interval)?;
            self.writer.write_all(&[byte])?;
        }
    }

    /// Until the client hangs up or the server stops.
    fn wait_for_the_end(&mut self) -> io::Result<()> {
        self.writer.set_read_timeout(None)?;
        let mut ignored = [0; 4096];
        while self.writer.read(&mut ignored)? > 0 {}
        Ok(())
    }

    /// A JSON object with one string that does not end.
    fn pour(&mut self, head: &[u8]) -> io::Result<()> {
        self.write(head, br#"{"x":""#)?;
        let piece = [b'a'; 64 << 10];
        for _ in 0..MOST_SENT / piece.len() {
            self.writer.write_all(&piece)?;
        }
        Ok(())
    }
}

fn head(answer: &Answer, length: Option<u64>) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {} -\r\n", answer.status);
    for (field, value) in &answer.headers {
        head.push_str(&format!("{field}: {value}\r\n"));
    }
    match length {
        Some(length) => head.push_str(&format!("Content-Length: {length}\r\n")),
        None => head.push_str("Connection: close\r\n"),
    }
    head.push_str("\r\n");
    head.into_bytes()
}
