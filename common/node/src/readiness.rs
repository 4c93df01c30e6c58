//! Whether a node is fit to serve, and if not, why.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The reasons for which a node is not ready, by name. Parts of the node set and clear reasons of their own; the node is
/// ready when there are none. Names are those of parts and logs, so there are only so many.
#[derive(Debug, Default)]
pub struct Readiness(Mutex<BTreeMap<String, String>>);

impl Readiness {
    /// Ready.
    pub fn new() -> Self {
        Self::default()
    }
    /// Not ready, for the reason `name`; `text` says more and replaces what was said before.
    pub fn set(&self, name: &str, text: impl Into<String>) {
        let text = text.into();
        if let Some(before) = self.lock().insert(name.to_owned(), text.clone())
            && before == text
        {
            return;
        }
        tracing::warn!(reason = name, text, "not ready");
    }
    /// The reason `name` is gone.
    pub fn clear(&self, name: &str) {
        if self.lock().remove(name).is_some() {
            tracing::info!(reason = name, "a reason not to be ready is gone");
        }
    }
    /// Whether there is no reason.
    pub fn is_ready(&self) -> bool {
        self.lock().is_empty()
    }
    /// Every reason with its text, in the order of names.
    pub fn reasons(&self) -> Vec<(String, String)> {
        self.lock().iter().map(|(name, text)| (name.clone(), text.clone())).collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        // The map is whole at every moment.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
