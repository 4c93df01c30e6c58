//! Signature algorithms of certificates: which of them can be checked (RFC 4055, RFC 5480, RFC 8410).

use super::der::{INTEGER, OBJECT_ID, Reader, SEQUENCE, context};
use super::oid;
use super::signature::SignatureError;

/// A hash that signatures use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hash {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

/// A signature algorithm that can be checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
    RsaPkcs1(Hash),
    RsaPss { hash: Hash, salt_len: u16 },
    Ecdsa(Hash),
    Ed25519,
}

impl Algorithm {
    /// Reads the content of an AlgorithmIdentifier.
    pub(super) fn parse(content: &[u8]) -> Result<Self, SignatureError> {
        let mut reader = Reader::new(content);
        let kind = reader.element("algorithm", OBJECT_ID).map_err(SignatureError::Algorithm)?;
        // Parameters other than those of PSS say nothing, and old certificates have NULL or nothing as they like.
        Ok(match kind.value() {
            oid::RSA_SHA1 | oid::RSA_SHA1_OIW => Algorithm::RsaPkcs1(Hash::Sha1),
            oid::RSA_SHA256 => Algorithm::RsaPkcs1(Hash::Sha256),
            oid::RSA_SHA384 => Algorithm::RsaPkcs1(Hash::Sha384),
            oid::RSA_SHA512 => Algorithm::RsaPkcs1(Hash::Sha512),
            oid::RSA_PSS => parse_pss(&mut reader)?,
            oid::ECDSA_SHA1 => Algorithm::Ecdsa(Hash::Sha1),
            oid::ECDSA_SHA256 => Algorithm::Ecdsa(Hash::Sha256),
            oid::ECDSA_SHA384 => Algorithm::Ecdsa(Hash::Sha384),
            oid::ECDSA_SHA512 => Algorithm::Ecdsa(Hash::Sha512),
            oid::ED25519 => Algorithm::Ed25519,
            other => return Err(SignatureError::UnsupportedAlgorithm { algorithm: oid::dotted(other) }),
        })
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Algorithm::RsaPkcs1(_) => "RSA PKCS #1",
            Algorithm::RsaPss { .. } => "RSA-PSS",
            Algorithm::Ecdsa(Hash::Sha1) => "ECDSA and SHA-1",
            Algorithm::Ecdsa(Hash::Sha256) => "ECDSA and SHA-256",
            Algorithm::Ecdsa(Hash::Sha384) => "ECDSA and SHA-384",
            Algorithm::Ecdsa(Hash::Sha512) => "ECDSA and SHA-512",
            Algorithm::Ed25519 => "Ed25519",
        }
    }
}

pub(super) fn unsupported_pss(what: &str) -> SignatureError {
    SignatureError::UnsupportedAlgorithm { algorithm: format!("RSA-PSS with {what}") }
}

/// RSASSA-PSS-params (RFC 4055 §3.1). One hash must serve both message and mask; all defaults name SHA-1.
fn parse_pss(reader: &mut Reader<'_>) -> Result<Algorithm, SignatureError> {
    let fail = SignatureError::Algorithm;
    let parameters = reader.element("PSS parameters", SEQUENCE).map_err(fail)?;
    let mut fields = parameters.reader();
    let Some(hash_field) = fields.optional("hashAlgorithm", context(0)).map_err(fail)? else {
        return Err(unsupported_pss("SHA-1"));
    };
    let hash = read_hash(&mut hash_field.reader())?;
    let Some(mask_field) = fields.optional("maskGenAlgorithm", context(1)).map_err(fail)? else {
        return Err(unsupported_pss("a mask of SHA-1"));
    };
    let mut mask = mask_field.reader().element("maskGenAlgorithm", SEQUENCE).map_err(fail)?.reader();
    if mask.element("maskGenAlgorithm", OBJECT_ID).map_err(fail)?.value() != oid::MGF1 {
        return Err(unsupported_pss("another mask than MGF1"));
    }
    if read_hash(&mut mask)? != hash {
        return Err(unsupported_pss("two hashes"));
    }
    let salt_len = match read_integer(&mut fields, 2)? {
        None => 20,
        Some(len) => u16::try_from(len).map_err(|_| unsupported_pss("so long a salt"))?,
    };
    if read_integer(&mut fields, 3)?.is_some_and(|trailer| trailer != 1) {
        return Err(unsupported_pss("another trailer than BC"));
    }
    fields.finish("PSS parameters").map_err(fail)?;
    Ok(Algorithm::RsaPss { hash, salt_len })
}

fn read_hash(reader: &mut Reader<'_>) -> Result<Hash, SignatureError> {
    let algorithm = reader.element("hash", SEQUENCE).map_err(SignatureError::Algorithm)?;
    let kind = algorithm.reader().element("hash", OBJECT_ID).map_err(SignatureError::Algorithm)?;
    match kind.value() {
        oid::SHA256 => Ok(Hash::Sha256),
        oid::SHA384 => Ok(Hash::Sha384),
        oid::SHA512 => Ok(Hash::Sha512),
        other => Err(unsupported_pss(&format!("hash {}", oid::dotted(other)))),
    }
}

fn read_integer(fields: &mut Reader<'_>, number: u8) -> Result<Option<u32>, SignatureError> {
    let fail = SignatureError::Algorithm;
    let Some(field) = fields.optional("PSS parameters", context(number)).map_err(fail)? else {
        return Ok(None);
    };
    let integer = field.reader().element("PSS parameters", INTEGER).map_err(fail)?;
    match integer.value() {
        bytes @ [0..=0x7f, ..] if bytes.len() <= 4 => {
            Ok(Some(bytes.iter().fold(0, |value, byte| value << 8 | u32::from(*byte))))
        }
        _ => Err(fail(integer.refuse("PSS parameters"))),
    }
}
