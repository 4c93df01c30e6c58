//! Performs a primary's calls: each becomes one internal message, and its answer an event.

use crate::message::{Call, CallFailure, Returned};
use bytes::Bytes;
use ct::hash::{Fingerprint, HASH_LEN, Name};
use ct::index::Term;
use ct::limits::MAX_BATCH_BYTES;
use ct::names::{LogName, NodeName, Role};
use ct::wire::signer::SignedSth;
use ct::wire::tree::{self, CurrentPosition, MissingEntries, Staged, VerifyRoot};
use ct::wire::{Bulk, Done, EntryBatch, Refusal, SetPrimary, WireError};
use node::deadline::Deadline;
use node::host::Host;
use node::message::Method;
use node::rpc_client::CallError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::time::Duration;
use store::StoreError;
use store::log::Reader;

/// How long one call may take, beyond what the callee is asked to wait.
const CALL: Duration = Duration::from_secs(10);

/// Calls other nodes about one log.
pub(crate) struct Outbound {
    pub(crate) log: LogName,
    pub(crate) host: Host,
    pub(crate) reader: Reader,
}

/// Why a call could not be made or understood.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Call(#[from] CallError),
    #[error(transparent)]
    Wire(#[from] WireError),
    #[error("message: {0}")]
    Json(#[from] serde_json::Error),
    #[error("the copy to be sent cannot be read: {0}")]
    Store(#[from] StoreError),
    #[error("message: a name has {0} bytes")]
    NameLength(usize),
    #[error("{0} is no node that this can be asked of")]
    WrongNode(NodeName),
}

impl From<Failure> for CallFailure {
    fn from(failure: Failure) -> Self {
        if let Failure::Call(CallError::Refused(body)) = &failure
            && let Ok(refusal) = serde_json::from_slice::<Refusal>(body)
        {
            return CallFailure::Refused(Box::new(refusal));
        }
        CallFailure::Failed(failure.to_string())
    }
}

impl Outbound {
    /// Makes one call and waits for its end.
    pub(crate) async fn perform(&self, to: &NodeName, call: Call) -> Result<Returned, CallFailure> {
        Ok(self.dispatch(to, call).await?)
    }

    async fn dispatch(&self, to: &NodeName, call: Call) -> Result<Returned, Failure> {
        Ok(match call {
            Call::Fetch(fetch) => {
                let wait = Duration::from_millis(fetch.wait_ms);
                Returned::Fetched(self.json(to, Method::FetchNewEntries, &fetch, CALL + wait).await?)
            }
            Call::GetEntry(get) => {
                let body = serde_json::to_vec(&get)?;
                let answer = Bulk::<Done>::decode(&self.send(to, Method::GetEntry, body, CALL).await?)?;
                Returned::Entries(EntryBatch::from_items(&answer.items)?)
            }
            Call::MoveStart(message) => self.done(to, Method::SendSTH, &*message).await?,
            Call::Position(term) => self.position(to, term).await?,
            Call::SendLog(header, records) => {
                let items = records.iter().map(|record| record.encode().to_vec()).collect();
                let body = Bulk { header, items }.encode()?;
                let staged: Staged = self.parse(to, Method::SendLog, body).await?;
                Returned::Staged(staged.end)
            }
            Call::Missing(term) => self.missing(to, term).await?,
            Call::SendEntries(term, names, issuers) => {
                let batch = self.load(&names, &issuers)?;
                let body = batch.into_bulk(tree::SendEntry { term })?.encode()?;
                Returned::Taken(self.parse(to, Method::SendEntry, body).await?)
            }
            Call::VerifyRoot(request) => {
                let message = VerifyRoot { request: *request };
                Returned::Endorsed(self.json(to, Method::VerifyRoot, &message, CALL).await?)
            }
            Call::Remind(message) => self.done(to, Method::Remind, &*message).await?,
            Call::Publish(message) => self.done(to, Method::SendSTH, &*message).await?,
            Call::SignSth(message) => {
                let signed: SignedSth = self.json(to, Method::SignSTH, &*message, CALL).await?;
                Returned::Signed(signed.sth)
            }
            Call::SetPrimary(certificate) => {
                self.done(to, Method::SetPrimary, &SetPrimary { certificate: *certificate }).await?
            }
        })
    }

    async fn position(&self, to: &NodeName, term: Term) -> Result<Returned, Failure> {
        let message = CurrentPosition { term };
        match self.host.peers().named(to).map(|peer| peer.role) {
            Some(Role::Merge) => {
                Ok(Returned::MergePosition(self.json(to, Method::CurrentPosition, &message, CALL).await?))
            }
            Some(Role::Frontend) => Ok(Returned::FrontendPosition(Box::new(
                self.json(to, Method::CurrentPosition, &message, CALL).await?,
            ))),
            _ => Err(Failure::WrongNode(to.clone())),
        }
    }

    async fn missing(&self, to: &NodeName, term: Term) -> Result<Returned, Failure> {
        let body = serde_json::to_vec(&MissingEntries { term })?;
        let answer = Bulk::<Done>::decode(&self.send(to, Method::MissingEntries, body, CALL).await?)?;
        let name = |item: Vec<u8>| {
            let bytes: [u8; HASH_LEN] =
                item.try_into().map_err(|item: Vec<u8>| Failure::NameLength(item.len()))?;
            Ok(Name::new(bytes))
        };
        Ok(Returned::Missing(answer.items.into_iter().map(name).collect::<Result<_, Failure>>()?))
    }

    /// As many of these entries as one message carries; the callee says what it still lacks.
    fn load(&self, names: &[Name], issuers: &[Fingerprint]) -> Result<EntryBatch, Failure> {
        let mut batch = EntryBatch::default();
        let mut bytes = 0;
        for name in names {
            let Some(entry) = self.reader.entry_by_name(name)? else { continue };
            bytes += entry.leaf_bytes().len() + entry.precertificate().map_or(0, <[u8]>::len);
            batch.entries.push(entry);
            if bytes >= MAX_BATCH_BYTES {
                break;
            }
        }
        for fingerprint in issuers {
            if let Some(der) = self.reader.issuer(fingerprint)? {
                batch.issuers.push(der.to_vec());
            }
        }
        Ok(batch)
    }

    async fn send(
        &self,
        to: &NodeName,
        method: Method,
        body: Vec<u8>,
        time: Duration,
    ) -> Result<Bytes, CallError> {
        self.host.client().call(to, &self.log, method, body.into(), Deadline::after(time)).await
    }

    async fn parse<T: DeserializeOwned>(
        &self,
        to: &NodeName,
        method: Method,
        body: Vec<u8>,
    ) -> Result<T, Failure> {
        Ok(serde_json::from_slice(&self.send(to, method, body, CALL).await?)?)
    }

    async fn json<T: DeserializeOwned>(
        &self,
        to: &NodeName,
        method: Method,
        message: &impl Serialize,
        time: Duration,
    ) -> Result<T, Failure> {
        Ok(serde_json::from_slice(&self.send(to, method, serde_json::to_vec(message)?, time).await?)?)
    }

    async fn done(
        &self,
        to: &NodeName,
        method: Method,
        message: &impl Serialize,
    ) -> Result<Returned, Failure> {
        let _: Done = self.json(to, method, message, CALL).await?;
        Ok(Returned::Done)
    }
}
