//! What a signer keeps of a log: the newest certificate, the last head that it signed, and why it is halted, if it is.
//!
//! `state.db` has the keys `certificate`, `memory`, `fork` and `released`. A crash leaves the state of one commit or of the next.

use crate::error::SignerError;
use crate::machine::{Fork, Memory, Released, Write};
use ct::term::TermCertificate;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::path::Path;
use store::node_state::StateDb;

const CERTIFICATE: &str = "certificate";
const MEMORY: &str = "memory";
const FORK: &str = "fork";
const RELEASED: &str = "released";

/// Makes the state of a log in `dir`, deliberately and once. Without `memory` the signer signs SCTs only; a new log begins
/// with [`Memory::NewLog`] at the signer that its first certificate names. The caller has checked the certificate.
///
/// # Errors
/// [`store::StoreError::Exists`] if there is one; I/O errors.
pub fn create(dir: &Path, certificate: &TermCertificate, memory: Option<Memory>) -> Result<(), SignerError> {
    let mut db = StateDb::create(dir)?;
    let (certificate, memory) = (json(certificate), memory.as_ref().map(json));
    db.commit(&[(CERTIFICATE, Some(certificate.as_str())), (MEMORY, memory.as_deref())])?;
    Ok(())
}

/// What was read at start.
#[derive(Debug)]
pub struct Loaded {
    /// The newest certificate.
    pub certificate: TermCertificate,
    /// The last head.
    pub memory: Option<Memory>,
    /// Why the signer is halted.
    pub fork: Option<Fork>,
    /// Up to which term the right to sign was given up.
    pub released: Option<Released>,
}

/// The open state.
pub struct State(StateDb);

impl State {
    /// Opens what [`create`] made.
    ///
    /// # Errors
    /// [`SignerError::Incomplete`], [`SignerError::Malformed`], errors of the store.
    pub fn open(dir: &Path) -> Result<(Self, Loaded), SignerError> {
        let db = StateDb::open(dir)?;
        let missing = || SignerError::Incomplete { dir: dir.to_owned(), key: CERTIFICATE };
        let loaded = Loaded {
            certificate: read(&db, dir, CERTIFICATE)?.ok_or_else(missing)?,
            memory: read(&db, dir, MEMORY)?,
            fork: read(&db, dir, FORK)?,
            released: read(&db, dir, RELEASED)?,
        };
        Ok((Self(db), loaded))
    }

    /// Makes the writes of a step durable.
    ///
    /// # Errors
    /// Errors of the store; the process must end then.
    pub fn commit(&mut self, writes: &[Write]) -> Result<(), SignerError> {
        if writes.is_empty() {
            return Ok(());
        }
        let row = |write: &Write| match write {
            Write::Memory(memory) => (MEMORY, json(memory)),
            Write::Fork(fork) => (FORK, json(fork)),
            Write::Certificate(certificate) => (CERTIFICATE, json(certificate)),
            Write::Released(released) => (RELEASED, json(released)),
        };
        let texts: Vec<_> = writes.iter().map(row).collect();
        let rows: Vec<_> = texts.iter().map(|(key, text)| (*key, Some(text.as_str()))).collect();
        Ok(self.0.commit(&rows)?)
    }
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("these types have string keys only, so they have a JSON form")
}

fn read<T: DeserializeOwned>(db: &StateDb, dir: &Path, key: &'static str) -> Result<Option<T>, SignerError> {
    let Some(text) = db.get(key)? else { return Ok(None) };
    let malformed = |error: serde_json::Error| {
        let reason = error.to_string();
        SignerError::Malformed { dir: dir.to_owned(), key, reason }
    };
    serde_json::from_str(&text).map(Some).map_err(malformed)
}
