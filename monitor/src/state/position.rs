//! How far a log was read, and what was found on the way.

use super::{State, StateError, number, set_length};
use ct::hash::{HASH_LEN, LogId, NodeHash};
use ct::index::TreeSize;
use ct::merkle::compact::Compact;
use rusqlite::{OptionalExtension as _, TransactionBehavior, params};

/// What was found on the way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Entries read.
    pub entries: u64,
    /// Those about a watched name.
    pub matches: u64,
    /// Those that may hide a name.
    pub unreadable: u64,
}

impl Tally {
    /// Both together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            entries: self.entries + other.entries,
            matches: self.matches + other.matches,
            unreadable: self.unreadable + other.unreadable,
        }
    }
}

/// Where the reading of a log stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// The tree of all entries so far, proved.
    pub tree: Compact,
    /// Where reading began.
    pub begun: TreeSize,
    /// What was found since.
    pub tally: Tally,
}

/// A step forward.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Where the reading stands after it.
    pub position: Position,
    /// What is to be told of the entries in it, in their order.
    pub lines: Vec<String>,
}

impl State {
    /// Where the reading of a log stands; nothing if it has not begun.
    pub fn position(&self, log: LogId) -> Result<Option<Position>, StateError> {
        let sql = "SELECT size, peaks, begun, entries, matches, unreadable FROM log WHERE id = ?1 AND size IS NOT NULL";
        let row = |row: &rusqlite::Row<'_>| {
            let numbers: [i64; 5] = [row.get(0)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?];
            Ok((numbers, row.get::<_, Vec<u8>>(1)?))
        };
        let found = self.connection.query_row(sql, [log.as_bytes()], row).optional();
        let Some((numbers, peaks)) = found.map_err(|error| self.sql(error))? else { return Ok(None) };
        let read = || {
            let number = |at: usize| u64::try_from(numbers[at]).ok();
            let (peaks, rest) = peaks.as_chunks::<HASH_LEN>();
            let size = TreeSize::new(number(0)?).ok()?;
            let peaks = peaks.iter().map(|peak| NodeHash::new(*peak)).collect();
            let tree = Compact::from_peaks(size, peaks).filter(|_| rest.is_empty())?;
            let tally = Tally { entries: number(2)?, matches: number(3)?, unreadable: number(4)? };
            Some(Position { tree, begun: TreeSize::new(number(1)?).ok()?, tally })
        };
        let position = read().ok_or_else(|| self.bad_row(log, "position"))?;
        self.check_root(log, &position.tree)?;
        Ok(Some(position))
    }

    /// What was read is told to be verified: so it must lead to the signed root, if one of its size is on record.
    fn check_root(&self, log: LogId, tree: &Compact) -> Result<(), StateError> {
        let size = tree.size();
        match self.agreed_at(log, size)?.map(|served| served.sth.head.root_hash) {
            Some(expected) if expected != tree.root() => {
                Err(StateError::Root { path: self.database.clone(), log, size, expected })
            }
            _ => Ok(()),
        }
    }

    /// Writes the lines, then the position: both are durable when this returns. After an error nothing more may be
    /// written, for nobody knows how much of the lines is there.
    pub fn commit(&mut self, log: LogId, commit: &Commit) -> Result<(), StateError> {
        let written = self.output.append(&commit.lines)?;
        let Position { tree, begun, tally } = &commit.position;
        let peaks: Vec<u8> = tree.peaks().iter().flat_map(|peak| *peak.as_bytes()).collect();
        let numbers = [tree.size().get(), begun.get(), tally.entries, tally.matches, tally.unreadable];
        let [size, begun, entries, matches, unreadable] = numbers.map(number);
        let mut write = || {
            let tx = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let sql = "UPDATE log SET size = ?2, peaks = ?3, begun = ?4, entries = ?5, matches = ?6, unreadable = ?7
                WHERE id = ?1";
            tx.execute(sql, params![log.as_bytes(), size, peaks, begun, entries, matches, unreadable])?;
            if let Some((path, length)) = &written {
                set_length(&tx, path, *length)?;
            }
            tx.commit()
        };
        write().map_err(|error| self.sql(error))
    }

    /// Writes a line that belongs to no position, such as a finding. It is durable when this returns.
    pub fn tell(&mut self, line: String) -> Result<(), StateError> {
        let Some((path, length)) = self.output.append(&[line])? else { return Ok(()) };
        set_length(&self.connection, &path, length).map_err(|error| self.sql(error))
    }
}
