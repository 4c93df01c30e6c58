//! The network between the processes of a cluster: every node reaches every other one through a gate of its own, and each gate
//! can be cut without either end being told.

use crate::cluster::Node;
use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// The gates, by who calls whom.
pub struct Net {
    gates: BTreeMap<(String, String), Gate>,
}

struct Gate {
    /// Where callers go.
    port: u16,
    state: Arc<(Mutex<State>, Condvar)>,
}

/// Bytes that are on their way when a gate is cut arrive when it is healed, as TCP would send them again.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    Cut,
}

impl Net {
    /// A gate for each ordered pair of nodes that can be called; all are open.
    ///
    /// # Panics
    /// If the system has no ports.
    pub fn between(nodes: &[Node]) -> Self {
        let called = nodes.iter().filter_map(|to| Some((to, to.address.parse::<SocketAddr>().ok()?)));
        let pairs = called.flat_map(|called| nodes.iter().map(move |from| (from, called)));
        let gates = pairs
            .filter(|(from, (to, _))| from.name != to.name)
            .map(|(from, (to, address))| ((from.name.clone(), to.name.clone()), Gate::open(address)));
        Self { gates: gates.collect() }
    }

    /// What a node's `cluster.toml` is, so that it reaches the others through its gates.
    pub fn file_for(&self, node: &str, text: &str, nodes: &[Node]) -> String {
        let own = self.gates.iter().filter(|((from, _), _)| from == node);
        own.fold(text.to_owned(), |text, ((_, to), gate)| {
            let Some(other) = nodes.iter().find(|other| other.name == *to) else { return text };
            text.replace(&format!("\"{}\"", other.address), &format!("\"127.0.0.1:{}\"", gate.port))
        })
    }

    /// These calls reach nobody any more, and nobody is told.
    pub fn cut(&self, is_cut: impl Fn(&str, &str) -> bool) {
        self.gates
            .iter()
            .filter(|((from, to), _)| is_cut(from, to))
            .for_each(|(_, gate)| gate.set(State::Cut));
    }

    /// All gates are open again.
    pub fn heal(&self) {
        self.gates.values().for_each(|gate| gate.set(State::Open));
    }
}

impl Gate {
    fn open(to: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("the system has a port");
        let port = listener.local_addr().expect("a listener has an address").port();
        let state = Arc::new((Mutex::new(State::Open), Condvar::new()));
        let gate = state.clone();
        std::thread::spawn(move || {
            for caller in listener.incoming().map_while(Result::ok) {
                let gate = gate.clone();
                std::thread::spawn(move || {
                    wait_until_open(&gate);
                    // A node that is down refuses: its caller sees the connection end.
                    if let Ok(called) = TcpStream::connect(to) {
                        join(caller, called, &gate);
                    }
                });
            }
        });
        Self { port, state }
    }

    fn set(&self, state: State) {
        *self.state.0.lock().unwrap_or_else(PoisonError::into_inner) = state;
        self.state.1.notify_all();
    }
}

fn wait_until_open(gate: &(Mutex<State>, Condvar)) {
    let state = gate.0.lock().unwrap_or_else(PoisonError::into_inner);
    drop(gate.1.wait_while(state, |state| *state == State::Cut));
}

fn join(caller: TcpStream, called: TcpStream, gate: &Arc<(Mutex<State>, Condvar)>) {
    let ends = (caller.try_clone(), called.try_clone());
    let (Ok(caller_again), Ok(called_again)) = ends else { return };
    let back = gate.clone();
    std::thread::spawn(move || pump(called_again, caller_again, &back));
    pump(caller, called, gate);
}

fn pump(mut from: TcpStream, mut to: TcpStream, gate: &(Mutex<State>, Condvar)) {
    let mut bytes = [0; 16 << 10];
    while let Ok(read @ 1..) = from.read(&mut bytes) {
        wait_until_open(gate);
        if to.write_all(&bytes[..read]).is_err() {
            break;
        }
    }
    // The other direction ends by itself, or has.
    let _ = to.shutdown(Shutdown::Write);
    let _ = from.shutdown(Shutdown::Read);
}
