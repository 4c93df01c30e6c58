//! The state, shared by all logs of a run. Its work is done beside the tasks that wait for the network.

use crate::state::{State, StateError};
use std::sync::{Arc, Mutex, PoisonError};

/// A handle to the state. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Store(Arc<Mutex<State>>);

impl Store {
    pub(crate) fn new(state: State) -> Self {
        Self(Arc::new(Mutex::new(state)))
    }

    /// Does something with the state, alone.
    pub(crate) async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut State) -> Result<T, StateError> + Send + 'static,
    ) -> Result<T, StateError> {
        let state = Arc::clone(&self.0);
        // What a panic left half done, the next transaction has not begun.
        let done = tokio::task::spawn_blocking(move || {
            work(&mut state.lock().unwrap_or_else(PoisonError::into_inner))
        });
        match done.await {
            Ok(result) => result,
            Err(broken) => std::panic::resume_unwind(broken.into_panic()),
        }
    }
}
