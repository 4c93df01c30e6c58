//! One request, one answer: bounded in bytes, in time and in redirects.

use crate::{ClientError, Limits};
use reqwest::header::{LOCATION, RETRY_AFTER};
use reqwest::{RequestBuilder, Response, StatusCode};
use serde::de::DeserializeOwned;
use std::time::{Duration, SystemTime};
use tokio::time::{Instant, timeout_at};
use url::Url;

/// Greatest text of an error that is shown, in characters.
const MAX_TEXT: usize = 500;

/// How much an answer may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bulk {
    /// A head, a proof, an SCT.
    Small,
    /// Entries, roots.
    Large,
}

/// The moment at which an answer is given up, and how much of it has come.
struct Wait<'a> {
    url: &'a Url,
    begun: Instant,
    until: Instant,
    received: usize,
}

impl Wait<'_> {
    fn slow(&self) -> ClientError {
        ClientError::Slow { url: self.url.to_string(), after: self.begun.elapsed(), received: self.received }
    }

    /// A body that ends too early: known by the length that was announced, if one was.
    fn cut(&self, announced: Option<u64>, error: &reqwest::Error) -> ClientError {
        let received = self.received;
        match announced {
            Some(announced) if (received as u64) < announced => {
                ClientError::CutShort { url: self.url.to_string(), received, announced }
            }
            _ => self.broken(error),
        }
    }

    fn broken(&self, error: &reqwest::Error) -> ClientError {
        ClientError::Unreachable { url: self.url.to_string(), reason: causes(error) }
    }
}

/// A GET, which may be redirected.
pub(crate) async fn get<T: DeserializeOwned>(
    http: &reqwest::Client,
    limits: &Limits,
    url: Url,
    bulk: Bulk,
) -> Result<T, ClientError> {
    let begun = Instant::now();
    let mut wait = Wait { url: &url, begun, until: begun + limits.answer, received: 0 };
    let mut place = url.clone();
    for _ in 0..=limits.redirects {
        let response = send(http.get(place.clone()), &wait).await?;
        match redirect(&place, &response)? {
            Some(next) => place = next,
            None => return read(response, limits, bulk, &mut wait).await,
        }
    }
    let reason = format!("more than {} times, the last time to {place}", limits.redirects);
    Err(ClientError::Redirects { url: url.to_string(), reason })
}

/// A POST, which may not: a submission that became a GET would look answered.
pub(crate) async fn post<T: DeserializeOwned>(
    request: RequestBuilder,
    limits: &Limits,
    url: &Url,
) -> Result<T, ClientError> {
    let begun = Instant::now();
    let mut wait = Wait { url, begun, until: begun + limits.answer, received: 0 };
    let response = send(request, &wait).await?;
    read(response, limits, Bulk::Small, &mut wait).await
}

async fn send(request: RequestBuilder, wait: &Wait<'_>) -> Result<Response, ClientError> {
    let sent = timeout_at(wait.until, request.send()).await.map_err(|_| wait.slow())?;
    sent.map_err(|error| wait.broken(&error))
}

/// Where an answer sends its reader: within the origin that was asked, or to any that has TLS.
fn redirect(from: &Url, response: &Response) -> Result<Option<Url>, ClientError> {
    use StatusCode as S;
    let status = response.status();
    if ![S::MOVED_PERMANENTLY, S::FOUND, S::SEE_OTHER, S::TEMPORARY_REDIRECT, S::PERMANENT_REDIRECT]
        .contains(&status)
    {
        return Ok(None);
    }
    let refuse = |reason: String| ClientError::Redirects { url: from.to_string(), reason };
    let to = response.headers().get(LOCATION).and_then(|to| to.to_str().ok());
    let to = to.ok_or_else(|| refuse(format!("(status {}) nowhere", status.as_u16())))?;
    let to = from.join(to).map_err(|error| refuse(format!("to {to:?}: {error}")))?;
    if to.scheme() == "https" || to.origin() == from.origin() {
        Ok(Some(to))
    } else {
        Err(refuse(format!("to {to}, another origin without TLS")))
    }
}

async fn read<T: DeserializeOwned>(
    response: Response,
    limits: &Limits,
    bulk: Bulk,
    wait: &mut Wait<'_>,
) -> Result<T, ClientError> {
    let limit = match bulk {
        Bulk::Small => limits.small,
        Bulk::Large => limits.bulk,
    };
    let status = response.status();
    let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let retry_after = retry_after.and_then(|value| asked_pause(value, SystemTime::now()));
    let body = collect(response, limits.silence, limit, wait).await?;
    if status == StatusCode::OK {
        return serde_json::from_slice(&body)
            .map_err(|error| ClientError::malformed(wait.url.as_str(), error));
    }
    let text = excerpt(&body);
    Err(ClientError::Status { url: wait.url.to_string(), status: status.as_u16(), retry_after, text })
}

async fn collect(
    mut response: Response,
    silence: Duration,
    limit: usize,
    wait: &mut Wait<'_>,
) -> Result<Vec<u8>, ClientError> {
    let too_large = || ClientError::TooLarge { url: wait.url.to_string(), limit };
    let announced = response.content_length();
    if announced.is_some_and(|length| length > limit as u64) {
        return Err(too_large());
    }
    let mut body = Vec::new();
    loop {
        let until = wait.until.min(Instant::now() + silence);
        let chunk = timeout_at(until, response.chunk()).await.map_err(|_| wait.slow())?;
        let Some(chunk) = chunk.map_err(|error| wait.cut(announced, &error))? else { return Ok(body) };
        if body.len() + chunk.len() > limit {
            return Err(ClientError::TooLarge { url: wait.url.to_string(), limit });
        }
        body.extend_from_slice(&chunk);
        wait.received = body.len();
    }
}

/// The pause that Retry-After asks for (RFC 9110 §10.2.3): whole seconds, or a date; one that has passed asks for none.
fn asked_pause(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

/// What an error page says, on one line; nothing in it may command a terminal.
fn excerpt(body: &[u8]) -> String {
    let text: String = String::from_utf8_lossy(body).chars().take(MAX_TEXT).collect();
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join(": ").replace(char::is_control, "?")
}

/// What an error says, and what lies behind it: the outermost text alone names only the URL.
fn causes(error: &reqwest::Error) -> String {
    let mut texts = Vec::new();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        texts.push(error.to_string());
        cause = error.source();
    }
    if texts.is_empty() { error.to_string() } else { texts.join(": ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_read_in_both_forms() {
        let now = httpdate::parse_http_date("Tue, 15 Nov 1994 08:12:31 GMT").unwrap();
        let seconds = |value| asked_pause(value, now).map(|pause| pause.as_secs());
        assert_eq!(seconds(" 120 "), Some(120));
        assert_eq!(seconds("Tue, 15 Nov 1994 08:12:41 GMT"), Some(10));
        assert_eq!(seconds("Tue, 15 Nov 1994 08:12:21 GMT"), Some(0));
        assert_eq!(seconds("soon"), None);
        assert_eq!(seconds("-1"), None);
        assert_eq!(seconds("99999999999999999999"), None);
    }

    #[test]
    fn an_error_page_is_one_harmless_line() {
        assert_eq!(excerpt(b"Bad Request\n\n  chain[0]: \x1b[31mred\n"), "Bad Request: chain[0]: ?[31mred");
        assert_eq!(excerpt(&[b'x'; 2000]).len(), MAX_TEXT);
    }
}
