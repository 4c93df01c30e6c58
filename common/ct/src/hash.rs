//! Hashes, one type for each meaning, so that a leaf hash cannot stand where a name is wanted.
//!
//! All are SHA-256 (RFC 6962 §2.1). None has a `Default`: a hash is computed, or parsed from 32 bytes.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use std::fmt;

/// Length of every hash in the log, in bytes.
pub const HASH_LEN: usize = 32;

/// SHA-256 of the concatenation of `parts`.
pub fn sha256(parts: &[&[u8]]) -> [u8; HASH_LEN] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// Why a text is not a hash.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HashParseError {
    /// The text has the wrong length.
    #[error("a hash is 64 hexadecimal digits, found {found} characters")]
    Length {
        /// Characters found.
        found: usize,
    },
    /// A character is no hexadecimal digit.
    #[error("a hash is 64 hexadecimal digits, found another character at {at}")]
    Digit {
        /// Offset of the offending character.
        at: usize,
    },
}

pub(crate) fn to_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

pub(crate) fn from_hex<const N: usize>(text: &str) -> Result<[u8; N], HashParseError> {
    if text.len() != N * 2 {
        return Err(HashParseError::Length { found: text.len() });
    }
    let mut bytes = [0; N];
    for (at, pair) in text.as_bytes().chunks_exact(2).enumerate() {
        let digit =
            |i: usize| char::from(pair[i]).to_digit(16).ok_or(HashParseError::Digit { at: at * 2 + i });
        bytes[at] = (digit(0)? << 4 | digit(1)?) as u8;
    }
    Ok(bytes)
}

/// Defines a newtype over fixed bytes: hexadecimal in text and JSON, no `Default`, ordered by its bytes.
#[macro_export]
macro_rules! bytes_newtype {
    ($(#[$doc:meta])* $name:ident, $len:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name([u8; $len]);

        impl $name {
            /// Takes the bytes as they are.
            pub const fn new(bytes: [u8; $len]) -> Self {
                Self(bytes)
            }
            /// The bytes.
            pub const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }
        }
        impl From<[u8; $len]> for $name {
            fn from(bytes: [u8; $len]) -> Self {
                Self(bytes)
            }
        }
        impl AsRef<[u8]> for $name {
            fn as_ref(&self) -> &[u8] {
                &self.0
            }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&$crate::hash::hex(&self.0))
            }
        }
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({}…)", stringify!($name), &$crate::hash::hex(&self.0[..6]))
            }
        }
        impl std::str::FromStr for $name {
            type Err = $crate::hash::HashParseError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $crate::hash::unhex::<$len>(text).map(Self)
            }
        }
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.serialize_str(&$crate::hash::hex(&self.0))
            }
        }
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(d)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    to_hex(bytes)
}

/// Parses exactly `N` bytes of hexadecimal.
pub fn unhex<const N: usize>(text: &str) -> Result<[u8; N], HashParseError> {
    from_hex(text)
}

bytes_newtype!(
    /// `H(00 ‖ MerkleTreeLeaf)` (RFC 6962 §2.1): what the tree carries at its lowest level.
    LeafHash, HASH_LEN
);
bytes_newtype!(
    /// `H(01 ‖ left ‖ right)`, or a leaf hash seen as a node: an element of a proof.
    NodeHash, HASH_LEN
);
bytes_newtype!(
    /// The hash of a whole tree (RFC 6962 §2.1, MTH).
    RootHash, HASH_LEN
);
bytes_newtype!(
    /// The root of the tree over the order records: it covers what the public tree leaves out, the chains.
    InternalRoot, HASH_LEN
);
bytes_newtype!(
    /// What names an entry inside the cluster, before and after ordering: the leaf hash computed with empty
    /// extensions. In an RFC 6962 log it has the bytes of the leaf hash, and still is another type.
    Name, HASH_LEN
);
bytes_newtype!(
    /// `H(entry_type ‖ [issuer_key_hash] ‖ certificate or TBS)`: what makes two submissions the same certificate.
    Identity, HASH_LEN
);
bytes_newtype!(
    /// `H(extra_data)`: binds the chain (and precertificate) that get-entries serves beside a leaf.
    ExtraHash, HASH_LEN
);
bytes_newtype!(
    /// `H(DER certificate)`: names an issuer in the store.
    Fingerprint, HASH_LEN
);
bytes_newtype!(
    /// `H(DER SubjectPublicKeyInfo)` of the issuing CA (RFC 6962 §3.2).
    IssuerKeyHash, HASH_LEN
);
bytes_newtype!(
    /// `H(DER SubjectPublicKeyInfo)` of the log's key (RFC 6962 §3.2): the log's name for the world.
    LogId, HASH_LEN
);
bytes_newtype!(
    /// Hash of a canonical voter list: ties an endorsement to who could vote (docs/protocol.md, T3).
    VotersHash, HASH_LEN
);

impl From<LeafHash> for NodeHash {
    fn from(leaf: LeafHash) -> Self {
        Self(leaf.0)
    }
}

impl From<NodeHash> for RootHash {
    fn from(node: NodeHash) -> Self {
        Self(node.0)
    }
}

impl From<RootHash> for NodeHash {
    fn from(root: RootHash) -> Self {
        Self(root.0)
    }
}

impl From<RootHash> for InternalRoot {
    fn from(root: RootHash) -> Self {
        Self(root.0)
    }
}

/// Bytes that JSON shows as base64 (RFC 4648 §4, with padding).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Base64(pub Vec<u8>);

impl fmt::Debug for Base64 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Base64({} bytes)", self.0.len())
    }
}

impl Serialize for Base64 {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        use base64::Engine;
        s.serialize_str(&base64::engine::general_purpose::STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        use base64::Engine;
        let text = std::borrow::Cow::<'de, str>::deserialize(d)?;
        base64::engine::general_purpose::STANDARD
            .decode(text.as_bytes())
            .map(Base64)
            .map_err(serde::de::Error::custom)
    }
}
