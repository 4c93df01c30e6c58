//! The TLS-presented structures of RFC 6962 §3, byte by byte.

use crate::error::{JudgeError, Result};
use crate::merkle::Hash;

/// What an SCT promises to log (`signed_entry`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignedEntry {
    /// `x509_entry`: the certificate.
    X509(Vec<u8>),
    /// `precert_entry`: hash of the issuer's key and the TBSCertificate without poison.
    Precert {
        /// SHA-256 of the issuing CA's SubjectPublicKeyInfo.
        issuer_key_hash: Hash,
        /// The TBSCertificate as the final certificate will have it, less its SCT list.
        tbs: Vec<u8>,
    },
}

impl SignedEntry {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::X509(certificate) => {
                out.extend_from_slice(&[0, 0]);
                opaque24(out, certificate);
            }
            Self::Precert { issuer_key_hash, tbs } => {
                out.extend_from_slice(&[0, 1]);
                out.extend_from_slice(issuer_key_hash);
                opaque24(out, tbs);
            }
        }
    }
}

/// The `TimestampedEntry` of a version 1 `MerkleTreeLeaf`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimestampedEntry {
    /// Milliseconds since the epoch.
    pub timestamp: u64,
    /// The entry.
    pub entry: SignedEntry,
    /// `CtExtensions`, without the length.
    pub extensions: Vec<u8>,
}

impl TimestampedEntry {
    /// `MerkleTreeLeaf` (§3.4): what get-entries calls `leaf_input`.
    pub fn merkle_tree_leaf(&self) -> Vec<u8> {
        let (version_v1, timestamped_entry) = (0, 0);
        self.after(version_v1, timestamped_entry)
    }

    /// The bytes an SCT signs (§3.2). The same as the leaf in version 1, because `certificate_timestamp` and
    /// `timestamped_entry` both have the value zero.
    pub fn sct_signed_data(&self) -> Vec<u8> {
        let (version_v1, certificate_timestamp) = (0, 0);
        self.after(version_v1, certificate_timestamp)
    }

    fn after(&self, version: u8, kind: u8) -> Vec<u8> {
        let mut out = vec![version, kind];
        out.extend_from_slice(&self.timestamp.to_be_bytes());
        self.entry.write(&mut out);
        opaque16(&mut out, &self.extensions);
        out
    }

    /// Reads a `MerkleTreeLeaf` to its last byte.
    pub fn parse(leaf: &[u8]) -> Result<Self> {
        let mut bytes = Bytes { rest: leaf, what: "leaf_input" };
        let head = bytes.take(2)?;
        if head != [0, 0] {
            return Err(JudgeError::wrong(
                "leaf_input version and leaf_type",
                "0 and 0",
                format!("{head:?}"),
            ));
        }
        let timestamp = bytes.take(8)?.iter().fold(0, |value, byte| value << 8 | u64::from(*byte));
        let entry = match bytes.take(2)? {
            [0, 0] => SignedEntry::X509(bytes.opaque24()?.to_vec()),
            [0, 1] => {
                let mut issuer_key_hash = [0; 32];
                issuer_key_hash.copy_from_slice(bytes.take(32)?);
                SignedEntry::Precert { issuer_key_hash, tbs: bytes.opaque24()?.to_vec() }
            }
            other => return Err(JudgeError::wrong("leaf_input entry_type", "0 or 1", format!("{other:?}"))),
        };
        let extensions = bytes.opaque16()?.to_vec();
        bytes.finish()?;
        Ok(Self { timestamp, entry, extensions })
    }
}

/// The bytes an STH signs (§3.5).
pub fn sth_signed_data(timestamp: u64, tree_size: u64, root: &Hash) -> Vec<u8> {
    let (version_v1, tree_hash) = (0, 1);
    let mut out = vec![version_v1, tree_hash];
    out.extend_from_slice(&timestamp.to_be_bytes());
    out.extend_from_slice(&tree_size.to_be_bytes());
    out.extend_from_slice(root);
    out
}

/// A version 1 SCT as it travels in certificates (§3.2).
pub fn serialized_sct(log_id: &Hash, timestamp: u64, extensions: &[u8], digitally_signed: &[u8]) -> Vec<u8> {
    let mut out = vec![0];
    out.extend_from_slice(log_id);
    out.extend_from_slice(&timestamp.to_be_bytes());
    opaque16(&mut out, extensions);
    out.extend_from_slice(digitally_signed);
    out
}

/// `SignedCertificateTimestampList` (§3.3).
pub fn sct_list(scts: &[Vec<u8>]) -> Vec<u8> {
    let mut inner = Vec::new();
    for sct in scts {
        opaque16(&mut inner, sct);
    }
    let mut out = Vec::new();
    opaque16(&mut out, &inner);
    out
}

/// `extra_data` of an `x509_entry`: the chain above the leaf.
pub fn x509_extra_data(chain: &[Vec<u8>]) -> Vec<u8> {
    let mut inner = Vec::new();
    for certificate in chain {
        opaque24(&mut inner, certificate);
    }
    let mut out = Vec::new();
    opaque24(&mut out, &inner);
    out
}

/// `extra_data` of a `precert_entry`: the precertificate as submitted, then the chain above it.
pub fn precert_extra_data(precertificate: &[u8], chain: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::new();
    opaque24(&mut out, precertificate);
    out.extend_from_slice(&x509_extra_data(chain));
    out
}

/// Reads the `extra_data` of an `x509_entry` to its last byte.
pub fn parse_x509_extra_data(extra_data: &[u8]) -> Result<Vec<Vec<u8>>> {
    let mut bytes = Bytes { rest: extra_data, what: "extra_data" };
    let chain = bytes.chain()?;
    bytes.finish()?;
    Ok(chain)
}

/// Reads the `extra_data` of a `precert_entry` to its last byte.
pub fn parse_precert_extra_data(extra_data: &[u8]) -> Result<(Vec<u8>, Vec<Vec<u8>>)> {
    let mut bytes = Bytes { rest: extra_data, what: "extra_data" };
    let precertificate = bytes.opaque24()?.to_vec();
    let chain = bytes.chain()?;
    bytes.finish()?;
    Ok((precertificate, chain))
}

/// The leaf index that some logs put in the extensions of their SCTs (type 0, five bytes), if it is there.
pub fn leaf_index_extension(extensions: &[u8]) -> Option<u64> {
    let value = extensions.strip_prefix(&[0, 0, 5])?;
    (value.len() == 5).then(|| value.iter().fold(0, |index, byte| index << 8 | u64::from(*byte)))
}

fn opaque16(out: &mut Vec<u8>, content: &[u8]) {
    out.extend_from_slice(&(content.len() as u16).to_be_bytes());
    out.extend_from_slice(content);
}

fn opaque24(out: &mut Vec<u8>, content: &[u8]) {
    out.extend_from_slice(&(content.len() as u32).to_be_bytes()[1..]);
    out.extend_from_slice(content);
}

struct Bytes<'a> {
    rest: &'a [u8],
    what: &'static str,
}

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        if self.rest.len() < count {
            return Err(JudgeError::wrong(
                self.what,
                format!("{count} more bytes"),
                format!("{} bytes", self.rest.len()),
            ));
        }
        let (head, rest) = self.rest.split_at(count);
        self.rest = rest;
        Ok(head)
    }

    fn length(&mut self, octets: usize) -> Result<usize> {
        Ok(self.take(octets)?.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)))
    }

    fn opaque16(&mut self) -> Result<&'a [u8]> {
        let length = self.length(2)?;
        self.take(length)
    }

    fn opaque24(&mut self) -> Result<&'a [u8]> {
        let length = self.length(3)?;
        self.take(length)
    }

    fn chain(&mut self) -> Result<Vec<Vec<u8>>> {
        let mut inner = Bytes { rest: self.opaque24()?, what: self.what };
        let mut chain = Vec::new();
        while !inner.rest.is_empty() {
            chain.push(inner.opaque24()?.to_vec());
        }
        Ok(chain)
    }

    fn finish(&self) -> Result<()> {
        if self.rest.is_empty() {
            return Ok(());
        }
        Err(JudgeError::wrong(self.what, "no trailing bytes", format!("{} trailing bytes", self.rest.len())))
    }
}
