//! What the log was asked.

use std::time::Instant;

use crate::endpoint::Endpoint;

/// A request as it arrived; it is noted when its head is complete, before any answer.
#[derive(Clone, Debug)]
pub struct Request {
    /// When its head had arrived.
    pub at: Instant,
    /// Which frontend was asked, counted from zero.
    pub frontend: usize,
    /// Which connection of that frontend it came over, counted from zero.
    pub connection: u64,
    /// As in the request line.
    pub method: String,
    /// Path and query, as in the request line.
    pub target: String,
    /// Names as they were sent.
    pub headers: Vec<(String, String)>,
}

impl Request {
    /// The first header field of this name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut fields = self.headers.iter();
        fields.find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Whether there is a query, if only an empty one.
    pub fn has_query(&self) -> bool {
        self.target.contains('?')
    }

    /// The path without the query.
    pub fn path(&self) -> &str {
        self.target.split_once('?').map_or(&self.target, |(path, _)| path)
    }

    /// Which endpoint was meant, if any.
    pub fn endpoint(&self) -> Option<Endpoint> {
        Endpoint::of_path(self.path())
    }

    /// The first query parameter of this name, decoded.
    pub fn parameter(&self, name: &str) -> Option<String> {
        let (_, query) = self.target.split_once('?')?;
        let mut parameters = url::form_urlencoded::parse(query.as_bytes());
        parameters.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }
}
