//! The writing half of the API: add-chain and add-pre-chain (RFC 6962 §4.1, §4.2), from the body to the SCT.

use super::chain_json;
use super::fault::Fault;
use super::json::sct_body;
use super::respond::{Answer, Caching, json};
use crate::log::Live;
use crate::submit::SubmitError;
use crate::submit::limits::{BODY_TIME, MAX_SUBMISSION_BYTES};
use bytes::Bytes;
use ct::limits::MAX_SUBMISSION_BODY;
use ct::names::LogName;
use ct::x509::{Endpoint, ValidatedChain, validate};
use hyper::body::{Body as _, Incoming};
use node::body::{BodyError, BodyLimits, drain, read_body};
use std::thread::available_parallelism;
use tokio::sync::Semaphore;

/// What a permit of [`Intake::room`] stands for.
const UNIT: usize = 1 << 10;

/// Bounds what submissions take of this node before they are promises.
pub(crate) struct Intake {
    /// Bodies in memory, in units.
    room: Semaphore,
    /// Chains that are checked at a time. One processor is left to others: readers must not wait for submissions.
    turns: Semaphore,
}

impl Intake {
    pub(crate) fn new() -> Self {
        let processors = available_parallelism().map_or(1, usize::from);
        Self {
            room: Semaphore::new(MAX_SUBMISSION_BYTES / UNIT),
            turns: Semaphore::new(processors.saturating_sub(1).max(1)),
        }
    }

    /// From the body to the SCT.
    pub(crate) async fn add(
        &self,
        (log, live): (&LogName, &Live),
        endpoint: Endpoint,
        body: Incoming,
    ) -> Result<Answer, Fault> {
        let announced = body.size_hint();
        if announced.lower() > MAX_SUBMISSION_BODY as u64 {
            drain(body);
            return Err(BodyError::TooLarge { limit: MAX_SUBMISSION_BODY }.into());
        }
        // A body that does not say how long it is counts as the longest.
        let most =
            announced.upper().map_or(MAX_SUBMISSION_BODY, |upper| upper as usize).min(MAX_SUBMISSION_BODY);
        let Ok(_room) = self.room.try_acquire_many((most / UNIT + 1) as u32) else {
            drain(body);
            return Err(Fault::Busy);
        };
        let body = read_body(body, BodyLimits::new(MAX_SUBMISSION_BODY, BODY_TIME)).await?;
        let chain = self.check((log, live), endpoint, body).await?;
        let sct = live.submitter.submit(chain).await?;
        Ok(json(sct_body(&sct), Caching::Unsaid))
    }

    /// Checks a chain where the request is: it takes some hundred microseconds, less than handing it over and back when
    /// its issuers are known.
    async fn check(
        &self,
        (log, live): (&LogName, &Live),
        endpoint: Endpoint,
        body: Bytes,
    ) -> Result<ValidatedChain, Fault> {
        // It is never closed.
        let _turn = self.turns.acquire().await.map_err(|_| Fault::Busy)?;
        let chain = chain_json::parse(&body)?;
        let rules = &live.rules;
        validate(&chain, endpoint, &rules.admission(), rules.cache()).map_err(|refused| {
            let (log, reason) = (log.to_string(), refused.label());
            metrics::counter!("wolffish_submissions_refused_total", "log" => log, "reason" => reason)
                .increment(1);
            Fault::Chain(refused)
        })
    }
}

impl From<SubmitError> for Fault {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::Closed(closed) => Fault::Closed(closed),
            SubmitError::Unpromised(why) => Fault::Unpromised(why),
            SubmitError::Store(error) => error.into(),
            SubmitError::Entry(error) => Fault::Ours(error.to_string()),
        }
    }
}
