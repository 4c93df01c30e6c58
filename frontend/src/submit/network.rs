//! The nodes that a promise needs: how they are called, and what is known of how they are.

use bytes::Bytes;
use ct::names::{LogName, NodeName};
use node::deadline::Deadline;
use node::host::Host;
use node::message::Method;
use node::rpc_client::CallError;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A call under way.
pub type Calling<'a> = Pin<Box<dyn Future<Output = Result<Bytes, CallError>> + Send + 'a>>;

/// Calls nodes about one log. Tests put other nodes behind it.
pub trait Network: Send + Sync {
    /// One call.
    fn call<'a>(&'a self, peer: &'a NodeName, method: Method, body: Bytes, deadline: Deadline)
    -> Calling<'a>;
}

/// The real nodes.
#[derive(Debug, Clone)]
pub struct LogNetwork {
    /// Calls them.
    pub host: Host,
    /// The log.
    pub log: LogName,
}

impl Network for LogNetwork {
    fn call<'a>(
        &'a self,
        peer: &'a NodeName,
        method: Method,
        body: Bytes,
        deadline: Deadline,
    ) -> Calling<'a> {
        Box::pin(self.host.client().call(peer, &self.log, method, body, deadline))
    }
}

#[derive(Debug, Clone, Copy)]
struct State {
    answers: bool,
    full_until: Option<Instant>,
}

/// What is known of a node. It counts as answering until a call or a look at it fails.
#[derive(Debug)]
pub struct Health(Mutex<State>);

impl Default for Health {
    fn default() -> Self {
        Self(Mutex::new(State { answers: true, full_until: None }))
    }
}

impl Health {
    fn state(&self) -> State {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
    /// Whether it answers.
    pub fn answers(&self) -> bool {
        self.state().answers
    }
    /// Whether it answers, and takes entries.
    pub fn has_room(&self) -> bool {
        let state = self.state();
        state.answers && state.full_until.is_none_or(|until| Instant::now() >= until)
    }
    /// What a call brought.
    pub fn learn<T>(&self, result: &Result<T, CallError>) {
        match result {
            Ok(_) | Err(CallError::Refused(_)) => self.change(|state| state.answers = true),
            Err(CallError::Overloaded { retry_after }) => self.full_for(*retry_after),
            Err(_) => self.change(|state| state.answers = false),
        }
    }
    /// It takes no entries for a while.
    pub fn full_for(&self, span: Duration) {
        let until = Some(Instant::now() + span);
        self.change(|state| *state = State { answers: true, full_until: until });
    }
}

/// A node and what is known of it.
#[derive(Debug, Clone)]
pub struct Peer {
    /// Its name.
    pub name: NodeName,
    /// What is known of it.
    pub health: Arc<Health>,
}

impl Peer {
    /// A node of which nothing is known yet.
    pub fn new(name: NodeName) -> Self {
        Self { name, health: Arc::default() }
    }
}
