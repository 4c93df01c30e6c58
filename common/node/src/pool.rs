//! Connections to one peer: HTTP/1.1 over mutual TLS, kept and used again.
//!
//! A call takes the connection that was used last, or opens one if none is kept. So connections in use and kept
//! together are never more than calls may run at a time, and that is bounded.

use crate::limits::{CONNECT_TIMEOUT, MAX_CONNECTIONS_TO_A_PEER, POOL_IDLE, UNREACHABLE_MEMORY};
use crate::peers::Peer;
use crate::tls::{SERVER_NAME, tls_reason};
use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;
use tokio_util::task::AbortOnDropHandle;

/// Longest wait for a kept connection to say that it can take a request; it has had nothing else to do.
const READY_TIMEOUT: Duration = Duration::from_millis(100);

/// Why there is no connection.
#[derive(Debug, Clone)]
pub(crate) enum NoConnection {
    /// No one answers there.
    Unreachable(String),
    /// One side does not believe the other to be who it should be.
    Untrusted(String),
}

/// An open connection.
pub(crate) struct Connection {
    pub sender: SendRequest<Full<Bytes>>,
    task: AbortOnDropHandle<hyper::Result<()>>,
    idle_since: Instant,
}

impl Connection {
    /// Why it ended, if TLS was the reason.
    pub(crate) async fn tls_reason(self) -> Option<String> {
        drop(self.sender);
        match timeout(READY_TIMEOUT, self.task).await {
            Ok(Ok(Err(error))) => tls_reason(&error),
            _ => None,
        }
    }
}

/// The connections to one peer.
pub(crate) struct Pool {
    pub peer: Arc<Peer>,
    tls: TlsConnector,
    running: Semaphore,
    kept: Mutex<Vec<Connection>>,
    outage: Mutex<Option<(Instant, NoConnection)>>,
}

impl Pool {
    pub(crate) fn new(peer: Arc<Peer>, tls: Arc<ClientConfig>) -> Self {
        Self {
            peer,
            tls: TlsConnector::from(tls),
            running: Semaphore::new(MAX_CONNECTIONS_TO_A_PEER),
            kept: Mutex::new(Vec::new()),
            outage: Mutex::new(None),
        }
    }

    /// A place for one more call; waits while there are too many.
    pub(crate) async fn place(&self) -> Option<SemaphorePermit<'_>> {
        self.running.acquire().await.ok()
    }

    /// A kept connection that still works.
    pub(crate) async fn kept(&self) -> Option<Connection> {
        loop {
            let mut connection = lock(&self.kept).pop()?;
            if connection.idle_since.elapsed() > POOL_IDLE {
                continue;
            }
            if let Ok(Ok(())) = timeout(READY_TIMEOUT, connection.sender.ready()).await {
                return Some(connection);
            }
        }
    }

    /// Keeps a connection for the next call.
    pub(crate) fn keep(&self, mut connection: Connection) {
        if connection.sender.is_closed() {
            return;
        }
        connection.idle_since = Instant::now();
        let mut kept = lock(&self.kept);
        kept.retain(|old| !old.sender.is_closed() && old.idle_since.elapsed() <= POOL_IDLE);
        kept.push(connection);
    }

    /// A new connection. A failure is remembered for `memory`, so that calls to a dead peer fail at once.
    pub(crate) async fn open(&self, memory: Duration) -> Result<Connection, NoConnection> {
        if let Some((until, reason)) = lock(&self.outage).as_ref()
            && Instant::now() < *until
        {
            return Err(reason.clone());
        }
        let opened = match timeout(CONNECT_TIMEOUT, self.connect()).await {
            Ok(opened) => opened,
            Err(_) => Err(NoConnection::Unreachable(format!("no connection within {CONNECT_TIMEOUT:?}"))),
        };
        debug_assert!(memory <= 2 * UNREACHABLE_MEMORY);
        let outage = opened.as_ref().err().map(|reason| (Instant::now() + memory, reason.clone()));
        *lock(&self.outage) = outage;
        opened
    }

    async fn connect(&self) -> Result<Connection, NoConnection> {
        let stream = TcpStream::connect(&self.peer.address).await.map_err(no_connection)?;
        // It only costs speed if this fails, and then the connection is broken anyway.
        let _ = stream.set_nodelay(true);
        let name = ServerName::try_from(SERVER_NAME)
            .map_err(|error| NoConnection::Unreachable(format!("server name: {error}")))?;
        let stream = self.tls.connect(name, stream).await.map_err(no_connection)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| NoConnection::Unreachable(error.to_string()))?;
        let task = AbortOnDropHandle::new(tokio::spawn(connection));
        Ok(Connection { sender, task, idle_since: Instant::now() })
    }
}

fn no_connection(error: io::Error) -> NoConnection {
    match tls_reason(&error) {
        Some(reason) => NoConnection::Untrusted(reason),
        None => NoConnection::Unreachable(error.to_string()),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What these mutexes guard is whole at every moment, so a panic elsewhere leaves nothing half done.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
