//! Messages, writes and answers in the words of the protocol, for traces.

use super::world::{Message, Reply};
use ct::hash::Name;
use frontend::{copy, promise};
use merge::message::{Call, CallFailure, Returned, Write};

/// A name's first digits.
pub fn short(name: &Name) -> String {
    name.to_string().chars().take(8).collect()
}

pub(super) fn message(message: &Message) -> String {
    match message {
        Message::Call(what) | Message::Batch(what, _) => call(what),
        Message::Store(entry, _) => format!("SendEntry {}", short(&entry.name())),
        Message::Sign(entry) => format!("SignSCT {}", short(&entry.name())),
        Message::Scts(items) => {
            format!("SendSCT {}", items.iter().map(|item| short(&item.name)).collect::<Vec<_>>().join(" "))
        }
        Message::Stop(term, _) => format!("Stop for term {term}"),
        Message::Start(term) => format!("Start in term {term}"),
        Message::GetCertificate => "GetCertificate".to_owned(),
        Message::Release(term, _) => format!("Release for term {term}"),
    }
}

fn call(call: &Call) -> String {
    match call {
        Call::Fetch(fetch) => match &fetch.cursor {
            None => "FetchNewEntries from the start".to_owned(),
            Some(cursor) => format!("FetchNewEntries from {}", cursor.position),
        },
        Call::GetEntry(get) => format!("GetEntry, {} of them", get.entries.len()),
        Call::MoveStart(message) => format!("SendSTH, start moves to {}", message.start),
        Call::Position(term) => format!("CurrentPosition in term {term}"),
        Call::SendLog(header, records) => {
            format!("SendLog in term {}, {} records from {}", header.term, records.len(), header.start)
        }
        Call::Missing(term) => format!("MissingEntries in term {term}"),
        Call::SendEntries(_, names, _) => format!("SendEntry, {} of them", names.len()),
        Call::VerifyRoot(request) => {
            let proposal = &request.proposal;
            format!("VerifyRoot in term {} of size {}", proposal.term, proposal.head.tree_size)
        }
        Call::Remind(reminder) => format!("Remind, of size {}", reminder.proposal.head.tree_size),
        Call::Publish(publish) => format!("SendSTH of size {}", publish.sth.head.tree_size),
        Call::SignSth(request) => {
            format!("SignSTH of size {}, term {}", request.proposal.head.tree_size, request.proposal.term)
        }
        Call::SetPrimary(certificate) => {
            format!("SetPrimary of term {}: {}", certificate.term(), certificate.body.primary)
        }
    }
}

pub(super) fn reply(reply: &Reply) -> String {
    match reply {
        Reply::Primary(Ok(returned)) => brought(returned),
        Reply::Primary(Err(CallFailure::Refused(refusal))) => format!("refused: {refusal}"),
        Reply::Primary(Err(CallFailure::Failed(why))) => format!("failed: {why}"),
        Reply::Stopped(stopped) => {
            let accepted = &stopped.reply.accepted;
            format!("stopped, accepted size {} in term {}", accepted.head.size, accepted.term)
        }
        Reply::Certificate(certificate) => format!("the certificate of term {}", certificate.term()),
        Reply::Released(release) => format!("gives up the right to sign for term {}", release.release.term),
        Reply::Submission(event) => match event {
            promise::Event::Stored(_, name, older) => {
                let also = if older.is_some() { ", and has an older one" } else { "" };
                format!("stored {}{also}", short(name))
            }
            promise::Event::NotStored(_, name, why) => format!("did not store {}: {why}", short(name)),
            promise::Event::Signed(name, _) => format!("signed {}", short(name)),
            promise::Event::NotSigned(name, why) => format!("did not sign {}: {why}", short(name)),
        },
    }
}

fn brought(returned: &Returned) -> String {
    match returned {
        Returned::Fetched(fetched) => {
            format!("{} listed from {} to {}", fetched.list.len(), fetched.first, fetched.end)
        }
        Returned::Entries(batch) => format!("{} entries", batch.entries.len()),
        Returned::MergePosition(position) => {
            format!("accepted size {} in term {}", position.accepted.size, position.accepted_term)
        }
        Returned::FrontendPosition(position) => format!("holds {}", position.held),
        Returned::Staged(end) => format!("staged to {end}"),
        Returned::Missing(names) => format!("lacks {}", names.len()),
        Returned::Taken(_) => "taken".to_owned(),
        Returned::Endorsed(_) => "endorsed".to_owned(),
        Returned::Signed(sth) => format!("signed size {}", sth.head.tree_size),
        Returned::Done => "done".to_owned(),
    }
}

/// What a merge node writes.
pub fn writes(writes: &[Write]) -> String {
    let word = |write: &Write| match write {
        Write::Copies(batch) => format!("{} copies", batch.entries.len()),
        Write::DropCopy(name) => format!("drops its copy of {}", short(name)),
        Write::Order { base, append } => format!("order from {base}, {} more", append.len()),
        Write::Accepted(accepted, _) => {
            format!("accepts size {} in term {}", accepted.head.size, accepted.term)
        }
        Write::NewestSth(sth) => format!("newest STH of size {}", sth.head.tree_size),
        Write::Certificate(certificate) => format!("certificate of term {}", certificate.term()),
        Write::Endorsed(endorsed) => format!("what {} others endorsed", endorsed.len()),
        Write::Incarnation(incarnation) => format!("is another state: {incarnation}"),
        Write::Stopped(Some(stopped)) => format!("stopped for term {}", stopped.term),
        Write::Stopped(None) => "stopped no longer".to_owned(),
    };
    writes.iter().map(word).collect::<Vec<_>>().join(", ")
}

/// What a frontend writes.
pub fn frontend_writes(writes: &[copy::Write]) -> String {
    let word = |write: &copy::Write| match write {
        copy::Write::Copies(batch) => format!("{} copies", batch.entries.len()),
        copy::Write::DropCopy(name) => format!("drops its copy of {}", short(name)),
        copy::Write::Grow(placed) => format!("its tree grows by {}", placed.len()),
        copy::Write::Held(sth) => format!("holds size {}", sth.head.tree_size),
        copy::Write::Published(sth) => format!("shows size {}", sth.head.tree_size),
        copy::Write::Certificate(certificate) => format!("certificate of term {}", certificate.term()),
    };
    writes.iter().map(word).collect::<Vec<_>>().join(", ")
}

/// What a storage node writes.
pub fn storage_writes(writes: &[storage::machine::Write]) -> String {
    use storage::machine::Write;
    let word = |write: &Write| match write {
        Write::Issuer(_) => "issuer".to_owned(),
        Write::Append(entry) => format!("entry {}", short(&entry.name())),
        Write::Sct(position, _) => format!("SCT of {position}"),
        Write::Start(position, _) => format!("start is {position}"),
        Write::Certificate(certificate) => format!("certificate of term {}", certificate.term()),
        Write::List(incarnation, completeness) => format!("is list {incarnation}, {completeness:?}"),
    };
    writes.iter().map(word).collect::<Vec<_>>().join(", ")
}

/// What a signer writes.
pub fn signer_writes(writes: &[signer::machine::Write]) -> String {
    use signer::machine::Write;
    let word = |write: &Write| match write {
        Write::Memory(memory) => {
            let size = memory.head().map(|head| head.tree_size).unwrap_or_default();
            format!("remembers size {size}")
        }
        Write::Fork(_) => "fork: it is halted".to_owned(),
        Write::Certificate(certificate) => format!("certificate of term {}", certificate.term()),
        Write::Released(released) => format!("gives up the right to sign for term {}", released.term),
    };
    writes.iter().map(word).collect::<Vec<_>>().join(", ")
}
