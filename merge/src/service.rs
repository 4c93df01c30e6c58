//! What other nodes ask of a merge node, decoded and handed to the log's keeper.

use crate::keeper::Job;
use crate::message::{Answer, Request};
use crate::snapshot::Snapshot;
use ct::limits::{MAX_BATCH_ENTRIES, MAX_SEND_LOG};
use ct::names::LogName;
use ct::order::OrderRecord;
use ct::wire::term::{Start, Stop};
use ct::wire::tree::{self, CurrentPosition, GetEntry, MissingEntries, SendLog, Staged, VerifyRoot};
use ct::wire::{Bulk, Done, EntryBatch, SetPrimary};
use node::fault::Fault;
use node::host::{self, Host};
use node::message::{Method, Reply};
use node::rpc_server::{Call, Service};
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use store::log::Reader;
use tokio::sync::{mpsc, oneshot};

/// The internal API of a merge node.
pub(crate) struct MergeService {
    pub(crate) host: Host,
    pub(crate) logs: BTreeMap<LogName, mpsc::Sender<Job>>,
    pub(crate) readers: BTreeMap<LogName, Reader>,
}

fn bad(error: impl ToString) -> Fault {
    Fault::BadRequest(error.to_string())
}

fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Fault> {
    serde_json::from_slice(body).map_err(bad)
}

impl Service for MergeService {
    async fn call(&self, call: Call) -> Result<Reply, Fault> {
        let jobs = self.logs.get(&call.log);
        let jobs = jobs.ok_or_else(|| Fault::NotFound(format!("log: {} is not kept here", call.log)))?;
        if call.method == Method::Status {
            return self.status(&call.log, jobs).await;
        }
        if call.method == Method::GetCertificate {
            let certificate = look(jobs).await.ok_or_else(stopping)?.certificate;
            return reply(&SetPrimary { certificate });
        }
        if call.method == Method::GetEntry {
            return self.get_entry(&call.log, &call.body).await;
        }
        let request = decode(call.method, &call.body)?;
        let (tell, answer) = oneshot::channel();
        let job = Job::Request(call.caller.name.clone(), Box::new(request), tell);
        jobs.send(job).await.map_err(|_| stopping())?;
        match answer.await.map_err(|_| stopping())? {
            Ok(answer) => encode(answer),
            Err(refusal) => Err(Fault::refused(&refusal)),
        }
    }
}

fn stopping() -> Fault {
    Fault::Unavailable("this node is stopping".to_owned())
}

impl MergeService {
    /// What a peer lost, as far as it is whole here (docs/protocol.md, D2).
    async fn get_entry(&self, log: &LogName, body: &[u8]) -> Result<Reply, Fault> {
        let GetEntry { entries, issuers } = json(body)?;
        let reader = self.readers.get(log).cloned().ok_or_else(stopping)?;
        let read = move || reader.batch(&entries, &issuers);
        let read = self.host.tasks().blocking("read", read).await;
        let ours = |error: String| Fault::Ours(error);
        let (batch, damaged) =
            read.map_err(|error| ours(error.to_string()))?.map_err(|error| ours(error.to_string()))?;
        for error in damaged {
            tracing::error!(%log, %error, "a copy is damaged: see wolffish fsck");
        }
        let bytes = batch.into_bulk(Done {}).and_then(|bulk| bulk.encode());
        bytes.map(Reply::bytes).map_err(|error| ours(error.to_string()))
    }

    async fn status(&self, log: &LogName, jobs: &mpsc::Sender<Job>) -> Result<Reply, Fault> {
        let look = look(jobs).await.ok_or_else(stopping)?;
        reply(&host::status(&self.host, log, look.term, &look.primary, look.detail))
    }
}

/// How a log stands; `None` if the node is stopping.
pub(crate) async fn look(jobs: &mpsc::Sender<Job>) -> Option<Snapshot> {
    let (reply, answer) = oneshot::channel();
    jobs.send(Job::Look(reply)).await.ok()?;
    answer.await.ok()
}

fn decode(method: Method, body: &[u8]) -> Result<Request, Fault> {
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
        Method::VerifyRoot => Request::VerifyRoot(Box::new(json::<VerifyRoot>(body)?.request)),
        Method::Remind => Request::Remind(Box::new(json(body)?)),
        Method::SendSTH => Request::Publish(json(body)?),
        Method::Stop => {
            let Stop { term, run } = json(body)?;
            Request::Stop(term, run)
        }
        Method::Start => Request::Start(json::<Start>(body)?.term),
        Method::SetPrimary => Request::SetPrimary(Box::new(json::<SetPrimary>(body)?.certificate)),
        other => return Err(Fault::NotFound(format!("method: a merge node does not do {other}"))),
    })
}

fn records(items: &[Vec<u8>]) -> Result<Vec<OrderRecord>, Fault> {
    if items.len() > MAX_SEND_LOG {
        return Err(bad(format!("records: {} of them, the limit is {MAX_SEND_LOG}", items.len())));
    }
    items.iter().map(|item| OrderRecord::decode(item).map_err(bad)).collect()
}

fn reply(value: &impl serde::Serialize) -> Result<Reply, Fault> {
    Reply::json(value).map_err(|error| Fault::Ours(error.to_string()))
}

fn encode(answer: Answer) -> Result<Reply, Fault> {
    match answer {
        Answer::Position(position) => reply(&position),
        Answer::Staged(end) => reply(&Staged { end }),
        Answer::Missing(names) => {
            let items = names.iter().take(MAX_BATCH_ENTRIES).map(|name| name.as_bytes().to_vec()).collect();
            let bulk = Bulk { header: Done {}, items }.encode();
            Ok(Reply::bytes(bulk.map_err(|error| Fault::Ours(error.to_string()))?))
        }
        Answer::Taken(taken) => reply(&taken),
        Answer::Endorsed(endorsement) => reply(&endorsement),
        Answer::Stopped(stopped) => reply(&stopped),
        Answer::Done => reply(&Done {}),
    }
}
