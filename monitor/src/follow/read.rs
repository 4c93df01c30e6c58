//! Reading entries up to the newest head, and putting on record what is proved.

use super::health::Health;
use super::pipeline::Pipeline;
use super::relate::{Related, relate};
use super::{Follow, Newest, Stop};
use crate::finding::Finding;
use crate::growth::{Check, Growth};
use crate::news::News;
use crate::reading::ReadEntry;
use crate::state::{Commit, Position, Tally};
use ct::index::TreeSize;
use ct::merkle::verify::Relation;
use ct::sth::TreeHead;
use tokio::sync::watch;
use tokio::time::Instant;

/// What was read and is not on record yet, and what is.
struct Reading {
    growth: Growth,
    begun: TreeSize,
    tally: Tally,
    fresh: Tally,
    lines: Vec<String>,
    bytes: usize,
    since: Instant,
    pipeline: Pipeline,
    /// Whether these entries were read twice.
    suspicious: bool,
    health: Health,
}

/// What is to be said of the entries read.
enum Verdict {
    Proved,
    Wrong(Finding),
}

impl Follow {
    /// Reads entries, for ever, or until `heard` is true and all entries of the newest head were read.
    pub(crate) async fn read(&self, mut heard: watch::Receiver<bool>) -> Result<(), Stop> {
        let Position { tree, begun, tally } = self.position().await?;
        let mut reading = Reading {
            pipeline: Pipeline::new(self, tree.size()),
            growth: Growth::new(tree),
            begun,
            tally,
            fresh: Tally::default(),
            lines: Vec::new(),
            bytes: 0,
            since: Instant::now(),
            suspicious: false,
            health: Health::default(),
        };
        let mut newest = self.newest.subscribe();
        loop {
            let all_heard = *heard.borrow_and_update();
            let target = *newest.borrow_and_update();
            match target.filter(|newest| newest.head.tree_size > reading.growth.proved().size()) {
                Some(Newest { head, from }) => {
                    reading.pipeline.ask(from);
                    reading.since = Instant::now();
                    self.read_to(&mut reading, &head).await?;
                }
                None if all_heard => return Ok(()),
                // Both senders are in this very log; one that is gone has said all it had to say.
                None => tokio::select! {
                    _ = newest.changed() => {}
                    Ok(()) = heard.changed() => {}
                },
            }
        }
    }

    async fn read_to(&self, reading: &mut Reading, head: &TreeHead) -> Result<(), Stop> {
        let size = head.tree_size;
        while reading.growth.proved().size() < size {
            if reading.growth.read() < size && !reading.is_due(self) {
                let entries = reading.pipeline.next(self, size).await?;
                reading.take(entries);
                self.tell(News::Read { to: reading.growth.read(), of: size });
                continue;
            }
            match self.weigh(reading, head).await? {
                Verdict::Proved => self.commit(reading).await?,
                Verdict::Wrong(finding) if reading.suspicious => return Err(finding.into()),
                Verdict::Wrong(finding) => {
                    self.second_look(&finding).await;
                    reading.forget();
                }
            }
        }
        Ok(())
    }

    /// Whether what was read belongs to the signed tree.
    async fn weigh(&self, reading: &mut Reading, head: &TreeHead) -> Result<Verdict, Stop> {
        let part = match reading.growth.check(head) {
            Check::Same => return Ok(Verdict::Proved),
            Check::Differs { computed } => {
                return Ok(Verdict::Wrong(reading.wrong(head, &format!("the root is {computed}"))));
            }
            Check::Prove(part) => part,
        };
        loop {
            match relate(&reading.pipeline.reader(self), &part, head).await {
                Ok(Related { relation: Relation::Extends, .. }) => {
                    reading.health.well(self);
                    return Ok(Verdict::Proved);
                }
                Ok(Related { relation: Relation::OtherPrefix { computed }, .. }) => {
                    let text = format!("the log proves the root {computed} for {} entries", part.tree_size);
                    return Ok(Verdict::Wrong(reading.wrong(head, &text)));
                }
                Ok(Related { relation: Relation::Unproven(error), .. }) => {
                    let text = format!("the log's proof does not hold: {error}");
                    return Ok(Verdict::Wrong(Finding { name: "wrong-proof", ..reading.wrong(head, &text) }));
                }
                Err(error) => tokio::time::sleep(reading.health.ill(self, error.into())?).await,
            }
        }
    }

    async fn commit(&self, reading: &mut Reading) -> Result<(), Stop> {
        let mut growth = reading.growth.clone();
        growth.settle();
        let tally = reading.tally.and(reading.fresh);
        let position = Position { tree: growth.proved().clone(), begun: reading.begun, tally };
        let commit = Commit { position, lines: std::mem::take(&mut reading.lines) };
        self.command_for(&commit.lines).await;
        let id = self.log_id();
        self.store.with(move |state| state.commit(id, &commit)).await?;
        reading.growth = growth;
        reading.tally = tally;
        reading.clear();
        reading.suspicious = false;
        Ok(())
    }
}

impl Reading {
    fn is_due(&self, follow: &Follow) -> bool {
        let stride = follow.settings.stride;
        let read = self.growth.read().since(self.growth.proved().size());
        read >= stride.entries.max(1)
            || self.bytes >= stride.bytes
            || read > 0 && self.since.elapsed() >= stride.time
    }

    fn take(&mut self, entries: Vec<ReadEntry>) {
        for entry in entries {
            self.growth.append(entry.leaf);
            self.fresh.entries += 1;
            self.fresh.matches += u64::from(entry.matched);
            self.fresh.unreadable += u64::from(entry.unreadable);
            self.bytes += entry.line.as_ref().map_or(0, String::len);
            self.lines.extend(entry.line);
        }
    }

    fn clear(&mut self) {
        (self.fresh, self.bytes, self.since) = (Tally::default(), 0, Instant::now());
        self.lines.clear();
    }

    /// Goes back to what is proved.
    fn forget(&mut self) {
        self.clear();
        self.growth.undo();
        self.pipeline.restart(self.growth.proved().size());
        self.suspicious = true;
    }

    fn wrong(&self, head: &TreeHead, why: &str) -> Finding {
        let stretch = self.growth.stretch();
        let range = stretch.map_or_else(String::new, |run| format!("{} to {}", run.first, run.last));
        let text = format!("entries {range} do not lead to the signed tree of {}: {why}", head.tree_size);
        Finding::broken("wrong-entry", text)
    }
}
