//! Requests over kept connections, from whichever frontend answers.

use super::ClientError;
use super::target::Target;
use crate::failure::Failure;
use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{RequestBuilder, Response};
use serde::de::DeserializeOwned;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use url::Url;

/// Longest wait for one answer.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Greatest answer: a thousand of the greatest entries would be more, and no log serves those.
const MAX_ANSWER: usize = 64 << 20;
/// Greatest text of an error that is shown.
const MAX_TEXT: usize = 500;
/// How often all frontends are asked in turn before a read is given up.
const ROUNDS: u32 = 4;
/// The pause after the first round; it doubles.
const PAUSE: Duration = Duration::from_millis(200);
/// Who we are, for the operator of a log.
const USER_AGENT: &str = concat!("wolffish/", env!("CARGO_PKG_VERSION"));

/// A client of one log. Reads stay with one frontend as long as that answers, for it alone is sure to have what it
/// spoke of before.
#[derive(Debug)]
pub struct LogClient {
    http: reqwest::Client,
    target: Target,
    preferred: AtomicUsize,
    rounds: u32,
}

impl LogClient {
    /// A client of that log.
    pub fn new(target: Target) -> Result<Self, Failure> {
        let http = reqwest::Client::builder()
            .user_agent(USER_AGENT)
            .timeout(TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .tcp_nodelay(true)
            .build()
            .map_err(|error| Failure::Internal(format!("cannot make an HTTP client: {error}")))?;
        Ok(Self { http, target, preferred: AtomicUsize::new(0), rounds: ROUNDS })
    }

    /// The same, giving up a read at once if no frontend answers.
    #[must_use]
    pub fn asking_once(self) -> Self {
        Self { rounds: 1, ..self }
    }

    /// The log.
    pub const fn target(&self) -> &Target {
        &self.target
    }

    /// One POST to a frontend; `which` is taken round the number of frontends.
    pub async fn post<T: DeserializeOwned>(
        &self,
        which: usize,
        path: &str,
        body: Bytes,
    ) -> Result<T, ClientError> {
        let url = self.url(which, path, &[]);
        let request = self.http.post(url.clone()).header(CONTENT_TYPE, "application/json").body(body);
        ask(&url, request).await
    }

    /// A GET from the frontend that answered last, or else from any other.
    pub async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<T, ClientError> {
        let mut pause = PAUSE;
        let count = self.target.urls.len();
        let mut round = 0;
        loop {
            let first = self.preferred.load(Ordering::Relaxed);
            let mut last = None;
            for which in first..first + count {
                let url = self.url(which, path, query);
                match ask(&url, self.http.get(url.clone())).await {
                    Err(error) if error.may_pass() => last = Some(error),
                    answer => {
                        self.preferred.store(which % count, Ordering::Relaxed);
                        return answer;
                    }
                }
            }
            round += 1;
            match last {
                Some(error) if round >= self.rounds => return Err(error),
                _ => tokio::time::sleep(pause).await,
            }
            pause *= 2;
        }
    }

    fn url(&self, which: usize, path: &str, query: &[(&str, &str)]) -> Url {
        let base = &self.target.urls[which % self.target.urls.len()];
        let mut url = base.clone();
        url.set_path(&format!("{}ct/v1/{path}", base.path()));
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }
}

async fn ask<T: DeserializeOwned>(url: &Url, request: RequestBuilder) -> Result<T, ClientError> {
    let broken =
        |error: reqwest::Error| ClientError::Unreachable { url: url.to_string(), reason: causes(&error) };
    let response = request.send().await.map_err(broken)?;
    let status = response.status();
    let retry_after = retry_after(&response);
    let body = collect(response).await.map_err(broken)?;
    let Some(body) = body else {
        let reason = format!("longer than {MAX_ANSWER} bytes");
        return Err(ClientError::Answer { url: url.to_string(), reason });
    };
    if status != 200 {
        let text: String = String::from_utf8_lossy(&body).chars().take(MAX_TEXT).collect();
        let text = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(": ");
        return Err(ClientError::Status { url: url.to_string(), status: status.as_u16(), retry_after, text });
    }
    serde_json::from_slice(&body)
        .map_err(|error| ClientError::Answer { url: url.to_string(), reason: error.to_string() })
}

/// The body; nothing if it is too long.
async fn collect(mut response: Response) -> Result<Option<Vec<u8>>, reqwest::Error> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > MAX_ANSWER {
            return Ok(None);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Some(body))
}

/// Whole seconds; a date is left to the caller's own patience.
fn retry_after(response: &Response) -> Option<Duration> {
    let value = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    value.trim().parse().ok().map(Duration::from_secs)
}

/// What an error says, and what lies behind it: the outermost text alone names only the URL.
fn causes(error: &reqwest::Error) -> String {
    let mut text = String::new();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&error.to_string());
        cause = error.source();
    }
    if text.is_empty() { error.to_string() } else { text }
}
