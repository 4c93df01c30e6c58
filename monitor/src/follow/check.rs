//! Checking what others have seen: each head against all heads, each promise against the tree.

use super::accept::Accepted;
use super::health::{Health, Trouble};
use super::{Follow, Newest, Stop, now};
use crate::claims::{Claim, Claims};
use crate::finding::Finding;
use crate::news::News;
use client::ClientError;
use client::evidence::{BrokenPromise, Evidence, Served};
use ct::index::TreeSize;
use ct::sth::TreeHead;
use std::time::Duration;
use tokio::task::JoinSet;

/// RFC 6962 logs that say nothing of their merge delay mean a day.
const USUAL_MMD: Duration = Duration::from_secs(86_400);

/// What became of a promise.
enum Kept {
    Yes,
    /// It is not in the tree of this head.
    NotIn,
    Unknown(ClientError),
}

impl Follow {
    /// Checks all claims. It waits for promises that are not yet due, as long as the log is not to be given up.
    pub(crate) async fn check(&self, claims: Claims) -> Result<(), Stop> {
        let (heads, all) = (claims.heads.len(), claims.promises.len());
        for (done, head) in claims.heads.into_iter().enumerate() {
            self.check_head(head).await?;
            self.tell(News::Checked { done: done + 1, of: heads + all });
        }
        let mut health = Health::default();
        let mut open = claims.promises;
        while !open.is_empty() {
            let newest = *self.newest.borrow();
            let Some(newest) = newest else { return Ok(()) };
            let (missing, unknown) = self.look_for(open, &newest, heads + all).await;
            self.refuse_broken(&missing, &newest.head, all).await?;
            let waiting = missing.first().map(|claim| not_yet(&missing, claim, self.mmd()));
            open = missing;
            let trouble = match unknown {
                Some((error, unasked)) => {
                    open.extend(unasked);
                    error.into()
                }
                None => match waiting {
                    Some(finding) => Trouble::new(finding),
                    None => break,
                },
            };
            tokio::time::sleep(health.ill(self, trouble)?).await;
            for which in 0..self.client.frontends() {
                self.look_once(which).await?;
            }
        }
        health.well(self);
        Ok(())
    }

    fn mmd(&self) -> Duration {
        self.mmd.unwrap_or(USUAL_MMD)
    }

    async fn check_head(&self, head: Served) -> Result<(), Stop> {
        let mut health = Health::default();
        let which = self.frontend_at(&head.url);
        loop {
            match self.accept(which, head.clone()).await? {
                Accepted::Agrees => return Ok(()),
                Accepted::NotYet(trouble) => tokio::time::sleep(health.ill(self, trouble)?).await,
            }
        }
    }

    /// Looks for promises in the tree of a head: those that are not in it, and those that could not be looked for.
    async fn look_for(
        &self,
        claims: Vec<Claim>,
        newest: &Newest,
        all: usize,
    ) -> (Vec<Claim>, Option<(ClientError, Vec<Claim>)>) {
        if newest.head.tree_size == TreeSize::ZERO {
            // A tree without entries has no proof to give.
            return (claims, None);
        }
        let reader = self.client.frontend(newest.from);
        let (mut missing, mut unasked, mut failed) = (Vec::new(), Vec::new(), None);
        let (mut running, mut claims) = (JoinSet::new(), claims.into_iter());
        let mut kept = all - claims.len();
        loop {
            while failed.is_none()
                && running.len() < self.settings.requests
                && let Some(claim) = claims.next()
            {
                let (reader, head) = (reader.clone(), newest.head);
                running.spawn(async move {
                    let found = match reader.find(claim.leaf, &head).await {
                        Ok(_) => Kept::Yes,
                        Err(error) if error.is_not_found() => Kept::NotIn,
                        Err(error) => Kept::Unknown(error),
                    };
                    (claim, found)
                });
            }
            let Some(done) = running.join_next().await else { break };
            let (claim, found) = done.unwrap_or_else(|broken| std::panic::resume_unwind(broken.into_panic()));
            match found {
                Kept::Yes => kept += 1,
                Kept::NotIn => missing.push(claim),
                Kept::Unknown(error) => {
                    unasked.push(claim);
                    failed.get_or_insert(error);
                }
            }
            self.tell(News::Checked { done: kept, of: all });
        }
        unasked.extend(claims);
        (missing, failed.map(|error| (error, unasked)))
    }

    /// A promise that is due and not in the tree is broken. The first of them is kept as evidence.
    async fn refuse_broken(&self, missing: &[Claim], head: &TreeHead, all: usize) -> Result<(), Stop> {
        let due = |claim: &&Claim| head.timestamp > claim.sct.timestamp.plus(self.mmd());
        let Some(first) = missing.iter().find(due).cloned() else { return Ok(()) };
        let count = missing.iter().filter(due).count();
        let text = format!(
            "{count} of {all} promises are due and not in the tree of {} entries, the first of them leaf {}",
            head.tree_size, first.leaf
        );
        let finding = Finding::broken("missing-entry", text);
        let (id, log, mmd) = (self.log_id(), self.client.log().clone(), self.mmd());
        let written = self.store.with(move |state| {
            let Some(later) = state.newest(id)? else { return Ok(None) };
            let answer = "404 to get-proof-by-hash".to_owned();
            let promise = BrokenPromise { sct: first.sct, leaf_input: first.leaf_input, mmd, later, answer };
            Ok(Some(Evidence::of_promise(log, now(), promise).write(state.evidence())))
        });
        Err(match written.await? {
            Some(Ok(path)) => finding.proved_by(path),
            Some(Err(error)) => {
                Finding { text: format!("{}; and the evidence is lost: {error}", finding.text), ..finding }
            }
            None => finding,
        }
        .into())
    }
}

fn not_yet(missing: &[Claim], first: &Claim, mmd: Duration) -> Finding {
    let due = first.sct.timestamp.plus(mmd);
    let text = format!("{} promises are not in the tree yet, one of them due at {due}", missing.len());
    Finding::trouble("missing-entry", text)
}
