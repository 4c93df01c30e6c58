//! Bodies, read with a bound on size, on pauses and on the whole time.
//!
//! A body that is refused is still read to a bound and thrown away, in the background: a sender that has not finished
//! sending would otherwise find its connection reset before it gets to see the answer.

use crate::limits::{BODY_PAUSE, DRAIN_TIMEOUT, MAX_DRAIN};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::StatusCode;
use hyper::body::{Body as _, Incoming};
use std::time::Duration;
use tokio::time::{Instant, timeout, timeout_at};

/// First allocation for a body; one that is longer has to arrive before more is given to it.
const FIRST_ALLOCATION: usize = 64 << 10;

/// How much of a body is read, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BodyLimits {
    /// Greatest size in bytes.
    pub size: usize,
    /// Longest pause between two pieces.
    pub pause: Duration,
    /// Longest time for the whole.
    pub total: Duration,
}

impl BodyLimits {
    /// Bodies of `size` bytes at most, that arrive within `total`.
    pub fn new(size: usize, total: Duration) -> Self {
        Self { size, pause: BODY_PAUSE.min(total), total }
    }
}

/// Why a body was not read: always its sender's fault, or the network's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// It is too large.
    #[error("the body is larger than {limit} bytes")]
    TooLarge {
        /// The bound.
        limit: usize,
    },
    /// It stopped arriving.
    #[error("nothing of the body arrived for {pause:?}")]
    Paused {
        /// The bound.
        pause: Duration,
    },
    /// It arrives too slowly.
    #[error("the body did not arrive within {total:?}")]
    TooLong {
        /// The bound.
        total: Duration,
    },
    /// The connection broke, or the framing is wrong.
    #[error("the body broke off: {reason}")]
    Broken {
        /// What hyper says.
        reason: String,
    },
}

impl BodyError {
    /// What to answer.
    pub const fn status(&self) -> StatusCode {
        match self {
            BodyError::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            BodyError::Paused { .. } | BodyError::TooLong { .. } => StatusCode::REQUEST_TIMEOUT,
            BodyError::Broken { .. } => StatusCode::BAD_REQUEST,
        }
    }
}

/// Reads a whole body. When it is refused, what remains of it is drained in the background.
pub async fn read_body(mut body: Incoming, limits: BodyLimits) -> Result<Bytes, BodyError> {
    let read = collect(&mut body, limits).await;
    if read.is_err() {
        drain(body);
    }
    read
}

pub(crate) async fn collect(body: &mut Incoming, limits: BodyLimits) -> Result<Bytes, BodyError> {
    let BodyLimits { size: limit, pause, total } = limits;
    let announced = body.size_hint().lower();
    if announced > limit as u64 {
        return Err(BodyError::TooLarge { limit });
    }
    let end = Instant::now() + total;
    let mut whole = BytesMut::new();
    loop {
        let next = timeout_at(end.min(Instant::now() + pause), body.frame()).await;
        let frame = match next {
            Ok(Some(Ok(frame))) => frame,
            Ok(Some(Err(error))) => return Err(BodyError::Broken { reason: error.to_string() }),
            Ok(None) => return Ok(whole.freeze()),
            Err(_) if Instant::now() >= end => return Err(BodyError::TooLong { total }),
            Err(_) => return Err(BodyError::Paused { pause }),
        };
        let Ok(data) = frame.into_data() else { continue };
        if data.len() > limit - whole.len() {
            return Err(BodyError::TooLarge { limit });
        }
        if whole.is_empty() && body.is_end_stream() {
            return Ok(data);
        }
        if whole.is_empty() {
            whole.reserve(FIRST_ALLOCATION.min(announced as usize));
        }
        whole.extend_from_slice(&data);
    }
}

/// Reads the rest of a body that nobody wants, to a bound, in the background.
pub fn drain(mut body: Incoming) {
    if body.is_end_stream() {
        return;
    }
    tokio::spawn(timeout(DRAIN_TIMEOUT, async move {
        let mut left = MAX_DRAIN;
        while let Some(Ok(frame)) = body.frame().await {
            let read = frame.data_ref().map_or(0, Bytes::len);
            match left.checked_sub(read) {
                Some(rest) => left = rest,
                None => break,
            }
        }
    }));
}
