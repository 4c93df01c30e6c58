//! Calls to other nodes.

pub use crate::call_error::CallError;

use crate::body::{BodyError, BodyLimits, collect};
use crate::credentials::NodeCredentials;
use crate::deadline::Deadline;
use crate::entropy::{Entropy, jitter};
use crate::limits::{MAX_ERROR_TEXT, UNREACHABLE_MEMORY};
use crate::message::{DEADLINE_HEADER, FLAGS_HEADER, Method, RETRY_HEADER, VERSION, VERSION_HEADER, path};
use crate::peers::{Peer, Peers};
use crate::pool::{Connection, Pool};
use crate::retry::Retry;
use crate::tls::{self, TlsError, tls_reason};
use bytes::Bytes;
use ct::limits::MAX_CONTROL_BODY;
use ct::names::{LogName, NodeName};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::HOST;
use hyper::{Request, Response, StatusCode};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A call to be made.
#[derive(Debug, Clone)]
pub struct Outgoing<'a> {
    /// Whom to call.
    pub peer: &'a NodeName,
    /// The log that it is about.
    pub log: &'a LogName,
    /// What is asked.
    pub method: Method,
    /// The message.
    pub body: Bytes,
    /// Flags without which the peer would misread the message: one that does not know them refuses it.
    pub flags: &'a [&'a str],
}

/// Calls the other nodes of the cluster, over connections that it keeps. Shared by all parts of a node.
pub struct Client {
    pools: BTreeMap<NodeName, Pool>,
    entropy: Arc<dyn Entropy>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.pools.keys()).finish()
    }
}

impl Client {
    /// A client that calls as the node with the key `own`.
    pub fn new(own: &NodeCredentials, peers: &Peers, entropy: Arc<dyn Entropy>) -> Result<Self, TlsError> {
        let pool = |peer: &Arc<Peer>| -> Result<(NodeName, Pool), TlsError> {
            let peer = Arc::clone(peer);
            let tls = tls::client_config(own, peer.key)?;
            Ok((peer.name.clone(), Pool::new(peer, tls)))
        };
        Ok(Self { pools: peers.iter().map(pool).collect::<Result<_, _>>()?, entropy })
    }

    /// One call without flags.
    pub async fn call(
        &self,
        peer: &NodeName,
        log: &LogName,
        method: Method,
        body: Bytes,
        deadline: Deadline,
    ) -> Result<Bytes, CallError> {
        self.send(&Outgoing { peer, log, method, body, flags: &[] }, deadline).await
    }

    /// One call without flags, tried again while that may help.
    pub async fn call_with_retries(
        &self,
        peer: &NodeName,
        log: &LogName,
        method: Method,
        body: Bytes,
        deadline: Deadline,
        retry: &Retry,
    ) -> Result<Bytes, CallError> {
        self.send_with_retries(&Outgoing { peer, log, method, body, flags: &[] }, deadline, retry).await
    }

    /// One call, tried again while that may help, the deadline allows it and the bound on tries is not reached.
    pub async fn send_with_retries(
        &self,
        call: &Outgoing<'_>,
        deadline: Deadline,
        retry: &Retry,
    ) -> Result<Bytes, CallError> {
        let mut tried = 0;
        loop {
            let error = match self.send(call, deadline.at_most(retry.one_try)).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            tried += 1;
            let asked = match &error {
                CallError::Overloaded { retry_after } => Some(*retry_after),
                _ => None,
            };
            let pause = retry.pause_after(tried, asked, self.entropy.as_ref());
            if !error.may_pass() || tried >= retry.tries || deadline.remaining() <= pause {
                return Err(error);
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// One call.
    pub async fn send(&self, call: &Outgoing<'_>, deadline: Deadline) -> Result<Bytes, CallError> {
        let pool = self.pools.get(call.peer).ok_or_else(|| CallError::UnknownPeer(call.peer.clone()))?;
        let result = match deadline.bound(self.exchange(pool, call, deadline)).await {
            Ok(result) => result,
            Err(_) => Err(CallError::Timeout),
        };
        let label = result.as_ref().err().map_or("ok", CallError::label);
        let method = call.method.as_str();
        metrics::counter!("wolffish_rpc_calls_total", "method" => method, "result" => label).increment(1);
        result
    }

    async fn exchange(
        &self,
        pool: &Pool,
        call: &Outgoing<'_>,
        deadline: Deadline,
    ) -> Result<Bytes, CallError> {
        let _place = pool.place().await;
        if let Some(mut kept) = pool.kept().await {
            // If it fails it was stale: the peer has closed it meanwhile, or was started again.
            if let Ok(response) = kept.sender.send_request(request(pool, call, deadline)?).await {
                return finish(pool, kept, response, call.method, deadline).await;
            }
        }
        let mut fresh = pool.open(jitter(self.entropy.as_ref(), UNREACHABLE_MEMORY)).await?;
        match fresh.sender.send_request(request(pool, call, deadline)?).await {
            Ok(response) => finish(pool, fresh, response, call.method, deadline).await,
            Err(error) => Err(broken(&error, fresh).await),
        }
    }
}

/// With TLS 1.3 a client learns only after its own handshake that the server turned it away.
async fn broken(error: &hyper::Error, connection: Connection) -> CallError {
    let reason = match tls_reason(error) {
        Some(reason) => Some(reason),
        None => connection.tls_reason().await,
    };
    match reason {
        Some(reason) => CallError::Untrusted(reason),
        None => CallError::Broken(error.to_string()),
    }
}

fn request(pool: &Pool, call: &Outgoing<'_>, deadline: Deadline) -> Result<Request<Full<Bytes>>, CallError> {
    let millis = u64::try_from(deadline.remaining().as_millis()).unwrap_or(u64::MAX);
    let mut request = Request::post(path(call.log, pool.peer.role, call.method))
        .header(HOST, pool.peer.name.as_str())
        .header(VERSION_HEADER, VERSION)
        .header(DEADLINE_HEADER, millis);
    if !call.flags.is_empty() {
        request = request.header(FLAGS_HEADER, call.flags.join(","));
    }
    request.body(Full::new(call.body.clone())).map_err(|error| CallError::Unsendable(error.to_string()))
}

/// Reads the answer and keeps the connection, unless part of the answer is still on its way.
async fn finish(
    pool: &Pool,
    connection: Connection,
    response: Response<Incoming>,
    method: Method,
    deadline: Deadline,
) -> Result<Bytes, CallError> {
    let (head, mut body) = response.into_parts();
    let limit = match head.status {
        StatusCode::OK => method.size().limit(),
        StatusCode::CONFLICT => MAX_CONTROL_BODY,
        _ => MAX_ERROR_TEXT,
    };
    let body = match collect(&mut body, BodyLimits::new(limit, deadline.remaining())).await {
        Ok(body) => body,
        Err(error @ BodyError::TooLarge { .. }) => return Err(CallError::BadAnswer(error.to_string())),
        Err(BodyError::Broken { reason }) => return Err(CallError::Broken(reason)),
        Err(BodyError::Paused { .. } | BodyError::TooLong { .. }) => return Err(CallError::Timeout),
    };
    pool.keep(connection);
    let version = head.headers.get(VERSION_HEADER);
    if version.is_none_or(|version| version != VERSION) {
        let text = format!("version {version:?} with status {}", head.status);
        return Err(CallError::BadAnswer(text));
    }
    let retry_after = || {
        let millis = head.headers.get(RETRY_HEADER)?.to_str().ok()?.parse().ok()?;
        Some(Duration::from_millis(millis))
    };
    match head.status {
        StatusCode::OK => Ok(body),
        StatusCode::CONFLICT => Err(CallError::Refused(body)),
        StatusCode::GATEWAY_TIMEOUT | StatusCode::REQUEST_TIMEOUT => Err(CallError::Timeout),
        status => match retry_after() {
            Some(retry_after) if status == StatusCode::SERVICE_UNAVAILABLE => {
                Err(CallError::Overloaded { retry_after })
            }
            _ => {
                let text = String::from_utf8_lossy(&body).into_owned();
                Err(CallError::Fault { status: status.as_u16(), text })
            }
        },
    }
}
