//! Signed certificate timestamps (RFC 6962 §3.2) and the signature structure that SCTs and STHs share.

#[cfg(test)]
mod tests;

use crate::entry::{Leaf, SignedEntry};
use crate::hash::LogId;
use crate::time::Timestamp;
use crate::tls::{DecodeError, Reader, TooLong, put_uint, put_vector};
use crate::x509::public_key::MAX_RSA_MODULUS_BITS;
use std::fmt;

/// `SignatureAlgorithm` (RFC 5246 §7.4.1.4.1), as far as a log may use it (RFC 6962 §2.1.4). Its hash is always SHA-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SignatureAlgorithm {
    /// RSASSA-PKCS1-v1_5; the signature is as long as the modulus.
    Rsa,
    /// ECDSA; the signature is a DER `SEQUENCE { r, s }`.
    Ecdsa,
}

impl SignatureAlgorithm {
    /// The number on the wire.
    pub const fn code(self) -> u8 {
        match self {
            SignatureAlgorithm::Rsa => 1,
            SignatureAlgorithm::Ecdsa => 3,
        }
    }

    /// The usual name.
    pub const fn name(self) -> &'static str {
        match self {
            SignatureAlgorithm::Rsa => "RSA",
            SignatureAlgorithm::Ecdsa => "ECDSA",
        }
    }

    /// Most bytes of a signature. RSA: a modulus of 8192 bits, the longest that is checked here. ECDSA: P-256 takes at most
    /// 72, which leaves no room for surprises, and some for other curves.
    pub const fn max_len(self) -> usize {
        match self {
            SignatureAlgorithm::Rsa => MAX_RSA_MODULUS_BITS / 8,
            SignatureAlgorithm::Ecdsa => 144,
        }
    }

    fn from_code(code: u64) -> Option<Self> {
        [Self::Rsa, Self::Ecdsa].into_iter().find(|algorithm| u64::from(algorithm.code()) == code)
    }
}

impl fmt::Display for SignatureAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// `DigitallySigned` (RFC 5246 §4.7) as a log makes it: SHA-256, and one of two algorithms. Our own signer knows ECDSA only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigitallySigned {
    algorithm: SignatureAlgorithm,
    signature: Vec<u8>,
}

const HASH_SHA256: u64 = 4;

impl DigitallySigned {
    /// Takes a DER-encoded ECDSA signature.
    pub fn ecdsa(signature: Vec<u8>) -> Result<Self, TooLong> {
        Self::new(SignatureAlgorithm::Ecdsa, signature)
    }

    /// Takes an RSASSA-PKCS1-v1_5 signature.
    pub fn rsa(signature: Vec<u8>) -> Result<Self, TooLong> {
        Self::new(SignatureAlgorithm::Rsa, signature)
    }

    fn new(algorithm: SignatureAlgorithm, signature: Vec<u8>) -> Result<Self, TooLong> {
        let (len, limit) = (signature.len(), algorithm.max_len());
        if len > limit {
            return Err(TooLong { field: "signature", len, limit });
        }
        Ok(Self { algorithm, signature })
    }

    /// What made the signature.
    pub const fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    /// The signature without its framing.
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// `hash ‖ signature algorithm ‖ V16(signature)`.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(4 + self.signature.len());
        put_uint(&mut out, 1, HASH_SHA256);
        put_uint(&mut out, 1, self.algorithm.code().into());
        put_uint(&mut out, 2, self.signature.len() as u64);
        out.extend_from_slice(&self.signature);
        out
    }

    /// Reads what [`DigitallySigned::encode`] wrote.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let hash = reader.uint("hash", 1)?;
        if hash != HASH_SHA256 {
            return Err(reader.refuse("hash", 1, hash));
        }
        let code = reader.uint("signature algorithm", 1)?;
        let Some(algorithm) = SignatureAlgorithm::from_code(code) else {
            return Err(reader.refuse("signature algorithm", 1, code));
        };
        let signature = reader.vector("signature", 2)?;
        if signature.is_empty() || signature.len() > algorithm.max_len() {
            return Err(DecodeError::Value {
                field: "signature length",
                at: 2,
                found: signature.len() as u64,
            });
        }
        reader.finish("DigitallySigned")?;
        Ok(Self { algorithm, signature: signature.to_vec() })
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
        let signature = DigitallySigned::decode(&bytes[at..]).map_err(|error| error.shifted(at))?;
        Ok(Self { log_id, timestamp, extensions, signature })
    }

    /// The leaf that this SCT promises for an entry: what its signature covers.
    pub fn leaf(&self, entry: SignedEntry) -> Leaf {
        Leaf { timestamp: self.timestamp, entry, extensions: self.extensions.clone() }
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

/// The SCTs of a `SignedCertificateTimestampList`, each as it is encoded: at least one, none empty, nothing behind. What is
/// in them is not looked at, for a list may have SCTs of a version yet to come (RFC 6962 §3.3).
pub fn parse_sct_list(bytes: &[u8]) -> Result<Vec<&[u8]>, DecodeError> {
    let mut reader = Reader::new(bytes);
    let mut list = Reader::new(nonempty(&mut reader, "sct_list", 0)?);
    reader.finish("sct_list")?;
    let mut scts = Vec::new();
    while !list.is_empty() {
        // The list's own length is before it.
        scts.push(nonempty(&mut list, "SerializedSCT", 2)?);
    }
    Ok(scts)
}

/// A vector of `1..2^16-1` bytes. `base` is the offset at which the reader began.
fn nonempty<'a>(reader: &mut Reader<'a>, field: &'static str, base: usize) -> Result<&'a [u8], DecodeError> {
    let at = base + reader.offset();
    match reader.vector(field, 2).map_err(|error| error.shifted(base))? {
        [] => Err(DecodeError::Value { field, at, found: 0 }),
        bytes => Ok(bytes),
    }
}
