//! States and messages under short names, so that a state of the whole is small and is compared fast.

use ct::hash::sha256;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

/// Names a value: the first bytes of a digest of all that it is, so that a value has the same name in every exploration.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(u64);

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0 >> 32)
    }
}

/// Values by name.
#[derive(Debug)]
pub struct Pool<T> {
    values: RwLock<HashMap<Id, Arc<T>>>,
}

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Self { values: RwLock::default() }
    }
}

impl<T: fmt::Debug> Pool<T> {
    /// Keeps a value.
    pub fn put(&self, value: T) -> Id {
        let digest = sha256(&[format!("{value:?}").as_bytes()]);
        let mut first = [0; 8];
        first.copy_from_slice(&digest[..8]);
        let id = Id(u64::from_be_bytes(first));
        let mut values = self.values.write().unwrap_or_else(PoisonError::into_inner);
        values.entry(id).or_insert_with(|| Arc::new(value));
        id
    }

    /// A value that was kept here.
    pub fn get(&self, id: Id) -> Arc<T> {
        let values = self.values.read().unwrap_or_else(PoisonError::into_inner);
        values.get(&id).expect("a name is given out with its value only").clone()
    }
}

/// What a function gave before; a pure one gives it again.
#[derive(Debug)]
pub struct Memo<K, V> {
    known: RwLock<HashMap<K, Arc<V>>>,
}

impl<K, V> Default for Memo<K, V> {
    fn default() -> Self {
        Self { known: RwLock::default() }
    }
}

impl<K: std::hash::Hash + Eq, V> Memo<K, V> {
    /// What `work` gives, worked out once.
    pub fn of(&self, key: K, work: impl FnOnce() -> V) -> Arc<V> {
        if let Some(known) = self.known.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return known.clone();
        }
        let value = Arc::new(work());
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.entry(key).or_insert(value).clone()
    }
}
