//! Listening to one frontend: what head does it show now?

use super::accept::Accepted;
use super::health::{Health, Trouble};
use super::{Follow, Stop, now};
use crate::finding::Finding;
use client::ClientError;
use client::evidence::Served;
use std::time::Duration;

impl Follow {
    /// Looks at the head of frontend `which`, again and again, or until one was judged.
    pub(crate) async fn listen(&self, which: usize) -> Result<(), Stop> {
        let mut health = Health::default();
        let mut unsigned = 0;
        loop {
            let pause = match self.look(which, &mut unsigned).await? {
                Accepted::Agrees => {
                    health.well(self);
                    if self.is_once() {
                        return Ok(());
                    }
                    self.until_next_look()
                }
                Accepted::NotYet(trouble) => health.ill(self, trouble)?,
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// One look at the head of frontend `which`; that it fails is no finding.
    pub(crate) async fn look_once(&self, which: usize) -> Result<(), Stop> {
        self.look(which, &mut 0).await.map(|_| ())
    }

    /// `unsigned`: how many heads in a row had no good signature.
    async fn look(&self, which: usize, unsigned: &mut u32) -> Result<Accepted, Stop> {
        let verified = match self.client.frontend(which).sth().await {
            Ok(verified) => verified,
            Err(error @ ClientError::BadSignature { .. }) => {
                *unsigned += 1;
                if *unsigned > 1 {
                    return Err(Finding::broken(error.name(), error).into());
                }
                self.second_look(&Finding::from(&error)).await;
                return Ok(Accepted::NotYet(error.into()));
            }
            Err(error) => return Ok(Accepted::NotYet(Trouble::from(error))),
        };
        *unsigned = 0;
        let urls = self.client.log().urls();
        let url = urls[which % urls.len()].to_string();
        let served = Served { sth: verified.sth().clone(), url, received: now() };
        let accepted = self.accept(which, served).await?;
        if let Some(newest) = *self.newest.borrow() {
            self.judge_age(&newest.head);
        }
        Ok(accepted)
    }

    /// A little more than the pause asked for, each time another: many monitors shall not come together.
    fn until_next_look(&self) -> Duration {
        self.settings.poll + self.settings.poll.mul_f64(fastrand::f64() / 4.0)
    }
}
