//! One thread for each frontend and one for each connection, and the end of all of them.

use std::collections::HashMap;
use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::connection;
use crate::frontend::Frontend;

/// The servers of all frontends; they end when this is dropped.
pub(crate) struct Server {
    crowd: Arc<Crowd>,
    acceptors: Vec<(SocketAddr, JoinHandle<()>)>,
}

impl Server {
    /// A port for a frontend.
    pub(crate) fn bind() -> (TcpListener, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("the system has a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        (listener, address)
    }

    pub(crate) fn start(frontends: Vec<(TcpListener, Arc<Frontend>)>) -> Self {
        let crowd = Arc::new(Crowd::default());
        let start = |(listener, frontend): (TcpListener, Arc<Frontend>)| {
            let address = listener.local_addr().expect("a bound socket has an address");
            let crowd = crowd.clone();
            (address, std::thread::spawn(move || accept(&listener, &frontend, &crowd)))
        };
        let acceptors = frontends.into_iter().map(start).collect();
        Self { crowd, acceptors }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.crowd.stop();
        for (address, acceptor) in self.acceptors.drain(..) {
            // One more connection wakes the acceptor so that it sees that all is over. If there is no room for it,
            // others are waiting and do the same.
            let _ = TcpStream::connect(address);
            // A thread that panicked has said so on standard error.
            let _ = acceptor.join();
        }
    }
}

fn accept(listener: &TcpListener, frontend: &Frontend, crowd: &Crowd) {
    std::thread::scope(|scope| {
        for (number, stream) in (0..).zip(listener.incoming()) {
            let Ok(stream) = stream else { continue };
            let Ok(entered) = crowd.enter(&stream) else { continue };
            let Some(guest) = entered else { return };
            scope.spawn(move || {
                // A connection that ends badly concerns its client only.
                let _ = connection::serve(frontend, stream, number, &guest);
            });
        }
    });
}

/// The open connections.
#[derive(Default)]
struct Crowd {
    inner: Mutex<Inner>,
    bell: Condvar,
}

#[derive(Default)]
struct Inner {
    stopped: bool,
    entered: u64,
    connections: HashMap<u64, TcpStream>,
}

impl Crowd {
    /// None when all is over.
    fn enter(&self, stream: &TcpStream) -> io::Result<Option<Guest<'_>>> {
        let mut inner = self.inner();
        if inner.stopped {
            return Ok(None);
        }
        let number = inner.entered;
        inner.entered += 1;
        inner.connections.insert(number, stream.try_clone()?);
        Ok(Some(Guest { crowd: self, number }))
    }

    /// Ends all reads, writes and pauses.
    fn stop(&self) {
        let mut inner = self.inner();
        inner.stopped = true;
        for connection in inner.connections.values() {
            // One that the client has closed already needs no more.
            let _ = connection.shutdown(Shutdown::Both);
        }
        self.bell.notify_all();
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // Each change is one step.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An open connection's place in the crowd.
pub(super) struct Guest<'a> {
    crowd: &'a Crowd,
    number: u64,
}

impl Guest<'_> {
    /// Waits that long, or until all is over; an error then.
    pub(super) fn pause(&self, time: Duration) -> io::Result<()> {
        let waited = self.crowd.bell.wait_timeout_while(self.crowd.inner(), time, |inner| !inner.stopped);
        let (inner, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if inner.stopped { Err(io::ErrorKind::ConnectionAborted.into()) } else { Ok(()) }
    }
}

impl Drop for Guest<'_> {
    fn drop(&mut self) {
        self.crowd.inner().connections.remove(&self.number);
    }
}
