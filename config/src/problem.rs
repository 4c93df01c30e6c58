//! What can be wrong with a value.

use ct::names::Role;

/// What is wrong with one value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Not TOML, an unknown field, or a value of another type.
    #[error("line {line}: {message}")]
    Shape {
        /// 1-based line of the file.
        line: usize,
        /// What the TOML reader says.
        message: String,
    },
    /// A field that must be given is not.
    #[error("missing; expected {expected}")]
    Missing {
        /// What belongs there.
        expected: &'static str,
    },
    /// The text does not have the form of its field.
    #[error("{detail}; expected {expected}")]
    Malformed {
        /// What is wrong with it.
        detail: String,
        /// What belongs there.
        expected: &'static str,
    },
    /// A number outside its range.
    #[error("outside the range {least} to {greatest} ({why})")]
    OutOfRange {
        /// The least value allowed.
        least: u64,
        /// The greatest value allowed.
        greatest: u64,
        /// Where the range comes from.
        why: &'static str,
    },
    /// More of something than there may be.
    #[error("at most {limit} are allowed")]
    TooMany {
        /// The greatest number allowed.
        limit: usize,
    },
    /// Fewer nodes of a role than the cluster needs.
    #[error("{found} of role {role}, at least {least} needed")]
    TooFew {
        /// The role.
        role: Role,
        /// How many there are.
        found: usize,
        /// How many there must be.
        least: usize,
    },
    /// More nodes of a role than there may be.
    #[error("{found} of role {role}, at most {limit} allowed")]
    TooManyOf {
        /// The role.
        role: Role,
        /// How many there are.
        found: usize,
        /// How many there may be.
        limit: usize,
    },
    /// A value that must be unique is used elsewhere.
    #[error("already used by {by}")]
    Taken {
        /// Where it stands too.
        by: String,
    },
    /// A field that means nothing for a node of this role.
    #[error("a node of role {role} has no such field")]
    NotForRole {
        /// The role.
        role: Role,
    },
    /// A reference to a node that does not exist, or has another role.
    #[error("names no node of role {role}")]
    NoSuchNode {
        /// The role that is needed.
        role: Role,
    },
    /// Two fields that are given together or not at all.
    #[error("given without {other}: give both or neither")]
    OnlyOneOf {
        /// The field that is missing.
        other: &'static str,
    },
    /// A window without time in it.
    #[error("not after start_inclusive = {start}")]
    EmptyWindow {
        /// The start.
        start: String,
    },
    /// Allowed in a test, refused in a production cluster.
    #[error("refused in a cluster of purpose \"production\": {why}")]
    Production {
        /// The rule.
        why: &'static str,
    },
    /// A file cannot be used.
    #[error("{why}")]
    File {
        /// What the system or the reader of the file says.
        why: String,
    },
}
