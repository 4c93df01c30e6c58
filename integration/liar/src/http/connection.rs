//! The requests of one connection.

use std::io::{self, BufReader, Read};
use std::net::{Shutdown, TcpStream};
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use super::delivery::{Delivery, Way};
use super::head::Place;
use super::server::Guest;
use super::{Answer, head};
use crate::frontend::Frontend;
use crate::lie::Lie;
use crate::requests::Request;

/// As CTFE.
const BODY_LIMIT: usize = 512_000;
const BODY_TIME: Duration = Duration::from_secs(1);
/// How much of an unwanted body is taken in after all.
const LINGER: usize = 16 << 20;
const IDLE_TIME: Duration = Duration::from_secs(10);

pub(super) fn serve(
    frontend: &Frontend,
    stream: TcpStream,
    connection: u64,
    guest: &Guest<'_>,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut delivery = Delivery { writer: stream.try_clone()?, guest, interval: frontend.drip };
    let mut reader = BufReader::new(stream);
    let place = Place { frontend: frontend.number, connection };
    loop {
        reader.get_ref().set_read_timeout(Some(IDLE_TIME))?;
        let Some(request) = head::read(&mut reader, place)? else { return Ok(()) };
        frontend.log.requests().push(request.clone());
        let teller = frontend.teller(request.endpoint());
        let body = match receive(frontend, teller.lie, &mut reader, &request)? {
            Ok(body) => body,
            Err(refusal) => {
                // What is left of the body cannot be told from a next request, so this one was the last.
                delivery.whole(refusal, Way::Close)?;
                return linger(&mut reader);
            }
        };
        let closing = request.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
        let way = Way::of(teller.lie).unwrap_or(if closing { Way::Close } else { Way::Keep });
        if !delivery.deliver(teller.answer(&request, &body), way)? {
            return Ok(());
        }
    }
}

/// Takes in what the client still sends, for a while: closing a socket with unread bytes resets the connection, and
/// the client might never see its answer.
fn linger(reader: &mut BufReader<TcpStream>) -> io::Result<()> {
    reader.get_ref().shutdown(Shutdown::Write)?;
    // However it ends, it has ended.
    let _ = read_body(reader, LINGER, BODY_TIME);
    Ok(())
}

/// The body, or why it is refused.
fn receive(
    frontend: &Frontend,
    lie: Lie,
    reader: &mut BufReader<TcpStream>,
    request: &Request,
) -> io::Result<Result<Vec<u8>, Answer>> {
    let _alone = (lie == Lie::DripBlocksOthers)
        .then(|| frontend.one_at_a_time.lock().unwrap_or_else(PoisonError::into_inner));
    let Some(length) = head::body_length(request)? else {
        return Ok(Err(Answer::refused(411, "Content-Length is missing")));
    };
    if length > BODY_LIMIT && lie != Lie::HugeBodyIs400 {
        return Ok(Err(Answer::refused(413, "certificate chain too large")));
    }
    let patience = match lie {
        Lie::DripNeverCut => Duration::from_secs(60),
        Lie::DripBlocksOthers => BODY_TIME * 4,
        _ => BODY_TIME,
    };
    match read_body(reader, length, patience) {
        Ok(body) => Ok(Ok(body)),
        Err(error) if error.kind() == io::ErrorKind::TimedOut => {
            Ok(Err(Answer::refused(408, "body too slow")))
        }
        Err(error) => Err(error),
    }
}

fn read_body(reader: &mut BufReader<TcpStream>, length: usize, patience: Duration) -> io::Result<Vec<u8>> {
    let deadline = Instant::now() + patience;
    let mut body = Vec::new();
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
    Ok(body)
}
