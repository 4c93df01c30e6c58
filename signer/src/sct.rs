//! Signing leaves: much work and nothing to remember, so it runs on threads of its own and waits for nobody.

use crate::machine::Settings;
use crate::meters;
use ct::key::LogSigningKey;
use ct::limits::MAX_BATCH_ENTRIES;
use ct::names::LogName;
use ct::wire::signer::{Evidence, SctReply};
use node::clock::Clock;
use node::fault::Fault;
use node::tasks::Tasks;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Most leaves at a time: a few full batches, which is a second of one core.
const MAX_LEAVES: usize = 4 * MAX_BATCH_ENTRIES;

/// Fewer leaves than this are not worth another thread.
const LEAST_SHARE: usize = 8;

/// When to come back to a signer that has too much to do.
const RETRY_AFTER: Duration = Duration::from_millis(200);

/// A leaf to be signed, encoded, and the proof that lifts the clock bound, if there is one.
pub(crate) type Item = (Vec<u8>, Option<Evidence>);

/// What signing takes. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Pen {
    pub log: LogName,
    pub key: Arc<LogSigningKey>,
    pub settings: Arc<Settings>,
    pub clock: Arc<dyn Clock>,
    pub tasks: Tasks,
    pub places: Arc<Semaphore>,
}

/// Places for as many leaves as may be signed at a time.
pub(crate) fn places() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(MAX_LEAVES))
}

impl Pen {
    /// Signs every leaf that may be signed, in shares, one a core.
    pub(crate) async fn sign(&self, mut items: Vec<Item>) -> Result<Vec<SctReply>, Fault> {
        let cores = available_parallelism().map_or(1, usize::from);
        let share = items.len().div_ceil(cores).max(LEAST_SHARE);
        let place = self.place(items.len())?;
        let mut running = Vec::new();
        while !items.is_empty() {
            let rest = items.split_off(share.min(items.len()));
            let (pen, tasks, place) = (self.clone(), self.tasks.clone(), Arc::clone(&place));
            let share = std::mem::replace(&mut items, rest);
            running.push(tokio::spawn(async move {
                tasks
                    .blocking("sign", move || {
                        let _until_done = place;
                        pen.sign_share(share)
                    })
                    .await
            }));
        }
        let mut replies = Vec::new();
        for share in running {
            let done = share.await.map_err(|error| Fault::Ours(error.to_string()))?;
            replies.extend(done.map_err(|panic| Fault::Ours(panic.to_string()))?);
        }
        Ok(replies)
    }

    fn place(&self, leaves: usize) -> Result<Arc<OwnedSemaphorePermit>, Fault> {
        let leaves = u32::try_from(leaves).unwrap_or(u32::MAX);
        match Arc::clone(&self.places).try_acquire_many_owned(leaves) {
            Ok(place) => Ok(Arc::new(place)),
            Err(_) => {
                meters::refused(&self.log, "overloaded");
                Err(Fault::Overloaded { retry_after: RETRY_AFTER })
            }
        }
    }

    fn sign_share(&self, items: Vec<Item>) -> Vec<SctReply> {
        let count = items.len();
        let sign = |(leaf, evidence): Item| match self.settings.may_sign_leaf(
            self.clock.now(),
            &leaf,
            evidence.as_ref(),
        ) {
            Ok(()) => SctReply::Signed { sct: self.key.sign_leaf(&leaf) },
            Err(fault) => {
                meters::refused(&self.log, fault.label());
                SctReply::Refused { reason: fault.to_string() }
            }
        };
        let replies: Vec<_> = items.into_iter().map(sign).collect();
        let refused = replies.iter().filter(|reply| matches!(reply, SctReply::Refused { .. })).count();
        meters::signed(&self.log, "sct", count - refused);
        replies
    }
}
