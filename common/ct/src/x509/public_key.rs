//! SubjectPublicKeyInfo of an issuer (RFC 5280 §4.1.2.7), as far as its key can check signatures here.

use super::der::{BIT_STRING, DerError, Element, INTEGER, OBJECT_ID, Reader, SEQUENCE};
use super::oid;
use super::signature::SignatureError;

/// Most bits of an RSA modulus: a check at this size takes about half a millisecond.
pub const MAX_RSA_MODULUS_BITS: usize = 8192;
/// Fewest bits of an RSA modulus that the libraries take; old test hierarchies still have such keys.
pub const MIN_RSA_MODULUS_BITS: usize = 1024;
/// Most bits of an RSA exponent: the cost of a check grows with each.
pub const MAX_RSA_EXPONENT_BITS: usize = 33;

/// A curve that keys may be on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Curve {
    /// secp256r1.
    P256,
    /// secp384r1.
    P384,
    /// secp521r1.
    P521,
}

impl Curve {
    /// Its usual name.
    pub const fn name(self) -> &'static str {
        match self {
            Curve::P256 => "P-256",
            Curve::P384 => "P-384",
            Curve::P521 => "P-521",
        }
    }
}

/// A key that can check signatures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublicKey<'a> {
    /// RSA: big-endian, no leading zeros, sizes within the bounds above.
    Rsa {
        /// The modulus.
        modulus: &'a [u8],
        /// Its length in bits.
        bits: usize,
        /// The public exponent.
        exponent: &'a [u8],
        /// Whether the key is for PSS only.
        pss_only: bool,
    },
    /// A point on a curve (SEC 1 §2.3.3).
    Ec {
        /// The curve.
        curve: Curve,
        /// The point.
        point: &'a [u8],
    },
    /// Ed25519.
    Ed25519 {
        /// The encoded point.
        point: &'a [u8],
    },
}

impl<'a> PublicKey<'a> {
    /// Reads a SubjectPublicKeyInfo.
    pub fn parse(spki: &'a [u8]) -> Result<Self, SignatureError> {
        let (algorithm, key) = split(spki).map_err(SignatureError::Key)?;
        let mut parameters = algorithm.reader();
        let kind = parameters.element("key algorithm", OBJECT_ID).map_err(SignatureError::Key)?;
        match kind.value() {
            oid::RSA => rsa(&key, false),
            oid::RSA_PSS => rsa(&key, true),
            oid::EC => {
                let curve = curve(&mut parameters)?;
                Ok(PublicKey::Ec { curve, point: key.bytes })
            }
            oid::ED25519 => Ok(PublicKey::Ed25519 { point: key.bytes }),
            other => Err(SignatureError::UnsupportedKey { algorithm: oid::dotted(other) }),
        }
    }

    /// What kind of key it is, for messages.
    pub const fn kind(&self) -> &'static str {
        match self {
            PublicKey::Rsa { pss_only: false, .. } => "RSA",
            PublicKey::Rsa { pss_only: true, .. } => "RSA-PSS",
            PublicKey::Ec { curve, .. } => curve.name(),
            PublicKey::Ed25519 { .. } => "Ed25519",
        }
    }
}

/// The content of the BIT STRING.
struct KeyBits<'a> {
    bytes: &'a [u8],
}

fn split(spki: &[u8]) -> Result<(Element<'_>, KeyBits<'_>), DerError> {
    let mut document = Reader::new(spki);
    let mut reader = document.element("subjectPublicKeyInfo", SEQUENCE)?.reader();
    let algorithm = reader.element("key algorithm", SEQUENCE)?;
    let bits = reader.element("subjectPublicKey", BIT_STRING)?;
    reader.finish("subjectPublicKeyInfo")?;
    match bits.value() {
        [0, bytes @ ..] => Ok((algorithm, KeyBits { bytes })),
        _ => Err(bits.refuse("subjectPublicKey")),
    }
}

fn curve(parameters: &mut Reader<'_>) -> Result<Curve, SignatureError> {
    let named = parameters.any("key parameters").map_err(SignatureError::Key)?;
    match (named.tag, named.value()) {
        (OBJECT_ID, oid::P256) => Ok(Curve::P256),
        (OBJECT_ID, oid::P384) => Ok(Curve::P384),
        (OBJECT_ID, oid::P521) => Ok(Curve::P521),
        (OBJECT_ID, other) => {
            Err(SignatureError::UnsupportedKey { algorithm: format!("curve {}", oid::dotted(other)) })
        }
        _ => Err(SignatureError::UnsupportedKey { algorithm: "explicit curve parameters".to_owned() }),
    }
}

fn rsa<'a>(key: &KeyBits<'a>, pss_only: bool) -> Result<PublicKey<'a>, SignatureError> {
    let (modulus, exponent) = rsa_integers(key.bytes).map_err(SignatureError::Key)?;
    let bits = bit_len(modulus);
    if !(MIN_RSA_MODULUS_BITS..=MAX_RSA_MODULUS_BITS).contains(&bits) {
        return Err(SignatureError::RsaModulus { bits, least: MIN_RSA_MODULUS_BITS });
    }
    let exponent_bits = bit_len(exponent);
    if exponent_bits > MAX_RSA_EXPONENT_BITS {
        return Err(SignatureError::RsaExponent { bits: exponent_bits });
    }
    Ok(PublicKey::Rsa { modulus, bits, exponent, pss_only })
}

fn rsa_integers(bytes: &[u8]) -> Result<(&[u8], &[u8]), DerError> {
    let mut document = Reader::new(bytes);
    let mut reader = document.element("RSAPublicKey", SEQUENCE)?.reader();
    document.finish("RSAPublicKey")?;
    let modulus = positive(&reader.element("modulus", INTEGER)?, "modulus")?;
    let exponent = positive(&reader.element("publicExponent", INTEGER)?, "publicExponent")?;
    reader.finish("RSAPublicKey")?;
    Ok((modulus, exponent))
}

/// The bytes of an integer above zero, without leading zeros.
fn positive<'a>(integer: &Element<'a>, field: &'static str) -> Result<&'a [u8], DerError> {
    let bytes = integer.value();
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    match bytes.first() {
        Some(first) if first & 0x80 == 0 && zeros < bytes.len() => Ok(&bytes[zeros..]),
        _ => Err(integer.refuse(field)),
    }
}

fn bit_len(bytes: &[u8]) -> usize {
    bytes.first().map_or(0, |first| bytes.len() * 8 - first.leading_zeros() as usize)
}
