//! Promises under way and promises made whose entry is not in the tree yet, by identity: whoever submits such a certificate
//! gets the same SCT, byte for byte.

use super::drive::Unpromised;
use super::limits::{MAX_IN_FLIGHT, MAX_RECENT};
use ct::hash::{Identity, Name};
use ct::sct::DigitallySigned;
use ct::time::Timestamp;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// A promise.
#[derive(Debug, PartialEq, Eq)]
pub struct Promised {
    /// Its entry.
    pub name: Name,
    /// When it was made.
    pub timestamp: Timestamp,
    /// The signature of its SCT.
    pub sct: DigitallySigned,
}

/// What becomes of a promise under way.
pub type Outcome = Result<Arc<Promised>, Unpromised>;

/// Waits for a promise under way.
pub type Waiting = watch::Receiver<Option<Outcome>>;

#[derive(Debug)]
enum State {
    UnderWay(Waiting),
    Made(Arc<Promised>),
}

#[derive(Debug, Default)]
struct Table {
    states: HashMap<Identity, State>,
    /// Identities of promises made, oldest first; some of them forgotten since.
    made: VecDeque<Identity>,
    under_way: usize,
}

/// All of them, shared.
#[derive(Debug, Clone, Default)]
pub struct Known(Arc<Mutex<Table>>);

/// What is known of an identity.
#[derive(Debug)]
pub enum Found {
    /// Another request has begun it: wait with that one.
    UnderWay(Waiting),
    /// It is promised.
    Made(Arc<Promised>),
    /// Nothing: whoever asked has to begin, and to end, this flight.
    Nothing(Flight),
    /// Nothing, and no more can be begun.
    TooMany,
}

/// A promise that this one request has begun. Dropped without an end, it leaves nothing behind: those that wait are told,
/// and the next request begins anew.
#[derive(Debug)]
pub struct Flight {
    known: Known,
    identity: Identity,
    tell: watch::Sender<Option<Outcome>>,
    ended: bool,
}

impl Known {
    fn table(&self) -> MutexGuard<'_, Table> {
        // Every change below is whole before anything in it can panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known of an identity; `None` if nothing is.
    pub fn look(&self, identity: &Identity) -> Option<Found> {
        self.table().look(identity)
    }

    /// What is known of an identity; if nothing is, it is under way from now on.
    pub fn begin(&self, identity: Identity) -> Found {
        let mut table = self.table();
        if let Some(found) = table.look(&identity) {
            return found;
        }
        if table.under_way >= MAX_IN_FLIGHT {
            return Found::TooMany;
        }
        let (tell, waiting) = watch::channel(None);
        table.states.insert(identity, State::UnderWay(waiting));
        table.under_way += 1;
        Found::Nothing(Flight { known: self.clone(), identity, tell, ended: false })
    }

    /// These entries are in the tree now: their promises are found there.
    pub fn placed(&self, entries: &BTreeMap<Name, Identity>) {
        let mut table = self.table();
        for (name, identity) in entries {
            if matches!(table.states.get(identity), Some(State::Made(promised)) if promised.name == *name) {
                table.states.remove(identity);
            }
        }
    }

    /// Promises that are remembered.
    pub fn made(&self) -> usize {
        let table = self.table();
        table.states.len() - table.under_way
    }
}

impl Table {
    fn look(&self, identity: &Identity) -> Option<Found> {
        self.states.get(identity).map(|state| match state {
            State::UnderWay(waiting) => Found::UnderWay(waiting.clone()),
            State::Made(promised) => Found::Made(Arc::clone(promised)),
        })
    }

    fn remember(&mut self, identity: Identity, promised: Arc<Promised>) {
        self.states.insert(identity, State::Made(promised));
        self.made.push_back(identity);
        while self.made.len() > MAX_RECENT {
            if let Some(oldest) = self.made.pop_front()
                && matches!(self.states.get(&oldest), Some(State::Made(_)))
            {
                self.states.remove(&oldest);
            }
        }
    }
}

impl Flight {
    /// Waits for this very promise.
    pub fn waiting(&self) -> Waiting {
        self.tell.subscribe()
    }

    /// The promise is made.
    pub fn made(mut self, promised: Promised) {
        let promised = Arc::new(promised);
        self.end(Some(Arc::clone(&promised)));
        self.tell.send_replace(Some(Ok(promised)));
    }

    /// It is not. Those that wait are told; the next request begins anew.
    pub fn failed(mut self, why: Unpromised) {
        self.end(None);
        self.tell.send_replace(Some(Err(why)));
    }

    fn end(&mut self, made: Option<Arc<Promised>>) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        let mut table = self.known.table();
        table.under_way -= 1;
        match made {
            Some(promised) => table.remember(self.identity, promised),
            None => drop(table.states.remove(&self.identity)),
        }
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.end(None);
    }
}

/// The end of a promise under way.
pub async fn wait(mut waiting: Waiting) -> Outcome {
    match waiting.wait_for(Option::is_some).await {
        Ok(outcome) => outcome.clone().unwrap_or(Err(Unpromised::BrokeOff)),
        Err(_) => Err(Unpromised::BrokeOff),
    }
}

#[cfg(test)]
mod tests;
