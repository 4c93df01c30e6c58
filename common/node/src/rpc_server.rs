//! The server for other nodes: it knows the caller by its key, checks what it may ask, and hands the message to the
//! role's [`Service`].

use crate::accept::{self, Arrival, Door, Http};
use crate::body::{BodyLimits, drain, read_body};
use crate::deadline::Deadline;
use crate::fault::Fault;
use crate::limits::{HANDSHAKE_TIMEOUT, MAX_RPC_CONNECTIONS, MAX_RPC_CONNECTIONS_OF_A_PEER, SILENCE_TIMEOUT};
use crate::message::{Method, Reply, VERSION, VERSION_HEADER};
use crate::panics::Caught;
use crate::peers::{Peer, Peers};
use crate::rpc_head;
use crate::tls;
use bytes::Bytes;
use ct::names::{LogName, NodeName, Role};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CONNECTION, CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response};
use rustls::ServerConfig;
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Instant;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;

/// A call that the caller was allowed to make.
#[derive(Debug, Clone)]
pub struct Call {
    /// Who calls: its key was proven in the handshake.
    pub caller: Arc<Peer>,
    /// The log that it is about.
    pub log: LogName,
    /// What is asked.
    pub method: Method,
    /// The message.
    pub body: Bytes,
    /// Those of the server's known flags that the message has.
    pub flags: Vec<&'static str>,
    /// Until when the caller waits.
    pub deadline: Deadline,
}

/// What a role does when it is called.
///
/// The future is dropped when the deadline passes or the caller goes away, so whatever must be done as a whole is handed
/// to a task that owns it. A panic becomes a 500 and a line in the log.
pub trait Service: Send + Sync + 'static {
    /// Answers one call.
    fn call(&self, call: Call) -> impl Future<Output = Result<Reply, Fault>> + Send;
}

/// What a server is told about its node.
#[derive(Debug, Clone)]
pub struct RpcServer {
    /// The node's role.
    pub role: Role,
    /// The logs that it serves.
    pub logs: BTreeSet<LogName>,
    /// The nodes that may call.
    pub peers: Arc<Peers>,
    /// From [`tls::server_config`], with the same peers.
    pub tls: Arc<ServerConfig>,
    /// The flags that its messages may have.
    pub known_flags: &'static [&'static str],
    /// Most connections.
    pub most_connections: usize,
    /// Most connections of one peer.
    pub most_connections_of_a_peer: usize,
}

impl RpcServer {
    /// A server with the usual bounds and without flags.
    pub fn new(role: Role, logs: BTreeSet<LogName>, peers: Arc<Peers>, tls: Arc<ServerConfig>) -> Self {
        Self {
            role,
            logs,
            peers,
            tls,
            known_flags: &[],
            most_connections: MAX_RPC_CONNECTIONS,
            most_connections_of_a_peer: MAX_RPC_CONNECTIONS_OF_A_PEER,
        }
    }

    /// Serves until the shutdown, then finishes the calls under way.
    pub async fn serve<S: Service>(
        self,
        listener: TcpListener,
        service: Arc<S>,
        shutdown: CancellationToken,
    ) {
        let door = Door { name: "rpc", listener, most_connections: self.most_connections, shutdown };
        let places =
            |peer: &Arc<Peer>| (peer.name.clone(), Arc::new(Semaphore::new(self.most_connections_of_a_peer)));
        let places = self.peers.iter().map(places).collect();
        let acceptor = TlsAcceptor::from(Arc::clone(&self.tls));
        let running = Arc::new(Running { about: self, service, acceptor, places, http: accept::http1() });
        door.serve(SILENCE_TIMEOUT, |arrival| Arc::clone(&running).connection(arrival)).await;
    }
}

struct Running<S> {
    about: RpcServer,
    service: Arc<S>,
    acceptor: TlsAcceptor,
    places: BTreeMap<NodeName, Arc<Semaphore>>,
    http: Http,
}

type Stream = TlsStream<crate::idle::Silence<TcpStream>>;

impl<S: Service> Running<S> {
    async fn connection(self: Arc<Self>, arrival: Arrival) {
        let (address, stop) = (arrival.address, arrival.stop.clone());
        let greeting = tokio::time::timeout(HANDSHAKE_TIMEOUT, self.greet(arrival));
        let (stream, caller, _place) = match stop.run_until_cancelled(greeting).await {
            Some(Ok(Ok(known))) => known,
            Some(Ok(Err(reason))) => {
                metrics::counter!("wolffish_rpc_turned_away_total").increment(1);
                tracing::warn!(%address, reason, "turned a caller away");
                return;
            }
            Some(Err(_)) => return tracing::debug!(%address, "no TLS handshake in time"),
            None => return,
        };
        let serving = service_fn(|request| {
            let (running, caller) = (Arc::clone(&self), Arc::clone(&caller));
            async move { Ok::<_, Infallible>(running.answer(request, caller).await) }
        });
        if let Err(error) = accept::connection(&self.http, stream, serving, &stop).await {
            tracing::debug!(peer = %caller.name, error, "connection ended");
        }
    }

    /// The handshake: who is it, and is there a place for it?
    async fn greet(&self, arrival: Arrival) -> Result<(Stream, Arc<Peer>, OwnedSemaphorePermit), String> {
        let stream = match self.acceptor.accept(arrival.stream).into_fallible().await {
            Ok(stream) => stream,
            Err((error, stream)) => {
                linger(stream).await;
                return Err(tls::tls_reason(&error).unwrap_or_else(|| error.to_string()));
            }
        };
        let key = tls::peer_key(stream.get_ref().1.peer_certificates()).map_err(|error| error.to_string())?;
        let caller = self.about.peers.with_key(&key).ok_or_else(|| format!("unknown key {key}"))?;
        let places = self.places.get(&caller.name).ok_or_else(|| format!("unknown peer {}", caller.name))?;
        let place = Arc::clone(places)
            .try_acquire_owned()
            .map_err(|_| format!("{} has too many connections", caller.name))?;
        Ok((stream, Arc::clone(caller), place))
    }

    async fn answer(self: Arc<Self>, request: Request<Incoming>, caller: Arc<Peer>) -> Response<Full<Bytes>> {
        let began = Instant::now();
        let method = request.uri().path().rsplit('/').next().and_then(|name| name.parse::<Method>().ok());
        let (result, finished) = match self.take(request, &caller).await {
            Ok(call) => (self.perform(call).await, true),
            Err(fault) => (Err(fault), false),
        };
        let label = result.as_ref().err().map_or("ok", Fault::label);
        let method = method.map_or("unknown", Method::as_str);
        let by = caller.role.as_str();
        metrics::counter!("wolffish_rpc_served_total", "method" => method, "by" => by, "result" => label)
            .increment(1);
        metrics::histogram!("wolffish_rpc_served_seconds", "method" => method).record(began.elapsed());
        let mut response = match result {
            Ok(reply) => Response::new(Full::new(reply.body)),
            Err(fault) => {
                tracing::debug!(peer = %caller.name, method, %fault, "declined a call");
                fault.into_response()
            }
        };
        let headers = response.headers_mut();
        headers.insert(VERSION_HEADER, HeaderValue::from_static(VERSION));
        headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/octet-stream"));
        if !finished {
            // The message may not have been read to its end.
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }

    /// Checks the head, then reads the body: nothing is read for who may not ask.
    async fn take(&self, request: Request<Incoming>, caller: &Arc<Peer>) -> Result<Call, Fault> {
        let (head, body) = request.into_parts();
        let mut call = match rpc_head::check(&self.about, &head, caller) {
            Ok(call) => call,
            Err(fault) => {
                drain(body);
                return Err(fault);
            }
        };
        let limits = BodyLimits::new(call.method.size().limit(), call.deadline.remaining());
        call.body = read_body(body, limits).await?;
        Ok(call)
    }

    async fn perform(&self, call: Call) -> Result<Reply, Fault> {
        let (deadline, method, peer) = (call.deadline, call.method, Arc::clone(&call.caller));
        match deadline.bound(Caught::new(self.service.call(call))).await {
            Ok(Ok(result)) => result,
            Ok(Err(panic)) => {
                tracing::error!(peer = %peer.name, %method, panic = panic.0, "a call made this node panic");
                Err(Fault::Ours("the node failed in this call; its log says more".to_owned()))
            }
            Err(_) => Err(Fault::DeadlinePassed),
        }
    }
}

/// Lets a caller that was turned away read the alert that says so: it has sent its first request by then, and closing
/// on unread bytes would reset the connection under the alert.
async fn linger<I: AsyncRead + AsyncWrite + Unpin>(mut stream: I) {
    const MOST: u64 = 1 << 20;
    if stream.shutdown().await.is_ok() {
        let _ = tokio::io::copy(&mut stream.take(MOST), &mut tokio::io::sink()).await;
    }
}
