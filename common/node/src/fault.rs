//! What a node answers when it does not do what it was asked, with whose fault that is, and the one table of statuses.

use crate::body::BodyError;
use crate::message::RETRY_HEADER;
use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};
use std::time::Duration;

/// Why a call was not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Understood and declined by a rule of the protocol; the body is JSON, so that a newer certificate can travel in it.
    #[error("refused")]
    Refused {
        /// The answer, in JSON.
        body: Bytes,
    },
    /// The caller's message is wrong.
    #[error("{0}")]
    BadRequest(String),
    /// The caller may not ask this.
    #[error("{0}")]
    Forbidden(String),
    /// No such log, role, method or thing.
    #[error("{0}")]
    NotFound(String),
    /// The caller's message is too large.
    #[error("the body is larger than {limit} bytes")]
    TooLarge {
        /// The greatest body.
        limit: usize,
    },
    /// The caller sent its message too slowly.
    #[error("{0}")]
    TooSlow(String),
    /// Nobody's fault: this node has too much to do.
    #[error("overloaded, call again in {retry_after:?}")]
    Overloaded {
        /// When to call again.
        retry_after: Duration,
    },
    /// This node cannot do it now: it starts, stops, recovers, or misses another node.
    #[error("{0}")]
    Unavailable(String),
    /// The time that the caller gave is over.
    #[error("not done within the caller's deadline")]
    DeadlinePassed,
    /// This node's own fault.
    #[error("{0}")]
    Ours(String),
}

impl Fault {
    /// A refusal that carries `value` in JSON.
    pub fn refused(value: &impl serde::Serialize) -> Self {
        match serde_json::to_vec(value) {
            Ok(body) => Fault::Refused { body: body.into() },
            Err(error) => Fault::Ours(format!("cannot write a refusal: {error}")),
        }
    }

    /// The one table of statuses.
    pub const fn status(&self) -> StatusCode {
        match self {
            Fault::Refused { .. } => StatusCode::CONFLICT,
            Fault::BadRequest(_) => StatusCode::BAD_REQUEST,
            Fault::Forbidden(_) => StatusCode::FORBIDDEN,
            Fault::NotFound(_) => StatusCode::NOT_FOUND,
            Fault::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Fault::TooSlow(_) => StatusCode::REQUEST_TIMEOUT,
            Fault::Overloaded { .. } | Fault::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Fault::DeadlinePassed => StatusCode::GATEWAY_TIMEOUT,
            Fault::Ours(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Its name in metrics.
    pub const fn label(&self) -> &'static str {
        match self {
            Fault::Refused { .. } => "refused",
            Fault::BadRequest(_) => "bad_request",
            Fault::Forbidden(_) => "forbidden",
            Fault::NotFound(_) => "not_found",
            Fault::TooLarge { .. } => "too_large",
            Fault::TooSlow(_) => "too_slow",
            Fault::Overloaded { .. } => "overloaded",
            Fault::Unavailable(_) => "unavailable",
            Fault::DeadlinePassed => "deadline_passed",
            Fault::Ours(_) => "ours",
        }
    }

    /// The answer to the caller.
    pub fn into_response(self) -> Response<Full<Bytes>> {
        let status = self.status();
        let (kind, body) = match &self {
            Fault::Refused { body } => ("application/json", body.clone()),
            other => ("text/plain; charset=utf-8", Bytes::from(other.to_string())),
        };
        let mut response = Response::new(Full::new(body));
        *response.status_mut() = status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        if let Fault::Overloaded { retry_after } = self {
            let millis = u64::try_from(retry_after.as_millis()).unwrap_or(u64::MAX);
            response.headers_mut().insert(RETRY_HEADER, HeaderValue::from(millis));
        }
        response
    }
}

impl From<BodyError> for Fault {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge { limit } => Fault::TooLarge { limit },
            BodyError::Paused { .. } | BodyError::TooLong { .. } => Fault::TooSlow(error.to_string()),
            BodyError::Broken { .. } => Fault::BadRequest(error.to_string()),
        }
    }
}
