//! Just enough of an HTTP/1.1 server on plain threads, and ways of being a bad one.

mod connection;
mod delivery;
mod head;
mod server;

use serde_json::Value;

pub(crate) use server::Server;

/// An answer before it goes out.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(content_type: &str, status: u16, body: impl Into<String>) -> Self {
        let headers = vec![("Content-Type", content_type.to_owned())];
        Self { status, headers, body: body.into().into_bytes() }
    }

    pub(crate) fn json(value: &Value) -> Self {
        Self::text("application/json", 200, value.to_string())
    }

    pub(crate) fn html(status: u16, page: &str) -> Self {
        Self::text("text/html", status, page)
    }

    /// A refusal, or whatever else is not 200, with a line for the reader.
    pub(crate) fn refused(status: u16, why: &str) -> Self {
        Self::text("text/plain", status, format!("{why}\n"))
    }

    pub(crate) fn with(mut self, field: &'static str, value: impl ToString) -> Self {
        self.headers.push((field, value.to_string()));
        self
    }
}
