//! Waiting until the cluster can be used: every log shows a tree head on every frontend, and takes submissions.

use crate::failure::Failure;
use crate::status::Observer;
use crate::target::TargetArgs;
use crate::upfile::UpFile;
use client::Reader;
use node::deadline::Deadline;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Pause between two looks.
const PAUSE: Duration = Duration::from_millis(100);
/// How long logs that show a tree head may go on refusing submissions. The cluster runs all the same then.
const OPENING: Duration = Duration::from_secs(10);

/// A log on a frontend.
#[derive(Debug)]
struct Place {
    url: String,
    reader: Reader,
}

/// What is awaited.
#[derive(Debug)]
pub struct Awaited {
    places: Vec<Place>,
    observer: Observer,
}

impl Awaited {
    /// Every log on every frontend, read-only ones too.
    pub fn new(file: &UpFile, observer: Observer) -> Result<Self, Failure> {
        let mut places = Vec::new();
        for log in file.logs.iter().chain(&file.read_only_logs) {
            for url in &log.urls {
                let key = Some(log.key.clone());
                let args = TargetArgs { urls: vec![url.clone()], key, ..TargetArgs::default() };
                let reader = args.resolve()?.client()?.frontend(0);
                places.push(Place { url: url.clone(), reader });
            }
        }
        Ok(Self { places, observer })
    }

    /// How many places there are.
    pub fn total(&self) -> u64 {
        self.places.len() as u64
    }

    /// Waits for all; `missing` always has the URLs of those that are not there yet. Answers what still refuses
    /// submissions.
    pub async fn wait(self, missing: watch::Sender<Vec<String>>) -> Vec<String> {
        missing.send_replace(self.places.iter().map(|place| place.url.clone()).collect());
        let mut waiting = JoinSet::new();
        for place in self.places {
            waiting.spawn(async move {
                while place.reader.sth().await.is_err() {
                    tokio::time::sleep(PAUSE).await;
                }
                place.url
            });
        }
        while let Some(done) = waiting.join_next().await {
            if let Ok(url) = done {
                missing.send_modify(|missing| missing.retain(|other| *other != url));
            }
        }
        let deadline = Deadline::after(OPENING);
        loop {
            let closed = self.observer.closed().await;
            if closed.is_empty() || deadline.has_passed() {
                return closed;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}
