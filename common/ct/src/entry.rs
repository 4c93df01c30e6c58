//! Entries of the log: the signed structure (RFC 6962 §3.1, §3.4), what is kept of a submission, and the names it goes by.

use crate::hash::{ExtraHash, Fingerprint, Identity, IssuerKeyHash, LeafHash, Name, sha256};
use crate::index::LeafIndex;
use crate::limits::MAX_CHAIN_LEN;
use crate::merkle::leaf_hash;
use crate::sct::DigitallySigned;
use crate::time::Timestamp;
use crate::tls::{DecodeError, Reader, TooLong, put_uint, put_vector};

/// `LogEntryType` (RFC 6962 §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EntryType {
    /// `x509_entry`, from add-chain.
    X509,
    /// `precert_entry`, from add-pre-chain.
    Precert,
}

/// How leaves are made from entries. Fixed when a log is made, and bound by every endorsement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogKind {
    /// RFC 6962: extensions are empty, a leaf does not know its index.
    Rfc6962,
}

impl LogKind {
    /// The byte that stands for this kind in signed statements.
    pub const fn code(self) -> u8 {
        match self {
            LogKind::Rfc6962 => 0,
        }
    }
}

/// `signed_entry`: what the log vouches for (RFC 6962 §3.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignedEntry {
    /// A certificate, DER.
    X509 {
        /// `ASN.1Cert`.
        certificate: Vec<u8>,
    },
    /// A precertificate, reduced to what its final certificate will say.
    Precert {
        /// Hash of the key of the CA that will issue the final certificate.
        issuer_key_hash: IssuerKeyHash,
        /// DER TBSCertificate without poison.
        tbs_certificate: Vec<u8>,
    },
}

impl SignedEntry {
    /// Which of the two it is.
    pub const fn entry_type(&self) -> EntryType {
        match self {
            SignedEntry::X509 { .. } => EntryType::X509,
            SignedEntry::Precert { .. } => EntryType::Precert,
        }
    }

    /// The certificate or TBSCertificate.
    pub fn body(&self) -> &[u8] {
        match self {
            SignedEntry::X509 { certificate } => certificate,
            SignedEntry::Precert { tbs_certificate, .. } => tbs_certificate,
        }
    }

    /// `entry_type ‖ signed_entry`, as it stands in a TimestampedEntry.
    pub fn encode(&self, out: &mut Vec<u8>) -> Result<(), TooLong> {
        match self {
            SignedEntry::X509 { certificate } => {
                put_uint(out, 2, 0);
                put_vector(out, "certificate", 3, certificate)
            }
            SignedEntry::Precert { issuer_key_hash, tbs_certificate } => {
                put_uint(out, 2, 1);
                out.extend_from_slice(issuer_key_hash.as_ref());
                put_vector(out, "tbs_certificate", 3, tbs_certificate)
            }
        }
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match reader.uint("entry_type", 2)? {
            0 => Ok(SignedEntry::X509 { certificate: reader.vector("certificate", 3)?.to_vec() }),
            1 => Ok(SignedEntry::Precert {
                issuer_key_hash: IssuerKeyHash::new(reader.array("issuer_key_hash")?),
                tbs_certificate: reader.vector("tbs_certificate", 3)?.to_vec(),
            }),
            other => Err(reader.refuse("entry_type", 2, other)),
        }
    }

    /// What makes two submissions the same certificate.
    pub fn identity(&self) -> Result<Identity, TooLong> {
        let mut bytes = Vec::with_capacity(self.body().len() + 40);
        self.encode(&mut bytes)?;
        Ok(Identity::new(sha256(&[&bytes])))
    }
}

/// The RFC 6962 `MerkleTreeLeaf` of an entry: version 0, leaf type 0, TimestampedEntry. The same bytes are what an SCT
/// signs (§3.2), for both begin with two zero bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    /// Time of the promise.
    pub timestamp: Timestamp,
    /// The certificate or precertificate.
    pub entry: SignedEntry,
    /// `CtExtensions`; empty in an RFC 6962 log.
    pub extensions: Vec<u8>,
}

impl Leaf {
    /// A leaf with empty extensions: what an RFC 6962 log signs and hashes, and what every entry is named after.
    pub const fn plain(timestamp: Timestamp, entry: SignedEntry) -> Self {
        Self { timestamp, entry, extensions: Vec::new() }
    }

    /// The bytes that are signed and hashed.
    pub fn encode(&self) -> Result<Vec<u8>, TooLong> {
        let mut out = Vec::with_capacity(self.entry.body().len() + self.extensions.len() + 64);
        out.extend_from_slice(&[0, 0]);
        put_uint(&mut out, 8, self.timestamp.millis());
        self.entry.encode(&mut out)?;
        put_vector(&mut out, "extensions", 2, &self.extensions)?;
        Ok(out)
    }

    /// Reads back what [`Leaf::encode`] wrote, and nothing else.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        for field in ["version", "leaf_type"] {
            let found = reader.uint(field, 1)?;
            if found != 0 {
                return Err(reader.refuse(field, 1, found));
            }
        }
        let timestamp = Timestamp::from_millis(reader.uint("timestamp", 8)?);
        let entry = SignedEntry::decode(&mut reader)?;
        let extensions = reader.vector("extensions", 2)?.to_vec();
        reader.finish("MerkleTreeLeaf")?;
        Ok(Self { timestamp, entry, extensions })
    }
}

/// An entry as it is kept and passed on: immutable but for its SCT, which arrives later. It has no place in the log yet.
///
/// Made from a validated chain, or read from bytes that [`StoredEntry::decode`] checked; its leaf has empty extensions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEntry {
    leaf_bytes: Vec<u8>,
    name: Name,
    timestamp: Timestamp,
    entry_type: EntryType,
    precertificate: Option<Vec<u8>>,
    chain: Vec<Fingerprint>,
    sct: Option<DigitallySigned>,
}

/// Why bytes are not a stored entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// They do not decode.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// A part is too long to encode.
    #[error(transparent)]
    TooLong(#[from] TooLong),
    /// The leaf of an entry that has no index must have no extensions.
    #[error("extensions: {found} bytes, an entry without a place has none")]
    Extensions {
        /// Bytes found.
        found: usize,
    },
    /// A precertificate must stand beside a precert entry, and only there.
    #[error("pre_certificate: does not go with entry_type {entry_type:?}")]
    Precertificate {
        /// The type of the entry.
        entry_type: EntryType,
    },
    /// The chain is too long.
    #[error("chain: {found} issuers, the limit is {limit}", limit = MAX_CHAIN_LEN)]
    Chain {
        /// Issuers found.
        found: usize,
    },
}

const STORED_ENTRY_VERSION: u64 = 1;

impl StoredEntry {
    /// Puts an entry together. `precertificate` is the submitted one, poison and signature included; `chain` goes from
    /// the issuer of the leaf to the root.
    pub fn new(
        leaf: &Leaf,
        precertificate: Option<Vec<u8>>,
        chain: Vec<Fingerprint>,
    ) -> Result<Self, EntryError> {
        let entry_type = leaf.entry.entry_type();
        if !leaf.extensions.is_empty() {
            return Err(EntryError::Extensions { found: leaf.extensions.len() });
        }
        if (entry_type == EntryType::Precert) != precertificate.is_some() {
            return Err(EntryError::Precertificate { entry_type });
        }
        if chain.len() > MAX_CHAIN_LEN {
            return Err(EntryError::Chain { found: chain.len() });
        }
        let leaf_bytes = leaf.encode()?;
        let name = Name::new(*leaf_hash(&leaf_bytes).as_bytes());
        Ok(Self { leaf_bytes, name, timestamp: leaf.timestamp, entry_type, precertificate, chain, sct: None })
    }

    /// The encoded leaf with empty extensions.
    pub fn leaf_bytes(&self) -> &[u8] {
        &self.leaf_bytes
    }
    /// The decoded leaf.
    pub fn leaf(&self) -> Leaf {
        // Every constructor encoded or decoded these very bytes.
        Leaf::decode(&self.leaf_bytes).expect("leaf bytes were checked when the entry was made")
    }
    /// What the cluster calls this entry.
    pub const fn name(&self) -> Name {
        self.name
    }
    /// Time of the promise.
    pub const fn timestamp(&self) -> Timestamp {
        self.timestamp
    }
    /// Certificate or precertificate.
    pub const fn entry_type(&self) -> EntryType {
        self.entry_type
    }
    /// The submitted precertificate, DER.
    pub fn precertificate(&self) -> Option<&[u8]> {
        self.precertificate.as_deref()
    }
    /// Fingerprints from the leaf's issuer to the root.
    pub fn chain(&self) -> &[Fingerprint] {
        &self.chain
    }
    /// The SCT's signature, once known and verified.
    pub const fn sct(&self) -> Option<&DigitallySigned> {
        self.sct.as_ref()
    }
    /// The identity of the certificate.
    pub fn identity(&self) -> Identity {
        // It lies in the leaf between the timestamp (ends at byte 10) and the two bytes of empty extensions.
        Identity::new(sha256(&[&self.leaf_bytes[10..self.leaf_bytes.len() - 2]]))
    }
    /// The same entry with its SCT. The caller has verified the signature over [`StoredEntry::leaf_bytes`].
    #[must_use]
    pub fn with_sct(mut self, sct: DigitallySigned) -> Self {
        self.sct = Some(sct);
        self
    }

    /// The form in which entries are stored and sent.
    pub fn encode(&self) -> Result<Vec<u8>, TooLong> {
        let mut out = Vec::with_capacity(self.leaf_bytes.len() + 256);
        put_uint(&mut out, 1, STORED_ENTRY_VERSION);
        put_vector(&mut out, "leaf", 3, &self.leaf_bytes)?;
        put_vector(&mut out, "pre_certificate", 3, self.precertificate.as_deref().unwrap_or_default())?;
        put_vector(&mut out, "chain", 2, &self.chain.iter().flat_map(|f| *f.as_bytes()).collect::<Vec<_>>())?;
        put_vector(&mut out, "sct", 2, &self.sct.as_ref().map(DigitallySigned::encode).unwrap_or_default())?;
        Ok(out)
    }

    /// Reads an entry, checking all that can be checked without its chain, and computing its name anew.
    pub fn decode(bytes: &[u8]) -> Result<Self, EntryError> {
        let mut reader = Reader::new(bytes);
        let version = reader.uint("entry format version", 1)?;
        if version != STORED_ENTRY_VERSION {
            return Err(reader.refuse("entry format version", 1, version).into());
        }
        let leaf = Leaf::decode(reader.vector("leaf", 3)?)?;
        let precertificate = reader.vector("pre_certificate", 3)?;
        let chain_bytes = reader.vector("chain", 2)?;
        let sct = reader.vector("sct", 2)?;
        reader.finish("entry")?;
        let (fingerprints, rest) = chain_bytes.as_chunks::<32>();
        if !rest.is_empty() {
            return Err(
                DecodeError::Trailing { field: "chain", at: chain_bytes.len(), extra: rest.len() }.into()
            );
        }
        let chain = fingerprints.iter().map(|f| Fingerprint::new(*f)).collect();
        let precertificate = (!precertificate.is_empty()).then(|| precertificate.to_vec());
        let entry = Self::new(&leaf, precertificate, chain)?;
        Ok(if sct.is_empty() { entry } else { entry.with_sct(DigitallySigned::decode(sct)?) })
    }

    /// `extra_data` of get-entries (RFC 6962 §4.6): the chain, behind the precertificate if there is one. `issuers` are
    /// the certificates of [`StoredEntry::chain`], in that order.
    pub fn extra_data(&self, issuers: &[impl AsRef<[u8]>]) -> Result<Vec<u8>, TooLong> {
        extra_data(self.precertificate.as_deref(), issuers)
    }
}

/// `X509ChainEntry` less its leaf, or `PrecertChainEntry` (RFC 6962 §3.1, §4.6).
pub fn extra_data(precertificate: Option<&[u8]>, issuers: &[impl AsRef<[u8]>]) -> Result<Vec<u8>, TooLong> {
    let mut chain = Vec::new();
    for issuer in issuers {
        put_vector(&mut chain, "chain certificate", 3, issuer.as_ref())?;
    }
    let mut out = Vec::with_capacity(chain.len() + 8 + precertificate.map_or(0, <[u8]>::len));
    if let Some(precertificate) = precertificate {
        put_vector(&mut out, "pre_certificate", 3, precertificate)?;
    }
    put_vector(&mut out, "certificate_chain", 3, &chain)?;
    Ok(out)
}

/// `H(extra_data)`.
pub fn extra_hash(extra_data: &[u8]) -> ExtraHash {
    ExtraHash::new(sha256(&[extra_data]))
}

/// An entry that has its place: the only kind of entry that can enter a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderedEntry {
    /// Its place.
    pub index: LeafIndex,
    /// The entry.
    pub entry: StoredEntry,
}

impl OrderedEntry {
    /// The leaf's bytes in a log of this kind: the only door into the tree.
    pub fn leaf_bytes(&self, kind: LogKind) -> &[u8] {
        match kind {
            LogKind::Rfc6962 => self.entry.leaf_bytes(),
        }
    }

    /// The leaf hash in a log of this kind.
    pub fn leaf_hash(&self, kind: LogKind) -> LeafHash {
        match kind {
            // The name is the hash of these very bytes.
            LogKind::Rfc6962 => LeafHash::new(*self.entry.name().as_bytes()),
        }
    }
}
