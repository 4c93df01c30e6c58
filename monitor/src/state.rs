//! What a monitor knows, on disk: one SQLite database for all logs of a directory.
//!
//! Crash contract: a log's position, the tree it rests on, its counts and the length of the output change in one
//! transaction, and the output is cut back to that length when it is opened; so a process killed at any moment has lost
//! nothing and repeats nothing of a file. SQLite rather than files of our own, for these things must change together.

mod heads;
mod output;
mod position;
#[cfg(test)]
mod tests;

pub use heads::Standing;
pub use output::Output;
pub use position::{Commit, Position, Tally};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use client::Log;
use ct::hash::{LogId, RootHash};
use ct::index::TreeSize;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, TransactionBehavior, params};
use std::fs::{DirBuilder, File, TryLockError};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

/// `application_id` of the database: "WFmo".
const APPLICATION: i32 = 0x5746_6d6f;
/// `user_version`: the version of the tables.
const VERSION: i32 = 1;
const DATABASE: &str = "monitor.db";
const LOCK: &str = "monitor.lock";
const EVIDENCE: &str = "evidence";

const TABLES: &str = "
    CREATE TABLE log (
        id BLOB PRIMARY KEY, name TEXT NOT NULL,
        size INTEGER, peaks BLOB, begun INTEGER,
        entries INTEGER NOT NULL DEFAULT 0, matches INTEGER NOT NULL DEFAULT 0, unreadable INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE TABLE head (
        log BLOB NOT NULL REFERENCES log (id), size INTEGER NOT NULL, timestamp INTEGER NOT NULL, root BLOB NOT NULL,
        signature BLOB NOT NULL, standing TEXT NOT NULL, url TEXT NOT NULL, received INTEGER NOT NULL, evidence TEXT,
        PRIMARY KEY (log, size, timestamp, root)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX head_standing ON head (log, standing, size, timestamp);
    CREATE TABLE output (path TEXT PRIMARY KEY, length INTEGER NOT NULL) STRICT;
";

/// Why the state cannot be used. Nothing is a log's fault here.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The system says no.
    #[error("cannot {act} {path}: {source}")]
    Io {
        /// What was tried.
        act: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Another process has the directory.
    #[error("{path}: another monitor is using this directory")]
    Locked {
        /// The directory.
        path: PathBuf,
    },
    /// The database says no.
    #[error("{path}: {source}")]
    Sql {
        /// The database.
        path: PathBuf,
        /// What it says.
        source: rusqlite::Error,
    },
    /// The database is something else, or of another version.
    #[error("{path}: {what} {found}, expected {expected}")]
    Format {
        /// The database.
        path: PathBuf,
        /// What differs.
        what: &'static str,
        /// What was found.
        found: i32,
        /// What belongs there.
        expected: i32,
    },
    /// A row that this program did not write.
    #[error("{path}: the {what} of log {} cannot be read", STANDARD.encode(log))]
    Row {
        /// The database.
        path: PathBuf,
        /// The log.
        log: LogId,
        /// What cannot be read.
        what: &'static str,
    },
    /// What was read does not lead to the head that was signed: somebody changed the one or the other.
    #[error(
        "{path}: what is on record of log {} does not lead to the root {expected} of its signed tree head at {size} entries",
        STANDARD.encode(log)
    )]
    Root {
        /// The database.
        path: PathBuf,
        /// The log.
        log: LogId,
        /// How many entries.
        size: TreeSize,
        /// The root that was signed.
        expected: RootHash,
    },
}

impl StateError {
    fn io(act: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| StateError::Io { act, path, source }
    }

    /// Whether whoever read the output has gone away.
    pub fn is_broken_pipe(&self) -> bool {
        matches!(self, StateError::Io { source, .. } if source.kind() == io::ErrorKind::BrokenPipe)
    }
}

/// The state of a directory. It has one owner at a time.
#[derive(Debug)]
pub struct State {
    connection: Connection,
    database: PathBuf,
    evidence: PathBuf,
    output: Output,
    _lock: File,
}

impl State {
    /// Opens a directory, and makes it if it is not there. Lines go to `output`.
    pub fn open(directory: &Path, mut output: Output) -> Result<Self, StateError> {
        let evidence = directory.join(EVIDENCE);
        let made = DirBuilder::new().recursive(true).mode(0o755).create(&evidence);
        made.map_err(StateError::io("make", &evidence))?;
        let lock = lock(directory)?;
        let database = directory.join(DATABASE);
        let connection = open(&database)?;
        let at = |source| StateError::Sql { path: database.clone(), source };
        if let Some((path, length)) = output.file() {
            let sql = "SELECT length FROM output WHERE path = ?1";
            let known: Option<i64> =
                connection.query_row(sql, [&path], |row| row.get(0)).optional().map_err(at)?;
            let length =
                output.resume(known.and_then(|known| u64::try_from(known).ok()).unwrap_or(length))?;
            set_length(&connection, &path, length).map_err(at)?;
        }
        Ok(Self { connection, database, evidence, output, _lock: lock })
    }

    /// Makes a log known. It keeps what is known of it.
    pub fn register(&mut self, log: &Log) -> Result<(), StateError> {
        let sql = "INSERT INTO log (id, name) VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET name = ?2";
        let done = self.connection.execute(sql, params![log.log_id().as_bytes(), log.name()]);
        done.map(|_| ()).map_err(|error| self.sql(error))
    }

    /// Where evidence is kept.
    pub fn evidence(&self) -> &Path {
        &self.evidence
    }

    fn sql(&self, source: rusqlite::Error) -> StateError {
        StateError::Sql { path: self.database.clone(), source }
    }

    fn bad_row(&self, log: LogId, what: &'static str) -> StateError {
        StateError::Row { path: self.database.clone(), log, what }
    }
}

/// SQLite's numbers are signed. Sizes are below 2⁵³; a time beyond the range is as good as the last in it.
fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Remembers how much of a file is committed.
fn set_length(connection: &Connection, path: &str, length: u64) -> rusqlite::Result<()> {
    let sql = "INSERT INTO output VALUES (?1, ?2) ON CONFLICT (path) DO UPDATE SET length = ?2";
    connection.execute(sql, params![path, number(length)]).map(|_| ())
}

fn lock(directory: &Path) -> Result<File, StateError> {
    let path = directory.join(LOCK);
    let file = File::options().create(true).truncate(false).write(true).open(&path);
    let file = file.map_err(StateError::io("make", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StateError::Locked { path: directory.to_owned() }),
        Err(TryLockError::Error(source)) => Err(StateError::io("lock", &path)(source)),
    }
}

fn open(path: &Path) -> Result<Connection, StateError> {
    let at = |source| StateError::Sql { path: path.to_owned(), source };
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(at)?;
    connection.pragma_update(None, "journal_mode", "WAL").map_err(at)?;
    connection.pragma_update(None, "synchronous", "FULL").map_err(at)?;
    connection.pragma_update(None, "foreign_keys", true).map_err(at)?;
    let read = |name| connection.pragma_query_value(None, name, |row| row.get(0)).map_err(at);
    match (read("application_id")?, read("user_version")?) {
        (0, 0) => {
            // A new database, or one whose making was cut short: the tables appear in one step.
            let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(at)?;
            tx.execute_batch(TABLES).map_err(at)?;
            tx.pragma_update(None, "application_id", APPLICATION).map_err(at)?;
            tx.pragma_update(None, "user_version", VERSION).map_err(at)?;
            tx.commit().map_err(at)?;
        }
        (APPLICATION, VERSION) => {}
        (APPLICATION, found) => {
            let (path, what) = (path.to_owned(), "state of version");
            return Err(StateError::Format { path, what, found, expected: VERSION });
        }
        (found, _) => {
            let (path, what) = (path.to_owned(), "application id");
            return Err(StateError::Format { path, what, found, expected: APPLICATION });
        }
    }
    Ok(connection)
}
