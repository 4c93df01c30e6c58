//! What a storage node does when it is called: decodes, queues for the writer or reads, and encodes.

use crate::error::StorageError;
use crate::machine::{Put, PutFault, View};
use crate::meters;
use crate::queue::{Job, Queue, queue, stopping};
use crate::refill::Refill;
use crate::writer::Writer;
use config::Log;
use ct::hash::Base64;
use ct::key::LogKey;
use ct::limits::{MAX_BATCH_ENTRIES, MAX_CERTIFICATE};
use ct::names::LogName;
use ct::wire::status::Detail;
use ct::wire::storage::{MoveStart, PutHeader, PutReply, SctItem};
use ct::wire::{Bulk, Done, EntryBatch, Refusal, SetPrimary};
use node::fault::Fault;
use node::host::{Host, status};
use node::message::{Method, Reply};
use node::rpc_server::{Call, Service};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::time::Duration;
use store::list::{ListOptions, ListReader};
use tokio::sync::{oneshot, watch};

/// How often a writer is told that time has passed: an SCT waits no longer for its sync.
const TICK: Duration = Duration::from_secs(1);

/// When to come back to a node whose backlog is full: publication takes that long.
const BACKLOG_RETRY: Duration = Duration::from_secs(5);

/// The service of a storage node.
#[derive(Debug)]
pub struct Storage {
    logs: BTreeMap<LogName, LogPart>,
}

/// What answers for one log.
pub(crate) struct LogPart {
    pub host: Host,
    pub name: LogName,
    pub key: LogKey,
    pub reader: ListReader,
    pub view: watch::Receiver<View>,
    pub queue: Queue,
}

impl std::fmt::Debug for LogPart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LogPart({})", self.name)
    }
}

impl Storage {
    /// Opens the state of every log and starts its writer.
    ///
    /// # Errors
    /// State that is missing, incomplete, damaged or another log's; I/O errors.
    pub fn open(host: &Host) -> Result<Self, StorageError> {
        Self::open_with(host, &ListOptions::default())
    }

    /// As [`Storage::open`], with lists kept in another way.
    ///
    /// # Errors
    /// As [`Storage::open`].
    pub fn open_with(host: &Host, options: &ListOptions) -> Result<Self, StorageError> {
        let mut logs = BTreeMap::new();
        for log in host.cluster().logs() {
            logs.insert(log.name().clone(), LogPart::open(host, log, options)?);
        }
        Ok(Self { logs })
    }
}

impl Service for Storage {
    async fn call(&self, call: Call) -> Result<Reply, Fault> {
        let part = self.logs.get(&call.log).ok_or_else(|| Fault::NotFound(format!("no log {}", call.log)))?;
        match call.method {
            Method::SendEntry => part.send_entry(&call.body).await,
            Method::SendSCT => part.send_sct(&call.body),
            Method::FetchNewEntries => {
                let fetched = part.fetch(&call.caller, parse(&call.body)?).await?;
                json(&fetched)
            }
            Method::GetEntry => part.get_entry(parse(&call.body)?).await,
            Method::SendSTH => part.move_start(&call).await,
            Method::SetPrimary => part.set_primary(&call.body).await,
            Method::Status => part.status(),
            Method::GetCertificate => part.certificate(),
            other => Err(Fault::NotFound(format!("a storage node does not answer {other}"))),
        }
    }
}

impl LogPart {
    fn open(host: &Host, log: &Log, options: &ListOptions) -> Result<Self, StorageError> {
        let name = log.name().clone();
        let writer = Writer::open(host.cluster(), log, &host.log_dir(&name), host.clock(), options)?;
        let (reader, view, sources) = (writer.reader(), writer.view(), writer.sources());
        let (queue, jobs) = queue();
        let tasks = host.tasks().clone();
        host.vital("writer", async move { tasks.blocking("writer", move || writer.run(jobs)).await? })?;
        let (ticker, shutdown) = (queue.clone(), host.shutdown());
        let ticking = async move {
            while shutdown.run_until_cancelled(tokio::time::sleep(TICK)).await.is_some() {
                // A full queue keeps the writer awake without it.
                let _ = ticker.push(Job::Tick, 0);
            }
        };
        host.tasks().background("ticker", ticking).map_err(node::host::StartError::from)?;
        let (view_of_it, queue_of_it) = (view.clone(), queue.clone());
        let accepted_for = view.borrow().incarnation;
        let refill = Refill {
            host: host.clone(),
            log: name.clone(),
            view: view_of_it,
            queue: queue_of_it,
            sources,
            accepted_for,
        };
        host.tasks().background("refill", refill.run()).map_err(node::host::StartError::from)?;
        crate::scrub::start(host, log, reader.clone())?;
        Ok(Self { host: host.clone(), name, key: log.key().clone(), reader, view, queue })
    }

    async fn send_entry(&self, body: &[u8]) -> Result<Reply, Fault> {
        let bulk = Bulk::<PutHeader>::decode(body).map_err(bad_request)?;
        let (theirs, ours) = (bulk.header.storage_quorum, self.host.cluster().quorum().needed());
        if theirs != ours {
            let reason = format!("storage_quorum: the caller counts with {theirs}, this node with {ours}");
            return Err(refuse(&self.name, &Refusal::Unproven { reason }));
        }
        let batch = EntryBatch::from_items(&bulk.items).map_err(bad_request)?;
        drop(bulk);
        check_bounds(&batch)?;
        let puts = self.ask(body.len(), |reply| Job::Put { batch, reply }).await?;
        self.answer_puts(puts).await
    }

    async fn answer_puts(&self, puts: Vec<Put>) -> Result<Reply, Fault> {
        let full = |put: &Put| matches!(put, Put::Refused(PutFault::Backlog(..)));
        if puts.iter().any(full) {
            // Putting is idempotent: what was stored beside it will be found when the caller comes again.
            meters::refused(&self.name, "backlog");
            return Err(Fault::Overloaded { retry_after: BACKLOG_RETRY });
        }
        let position = |put: &Put| match put {
            Put::Stored(oldest) => *oldest,
            Put::NeedIssuers(_) | Put::Refused(_) => None,
        };
        let oldest = self.encoded(puts.iter().map(position).collect()).await?;
        let replies = puts.into_iter().zip(oldest).map(|(put, oldest)| self.reply(put, oldest));
        json(&replies.collect::<Vec<_>>())
    }

    fn reply(&self, put: Put, oldest: Option<Vec<u8>>) -> PutReply {
        match put {
            Put::Stored(_) => PutReply::Stored { oldest: oldest.map(Base64) },
            Put::NeedIssuers(issuers) => PutReply::NeedIssuers { issuers },
            Put::Refused(fault) => {
                meters::refused(&self.name, "off_clock");
                PutReply::Refused { reason: fault.to_string() }
            }
        }
    }

    /// Nobody waits for an SCT: it is durable with the next sync, and one that is lost is signed again.
    fn send_sct(&self, body: &[u8]) -> Result<Reply, Fault> {
        let items: Vec<SctItem> = parse(body)?;
        at_most("SCTs", items.len(), MAX_BATCH_ENTRIES)?;
        self.queue.push(Job::AttachScts(items), body.len())?;
        json(&Done {})
    }

    async fn move_start(&self, call: &Call) -> Result<Reply, Fault> {
        let message: Box<MoveStart> = parse(&call.body)?;
        let caller = call.caller.name.clone();
        let job = |reply| Job::MoveStart { caller, message, reply };
        self.done(self.ask(call.body.len(), job).await?)
    }

    async fn set_primary(&self, body: &[u8]) -> Result<Reply, Fault> {
        let message: SetPrimary = parse(body)?;
        let certificate = Box::new(message.certificate);
        self.done(self.ask(body.len(), |reply| Job::SetPrimary { certificate, reply }).await?)
    }

    fn done(&self, result: Result<(), Refusal>) -> Result<Reply, Fault> {
        result.map_err(|refusal| refuse(&self.name, &refusal))?;
        json(&Done {})
    }

    fn status(&self) -> Result<Reply, Fault> {
        let View { incarnation, completeness, guard, start, end, oldest_unpublished } =
            self.view.borrow().clone();
        let detail = Detail::Storage { incarnation, completeness, start, end, oldest_unpublished };
        let primary = &guard.certificate().body.primary;
        json(&status(&self.host, &self.name, guard.term(), primary, detail))
    }

    fn certificate(&self) -> Result<Reply, Fault> {
        let certificate = self.view.borrow().guard.certificate().clone();
        json(&SetPrimary { certificate })
    }

    /// Has the writer do a job. It is done even if the caller goes away.
    async fn ask<T>(&self, bytes: usize, job: impl FnOnce(oneshot::Sender<T>) -> Job) -> Result<T, Fault> {
        let (reply, answer) = oneshot::channel();
        let pushed = self.queue.push(job(reply), bytes);
        if matches!(pushed, Err(Fault::Overloaded { .. })) {
            meters::refused(&self.name, "queue");
        }
        pushed?;
        answer.await.map_err(|_| stopping())
    }
}

fn check_bounds(batch: &EntryBatch) -> Result<(), Fault> {
    at_most("entries", batch.entries.len(), MAX_BATCH_ENTRIES)?;
    batch.issuers.iter().try_for_each(|issuer| at_most("bytes of an issuer", issuer.len(), MAX_CERTIFICATE))
}

fn at_most(what: &str, found: usize, limit: usize) -> Result<(), Fault> {
    if found <= limit {
        Ok(())
    } else {
        Err(Fault::BadRequest(format!("{found} {what}, the limit is {limit}")))
    }
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Fault> {
    serde_json::from_slice(body).map_err(bad_request)
}

fn json(value: &impl Serialize) -> Result<Reply, Fault> {
    Reply::json(value).map_err(ours)
}

fn bad_request(error: impl Display) -> Fault {
    Fault::BadRequest(error.to_string())
}

pub(crate) fn ours(error: impl Display) -> Fault {
    Fault::Ours(error.to_string())
}

pub(crate) fn refuse(log: &LogName, refusal: &Refusal) -> Fault {
    meters::refused(log, refusal.label());
    Fault::refused(refusal)
}
