//! Signed certificate timestamps (RFC 6962 §3.2) and the signature structure that SCTs and STHs share.

use crate::hash::LogId;
use crate::time::Timestamp;
use crate::tls::{DecodeError, Reader, TooLong, put_uint, put_vector};

/// `DigitallySigned` (RFC 5246 §4.7) as a log makes it: SHA-256 with ECDSA; the signature is a DER `SEQUENCE { r, s }`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigitallySigned {
    signature: Vec<u8>,
}

const HASH_SHA256: u64 = 4;
const SIGNATURE_ECDSA: u64 = 3;
/// A P-256 signature in DER takes at most 72 bytes; this leaves no room for surprises, and some for other curves.
const MAX_SIGNATURE: usize = 144;

impl DigitallySigned {
    /// Takes a DER-encoded ECDSA signature.
    pub fn ecdsa(signature: Vec<u8>) -> Result<Self, TooLong> {
        if signature.len() > MAX_SIGNATURE {
            return Err(TooLong { field: "signature", len: signature.len(), limit: MAX_SIGNATURE });
        }
        Ok(Self { signature })
    }

    /// The signature without its framing.
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// `hash ‖ signature algorithm ‖ V16(signature)`.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(4 + self.signature.len());
        put_uint(&mut out, 1, HASH_SHA256);
        put_uint(&mut out, 1, SIGNATURE_ECDSA);
        put_uint(&mut out, 2, self.signature.len() as u64);
        out.extend_from_slice(&self.signature);
        out
    }

    /// Reads what [`DigitallySigned::encode`] wrote.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        for (field, only) in [("hash", HASH_SHA256), ("signature algorithm", SIGNATURE_ECDSA)] {
            let found = reader.uint(field, 1)?;
            if found != only {
                return Err(reader.refuse(field, 1, found));
            }
        }
        let signature = reader.vector("signature", 2)?;
        if signature.is_empty() || signature.len() > MAX_SIGNATURE {
            return Err(DecodeError::Value {
                field: "signature length",
                at: 2,
                found: signature.len() as u64,
            });
        }
        reader.finish("DigitallySigned")?;
        Ok(Self { signature: signature.to_vec() })
    }
}

impl serde::Serialize for DigitallySigned {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        crate::hash::Base64(self.encode()).serialize(s)
    }
}

impl<'de> serde::Deserialize<'de> for DigitallySigned {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let bytes = crate::hash::Base64::deserialize(d)?;
        Self::decode(&bytes.0).map_err(serde::de::Error::custom)
    }
}

/// `SignedCertificateTimestamp`, version 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sct {
    /// The log that promises.
    pub log_id: LogId,
    /// When it promised.
    pub timestamp: Timestamp,
    /// `CtExtensions`, exactly as signed.
    pub extensions: Vec<u8>,
    /// Over the entry's [`crate::entry::Leaf::encode`].
    pub signature: DigitallySigned,
}

impl Sct {
    /// The wire form: what a TLS extension or a certificate carries.
    pub fn encode(&self) -> Result<Vec<u8>, TooLong> {
        let mut out = vec![0];
        out.extend_from_slice(self.log_id.as_ref());
        put_uint(&mut out, 8, self.timestamp.millis());
        put_vector(&mut out, "extensions", 2, &self.extensions)?;
        out.extend_from_slice(&self.signature.encode());
        Ok(out)
    }

    /// Reads the wire form.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let version = reader.uint("sct_version", 1)?;
        if version != 0 {
            return Err(reader.refuse("sct_version", 1, version));
        }
        let log_id = LogId::new(reader.array("log_id")?);
        let timestamp = Timestamp::from_millis(reader.uint("timestamp", 8)?);
        let extensions = reader.vector("extensions", 2)?.to_vec();
        let at = reader.offset();
        let signature = DigitallySigned::decode(&bytes[at..])?;
        Ok(Self { log_id, timestamp, extensions, signature })
    }
}

/// A `SignedCertificateTimestampList` (RFC 6962 §3.3) of encoded SCTs.
pub fn sct_list(scts: &[Vec<u8>]) -> Result<Vec<u8>, TooLong> {
    let mut list = Vec::new();
    for sct in scts {
        put_vector(&mut list, "SerializedSCT", 2, sct)?;
    }
    let mut out = Vec::new();
    put_vector(&mut out, "sct_list", 2, &list)?;
    Ok(out)
}
