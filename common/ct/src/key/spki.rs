//! Which keys a log may have (RFC 6962 §2.1.4), and reading them.

use crate::sct::SignatureAlgorithm;
use crate::x509::SignatureError;
use crate::x509::der::{BIT_STRING, DerError, INTEGER, NULL, OBJECT_ID, SEQUENCE, wrap};
use crate::x509::oid;
use crate::x509::public_key::{Curve, MAX_RSA_EXPONENT_BITS, MAX_RSA_MODULUS_BITS, PublicKey};
use p256::pkcs8::EncodePublicKey as _;
use std::fmt;

/// Fewest bits of a log's RSA modulus (RFC 6962 §2.1.4).
pub const MIN_LOG_RSA_BITS: usize = 2048;

/// Why a key cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not a P-256 private key in PKCS#8.
    #[error("not a P-256 private key in PKCS#8 PEM: {0}")]
    Private(String),
    /// Not a SubjectPublicKeyInfo.
    #[error("not a DER SubjectPublicKeyInfo: {0}")]
    Der(DerError),
    /// A key of a kind that no log may have.
    #[error("a key of kind {algorithm}; a log's key is P-256 or RSA")]
    Unsupported {
        /// Its kind.
        algorithm: String,
    },
    /// The RSA modulus is too small or too large.
    #[error("RSA modulus of {bits} bits, the limits are {MIN_LOG_RSA_BITS} and {MAX_RSA_MODULUS_BITS}")]
    RsaModulus {
        /// Its length.
        bits: usize,
    },
    /// The RSA exponent is too large.
    #[error("RSA exponent of {bits} bits, the limit is {MAX_RSA_EXPONENT_BITS}")]
    RsaExponent {
        /// Its length.
        bits: usize,
    },
    /// A number that cannot be this part of an RSA key.
    #[error("RSA {field}: an even number or 1, which makes no key")]
    RsaNumber {
        /// `modulus` or `exponent`.
        field: &'static str,
    },
    /// The coordinates are not those of a point of P-256.
    #[error("P-256 key of {len} bytes that are no point of the curve")]
    Point {
        /// Bytes found.
        len: usize,
    },
    /// The key is good, but its encoding is not the one that everybody makes. The log's ID is a hash of these bytes.
    #[error("an unusual encoding of a key of kind {algorithm}")]
    Encoding {
        /// Its kind.
        algorithm: KeyAlgorithm,
    },
}

/// The kind of a log's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyAlgorithm {
    /// ECDSA on P-256: what our own logs have.
    P256,
    /// RSASSA-PKCS1-v1_5.
    Rsa {
        /// Length of the modulus.
        bits: usize,
    },
}

impl KeyAlgorithm {
    /// The only signatures that such a key makes.
    pub const fn signature(self) -> SignatureAlgorithm {
        match self {
            KeyAlgorithm::P256 => SignatureAlgorithm::Ecdsa,
            KeyAlgorithm::Rsa { .. } => SignatureAlgorithm::Rsa,
        }
    }
}

impl fmt::Display for KeyAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeyAlgorithm::P256 => f.write_str("P-256"),
            KeyAlgorithm::Rsa { bits } => write!(f, "RSA with {bits} bits"),
        }
    }
}

/// The numbers of a key, as the library that verifies wants them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Numbers {
    /// An uncompressed point.
    P256 { point: Vec<u8> },
    /// Big-endian, no leading zeros.
    Rsa { modulus: Vec<u8>, bits: usize, exponent: Vec<u8> },
}

impl Numbers {
    pub(super) const fn algorithm(&self) -> KeyAlgorithm {
        match self {
            Numbers::P256 { .. } => KeyAlgorithm::P256,
            Numbers::Rsa { bits, .. } => KeyAlgorithm::Rsa { bits: *bits },
        }
    }
}

/// Reads the one usual encoding of a key.
pub(super) fn read(spki: &[u8]) -> Result<Numbers, KeyError> {
    let (numbers, usual) = match PublicKey::parse(spki).map_err(refused)? {
        PublicKey::Ec { curve: Curve::P256, point } => p256(point)?,
        PublicKey::Rsa { modulus, bits, exponent, pss_only: false } => rsa(modulus, bits, exponent)?,
        other => return Err(KeyError::Unsupported { algorithm: other.kind().to_owned() }),
    };
    if usual != spki {
        return Err(KeyError::Encoding { algorithm: numbers.algorithm() });
    }
    Ok(numbers)
}

fn refused(error: SignatureError) -> KeyError {
    match error {
        SignatureError::Key(error) => KeyError::Der(error),
        SignatureError::UnsupportedKey { algorithm } => KeyError::Unsupported { algorithm },
        SignatureError::RsaModulus { bits, .. } => KeyError::RsaModulus { bits },
        SignatureError::RsaExponent { bits } => KeyError::RsaExponent { bits },
        // Of a signature, and there is none here.
        SignatureError::AlgorithmsDiffer
        | SignatureError::Algorithm(_)
        | SignatureError::UnsupportedAlgorithm { .. }
        | SignatureError::Mismatch { .. }
        | SignatureError::Wrong => KeyError::Unsupported { algorithm: error.to_string() },
    }
}

fn p256(point: &[u8]) -> Result<(Numbers, Vec<u8>), KeyError> {
    let key = p256::PublicKey::from_sec1_bytes(point).map_err(|_| KeyError::Point { len: point.len() })?;
    Ok((p256_numbers(&key), p256_spki(&key)))
}

pub(super) fn p256_numbers(key: &p256::PublicKey) -> Numbers {
    Numbers::P256 { point: key.to_sec1_bytes().to_vec() }
}

pub(super) fn p256_spki(key: &p256::PublicKey) -> Vec<u8> {
    // A P-256 point always encodes.
    key.to_public_key_der().expect("a P-256 key has a DER form").into_vec()
}

fn rsa(modulus: &[u8], bits: usize, exponent: &[u8]) -> Result<(Numbers, Vec<u8>), KeyError> {
    if bits < MIN_LOG_RSA_BITS {
        return Err(KeyError::RsaModulus { bits });
    }
    for (field, number) in [("modulus", modulus), ("exponent", exponent)] {
        if number == [1] || number.last().is_none_or(|byte| byte & 1 == 0) {
            return Err(KeyError::RsaNumber { field });
        }
    }
    let numbers = Numbers::Rsa { modulus: modulus.to_vec(), bits, exponent: exponent.to_vec() };
    Ok((numbers, rsa_spki(modulus, exponent)))
}

/// RFC 3279 §2.3.1, in DER.
fn rsa_spki(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    let key = wrap(SEQUENCE, &[&unsigned(modulus), &unsigned(exponent)]);
    let algorithm = wrap(SEQUENCE, &[&wrap(OBJECT_ID, &[oid::RSA]), &wrap(NULL, &[])]);
    wrap(SEQUENCE, &[&algorithm, &wrap(BIT_STRING, &[&[0], &key])])
}

/// An INTEGER above zero, of bytes without leading zeros.
fn unsigned(bytes: &[u8]) -> Vec<u8> {
    let sign: &[u8] = if bytes.first().is_some_and(|first| first & 0x80 != 0) { &[0] } else { &[] };
    wrap(INTEGER, &[sign, bytes])
}
