//! What other nodes ask of a frontend (docs/protocol.md, N6), decoded and handed to the log's keeper.

use super::keeper::Job;
use crate::copy::{Answer, Request};
use crate::log::{Live, LogState, Mode, ReadOnly};
use ct::limits::{MAX_BATCH_ENTRIES, MAX_SEND_LOG};
use ct::names::LogName;
use ct::order::OrderRecord;
use ct::wire::status::Detail;
use ct::wire::tree::{self, CurrentPosition, GetEntry, MissingEntries, SendLog, Staged};
use ct::wire::{Bulk, Done, EntryBatch, SetPrimary};
use node::fault::Fault;
use node::host::{self, Host};
use node::message::{Method, Reply};
use node::rpc_server::{Call, Service};
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// The internal API of a frontend.
pub struct FrontendService {
    pub(crate) host: Host,
    pub(crate) logs: BTreeMap<LogName, Arc<LogState>>,
}

fn bad(error: impl ToString) -> Fault {
    Fault::BadRequest(error.to_string())
}

fn ours(error: impl ToString) -> Fault {
    Fault::Ours(error.to_string())
}

fn stopping() -> Fault {
    Fault::Unavailable("this node is stopping".to_owned())
}

fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Fault> {
    serde_json::from_slice(body).map_err(bad)
}

fn reply(value: &impl serde::Serialize) -> Result<Reply, Fault> {
    Reply::json(value).map_err(ours)
}

impl Service for FrontendService {
    async fn call(&self, call: Call) -> Result<Reply, Fault> {
        let log = self.logs.get(&call.log);
        let log = log.ok_or_else(|| Fault::NotFound(format!("log: {} is not served here", call.log)))?;
        match (&log.mode, call.method) {
            (Mode::Live(live), Method::Status) => self.status(log, live),
            (Mode::Live(_), Method::GetCertificate) => self.certificate(log),
            (Mode::Live(_), Method::GetEntry) => self.get_entry(log, &call.body).await,
            (Mode::Live(live), method) => {
                answer(&live.keeper, call.caller.name.clone(), decode(method, &call.body)?).await
            }
            (Mode::ReadOnly(log), Method::Status) => self.read_only_status(&call.log, log),
            // Whoever asks has another cluster.toml (docs/protocol.md, A1).
            (Mode::ReadOnly(_), _) => Err(Fault::NotFound(format!("log: {} is read-only here", call.log))),
        }
    }
}

impl FrontendService {
    /// What a peer lost, as far as it is whole here (docs/protocol.md, D2).
    async fn get_entry(&self, log: &LogState, body: &[u8]) -> Result<Reply, Fault> {
        let GetEntry { entries, issuers } = json(body)?;
        let reader = log.reader.clone();
        let read = move || reader.batch(&entries, &issuers);
        let read = self.host.tasks().blocking("read", read).await;
        let (batch, damaged) = read.map_err(ours)?.map_err(ours)?;
        for error in damaged {
            tracing::error!(log = %log.facts.name(), %error, "a copy is damaged: see wolffish fsck");
        }
        Ok(Reply::bytes(batch.into_bulk(Done {}).and_then(|bulk| bulk.encode()).map_err(ours)?))
    }

    fn read_only_status(&self, name: &LogName, log: &ReadOnly) -> Result<Reply, Fault> {
        reply(&host::read_only_status(&self.host, name, log.sth.clone()))
    }

    fn status(&self, log: &LogState, live: &Live) -> Result<Reply, Fault> {
        let heads = log.heads.get();
        let detail = Detail::Frontend {
            held: heads.held.as_deref().cloned(),
            published: heads.published.as_ref().map(|shown| shown.sth.clone()),
            closed: live.submitter.check_open().err().map(|closed| closed.to_string()),
        };
        // The keeper names the term before anybody can ask.
        let certificate = heads.certificate.clone().ok_or_else(stopping)?;
        let (term, primary) = (certificate.term(), &certificate.body.primary);
        reply(&host::status(&self.host, log.facts.name(), term, primary, detail))
    }

    fn certificate(&self, log: &LogState) -> Result<Reply, Fault> {
        let certificate = log.heads.get().certificate.clone().ok_or_else(stopping)?;
        reply(&SetPrimary { certificate: (*certificate).clone() })
    }
}

/// Hands a request to the keeper; what it asks for is done even if the caller does not wait for the answer.
pub(crate) async fn answer(
    keeper: &mpsc::Sender<Job>,
    caller: ct::names::NodeName,
    request: Request,
) -> Result<Reply, Fault> {
    let (tell, told) = oneshot::channel();
    keeper.send(Job::Step(caller, Box::new(request), tell)).await.map_err(|_| stopping())?;
    match told.await.map_err(|_| stopping())? {
        Ok(answer) => encode(answer),
        Err(refusal) => Err(Fault::refused(&refusal)),
    }
}

/// From a message to what it asks.
pub(crate) fn decode(method: Method, body: &[u8]) -> Result<Request, Fault> {
    Ok(match method {
        Method::CurrentPosition => Request::Position(json::<CurrentPosition>(body)?.term),
        Method::SendLog => {
            let message = Bulk::<SendLog>::decode(body).map_err(bad)?;
            Request::SendLog(message.header, records(&message.items)?)
        }
        Method::MissingEntries => Request::Missing(json::<MissingEntries>(body)?.term),
        Method::SendEntry => {
            let message = Bulk::<tree::SendEntry>::decode(body).map_err(bad)?;
            Request::SendEntry(message.header.term, EntryBatch::from_items(&message.items).map_err(bad)?)
        }
        Method::SendSTH => Request::Publish(json(body)?),
        Method::SetPrimary => Request::SetPrimary(Box::new(json::<SetPrimary>(body)?.certificate)),
        other => return Err(Fault::NotFound(format!("method: a frontend does not do {other}"))),
    })
}

fn records(items: &[Vec<u8>]) -> Result<Vec<OrderRecord>, Fault> {
    if items.len() > MAX_SEND_LOG {
        return Err(bad(format!("records: {} of them, the limit is {MAX_SEND_LOG}", items.len())));
    }
    items.iter().map(|item| OrderRecord::decode(item).map_err(bad)).collect()
}

fn encode(answer: Answer) -> Result<Reply, Fault> {
    match answer {
        Answer::Position(position) => reply(&position),
        Answer::Staged(end) => reply(&Staged { end }),
        Answer::Missing(names) => {
            let items = names.iter().take(MAX_BATCH_ENTRIES).map(|name| name.as_bytes().to_vec()).collect();
            Ok(Reply::bytes(Bulk { header: Done {}, items }.encode().map_err(ours)?))
        }
        Answer::Taken(taken) => reply(&taken),
        Answer::Done => reply(&Done {}),
    }
}
