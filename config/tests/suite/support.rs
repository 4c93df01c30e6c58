//! The examples, and how a test changes them.

use config::{Cluster, ConfigError};
use std::path::Path;

pub const TEST: &str = include_str!("../../examples/cluster.toml");
pub const PRODUCTION: &str = include_str!("../../examples/production.toml");

/// Reads a text as if it lay in `/etc/wolffish`.
pub fn parse(text: &str) -> Result<Cluster, ConfigError> {
    Cluster::parse(text, Path::new("/etc/wolffish"))
}

/// Replaces the first occurrence, which must exist.
pub fn edit(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "the example has no {from:?}");
    text.replacen(from, to, 1)
}

/// Removes a whole table: from its header to the next empty line.
pub fn without_table(text: &str, header: &str, name: &str) -> String {
    let from = text.find(&format!("{header}\nname = \"{name}\"")).expect("the example has the table");
    let end = text[from..].find("\n\n").map_or(text.len(), |at| from + at + 2);
    format!("{}{}", &text[..from], &text[end..])
}
