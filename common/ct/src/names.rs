//! Names that people give: nodes, logs, roles.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// Longest name of a node or a log, in characters.
pub const MAX_NAME: usize = 63;

/// Why a text is not a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Empty or too long.
    #[error("a name has 1 to {MAX_NAME} characters, found {found}")]
    Length {
        /// Characters found.
        found: usize,
    },
    /// Not a lower-case letter, digit or inner hyphen.
    #[error("a name consists of a-z, 0-9 and inner hyphens, found {found:?} in {text:?}")]
    Character {
        /// The character.
        found: char,
        /// The whole text.
        text: String,
    },
}

fn check(text: &str) -> Result<(), NameError> {
    if text.is_empty() || text.len() > MAX_NAME {
        return Err(NameError::Length { found: text.chars().count() });
    }
    let last = text.len() - 1;
    for (at, found) in text.char_indices() {
        let inner_hyphen = found == '-' && at != 0 && at != last;
        if !(found.is_ascii_lowercase() || found.is_ascii_digit() || inner_hyphen) {
            return Err(NameError::Character { found, text: text.to_owned() });
        }
    }
    Ok(())
}

macro_rules! given_name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl FromStr for $name {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                check(text)?;
                Ok(Self(text.to_owned()))
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.serialize_str(&self.0)
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(d)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

given_name!(
    /// Name of a node, unique in its cluster.
    NodeName
);
given_name!(
    /// Name of a log, unique in its cluster; it stands in URLs and paths.
    LogName
);

/// What a node is for. It decides what the node may ask of others (docs/protocol.md, N2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Answers the public.
    Frontend,
    /// Keeps submissions until they are published.
    Storage,
    /// Holds the log's key.
    Signer,
    /// Orders entries, keeps the tree; one of them is the primary of a term.
    Merge,
    /// Decides who is primary.
    MergeRepair,
    /// A person with a key.
    Operator,
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 6] =
        [Role::Frontend, Role::Storage, Role::Signer, Role::Merge, Role::MergeRepair, Role::Operator];

    /// The name, as in configuration and paths.
    pub const fn as_str(self) -> &'static str {
        match self {
            Role::Frontend => "frontend",
            Role::Storage => "storage",
            Role::Signer => "signer",
            Role::Merge => "merge",
            Role::MergeRepair => "merge-repair",
            Role::Operator => "operator",
        }
    }
}

impl FromStr for Role {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Role::ALL
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or_else(|| format!("unknown role {text:?}"))
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
