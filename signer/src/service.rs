//! What a signer does when it is called.

use crate::error::SignerError;
use crate::machine::Released;
use crate::owner::{Job, MAX_QUEUED, Owner, Place, View};
use crate::sct::{Pen, places};
use config::init::log_key_file;
use config::{Log, load_private_key};
use ct::key::LogSigningKey;
use ct::limits::MAX_BATCH_ENTRIES;
use ct::names::LogName;
use ct::wire::signer::{SignSct, SignSth, SignedSth};
use ct::wire::status::Detail;
use ct::wire::term::Release;
use ct::wire::{Bulk, Done, Refusal, SetPrimary};
use node::fault::Fault;
use node::host::{Host, status};
use node::message::{Method, Reply};
use node::rpc_server::{Call, Service};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};

/// When to come back to a signer that has too many heads to sign.
const RETRY_AFTER: Duration = Duration::from_millis(200);

/// The service of a signer.
pub struct Signer {
    logs: BTreeMap<LogName, LogPart>,
}

struct LogPart {
    host: Host,
    pen: Pen,
    view: watch::Receiver<View>,
    jobs: mpsc::Sender<Job>,
}

impl Signer {
    /// Opens key and state of every log.
    ///
    /// # Errors
    /// A key that is missing, open to others or another log's; state that is missing, damaged or another log's.
    pub fn open(host: &Host) -> Result<Self, SignerError> {
        let mut logs = BTreeMap::new();
        for log in host.cluster().logs() {
            logs.insert(log.name().clone(), LogPart::open(host, log)?);
        }
        Ok(Self { logs })
    }
}

impl Service for Signer {
    async fn call(&self, call: Call) -> Result<Reply, Fault> {
        let part = self.logs.get(&call.log).ok_or_else(|| Fault::NotFound(format!("no log {}", call.log)))?;
        match call.method {
            Method::SignSCT => part.sign_sct(&call.body).await,
            Method::SignSTH => part.sign_sth(&call.body).await,
            Method::SetPrimary => part.set_primary(&call.body).await,
            Method::Release => part.release(&call.body).await,
            Method::Status => part.status(),
            Method::GetCertificate => part.certificate(),
            other => Err(Fault::NotFound(format!("a signer does not answer {other}"))),
        }
    }
}

/// The log's key, which must be the one that the configuration names.
fn load_key(state_dir: &Path, log: &Log) -> Result<LogSigningKey, SignerError> {
    let path = log_key_file(state_dir, log.name());
    let pem = load_private_key(&path)?;
    let key = match LogSigningKey::from_pem(pem.pem()) {
        Ok(key) => key,
        Err(source) => return Err(SignerError::Key { path, source }),
    };
    if key.public() != log.key() {
        return Err(SignerError::OtherKey { path, found: key.public().log_id(), expected: log.log_id() });
    }
    Ok(key)
}

impl LogPart {
    fn open(host: &Host, log: &Log) -> Result<Self, SignerError> {
        let key = Arc::new(load_key(host.state_dir(), log)?);
        let dir = host.log_dir(log.name());
        let place = Place {
            cluster: host.cluster(),
            log,
            me: host.me().name(),
            node_key: host.signing_key(),
            dir: &dir,
        };
        let owner = Owner::open(&place, Arc::clone(&key), host.clock(), host.readiness())?;
        let view = owner.view();
        let pen = Pen {
            log: log.name().clone(),
            key,
            settings: Arc::new(place.settings()),
            clock: host.clock(),
            tasks: host.tasks().clone(),
            places: places(),
        };
        let (jobs, receiver) = mpsc::channel(MAX_QUEUED);
        let tasks = host.tasks().clone();
        host.vital("owner", async move { tasks.blocking("owner", move || owner.run(receiver)).await? })?;
        Ok(Self { host: host.clone(), pen, view, jobs })
    }

    async fn sign_sct(&self, body: &[u8]) -> Result<Reply, Fault> {
        let Bulk { header: SignSct { evidence }, items } = Bulk::decode(body).map_err(bad_request)?;
        let (proofs, leaves) = (evidence.len(), items.len());
        if leaves > MAX_BATCH_ENTRIES {
            return Err(bad_request(format!("{leaves} leaves, the limit is {MAX_BATCH_ENTRIES}")));
        }
        if proofs != leaves {
            return Err(bad_request(format!("evidence for {proofs} leaves, and {leaves} leaves")));
        }
        json(&self.pen.sign(items.into_iter().zip(evidence).collect()).await?)
    }

    async fn sign_sth(&self, body: &[u8]) -> Result<Reply, Fault> {
        let request: Box<SignSth> = parse(body)?;
        let sth = self.ask(|reply| Job::SignSth(request, reply)).await?;
        json(&SignedSth { sth })
    }

    async fn set_primary(&self, body: &[u8]) -> Result<Reply, Fault> {
        let message: SetPrimary = parse(body)?;
        self.ask(|reply| Job::SetPrimary(Box::new(message.certificate), reply)).await?;
        json(&Done {})
    }

    async fn release(&self, body: &[u8]) -> Result<Reply, Fault> {
        let message: Release = parse(body)?;
        let wanted = Released { term: message.term, run: message.run };
        json(&self.ask(|reply| Job::Release(wanted, reply)).await?)
    }

    fn status(&self) -> Result<Reply, Fault> {
        let View { guard, last, halted, refusals, released } = self.view.borrow().clone();
        let detail = Detail::Signer { last, halted, refusals, released };
        let primary = &guard.certificate().body.primary;
        json(&status(&self.host, &self.pen.log, guard.term(), primary, detail))
    }

    fn certificate(&self) -> Result<Reply, Fault> {
        let certificate = self.view.borrow().guard.certificate().clone();
        json(&SetPrimary { certificate })
    }

    /// Has the owner do a job. It is done even if the caller goes away.
    async fn ask<T>(&self, job: impl FnOnce(oneshot::Sender<Result<T, Refusal>>) -> Job) -> Result<T, Fault> {
        let stopping = || Fault::Unavailable("this node is stopping".to_owned());
        let (reply, answer) = oneshot::channel();
        self.jobs.try_send(job(reply)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Fault::Overloaded { retry_after: RETRY_AFTER },
            mpsc::error::TrySendError::Closed(_) => stopping(),
        })?;
        answer.await.map_err(|_| stopping())?.map_err(|refusal| Fault::refused(&refusal))
    }
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Fault> {
    serde_json::from_slice(body).map_err(bad_request)
}

fn json(value: &impl Serialize) -> Result<Reply, Fault> {
    Reply::json(value).map_err(|error| Fault::Ours(error.to_string()))
}

fn bad_request(error: impl Display) -> Fault {
    Fault::BadRequest(error.to_string())
}
