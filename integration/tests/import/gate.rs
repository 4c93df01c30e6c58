//! A way to a log that lets so many bytes of answers through, and then no more: whoever reads there waits, and can be killed
//! at a moment of the test's choice.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// The way. Dropping it closes every connection.
pub struct Gate {
    /// Where it is.
    pub port: u16,
    open: Arc<Mutex<Option<Vec<TcpStream>>>>,
}

impl Gate {
    /// A way to that port of this machine, for so many bytes.
    pub fn new(upstream: u16, bytes: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (budget, open) = (Arc::new(AtomicUsize::new(bytes)), Arc::new(Mutex::new(Some(Vec::new()))));
        let streams = Arc::clone(&open);
        thread::spawn(move || {
            for client in listener.incoming() {
                let (client, server) =
                    (client.unwrap(), TcpStream::connect(("127.0.0.1", upstream)).unwrap());
                match &mut *streams.lock().unwrap() {
                    Some(open) => open.extend([client.try_clone().unwrap(), server.try_clone().unwrap()]),
                    None => return,
                }
                let (mut asks, mut asked) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                thread::spawn(move || std::io::copy(&mut asks, &mut asked));
                let budget = Arc::clone(&budget);
                thread::spawn(move || answers(server, client, &budget));
            }
        });
        Self { port, open }
    }
}

/// Passes answers on while there is budget; afterwards nothing, without closing.
fn answers(mut from: TcpStream, mut to: TcpStream, budget: &AtomicUsize) {
    let mut bytes = [0; 1 << 10];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        let spend = |left: usize| left.checked_sub(count);
        if budget.fetch_update(Ordering::Relaxed, Ordering::Relaxed, spend).is_ok()
            && to.write_all(&bytes[..count]).is_err()
        {
            return;
        }
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        for stream in self.open.lock().unwrap().take().into_iter().flatten() {
            // It may be closed already.
            let _ = stream.shutdown(Shutdown::Both);
        }
        // Wakes the listener, which sees that it is over.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}
