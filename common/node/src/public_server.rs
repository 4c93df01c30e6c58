//! The server for the public: HTTP/1.1 and HTTP/2, plain or over TLS. What is asked and answered is the handler's
//! business; that no client can hold the server up is this file's.
//!
//! A handler reads bodies with [`read_body`](crate::body::read_body). Its future is dropped when the client goes away,
//! and its panic becomes a 500 and a line in the log.

use crate::accept::{self, AnyError, Arrival, Door, Http};
use crate::limits::{HANDSHAKE_TIMEOUT, HEADER_TIMEOUT, MAX_PUBLIC_CONNECTIONS, SILENCE_TIMEOUT};
use crate::panics::Caught;
use crate::public_tls::PublicTls;
use bytes::Bytes;
use http_body_util::{Either, Full};
use hyper::body::{Body, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

/// Where a request comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddr {
    /// The other end of the connection: the client, or a proxy in front of it.
    pub socket: SocketAddr,
    /// Whether it speaks TLS to this server.
    pub tls: bool,
}

/// A server for the public.
#[derive(Debug)]
pub struct PublicServer {
    /// TLS, unless something in front of the server does that.
    pub tls: Option<Arc<PublicTls>>,
    /// Most connections; further ones wait in the system's queue.
    pub most_connections: usize,
    /// Longest wait for a request's head.
    pub header_timeout: Duration,
    /// Longest time in which nothing moves on a connection.
    pub silence_timeout: Duration,
}

impl PublicServer {
    /// A server with the usual bounds.
    pub fn new(tls: Option<Arc<PublicTls>>) -> Self {
        Self {
            tls,
            most_connections: MAX_PUBLIC_CONNECTIONS,
            header_timeout: HEADER_TIMEOUT,
            silence_timeout: SILENCE_TIMEOUT,
        }
    }

    /// Serves until the shutdown, then finishes the requests under way.
    pub async fn serve<H, F, B>(self, listener: TcpListener, handler: H, shutdown: CancellationToken)
    where
        H: Fn(Request<Incoming>, ClientAddr) -> F + Send + Sync + 'static,
        F: Future<Output = Response<B>> + Send + 'static,
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<AnyError>,
    {
        let door = Door { name: "public", listener, most_connections: self.most_connections, shutdown };
        let http = accept::http(self.header_timeout);
        let running = Arc::new(Running { http, tls: self.tls, handler });
        door.serve(self.silence_timeout, |arrival| Arc::clone(&running).connection(arrival)).await;
    }
}

struct Running<H> {
    http: Http,
    tls: Option<Arc<PublicTls>>,
    handler: H,
}

impl<H, F, B> Running<H>
where
    H: Fn(Request<Incoming>, ClientAddr) -> F + Send + Sync + 'static,
    F: Future<Output = Response<B>> + Send + 'static,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<AnyError>,
{
    async fn connection(self: Arc<Self>, arrival: Arrival) {
        let Arrival { stream, address: socket, stop } = arrival;
        let Some(tls) = &self.tls else {
            return Arc::clone(&self).requests(stream, ClientAddr { socket, tls: false }, stop).await;
        };
        let handshake = TlsAcceptor::from(tls.current()).accept(stream);
        let handshake = tokio::time::timeout(HANDSHAKE_TIMEOUT, handshake);
        match stop.run_until_cancelled(handshake).await {
            Some(Ok(Ok(stream))) => {
                Arc::clone(&self).requests(stream, ClientAddr { socket, tls: true }, stop).await;
            }
            Some(Ok(Err(error))) => tracing::debug!(%socket, %error, "no TLS"),
            Some(Err(_)) => tracing::debug!(%socket, "no TLS handshake in time"),
            None => {}
        }
    }

    async fn requests<I>(self: Arc<Self>, io: I, client: ClientAddr, stop: CancellationToken)
    where
        I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let running = Arc::clone(&self);
        let service = service_fn(move |request| {
            let answering = Caught::new((running.handler)(request, client));
            async move {
                let response = match answering.await {
                    Ok(response) => response.map(Either::Left),
                    Err(panic) => {
                        tracing::error!(panic = panic.0, "a request made this node panic");
                        failed().map(Either::Right)
                    }
                };
                Ok::<_, Infallible>(response)
            }
        });
        if let Err(error) = accept::connection(&self.http, io, service, &stop).await {
            tracing::debug!(client = %client.socket, error, "connection ended");
        }
    }
}

fn failed() -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from("the log failed in this request\n"));
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response
}
