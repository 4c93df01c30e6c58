//! The tables beside the order, some thousand rows at a time.

use super::super::index::NAMES;
use super::super::rows::Rows;
use super::LogCheck;
use crate::db::{self, sql};
use crate::error::Result;
use crate::finding::Finding;
use crate::{issuers, state_rows};
use ct::sct::DigitallySigned;

/// Rows that are read in one step.
const ROWS: usize = 4096;

/// Which table is next, and from where on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Table {
    /// Rows of an index after a slot, and how many below the end there were.
    Index(Which, Option<i64>, u64),
    /// Issuers after a fingerprint.
    Issuers(Vec<u8>),
    /// SCTs after an index.
    LateScts(i64),
    State,
    /// SQLite's own structures.
    Pages,
}

/// Which index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    Names,
    Identities,
}

impl Which {
    const fn table(self) -> &'static str {
        match self {
            Which::Names => "name_index",
            Which::Identities => "identity_index",
        }
    }

    const fn select(self) -> &'static str {
        match self {
            Which::Names => "SELECT slot, idx FROM name_index WHERE slot > ?1 ORDER BY slot LIMIT ?2",
            Which::Identities => {
                "SELECT slot, idx FROM identity_index WHERE slot > ?1 ORDER BY slot LIMIT ?2"
            }
        }
    }
}

impl Table {
    pub(super) const FIRST: Self = Table::Index(Which::Names, None, 0);

    /// The one behind it, for when this one cannot be read.
    fn following(&self) -> Option<Self> {
        Some(match self {
            Table::Index(Which::Names, ..) => Table::Index(Which::Identities, None, 0),
            Table::Index(Which::Identities, ..) => Table::Issuers(Vec::new()),
            Table::Issuers(_) => Table::LateScts(-1),
            Table::LateScts(_) => Table::State,
            Table::State => Table::Pages,
            Table::Pages => return None,
        })
    }
}

impl LogCheck {
    /// Goes on with the tables. `None`: all were looked at.
    pub(super) fn table_step(&mut self, table: Table) -> (Option<Table>, u64) {
        let following = table.following();
        let done = match table {
            Table::Index(which, after, counted) => self.index_rows(which, after, counted),
            Table::Issuers(after) => self.issuers(&after),
            Table::LateScts(after) => self.late_scts(after),
            Table::State => self.state(),
            Table::Pages => self.pages(),
        };
        match done {
            Ok((Some(table), read)) => (Some(table), read),
            Ok((None, read)) => (following, read),
            Err(error) => {
                self.findings.add(Finding::of(&error, self.source.database()));
                (following, 0)
            }
        }
    }

    /// Each row must lead to an entry of the order, and there must be no more rows than entries account for.
    fn index_rows(
        &mut self,
        which: Which,
        after: Option<i64>,
        mut counted: u64,
    ) -> Result<(Option<Table>, u64)> {
        let page = self.source.rows(|rows| slots(rows, which, after))?;
        for (slot, index) in &page {
            counted += u64::from(*index < self.end);
            let leads = self.source.rows(|rows| leads(rows, which, *slot, *index))?;
            // Of a log that is open, what is not published may be cut at any moment.
            if !leads && (self.source.reader.is_none() || *index < self.end) {
                self.bad_indexes = true;
                let row = (which.table(), format!("slot {slot}"));
                let path = self.source.database();
                self.findings.add(Finding::row(path, row, "index row", "an entry that belongs there", index));
            }
        }
        let read = page.len() as u64 * 20;
        if let Some((slot, _)) = page.last() {
            return Ok((Some(Table::Index(which, Some(*slot), counted)), read));
        }
        let expected = match which {
            Which::Names => self.indexed.names,
            Which::Identities => self.indexed.identities,
        };
        // Entries that could not be read account for nothing.
        if counted > expected && self.damaged.is_empty() && self.next == self.end {
            self.bad_indexes = true;
            let (row, path) = ((which.table(), "all"), self.source.database());
            self.findings.add(Finding::row(path, row, "rows", expected, counted));
        }
        Ok((None, read))
    }

    fn issuers(&mut self, after: &[u8]) -> Result<(Option<Table>, u64)> {
        let issuers::Checked { last, bad, bytes } =
            issuers::check(&self.source.pool, after, &mut self.findings)?;
        self.bad_issuers.extend(bad);
        Ok((last.map(Table::Issuers), bytes))
    }

    fn late_scts(&mut self, after: i64) -> Result<(Option<Table>, u64)> {
        let path = self.source.database().to_owned();
        let rows: Vec<(i64, Vec<u8>)> = self.source.rows(|rows| {
            let at = sql("read SCTs", rows.path);
            let mut statement = rows
                .connection
                .prepare_cached("SELECT idx, sct FROM late_scts WHERE idx > ?1 ORDER BY idx LIMIT ?2")
                .map_err(&at)?;
            let found = statement.query_map((after, ROWS as i64), |row| Ok((row.get(0)?, row.get(1)?)));
            found.and_then(Iterator::collect).map_err(at)
        })?;
        for (index, sct) in &rows {
            if let Err(error) = DigitallySigned::decode(sct) {
                let row = ("late_scts", index);
                self.findings.add(Finding::row(&path, row, "SCT", "a signature", error));
            }
        }
        let read = rows.iter().map(|(_, sct)| sct.len() as u64).sum();
        Ok((rows.last().map(|(index, _)| Table::LateScts(*index)), read))
    }

    fn state(&mut self) -> Result<(Option<Table>, u64)> {
        let findings = &mut self.findings;
        self.source
            .pool
            .with(|connection| state_rows::check(connection, self.source.pool.path(), findings))?;
        Ok((None, 0))
    }

    /// It looks at all pages in one go, so not while others work.
    fn pages(&mut self) -> Result<(Option<Table>, u64)> {
        if self.source.reader.is_none() {
            let findings = &mut self.findings;
            self.source.pool.with(|connection| db::check(connection, self.source.pool.path(), findings))?;
        }
        Ok((None, 0))
    }
}

fn slots(rows: Rows<'_>, which: Which, after: Option<i64>) -> Result<Vec<(i64, u64)>> {
    let at = sql("read an index", rows.path);
    let mut statement = rows.connection.prepare_cached(which.select()).map_err(&at)?;
    // No hash is so low that its slot is the least of all but by a chance of one in 2⁶⁴.
    let found = statement.query_map((after.unwrap_or(i64::MIN), ROWS as i64), |row| {
        Ok((row.get(0)?, row.get::<_, i64>(1)? as u64))
    });
    found.and_then(Iterator::collect).map_err(at)
}

/// Whether the way from an entry's key leads over this slot. Where the key is not in the order, only whether there is such
/// an entry.
fn leads(rows: Rows<'_>, which: Which, slot: i64, index: u64) -> Result<bool> {
    let Some(row) = rows.get(index)? else { return Ok(false) };
    if which == Which::Identities {
        return Ok(true);
    }
    let found = NAMES.find(rows.connection, rows.path, row.record.name.as_bytes(), |at| Ok(at == index))?;
    let home = super::super::index::home(row.record.name.as_bytes());
    // A second row of the same entry would stand behind the first.
    Ok(found.is_some() && (slot == home || slot.wrapping_sub(home) as u64 <= MAX_CHAIN))
}

/// Longest chain of taken slots that can be believed.
const MAX_CHAIN: u64 = 1 << 20;
