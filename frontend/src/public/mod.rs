//! The side that the public sees: RFC 6962 §4 over HTTP, as CTFE and its clients speak it. docs/compatibility.md lists where
//! the two differ on purpose.

mod add;
pub mod base64;
pub mod chain_json;
mod counters;
pub mod fault;
pub mod json;
pub mod query;
mod read;
pub mod request;
pub mod respond;
pub mod route;
pub mod v3;

use crate::log::{LogState, Mode};
use add::Intake;
use counters::Counters;
use fault::Fault;
use hyper::body::Incoming;
use hyper::{Method, Request, StatusCode};
use node::body::drain;
use node::readiness::Readiness;
use node::tasks::Tasks;
use query::Query;
use read::Reads;
use respond::{Answer, Caching, json, preflight, text};
use route::{Endpoint, Prefixes, Route};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Instant;

/// Answers the public about every log.
pub struct Public {
    logs: Vec<(Arc<LogState>, Counters)>,
    prefixes: Prefixes,
    intake: Intake,
    reads: Reads,
    readiness: Arc<Readiness>,
}

impl Public {
    /// About these logs.
    pub fn new(
        logs: impl IntoIterator<Item = Arc<LogState>>,
        readiness: Arc<Readiness>,
        tasks: Tasks,
    ) -> Self {
        let mut prefixes = Prefixes::new();
        let logs: Vec<_> = logs
            .into_iter()
            .map(|log| {
                let counters = Counters::new(log.facts.name());
                (log, counters)
            })
            .collect();
        for (number, (log, _)) in logs.iter().enumerate() {
            prefixes.add(number, log.facts.name().as_str(), log.facts.url());
        }
        Self { logs, prefixes, intake: Intake::new(), reads: Reads::new(tasks), readiness }
    }

    /// Answers one request.
    pub async fn answer(&self, request: Request<Incoming>) -> Answer {
        let begin = Instant::now();
        let Some(route) = self.prefixes.route(request.uri().path()) else {
            drain(request.into_body());
            return respond::fault(&Fault::NoPath);
        };
        let Route::Log(number, endpoint) = route else {
            return self.page(&route, request);
        };
        let (log, counters) = &self.logs[number];
        let answer = match self.endpoint(log, endpoint, request).await {
            Ok(answer) => answer,
            Err(fault) => failed(log, endpoint, &fault),
        };
        counters.answered(endpoint, answer.status(), begin.elapsed());
        answer
    }

    async fn endpoint(
        &self,
        log: &LogState,
        endpoint: Endpoint,
        request: Request<Incoming>,
    ) -> Result<Answer, Fault> {
        if request.method() == Method::OPTIONS {
            return Ok(preflight(endpoint.method()));
        }
        if request.method().as_str() != endpoint.method() {
            drain(request.into_body());
            return Err(Fault::Method { allow: endpoint.method() });
        }
        if let Some(submission) = endpoint.submission() {
            return match &log.mode {
                Mode::Live(live) => {
                    self.intake.add((log.facts.name(), live), submission, request.into_body()).await
                }
                Mode::ReadOnly(_) => {
                    drain(request.into_body());
                    Err(Fault::ReadOnly)
                }
            };
        }
        let query = Query::parse(request.uri().query())?;
        match endpoint {
            Endpoint::GetSth => Reads::sth(log),
            Endpoint::GetSthConsistency => Reads::consistency(log, &query),
            Endpoint::GetProofByHash => Reads::proof(log, &query),
            Endpoint::GetEntries => self.reads.entries(log, &query).await,
            Endpoint::GetRoots => Ok(json(log.roots_body.clone(), Caching::Unsaid)),
            Endpoint::GetEntryAndProof => Reads::entry_and_proof(log, &query),
            Endpoint::LogV3 => Ok(json(log.v3_body.clone(), Caching::Unsaid)),
            Endpoint::AddChain | Endpoint::AddPreChain => Err(Fault::NoPath),
        }
    }

    /// What is not about one log.
    fn page(&self, route: &Route, request: Request<Incoming>) -> Answer {
        if request.method() == Method::OPTIONS {
            return preflight("GET");
        }
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            drain(request.into_body());
            return respond::fault(&Fault::Method { allow: "GET" });
        }
        match route {
            Route::Health => text(StatusCode::OK, "ok\n"),
            Route::Ready if self.readiness.is_ready() => text(StatusCode::OK, "ready\n"),
            Route::Ready => {
                // Why is for the operator, who sees it on the internal port.
                text(StatusCode::SERVICE_UNAVAILABLE, "not ready\n")
            }
            Route::Home | Route::Log(..) => text(StatusCode::OK, self.home()),
        }
    }

    fn home(&self) -> String {
        let mut out = "Certificate Transparency logs (RFC 6962), served by Wolffish\n".to_owned();
        for (log, _) in &self.logs {
            let size = log.heads.get().published.as_ref().map_or(0, |shown| shown.sth.head.tree_size.get());
            let (name, id) = (log.facts.name(), base64::encode(log.facts.log_id().as_ref()));
            let grows = match log.mode {
                Mode::Live(_) => "",
                Mode::ReadOnly(_) => ", read-only",
            };
            // Writing into memory cannot fail.
            let _ =
                write!(out, "\n{name}\n  log ID {id}\n  {size} entries{grows}\n  API below /{name}/ct/v1/\n");
        }
        out
    }
}

/// Answers a fault; those of ours are told to the operator.
fn failed(log: &LogState, endpoint: Endpoint, fault: &Fault) -> Answer {
    if let Fault::Ours(reason) = fault {
        tracing::error!(log = %log.facts.name(), endpoint = endpoint.as_str(), reason, "a request failed");
    }
    respond::fault(fault)
}

#[cfg(test)]
mod tests;
