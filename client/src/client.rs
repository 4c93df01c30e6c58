//! A client of one log, over kept connections to all its frontends.

use crate::answers::AddChain;
use crate::attempt::{self, Bulk};
use crate::patience::{Next, Until};
use crate::reader::Reader;
use crate::{ClientError, Log, Manners};
use bytes::Bytes;
use ct::x509::Endpoint;
use reqwest::header::CONTENT_TYPE;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::time::Instant;
use url::Url;

/// No HTTP client can be made here.
#[derive(Debug, thiserror::Error)]
#[error("cannot make an HTTP client: {0}")]
pub struct SetupError(#[from] reqwest::Error);

/// A client of one log. Clones share their connections.
#[derive(Debug, Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    http: reqwest::Client,
    log: Log,
    manners: Manners,
    /// The frontend that answered last.
    preferred: AtomicUsize,
}

impl Client {
    /// A client of that log. The process must have a rustls provider.
    pub fn new(log: Log, manners: Manners) -> Result<Self, SetupError> {
        let http = reqwest::Client::builder()
            .user_agent(manners.user_agent.to_string())
            .connect_timeout(manners.limits.connect)
            .redirect(reqwest::redirect::Policy::none())
            .tcp_nodelay(true)
            .build()?;
        Ok(Self { inner: Arc::new(Inner { http, log, manners, preferred: AtomicUsize::new(0) }) })
    }

    /// The log.
    pub fn log(&self) -> &Log {
        &self.inner.log
    }

    /// How many frontends the log has. At least one.
    pub fn frontends(&self) -> usize {
        self.log().urls().len()
    }

    /// Reads from one frontend, with one try each; `which` is taken round their number.
    pub fn frontend(&self, which: usize) -> Reader {
        Reader::new(self.clone(), Some(which))
    }

    /// Reads patiently. It stays with one frontend as long as that answers, for it alone is sure to have what it spoke
    /// of before.
    pub fn reader(&self) -> Reader {
        Reader::new(self.clone(), None)
    }

    /// One submission to one frontend, tried once; `which` is taken round their number. The SCT is not verified yet:
    /// [`crate::submission::Expected::verify`] does that.
    pub async fn add(&self, which: usize, endpoint: Endpoint, body: Bytes) -> Result<AddChain, ClientError> {
        let url = self.url(which, path(endpoint), &[]);
        let request = self.inner.http.post(url.clone()).header(CONTENT_TYPE, "application/json").body(body);
        attempt::post(request, &self.inner.manners.limits, &url).await
    }

    /// A submission, tried again at one frontend after the other while the log is busy, for as long as `within`.
    pub async fn submit(
        &self,
        which: usize,
        endpoint: Endpoint,
        body: Bytes,
        within: Duration,
    ) -> Result<AddChain, ClientError> {
        let mut tries = self.tries(which, Until::Moment(Instant::now() + within));
        loop {
            match self.add(tries.which(), endpoint, body.clone()).await {
                Ok(answer) => return Ok(answer),
                Err(error) => tries.failed(error).await?,
            }
        }
    }

    pub(crate) async fn get_once<T: DeserializeOwned>(
        &self,
        which: usize,
        path: &str,
        query: &[(&str, &str)],
        bulk: Bulk,
    ) -> Result<T, ClientError> {
        let url = self.url(which, path, query);
        attempt::get(&self.inner.http, &self.inner.manners.limits, url, bulk).await
    }

    pub(crate) async fn get_patiently<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
        bulk: Bulk,
    ) -> Result<T, ClientError> {
        let mut tries = self.tries(self.preferred(), Until::Rounds);
        loop {
            let which = tries.which();
            let answer = self.get_once(which, path, query, bulk).await;
            match answer {
                Err(error) if error.may_pass() => tries.failed(error).await?,
                answer => {
                    self.inner.preferred.store(which % self.frontends(), Ordering::Relaxed);
                    return answer;
                }
            }
        }
    }

    const fn tries(&self, first: usize, until: Until) -> Tries<'_> {
        Tries { client: self, first, tried: 0, until }
    }

    /// Where a request goes, for the texts of errors.
    pub(crate) fn url(&self, which: usize, path: &str, query: &[(&str, &str)]) -> Url {
        let urls = self.log().urls();
        let base = &urls[which % urls.len()];
        let mut url = base.clone();
        url.set_path(&format!("{}ct/v1/{path}", base.path()));
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    pub(crate) fn preferred(&self) -> usize {
        self.inner.preferred.load(Ordering::Relaxed)
    }
}

/// The tries of one request: every retry of this crate is here.
struct Tries<'a> {
    client: &'a Client,
    first: usize,
    tried: u32,
    until: Until,
}

impl Tries<'_> {
    /// The frontend whose turn it is.
    const fn which(&self) -> usize {
        self.first.wrapping_add(self.tried as usize)
    }

    /// Waits until the next try is due; the error, if there is to be none.
    async fn failed(&mut self, error: ClientError) -> Result<(), ClientError> {
        self.tried += 1;
        let frontends = u32::try_from(self.client.frontends()).unwrap_or(u32::MAX);
        let patience = self.client.inner.manners.patience;
        match patience.next(self.tried, frontends, &error, self.until, Instant::now(), fastrand::f64()) {
            Next::After(pause) => {
                tokio::time::sleep(pause).await;
                Ok(())
            }
            Next::GiveUp => Err(error),
        }
    }
}

const fn path(endpoint: Endpoint) -> &'static str {
    match endpoint {
        Endpoint::AddChain => "add-chain",
        Endpoint::AddPreChain => "add-pre-chain",
    }
}
