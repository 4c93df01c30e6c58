//! Asking nodes: Status for a scan, and the calls of a run.

use crate::machine::{Call, CallFailure, Returned};
use crate::scan::{Look, Scan};
use ct::names::{LogName, NodeName, Role};
use ct::term::Guard;
use ct::wire::term::{Release, Start, Stop};
use ct::wire::{Done, SetPrimary};
use node::deadline::Deadline;
use node::host::Host;
use node::message::Method;
use node::rpc_client::CallError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::time::Duration;
use tokio::task::JoinSet;

/// Longest wait for one answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// Looks at the frontends of a log only: enough to see how old its tree head is.
pub(crate) async fn frontends(host: &Host, log: &LogName) -> Scan {
    let looks = look(host, log, &[Role::Frontend]).await;
    Scan { now: host.clock().now(), looks }
}

/// Looks at every node of a log, merge nodes last.
pub(crate) async fn everybody(host: &Host, log: &LogName) -> Scan {
    let mut looks = look(host, log, &[Role::Frontend, Role::Signer, Role::Storage]).await;
    let now = host.clock().now();
    looks.extend(look(host, log, &[Role::Merge]).await);
    Scan { now, looks }
}

async fn look(host: &Host, log: &LogName, roles: &[Role]) -> Vec<Look> {
    let mut asking = JoinSet::new();
    let nodes = host.cluster().nodes().iter().filter(|node| roles.contains(&node.role()));
    for node in nodes.filter(|node| node.address().is_some()) {
        let (host, log, node, role) = (host.clone(), log.clone(), node.name().clone(), node.role());
        asking.spawn(async move {
            let answer = send(&host, &log, &node, Method::Status, &Done {}).await;
            Look { node, role, answer: answer.map_err(|failure| words(&failure)) }
        });
    }
    let mut looks = asking.join_all().await;
    looks.sort_by(|a, b| a.node.cmp(&b.node));
    looks
}

/// The newest certificate that any node has, if it proves itself: of a repair that this one does not remember.
pub(crate) async fn newest(host: &Host, log: &LogName, mut guard: Guard, scan: &Scan) -> Guard {
    for look in &scan.looks {
        let ahead = look.answer.as_ref().is_ok_and(|status| status.term > guard.term());
        if !ahead {
            continue;
        }
        let answer: Result<SetPrimary, _> =
            send(host, log, &look.node, Method::GetCertificate, &Done {}).await;
        if let Ok(SetPrimary { certificate }) = answer
            && let Ok(Some(adopted)) = guard.adopt(certificate)
        {
            guard = adopted;
        }
    }
    guard
}

/// Makes one call and waits for its end.
pub(crate) async fn perform(
    host: &Host,
    log: &LogName,
    to: &NodeName,
    call: &Call,
) -> Result<Returned, CallFailure> {
    let done = |_: Done| Returned::Done;
    match call {
        Call::Stop(term, run) => {
            let reply = send(host, log, to, Method::Stop, &Stop { term: *term, run: *run }).await?;
            Ok(Returned::Stopped(Box::new(reply)))
        }
        Call::SetPrimary(certificate) => {
            let message = SetPrimary { certificate: (**certificate).clone() };
            send(host, log, to, Method::SetPrimary, &message).await.map(done)
        }
        Call::GetCertificate => {
            let SetPrimary { certificate } = send(host, log, to, Method::GetCertificate, &Done {}).await?;
            Ok(Returned::Certificate(Box::new(certificate)))
        }
        Call::Release(term, run) => {
            let word = send(host, log, to, Method::Release, &Release { term: *term, run: *run }).await?;
            Ok(Returned::Released(Box::new(word)))
        }
        Call::Start(term) => send(host, log, to, Method::Start, &Start { term: *term }).await.map(done),
    }
}

async fn send<T: DeserializeOwned>(
    host: &Host,
    log: &LogName,
    to: &NodeName,
    method: Method,
    message: &impl Serialize,
) -> Result<T, CallFailure> {
    let failed = |error: serde_json::Error| CallFailure::Failed(format!("message: {error}"));
    let body = serde_json::to_vec(message).map_err(failed)?;
    let answer = host.client().call(to, log, method, body.into(), Deadline::after(PATIENCE)).await;
    match answer {
        Ok(answer) => serde_json::from_slice(&answer).map_err(failed),
        Err(CallError::Refused(body)) => match serde_json::from_slice(&body) {
            Ok(refusal) => Err(CallFailure::Refused(Box::new(refusal))),
            Err(error) => Err(failed(error)),
        },
        Err(error) => Err(CallFailure::Failed(error.to_string())),
    }
}

fn words(failure: &CallFailure) -> String {
    match failure {
        CallFailure::Refused(refusal) => format!("refuses: {refusal}"),
        CallFailure::Failed(why) => why.clone(),
    }
}

/// Every node that is to learn of a new term; also merge nodes that may not vote.
pub(crate) fn others(host: &Host) -> Vec<NodeName> {
    let others = host.cluster().nodes().iter().filter(|node| {
        let roles = [Role::Frontend, Role::Storage, Role::Signer, Role::Merge];
        node.address().is_some() && roles.contains(&node.role())
    });
    others.map(|node| node.name().clone()).collect()
}
