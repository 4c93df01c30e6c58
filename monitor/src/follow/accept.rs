//! A head whose signature is good: does it agree with every other that was ever seen?

use super::health::Trouble;
use super::relate::{Related, relate};
use super::{Follow, Newest, Stop, now};
use crate::finding::Finding;
use crate::heads::{Contradiction, Judgement, judge};
use crate::news::News;
use crate::state::Standing;
use client::evidence::{Evidence, Served, TreeHeads};
use ct::hash::NodeHash;
use ct::merkle::verify::{ProofError, Relation};
use ct::sth::TreeHead;
use std::path::PathBuf;

/// Most heads without proof that are looked at again at a time.
const WAITING: u32 = 4;

/// What became of a head.
#[derive(Debug)]
pub(crate) enum Accepted {
    /// It agrees, and is on record.
    Agrees,
    /// It cannot be told yet.
    NotYet(Trouble),
}

/// What the log says of two trees.
enum Proof {
    Holds,
    Fork(Vec<NodeHash>),
    Wrong(ProofError, Vec<NodeHash>),
    None(Trouble),
}

impl Follow {
    /// Takes a head that frontend `which` has shown.
    pub(crate) async fn accept(&self, which: usize, served: Served) -> Result<Accepted, Stop> {
        let _alone = self.judging.lock().await;
        let ahead = served.sth.head.timestamp.since(now());
        if ahead > self.settings.ahead {
            let limit = self.settings.ahead;
            let text = format!(
                "{}: the tree head is of {ahead:?} ahead of this clock, the limit is {limit:?}",
                served.url
            );
            return Ok(Accepted::NotYet(Trouble::new(Finding::suspect("future", text))));
        }
        let accepted = self.judge(which, served).await?;
        if matches!(accepted, Accepted::Agrees) {
            self.judge_waiting(which).await?;
        }
        Ok(accepted)
    }

    /// Heads for which there was no proof when they came.
    async fn judge_waiting(&self, which: usize) -> Result<(), Stop> {
        let id = self.log_id();
        for served in self.store.with(move |state| state.waiting(id, WAITING)).await? {
            self.judge(which, served).await?;
        }
        Ok(())
    }

    async fn judge(&self, which: usize, served: Served) -> Result<Accepted, Stop> {
        let (id, head) = (self.log_id(), served.sth.head);
        let standing = self.store.with(move |state| state.standing(id, &head)).await?;
        let known_evidence = match standing {
            Some((Standing::Agreed, _)) => {
                self.is_newest(head, which);
                return Ok(Accepted::Agrees);
            }
            Some((Standing::Disputed, evidence)) => evidence,
            Some((Standing::Waiting, _)) | None => None,
        };
        let around = self.store.with(move |state| state.around(id, &head)).await?;
        match judge(&head, around) {
            Judgement::Agrees => self.agreed(served).await,
            Judgement::Impossible => {
                let text =
                    format!("{}: a signed tree without entries has the root {}", served.url, head.root_hash);
                Err(Finding::broken("malformed", text).into())
            }
            Judgement::Contradicts(how, other) => {
                let finding = contradiction(how, &served, &other);
                Err(self.dispute(finding, served, *other, None, known_evidence).await)
            }
            Judgement::Prove { first, second, other } => {
                // Only who has shown the larger tree is sure to have it.
                let from = if second == head { which } else { self.frontend_at(&other.url) };
                match self.prove(from, &first, &second).await {
                    Proof::Holds => self.agreed(served).await,
                    Proof::Fork(path) => {
                        let finding = contradiction(Contradiction::Fork, &served, &other);
                        Err(self.dispute(finding, served, *other, Some(path), known_evidence).await)
                    }
                    Proof::Wrong(error, path) => {
                        let finding = wrong_proof(&first, &second, error);
                        Err(self.dispute(finding, served, *other, Some(path), known_evidence).await)
                    }
                    Proof::None(trouble) => {
                        self.store
                            .with(move |state| state.record(id, &served, Standing::Waiting, None))
                            .await?;
                        Ok(Accepted::NotYet(trouble))
                    }
                }
            }
        }
    }

    /// Asks for the proof; a wrong one is asked for again after a pause, elsewhere if there is another frontend.
    async fn prove(&self, from: usize, first: &TreeHead, second: &TreeHead) -> Proof {
        let mut looks = 0;
        loop {
            match relate(&self.client.frontend(from + looks), first, second).await {
                Err(error) => return Proof::None(error.into()),
                Ok(Related { relation: Relation::Extends, .. }) => return Proof::Holds,
                Ok(Related { relation: Relation::OtherPrefix { .. }, path }) => return Proof::Fork(path),
                Ok(Related { relation: Relation::Unproven(error), path }) => {
                    if looks > 0 {
                        return Proof::Wrong(error, path);
                    }
                    self.second_look(&wrong_proof(first, second, error)).await;
                }
            }
            looks += 1;
        }
    }

    /// Says that something looks wrong, and waits a little.
    pub(crate) async fn second_look(&self, finding: &Finding) {
        let text = format!("{}; it is looked at again", finding.text);
        self.tell(News::Finding(&Finding::suspect(finding.name, text)));
        tokio::time::sleep(self.settings.second_look).await;
    }

    async fn agreed(&self, served: Served) -> Result<Accepted, Stop> {
        let (id, head, from) = (self.log_id(), served.sth.head, self.frontend_at(&served.url));
        self.store.with(move |state| state.record(id, &served, Standing::Agreed, None)).await?;
        self.is_newest(head, from);
        self.tell(News::Head(head.tree_size));
        Ok(Accepted::Agrees)
    }

    /// Makes this head the newest if it is, and remembers who showed the newest last. Who waits for a head is woken by
    /// another one alone.
    fn is_newest(&self, head: TreeHead, from: usize) {
        let key = |head: &TreeHead| (head.tree_size, head.timestamp);
        self.newest.send_if_modified(|newest| {
            let before = newest.map(|newest| key(&newest.head));
            if before <= Some(key(&head)) {
                *newest = Some(Newest { head, from });
            }
            before < Some(key(&head))
        });
    }

    /// Keeps two heads that do not go together, and the proof of it.
    async fn dispute(
        &self,
        finding: Finding,
        served: Served,
        other: Served,
        path: Option<Vec<NodeHash>>,
        known: Option<PathBuf>,
    ) -> Stop {
        let heads = TreeHeads { first: other, second: served.clone(), consistency: path };
        let (id, log) = (self.log_id(), self.client.log().clone());
        let kept = self.store.with(move |state| {
            let path = match known {
                Some(path) => Ok(path),
                None => Evidence::of_heads(log, now(), heads).write(state.evidence()),
            };
            let noted = path.as_ref().ok().map(PathBuf::as_path);
            state.record(id, &served, Standing::Disputed, noted)?;
            Ok(path)
        });
        match kept.await {
            Ok(Ok(path)) => finding.proved_by(path).into(),
            // The word is broken all the same.
            Ok(Err(error)) => {
                let text = format!("{}; and the evidence is lost: {error}", finding.text);
                Finding { text, ..finding }.into()
            }
            Err(error) => error.into(),
        }
    }
}

fn contradiction(how: Contradiction, new: &Served, other: &Served) -> Finding {
    let show = |served: &Served| {
        let TreeHead { timestamp, tree_size, root_hash } = served.sth.head;
        format!("{tree_size} entries, root {root_hash}, signed at {timestamp}, shown by {}", served.url)
    };
    let (name, says) = match how {
        Contradiction::Fork => ("fork", "two signed trees, of which neither extends the other"),
        Contradiction::Shrunk => ("shrunk", "the smaller of two signed trees is not the earlier"),
    };
    Finding::broken(name, format!("{says}: {}; and {}", show(other), show(new)))
}

fn wrong_proof(first: &TreeHead, second: &TreeHead, error: ProofError) -> Finding {
    let (from, to) = (first.tree_size, second.tree_size);
    let text = format!("no proof that the signed tree of {to} entries extends that of {from}: {error}");
    Finding::broken("wrong-proof", text)
}
