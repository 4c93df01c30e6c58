//! Entries of a log that others made, as a read-only log keeps them (docs/protocol.md, A1).
//!
//! Such a log may hold what our own logs never promise: extensions in leaves, long chains, chains without their root,
//! certificates that nobody can read. An archive holds what the log holds, so only structure is demanded (RFC 6962 §3.1,
//! §3.4, §4.6), and bounds. [`crate::entry::StoredEntry`] is as strict as ever: its decoder refuses what is encoded here.

use crate::entry::{EntryType, Leaf, extra_data};
use crate::hash::{Fingerprint, LeafHash, Name, sha256};
use crate::limits::MAX_ENTRY;
use crate::merkle::leaf_hash;
use crate::tls::{DecodeError, Reader, TooLong, put_uint, put_vector};

/// Greatest entry of a read-only log, in bytes: leaf, precertificate and chain together. Five times what our own logs take.
pub const MAX_ARCHIVED_BYTES: usize = 4 << 20;

/// Most certificates above the leaf: as many fingerprints as a vector of two length bytes holds.
pub const MAX_ARCHIVED_CHAIN: usize = (1 << 16) / 32 - 1;

const _: () = assert!(MAX_ENTRY < MAX_ARCHIVED_BYTES, "an archive takes what our own logs take");

/// First byte of the encoding; that of our own entries is 1.
const VERSION: u64 = 2;

/// Why an entry cannot be kept. None of it is a question of what is in a certificate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveError {
    /// It does not decode.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// A part is too long to encode.
    #[error(transparent)]
    TooLong(#[from] TooLong),
    /// A precertificate must stand beside a precert entry, and only there.
    #[error("pre_certificate: does not go with entry_type {entry_type:?}")]
    Precertificate {
        /// The type of the entry.
        entry_type: EntryType,
    },
    /// A certificate has at least one byte (RFC 6962 §3.1, `ASN.1Cert`).
    #[error("{field}: 0 bytes, a certificate has at least 1")]
    Empty {
        /// Which part.
        field: &'static str,
    },
    /// The chain has too many certificates.
    #[error("certificate_chain: {found} certificates, the limit is {MAX_ARCHIVED_CHAIN}")]
    Chain {
        /// Certificates found.
        found: usize,
    },
    /// All of it together is too large.
    #[error("leaf_input and extra_data: {found} bytes of certificates, the limit is {MAX_ARCHIVED_BYTES}")]
    Size {
        /// Bytes found.
        found: usize,
    },
}

/// Whether an encoded entry is one of a read-only log: [`ArchivedEntry::encode`] wrote it, and not
/// [`crate::entry::StoredEntry::encode`].
pub fn is_archived(encoded: &[u8]) -> bool {
    encoded.first().copied().map(u64::from) == Some(VERSION)
}

/// An entry of a read-only log, apart from the certificates of its chain, which are kept once however many entries have
/// them. Its name is its leaf hash: extensions are in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchivedEntry {
    leaf_bytes: Vec<u8>,
    name: Name,
    precertificate: Option<Vec<u8>>,
    chain: Vec<Fingerprint>,
}

impl ArchivedEntry {
    /// Puts an entry together from what get-entries served: `leaf_bytes` is `leaf_input`, the others are what `extra_data`
    /// has, in its order.
    pub fn new(
        leaf_bytes: Vec<u8>,
        precertificate: Option<Vec<u8>>,
        chain: &[Vec<u8>],
    ) -> Result<Self, ArchiveError> {
        let lengths = chain.iter().chain(&precertificate).map(Vec::len);
        let found = leaf_bytes.len() + lengths.sum::<usize>();
        if found > MAX_ARCHIVED_BYTES {
            return Err(ArchiveError::Size { found });
        }
        if chain.iter().any(Vec::is_empty) {
            return Err(ArchiveError::Empty { field: "certificate_chain" });
        }
        let chain = chain.iter().map(|der| Fingerprint::new(sha256(&[der]))).collect();
        Self::of_fingerprints(leaf_bytes, precertificate, chain)
    }

    fn of_fingerprints(
        leaf_bytes: Vec<u8>,
        precertificate: Option<Vec<u8>>,
        chain: Vec<Fingerprint>,
    ) -> Result<Self, ArchiveError> {
        let entry_type = Leaf::decode(&leaf_bytes)?.entry.entry_type();
        if (entry_type == EntryType::Precert) != precertificate.is_some() {
            return Err(ArchiveError::Precertificate { entry_type });
        }
        if precertificate.as_ref().is_some_and(Vec::is_empty) {
            return Err(ArchiveError::Empty { field: "pre_certificate" });
        }
        if chain.len() > MAX_ARCHIVED_CHAIN {
            return Err(ArchiveError::Chain { found: chain.len() });
        }
        let name = Name::new(*leaf_hash(&leaf_bytes).as_bytes());
        Ok(Self { leaf_bytes, name, precertificate, chain })
    }

    /// The leaf, byte for byte.
    pub fn leaf_bytes(&self) -> &[u8] {
        &self.leaf_bytes
    }
    /// What the store calls this entry: its leaf hash.
    pub const fn name(&self) -> Name {
        self.name
    }
    /// Its leaf hash.
    pub fn leaf_hash(&self) -> LeafHash {
        LeafHash::new(*self.name.as_bytes())
    }
    /// The submitted precertificate.
    pub fn precertificate(&self) -> Option<&[u8]> {
        self.precertificate.as_deref()
    }
    /// Fingerprints of the chain, in its order.
    pub fn chain(&self) -> &[Fingerprint] {
        &self.chain
    }

    /// The form in which it is stored: that of our own entries with another version, and never an SCT.
    pub fn encode(&self) -> Result<Vec<u8>, TooLong> {
        let mut out = Vec::with_capacity(self.leaf_bytes.len() + 256);
        put_uint(&mut out, 1, VERSION);
        put_vector(&mut out, "leaf", 3, &self.leaf_bytes)?;
        put_vector(&mut out, "pre_certificate", 3, self.precertificate.as_deref().unwrap_or_default())?;
        put_vector(&mut out, "chain", 2, &self.chain.iter().flat_map(|f| *f.as_bytes()).collect::<Vec<_>>())?;
        put_vector(&mut out, "sct", 2, &[])?;
        Ok(out)
    }

    /// Reads back what [`ArchivedEntry::encode`] wrote, computing its name anew.
    pub fn decode(bytes: &[u8]) -> Result<Self, ArchiveError> {
        let mut reader = Reader::new(bytes);
        let version = reader.uint("archived entry format version", 1)?;
        if version != VERSION {
            return Err(reader.refuse("archived entry format version", 1, version).into());
        }
        let leaf_bytes = reader.vector("leaf", 3)?.to_vec();
        let precertificate = reader.vector("pre_certificate", 3)?;
        let chain = reader.vector("chain", 2)?;
        let at = reader.offset();
        if let extra @ 1.. = reader.vector("sct", 2)?.len() {
            return Err(DecodeError::Trailing { field: "sct", at, extra }.into());
        }
        reader.finish("archived entry")?;
        let (fingerprints, rest) = chain.as_chunks::<32>();
        if !rest.is_empty() {
            return Err(DecodeError::Trailing { field: "chain", at: chain.len(), extra: rest.len() }.into());
        }
        let chain = fingerprints.iter().map(|f| Fingerprint::new(*f)).collect();
        let precertificate = (!precertificate.is_empty()).then(|| precertificate.to_vec());
        Self::of_fingerprints(leaf_bytes, precertificate, chain)
    }

    /// `extra_data` as the log served it. `issuers` are the certificates of [`ArchivedEntry::chain`], in that order.
    pub fn extra_data(&self, issuers: &[impl AsRef<[u8]>]) -> Result<Vec<u8>, TooLong> {
        extra_data(self.precertificate(), issuers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::{SignedEntry, StoredEntry};
    use crate::time::Timestamp;

    fn leaf(entry: SignedEntry, extensions: &[u8]) -> Vec<u8> {
        let timestamp = Timestamp::from_millis(1_700_000_000_000);
        Leaf { timestamp, entry, extensions: extensions.to_vec() }.encode().unwrap()
    }

    fn x509(certificate: &[u8], extensions: &[u8]) -> Vec<u8> {
        leaf(SignedEntry::X509 { certificate: certificate.to_vec() }, extensions)
    }

    fn precert() -> Vec<u8> {
        let entry =
            SignedEntry::Precert { issuer_key_hash: [7; 32].into(), tbs_certificate: b"tbs".to_vec() };
        leaf(entry, b"")
    }

    #[test]
    fn what_our_own_logs_refuse_is_kept_byte_for_byte() {
        let long: Vec<Vec<u8>> = (0..MAX_ARCHIVED_CHAIN).map(|n| n.to_be_bytes().to_vec()).collect();
        let cases = [
            (x509(b"no certificate at all", b"extensions"), None, long),
            (x509(b"leaf", b""), None, Vec::new()),
            (precert(), Some(b"leads nowhere".to_vec()), vec![b"a".to_vec(), b"a".to_vec()]),
        ];
        for (leaf, precertificate, chain) in cases {
            let extra = extra_data(precertificate.as_deref(), &chain).unwrap();
            let entry = ArchivedEntry::new(leaf.clone(), precertificate, &chain).unwrap();
            let bytes = entry.encode().unwrap();
            let read = ArchivedEntry::decode(&bytes).unwrap();
            assert_eq!(read, entry);
            assert_eq!((read.leaf_bytes(), read.extra_data(&chain).unwrap()), (&leaf[..], extra));
            assert_eq!(read.leaf_hash(), leaf_hash(&leaf));
            assert!(
                is_archived(&bytes) && StoredEntry::decode(&bytes).is_err(),
                "it passes for one of our own"
            );
        }
    }

    #[test]
    fn structure_is_demanded() {
        let new = |leaf: &[u8], pre: Option<&[u8]>, chain: &[Vec<u8>]| {
            ArchivedEntry::new(leaf.to_vec(), pre.map(<[u8]>::to_vec), chain).unwrap_err().to_string()
        };
        let good = x509(b"leaf", b"");
        let trailing = [good.as_slice(), &[0]].concat();
        assert!(new(&trailing, None, &[]).contains("MerkleTreeLeaf: 1 bytes follow"));
        assert!(new(&good[..9], None, &[]).contains("timestamp"));
        assert!(new(&[&[1], &good[1..]].concat(), None, &[]).contains("version"));
        assert!(new(&good, Some(b"pre"), &[]).contains("pre_certificate"));
        assert!(new(&precert(), None, &[]).contains("pre_certificate"));
        assert!(new(&precert(), Some(b""), &[]).contains("pre_certificate: 0 bytes"));
        assert!(new(&good, None, &[vec![]]).contains("certificate_chain: 0 bytes"));
    }

    #[test]
    fn a_limit_that_is_hit_is_named() {
        let chain = vec![b"a".to_vec(); MAX_ARCHIVED_CHAIN + 1];
        let error = ArchivedEntry::new(x509(b"leaf", b""), None, &chain).unwrap_err().to_string();
        assert_eq!(error, "certificate_chain: 2048 certificates, the limit is 2047");
        let leaf = x509(b"leaf", b"");
        let room = MAX_ARCHIVED_BYTES - leaf.len();
        assert!(ArchivedEntry::new(leaf.clone(), None, &[vec![1; room]]).is_ok());
        let error = ArchivedEntry::new(leaf, None, &[vec![1; room + 1]]).unwrap_err().to_string();
        assert!(error.ends_with("4194305 bytes of certificates, the limit is 4194304"), "{error}");
    }

    #[test]
    fn entries_of_our_own_and_other_bytes_are_refused() {
        let own = Leaf::decode(&x509(b"leaf", b"")).unwrap();
        let own = StoredEntry::new(&own, None, Vec::new()).unwrap().encode().unwrap();
        assert!(!is_archived(&own) && ArchivedEntry::decode(&own).is_err());
        let bytes = ArchivedEntry::new(precert(), Some(vec![1]), &[vec![2]]).unwrap().encode().unwrap();
        for cut in 0..bytes.len() {
            assert!(ArchivedEntry::decode(&bytes[..cut]).is_err(), "{cut}");
        }
        assert!(ArchivedEntry::decode(&[bytes.as_slice(), &[0]].concat()).is_err());
    }
}
