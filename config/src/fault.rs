//! The list in which all that is wrong with a configuration is told at once.

use crate::problem::Problem;
use std::fmt;
use std::path::{Path, PathBuf};

/// One fault: where, which value, what rule it breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The file that has the fault.
    pub file: PathBuf,
    /// The table, such as `node storage-1` or `log anytime`; empty for the top of the file.
    pub section: String,
    /// The field; empty if the fault is of the whole section.
    pub field: String,
    /// The value as it was found, if there was one.
    pub value: Option<String>,
    /// What is wrong with it, with the limit that it breaks.
    pub problem: Problem,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.file.display())?;
        if !self.section.is_empty() {
            write!(f, "{}: ", self.section)?;
        }
        match (&self.field, &self.value) {
            (field, Some(value)) if !field.is_empty() => write!(f, "{field} = {value}: ")?,
            (field, None) if !field.is_empty() => write!(f, "{field}: ")?,
            (_, Some(value)) => write!(f, "{value}: ")?,
            (_, None) => {}
        }
        self.problem.fmt(f)
    }
}

/// Why a configuration is refused: every fault that it has. There is at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    faults: Vec<Fault>,
}

impl ConfigError {
    /// The faults, in the order of the file as far as that can be told.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.faults.len();
        write!(f, "the configuration has {count} fault{}:", if count == 1 { "" } else { "s" })?;
        self.faults.iter().try_for_each(|fault| write!(f, "\n  {fault}"))
    }
}

impl std::error::Error for ConfigError {}

/// Collects the faults of one file.
#[derive(Debug)]
pub(crate) struct Faults {
    file: PathBuf,
    list: Vec<Fault>,
}

impl Faults {
    pub(crate) fn new(file: &Path) -> Self {
        Self { file: file.to_owned(), list: Vec::new() }
    }

    /// A view of one table, whose faults bear its name.
    pub(crate) fn section(&mut self, section: impl Into<String>) -> Section<'_> {
        Section { section: section.into(), faults: self }
    }

    /// A fault of another file, which is its own section.
    pub(crate) fn file(&mut self, file: &Path, value: Option<String>, problem: Problem) {
        let (section, field) = (String::new(), String::new());
        self.list.push(Fault { file: file.to_owned(), section, field, value, problem });
    }

    /// `value` if nothing was wrong, else all that was.
    pub(crate) fn into_result<T>(self, value: T) -> Result<T, ConfigError> {
        if self.list.is_empty() { Ok(value) } else { Err(ConfigError { faults: self.list }) }
    }
}

/// Collects the faults of one table.
#[derive(Debug)]
pub(crate) struct Section<'a> {
    section: String,
    faults: &'a mut Faults,
}

impl Section<'_> {
    /// Records a fault of `field`. Texts are quoted by the caller, so that numbers stay bare.
    pub(crate) fn fault(&mut self, field: &str, value: Option<String>, problem: Problem) {
        // A value of the wrong type has been reported and taken away; that it is missing now is no second fault.
        let absent = match problem {
            Problem::Missing { .. } => Some(field),
            Problem::OnlyOneOf { other } => Some(other),
            _ => None,
        };
        let known = |f: &Fault| f.section == self.section && Some(f.field.as_str()) == absent;
        if self.faults.list.iter().any(known) {
            return;
        }
        self.faults.list.push(Fault {
            file: self.faults.file.clone(),
            section: self.section.clone(),
            field: field.to_owned(),
            value,
            problem,
        });
    }

    /// The value, or the fault that it is missing.
    pub(crate) fn required<'v, T: ?Sized>(
        &mut self,
        field: &str,
        value: Option<&'v T>,
        expected: &'static str,
    ) -> Option<&'v T> {
        if value.is_none() {
            self.fault(field, None, Problem::Missing { expected });
        }
        value
    }

    /// Parses a text; says what was expected if it does not have that form.
    pub(crate) fn parse<T: std::str::FromStr>(
        &mut self,
        field: &str,
        text: &str,
        expected: &'static str,
    ) -> Option<T>
    where
        T::Err: fmt::Display,
    {
        match text.parse() {
            Ok(value) => Some(value),
            Err(e) => {
                self.fault(field, Some(quoted(text)), Problem::Malformed { detail: e.to_string(), expected });
                None
            }
        }
    }

    /// The number if it lies in the range. An empty range (a limit derived from another faulty field) takes its least.
    pub(crate) fn within(
        &mut self,
        field: &str,
        value: u64,
        range: (u64, u64),
        why: &'static str,
    ) -> Option<u64> {
        let (least, greatest) = range;
        if (least..=greatest).contains(&value) {
            return Some(value);
        }
        self.fault(field, Some(value.to_string()), Problem::OutOfRange { least, greatest, why });
        None
    }
}

/// A text as faults show it.
pub(crate) fn quoted(text: impl fmt::Display) -> String {
    format!("{:?}", text.to_string())
}
