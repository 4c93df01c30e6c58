//! Tasks with names. A vital task that fails or panics stops the node: half a node that looks alive is worse than none.

use crate::exit::Exit;
use crate::panics::{Caught, Panicked};
use std::fmt::Display;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The tasks of a node.
#[derive(Debug, Clone)]
pub struct Tasks {
    tracker: TaskTracker,
    places: Arc<Semaphore>,
    shutdown: CancellationToken,
    failure: Arc<OnceLock<Failure>>,
}

/// What ended a node.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("task {task} failed: {reason}")]
pub struct Failure {
    /// The vital task.
    pub task: &'static str,
    /// What it said last.
    pub reason: String,
}

/// The bound on tasks is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many tasks to start {task}")]
pub struct TooManyTasks {
    /// The task that was not started.
    pub task: &'static str,
}

/// Work on a thread of its own panicked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{task} panicked: {text}")]
pub struct WorkPanicked {
    /// What was done.
    pub task: &'static str,
    /// What the panic said.
    pub text: String,
}

impl Tasks {
    /// At most `most` tasks at a time, which end with `shutdown`.
    pub fn new(most: usize, shutdown: CancellationToken) -> Self {
        Self {
            tracker: TaskTracker::new(),
            places: Arc::new(Semaphore::new(most)),
            shutdown,
            failure: Arc::default(),
        }
    }

    /// The token that ends the node.
    pub fn shutdown(&self) -> &CancellationToken {
        &self.shutdown
    }

    /// Starts a task without which the node is not whole: an error or a panic in it stops the node.
    pub fn vital<F, E>(&self, task: &'static str, future: F) -> Result<(), TooManyTasks>
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Display + Send,
    {
        let tasks = self.clone();
        self.spawn(task, async move {
            let reason = match Caught::new(future).await {
                Ok(Ok(())) => return,
                Ok(Err(error)) => error.to_string(),
                Err(Panicked(text)) => format!("panic: {text}"),
            };
            tracing::error!(task, reason, "a vital task failed, stopping the node");
            // Only the first failure is kept: later ones tend to follow from it.
            let _ = tasks.failure.set(Failure { task, reason });
            tasks.shutdown.cancel();
        })
    }

    /// Starts a task whose loss the node survives: a panic in it is logged.
    pub fn background<F>(&self, task: &'static str, future: F) -> Result<(), TooManyTasks>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.spawn(task, async move {
            if let Err(Panicked(text)) = Caught::new(future).await {
                metrics::counter!("wolffish_task_panics_total", "task" => task).increment(1);
                tracing::error!(task, panic = text, "a task panicked");
            }
        })
    }

    /// Does work that waits for a disk or takes long on a thread of its own. It is not broken off when the future is
    /// dropped.
    pub async fn blocking<T, W>(&self, task: &'static str, work: W) -> Result<T, WorkPanicked>
    where
        W: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let done = self.tracker.spawn_blocking(work).await;
        done.map_err(|error| {
            let text = match error.try_into_panic() {
                Ok(payload) => crate::panics::text(payload.as_ref()),
                Err(error) => error.to_string(),
            };
            tracing::error!(task, panic = text, "work panicked");
            WorkPanicked { task, text }
        })
    }

    /// Waits for the shutdown, then for the tasks, at most for `grace`. Says how the process should end.
    pub async fn finish(&self, grace: Duration) -> Exit {
        self.shutdown.cancelled().await;
        self.tracker.close();
        if tokio::time::timeout(grace, self.tracker.wait()).await.is_err() {
            tracing::warn!(tasks = self.tracker.len(), "tasks did not end in time");
        }
        match self.failure() {
            Some(_) => Exit::Internal,
            None => Exit::Ok,
        }
    }

    /// The first failure of a vital task.
    pub fn failure(&self) -> Option<&Failure> {
        self.failure.get()
    }

    fn spawn<F>(&self, task: &'static str, future: F) -> Result<(), TooManyTasks>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| TooManyTasks { task })?;
        self.tracker.spawn(async move {
            future.await;
            drop(place);
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRACE: Duration = Duration::from_secs(10);

    #[tokio::test]
    async fn a_panic_in_a_vital_task_stops_the_node() {
        let tasks = Tasks::new(2, CancellationToken::new());
        let others = tasks.shutdown().clone();
        let until_the_end = async move {
            others.cancelled().await;
            Ok::<_, String>(())
        };
        tasks.vital("other", until_the_end).unwrap();
        tasks.vital("order", async { if true { panic!("no order") } else { Ok::<_, String>(()) } }).unwrap();
        assert_eq!(tasks.finish(GRACE).await, Exit::Internal);
        let failure = Failure { task: "order", reason: "panic: no order".to_owned() };
        assert_eq!(tasks.failure(), Some(&failure));
    }

    #[tokio::test]
    async fn an_error_of_a_vital_task_stops_the_node() {
        let tasks = Tasks::new(2, CancellationToken::new());
        tasks.vital("signer", async { Err("a fork") }).unwrap();
        assert_eq!(tasks.finish(GRACE).await, Exit::Internal);
        assert_eq!(tasks.failure().unwrap().reason, "a fork");
    }

    #[tokio::test]
    async fn a_panic_in_the_background_does_not() {
        let tasks = Tasks::new(2, CancellationToken::new());
        tasks.background("scrub", async { panic!("a bad disk") }).unwrap();
        tasks.shutdown().cancel();
        assert_eq!(tasks.finish(GRACE).await, Exit::Ok);
        assert_eq!(tasks.failure(), None);
    }

    #[tokio::test]
    async fn tasks_are_bounded() {
        let tasks = Tasks::new(1, CancellationToken::new());
        tasks.background("one", std::future::pending()).unwrap();
        assert_eq!(tasks.background("two", async {}), Err(TooManyTasks { task: "two" }));
    }

    #[tokio::test]
    async fn work_that_panics_says_so() {
        let tasks = Tasks::new(1, CancellationToken::new());
        assert_eq!(tasks.blocking("sum", || 1 + 1).await, Ok(2));
        let failed = tasks.blocking("sum", || panic!("overflow")).await;
        assert_eq!(failed, Err::<(), _>(WorkPanicked { task: "sum", text: "overflow".to_owned() }));
    }
}
