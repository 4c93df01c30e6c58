//! The part that all servers share: take connections up to a bound, serve each, end them all in good order.

use crate::idle::Silence;
use crate::limits::{HEADER_TIMEOUT, MAX_HEAD, MAX_STREAMS, SHUTDOWN_GRACE};
use bytes::Bytes;
use hyper::body::{Body, Incoming};
use hyper::service::Service;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Pause after a connection could not be taken, which happens when the process is out of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

pub(crate) type AnyError = Box<dyn std::error::Error + Send + Sync>;
pub(crate) type Http = auto::Builder<TokioExecutor>;

/// A listener with what bounds it.
pub(crate) struct Door {
    /// What the server is called in logs and metrics.
    pub name: &'static str,
    pub listener: TcpListener,
    /// At the bound no more is taken from the system's queue until a connection ends.
    pub most_connections: usize,
    /// Ends the server; requests under way are finished.
    pub shutdown: CancellationToken,
}

/// A connection just taken.
pub(crate) struct Arrival {
    pub stream: Silence<TcpStream>,
    pub address: SocketAddr,
    /// Cancelled when the connection should end after the request under way.
    pub stop: CancellationToken,
}

impl Door {
    /// Takes connections until the shutdown, then waits for those under way.
    pub(crate) async fn serve<F, Fut>(self, silence: Duration, serve: F)
    where
        F: Fn(Arrival) -> Fut,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let Door { name, listener, most_connections, shutdown } = self;
        let places = Arc::new(Semaphore::new(most_connections));
        let tasks = TaskTracker::new();
        let end = CancellationToken::new();
        let open = metrics::gauge!("wolffish_connections", "server" => name);
        while let Some(next) = shutdown.run_until_cancelled(take(&listener, &places)).await {
            let (stream, address, place) = match next {
                Ok(taken) => taken,
                Err(error) => {
                    tracing::error!(server = name, %error, "cannot take a connection");
                    shutdown.run_until_cancelled(tokio::time::sleep(ACCEPT_PAUSE)).await;
                    continue;
                }
            };
            let stream = Silence::new(stream, silence);
            let serving = serve(Arrival { stream, address, stop: shutdown.child_token() });
            let (open, end) = (open.clone(), end.child_token());
            open.increment(1);
            tasks.spawn(async move {
                end.run_until_cancelled(serving).await;
                open.decrement(1);
                drop(place);
            });
        }
        drop(listener);
        tasks.close();
        if tokio::time::timeout(SHUTDOWN_GRACE, tasks.wait()).await.is_err() {
            tracing::warn!(
                server = name,
                connections = tasks.len(),
                "ending connections that did not finish"
            );
            end.cancel();
            tasks.wait().await;
        }
    }
}

type Taken = (TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit);

async fn take(listener: &TcpListener, places: &Arc<Semaphore>) -> io::Result<Taken> {
    let place = Arc::clone(places).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, address) = listener.accept().await?;
    // It only costs speed if this fails, and then the connection is broken anyway.
    let _ = stream.set_nodelay(true);
    Ok((stream, address, place))
}

/// How HTTP is spoken by a server, whichever it is.
pub(crate) fn http(header_timeout: Duration) -> Http {
    let mut http = auto::Builder::new(TokioExecutor::new());
    http.http1().timer(TokioTimer::new()).header_read_timeout(header_timeout).max_buf_size(MAX_HEAD);
    // No pings: they would keep unused connections alive, which silence is to end.
    http.http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(MAX_HEAD as u32);
    http
}

/// As [`http`], with the usual bound and HTTP/1.1 only.
pub(crate) fn http1() -> Http {
    http(HEADER_TIMEOUT).http1_only()
}

/// Serves the requests of one connection until it ends or `stop` is cancelled.
pub(crate) async fn connection<I, S, B>(
    http: &Http,
    io: I,
    service: S,
    stop: &CancellationToken,
) -> Result<(), AnyError>
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>,
    S::Future: Send + 'static,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<AnyError>,
{
    let mut serving = pin!(http.serve_connection(TokioIo::new(io), service));
    tokio::select! {
        biased;
        ended = serving.as_mut() => return ended,
        () = stop.cancelled() => {}
    }
    serving.as_mut().graceful_shutdown();
    serving.await
}
