//! The head of a call: what is asked, by whom, of which version, until when. Nothing of the body is read before this is
//! good.

use crate::access::allowed;
use crate::deadline::Deadline;
use crate::fault::Fault;
use crate::limits::{DEFAULT_DEADLINE, MAX_DEADLINE};
use crate::message::{DEADLINE_HEADER, FLAGS_HEADER, Method, Target, VERSION, VERSION_HEADER};
use crate::peers::Peer;
use crate::rpc_server::{Call, RpcServer};
use bytes::Bytes;
use ct::names::LogName;
use hyper::header::HeaderMap;
use hyper::http::request::Parts;
use std::sync::Arc;
use std::time::Duration;

/// The call that `head` begins, its body still to be read.
pub(crate) fn check(server: &RpcServer, head: &Parts, caller: &Arc<Peer>) -> Result<Call, Fault> {
    let (verb, path, headers) = (&head.method, head.uri.path(), &head.headers);
    let role = server.role;
    let target = Target::parse(path).ok_or_else(|| Fault::NotFound(format!("no such path: {path}")))?;
    if target.role != role.as_str() {
        return Err(Fault::NotFound(format!("this node is a {role}, not a {}", target.role)));
    }
    let method: Method = target.method.parse().map_err(Fault::NotFound)?;
    if !allowed(role, method, caller.role) {
        let text = format!("{} is a {} and may not call {method} on a {role}", caller.name, caller.role);
        return Err(Fault::Forbidden(text));
    }
    let unknown_log = || Fault::NotFound(format!("this node has no log {:?}", target.log));
    let log: LogName = target.log.parse().map_err(|_| unknown_log())?;
    if !server.logs.contains(&log) {
        return Err(unknown_log());
    }
    if verb != hyper::Method::POST {
        return Err(Fault::BadRequest(format!("a call is a POST, not a {verb}")));
    }
    version(headers)?;
    let flags = flags(headers, server.known_flags)?;
    let deadline = deadline(headers)?;
    Ok(Call { caller: Arc::clone(caller), log, method, body: Bytes::new(), flags, deadline })
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Fault> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Fault::BadRequest(format!("header {name} stands there twice")));
    }
    let unreadable = |_| Fault::BadRequest(format!("header {name} is not text: {value:?}"));
    value.to_str().map(Some).map_err(unreadable)
}

fn version(headers: &HeaderMap) -> Result<(), Fault> {
    match text(headers, VERSION_HEADER)? {
        Some(VERSION) => Ok(()),
        Some(other) => Err(Fault::BadRequest(format!(
            "messages of version {other:?} are not understood, only of {VERSION}"
        ))),
        None => Err(Fault::BadRequest(format!("header {VERSION_HEADER} is missing"))),
    }
}

fn flags(headers: &HeaderMap, known: &[&'static str]) -> Result<Vec<&'static str>, Fault> {
    let Some(list) = text(headers, FLAGS_HEADER)? else { return Ok(Vec::new()) };
    let lookup = |flag: &str| {
        let found = known.iter().find(|name| **name == flag);
        found.copied().ok_or_else(|| Fault::BadRequest(format!("flag {flag:?} is not understood")))
    };
    list.split(',').map(str::trim).filter(|flag| !flag.is_empty()).map(lookup).collect()
}

fn deadline(headers: &HeaderMap) -> Result<Deadline, Fault> {
    let Some(millis) = text(headers, DEADLINE_HEADER)? else { return Ok(Deadline::after(DEFAULT_DEADLINE)) };
    let parsed = millis.parse().map(Duration::from_millis);
    let span = parsed.map_err(|_| {
        Fault::BadRequest(format!("{DEADLINE_HEADER} {millis:?} is not a number of milliseconds"))
    })?;
    Ok(Deadline::after(span.min(MAX_DEADLINE)))
}
