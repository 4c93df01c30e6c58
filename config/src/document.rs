//! TOML text to raw tables. A value of the wrong type and an unknown field are reported, taken away, and the reading
//! goes on, so that one reading finds them all.

use crate::fault::{Faults, quoted};
use crate::problem::Problem;
use crate::raw::{RawCluster, RawLog, RawNode, RawReadOnlyLog};
use serde::de::DeserializeOwned;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

/// A raw table and the name under which its faults are reported.
#[derive(Debug)]
pub(crate) struct Named<T> {
    pub(crate) section: String,
    pub(crate) raw: T,
}

/// Everything in the file.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) top: RawCluster,
    pub(crate) nodes: Vec<Named<RawNode>>,
    /// Whether `nodes` are all that the file has: something else may stand where tables belong.
    pub(crate) all_nodes: bool,
    pub(crate) logs: Vec<Named<RawLog>>,
    pub(crate) read_only_logs: Vec<Named<RawReadOnlyLog>>,
}

/// Reads the text. What cannot be read stands in `faults`, and is missing from the answer.
pub(crate) fn read(text: &str, faults: &mut Faults) -> Document {
    let (root, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let line = line_of(text, error.span());
        faults.section("").fault("", None, Problem::Shape { line, message: error.message().to_owned() });
    }
    let mut root = root.into_inner();
    let (nodes, all_nodes) = tables(text, &mut root, "node", faults);
    let (logs, _) = tables(text, &mut root, "log", faults);
    let (read_only_logs, _) = tables(text, &mut root, "read_only_log", faults);
    let top = shape(text, String::new(), root, faults).raw;
    Document { top, nodes, all_nodes, logs, read_only_logs }
}

/// Takes the array of tables `key` out of `root` and reads each. Also says whether all were tables.
fn tables<T: DeserializeOwned + Default>(
    text: &str,
    root: &mut DeTable<'_>,
    key: &str,
    faults: &mut Faults,
) -> (Vec<Named<T>>, bool) {
    let Some(value) = root.remove(key) else { return (Vec::new(), true) };
    let span = value.span();
    let wrong = |faults: &mut Faults, span| {
        let message = format!("expected tables, written [[{key}]]");
        faults.section("").fault(key, None, Problem::Shape { line: line_of(text, Some(span)), message });
    };
    let DeValue::Array(array) = value.into_inner() else {
        wrong(faults, span);
        return (Vec::new(), false);
    };
    let mut read = Vec::new();
    let mut all = true;
    for (at, item) in array.into_iter().enumerate() {
        let span = item.span();
        match item.into_inner() {
            DeValue::Table(table) => {
                let section = match table.get("name").and_then(|name| name.get_ref().as_str()) {
                    Some(name) => format!("{key} {name}"),
                    None => format!("{key} #{}", at + 1),
                };
                read.push(shape(text, section, table, faults));
            }
            _ => {
                wrong(faults, span);
                all = false;
            }
        }
    }
    (read, all)
}

/// Reads one table; each round takes away one value that does not fit, so there are as many rounds as such values.
fn shape<T: DeserializeOwned + Default>(
    text: &str,
    section: String,
    mut table: DeTable<'_>,
    faults: &mut Faults,
) -> Named<T> {
    loop {
        let value = Spanned::new(0..text.len(), DeValue::Table(table.clone()));
        let error = match T::deserialize(ValueDeserializer::from(value)) {
            Ok(raw) => return Named { section, raw },
            Err(error) => error,
        };
        let line = line_of(text, error.span());
        let removed = error.span().and_then(|span| remove_at(&mut table, &span));
        let (field, value) = removed.clone().unwrap_or_default();
        let message = match error.message() {
            // What the reader says of a date.
            "invalid type: map, expected a string" if value.is_some() => {
                "expected a string, in quotes".to_owned()
            }
            other => other.to_owned(),
        };
        faults.section(section.as_str()).fault(&field, value, Problem::Shape { line, message });
        if removed.is_none() {
            return Named { section, raw: T::default() };
        }
    }
}

/// Takes away the key, here or in a table below, to which a place in the text belongs. Answers its path and value.
fn remove_at(table: &mut DeTable<'_>, place: &Range<usize>) -> Option<(String, Option<String>)> {
    let covers = |span: Range<usize>| span.contains(&place.start);
    for (key, value) in table.iter_mut() {
        let DeValue::Table(inner) = value.get_mut() else { continue };
        if let Some((field, value)) = remove_at(inner, place) {
            return Some((format!("{}.{field}", key.get_ref()), value));
        }
    }
    let (key, value) = table.iter().find(|(key, value)| covers(key.span()) || covers(value.span()))?;
    let (key, value) = (key.get_ref().to_string(), shown(value.get_ref()));
    table.remove(key.as_str());
    Some((key, value))
}

/// A value as a fault shows it; tables and arrays are not shown.
fn shown(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(quoted(text)),
        DeValue::Integer(number) => Some(number.to_string()),
        DeValue::Float(number) => Some(number.to_string()),
        DeValue::Boolean(flag) => Some(flag.to_string()),
        DeValue::Datetime(moment) => Some(moment.to_string()),
        DeValue::Array(_) | DeValue::Table(_) => None,
    }
}

/// 1-based line of a place in the text.
fn line_of(text: &str, span: Option<Range<usize>>) -> usize {
    let end = span.map_or(0, |span| span.start.min(text.len()));
    text.as_bytes()[..end].iter().filter(|byte| **byte == b'\n').count() + 1
}
