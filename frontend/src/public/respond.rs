//! Answers to the public: statuses, headers, bodies. Whatever is answered, browsers may read it (CORS).

use super::fault::Fault;
use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ALLOW,
    CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS,
};
use hyper::{Response, StatusCode};

/// What the public server sends.
pub type Answer = Response<Full<Bytes>>;

/// How long caches may keep a good answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caching {
    /// Nothing is said.
    Unsaid,
    /// It will change soon: the newest STH.
    Fresh,
    /// It is short of what was asked for, and will be more later.
    Partial,
    /// It never changes.
    Lasting,
}

impl Caching {
    const fn header(self) -> Option<&'static str> {
        match self {
            Caching::Unsaid => None,
            Caching::Fresh => Some("no-cache"),
            Caching::Partial => Some("public, max-age=60"),
            Caching::Lasting => Some("public, max-age=86400"),
        }
    }
}

fn answer(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> Answer {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    put(&mut response, CONTENT_TYPE, kind);
    put(&mut response, ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    response
}

fn put(response: &mut Answer, name: HeaderName, value: &'static str) {
    response.headers_mut().insert(name, HeaderValue::from_static(value));
}

/// A good answer in JSON.
pub fn json(body: impl Into<Bytes>, caching: Caching) -> Answer {
    let mut response = answer(StatusCode::OK, "application/json", body);
    if let Some(value) = caching.header() {
        put(&mut response, CACHE_CONTROL, value);
    }
    response
}

/// A text for people.
pub fn text(status: StatusCode, body: impl Into<Bytes>) -> Answer {
    let mut response = answer(status, "text/plain; charset=utf-8", body);
    put(&mut response, X_CONTENT_TYPE_OPTIONS, "nosniff");
    response
}

/// The answer to a browser that asks whether it may: it may.
pub fn preflight(allow: &'static str) -> Answer {
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::NO_CONTENT;
    put(&mut response, ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    put(&mut response, ACCESS_CONTROL_ALLOW_HEADERS, "Content-Type");
    put(&mut response, ACCESS_CONTROL_ALLOW_METHODS, allow);
    response
}

/// The answer to what failed: the status in words, then the reason, as CTFE has it.
pub fn fault(fault: &Fault) -> Answer {
    let status = fault.status();
    let words = status.canonical_reason().unwrap_or("Error");
    let mut response = text(status, format!("{words}\n{}\n", fault.detail()));
    if let Fault::Method { allow } = fault {
        put(&mut response, ALLOW, allow);
    }
    if let Some(pause) = fault.retry_after() {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(pause.as_secs().max(1)));
    }
    response
}
