//! Whether a certificate was signed with another's key.
//!
//! What a browser would no longer accept is accepted here where it can still be checked, SHA-1 above all: logs are watched
//! through a hierarchy that uses it. MD2, MD5 and DSA are not. ring checks what it is fastest or equal at, aws-lc-rs the rest;
//! both take keys as bytes, so that nothing is kept between two checks.

use super::algorithm::{Algorithm, Hash, unsupported_pss};
use super::certificate::Certificate;
use super::der::DerError;
use super::public_key::{Curve, MAX_RSA_EXPONENT_BITS, MAX_RSA_MODULUS_BITS, PublicKey};
use aws_lc_rs::signature as aws;
use ring::signature as ring_sig;

/// Why a certificate does not count as signed by another's key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// RFC 5280 §4.1.1.2: the algorithm beside the signature must be the one that is signed.
    #[error("signatureAlgorithm differs from the algorithm in the tbsCertificate")]
    AlgorithmsDiffer,
    /// The signature algorithm's encoding is broken.
    #[error("signatureAlgorithm: {0}")]
    Algorithm(DerError),
    /// The signature algorithm cannot be checked here.
    #[error("signature algorithm {algorithm} is not supported")]
    UnsupportedAlgorithm {
        /// The algorithm.
        algorithm: String,
    },
    /// The issuer's key is broken.
    #[error("issuer's key: {0}")]
    Key(DerError),
    /// The issuer's key is of a kind that cannot be used here.
    #[error("issuer's key: {algorithm} is not supported")]
    UnsupportedKey {
        /// Its kind.
        algorithm: String,
    },
    /// The issuer's key cannot make such signatures, or no library here checks the pair.
    #[error("a signature with {algorithm} cannot be checked with a key of kind {key}")]
    Mismatch {
        /// The signature algorithm.
        algorithm: &'static str,
        /// The kind of the key.
        key: &'static str,
    },
    /// The issuer's RSA modulus is too small or too large.
    #[error("issuer's key: RSA modulus of {bits} bits, the limits are {least} and {limit}", limit = MAX_RSA_MODULUS_BITS)]
    RsaModulus {
        /// Its length.
        bits: usize,
        /// The least length for this algorithm.
        least: usize,
    },
    /// The issuer's RSA exponent is too large.
    #[error("issuer's key: RSA exponent of {bits} bits, the limit is {limit}", limit = MAX_RSA_EXPONENT_BITS)]
    RsaExponent {
        /// Its length.
        bits: usize,
    },
    /// The signature is not one of this key over this certificate.
    #[error("the signature does not verify with the issuer's key")]
    Wrong,
}

/// Checks that `child` was signed with the key of `issuer`. Looks at nothing else: names, extensions and validity are the
/// caller's.
pub fn verify_issued(child: &Certificate, issuer: &Certificate) -> Result<(), SignatureError> {
    if child.inner_algorithm() != child.outer_algorithm() {
        return Err(SignatureError::AlgorithmsDiffer);
    }
    let algorithm = Algorithm::parse(child.outer_algorithm())?;
    let key = PublicKey::parse(issuer.spki())?;
    let (message, signature) = (child.tbs(), child.signature());
    match (algorithm, key) {
        (Algorithm::RsaPkcs1(hash), PublicKey::Rsa { modulus, bits, exponent, pss_only: false }) => {
            verify_pkcs1(hash, bits, (modulus, exponent), message, signature)
        }
        (Algorithm::RsaPss { hash, salt_len }, PublicKey::Rsa { modulus, bits, exponent, .. }) => {
            let parameters =
                pss_parameters(hash, bits)?.with_pss_salt_length(aws::RsaPssSaltLength::Custom(salt_len));
            let key = aws::RsaPublicKeyComponents { n: modulus, e: exponent };
            key.verify(&parameters, message, signature).map_err(|_| SignatureError::Wrong)
        }
        (Algorithm::Ecdsa(hash), PublicKey::Ec { curve, point }) => {
            verify_ecdsa(hash, curve, point, message, signature)
        }
        (Algorithm::Ed25519, PublicKey::Ed25519 { point }) => {
            check_ring(&ring_sig::ED25519, point, message, signature)
        }
        (algorithm, key) => Err(SignatureError::Mismatch { algorithm: algorithm.name(), key: key.kind() }),
    }
}

fn check_ring(
    algorithm: &'static dyn ring_sig::VerificationAlgorithm,
    key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), SignatureError> {
    ring_sig::UnparsedPublicKey::new(algorithm, key)
        .verify(message, signature)
        .map_err(|_| SignatureError::Wrong)
}

fn verify_pkcs1(
    hash: Hash,
    bits: usize,
    (n, e): (&[u8], &[u8]),
    message: &[u8],
    signature: &[u8],
) -> Result<(), SignatureError> {
    let by_ring = |parameters| {
        let key = ring_sig::RsaPublicKeyComponents { n, e };
        key.verify(parameters, message, signature).map_err(|_| SignatureError::Wrong)
    };
    let by_aws = |parameters| {
        let key = aws::RsaPublicKeyComponents { n, e };
        key.verify(parameters, message, signature).map_err(|_| SignatureError::Wrong)
    };
    match (hash, bits) {
        (Hash::Sha256, 2048..) => by_ring(&ring_sig::RSA_PKCS1_2048_8192_SHA256),
        (Hash::Sha384, 2048..) => by_ring(&ring_sig::RSA_PKCS1_2048_8192_SHA384),
        (Hash::Sha512, 2048..) => by_ring(&ring_sig::RSA_PKCS1_2048_8192_SHA512),
        (Hash::Sha1, _) => by_aws(&aws::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY),
        (Hash::Sha256, _) => by_aws(&aws::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY),
        (Hash::Sha512, _) => by_aws(&aws::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY),
        (Hash::Sha384, _) => Err(SignatureError::RsaModulus { bits, least: 2048 }),
    }
}

fn pss_parameters(hash: Hash, bits: usize) -> Result<aws::RsaParameters, SignatureError> {
    if bits < 2048 {
        return Err(SignatureError::RsaModulus { bits, least: 2048 });
    }
    match hash {
        Hash::Sha256 => Ok(aws::RSA_PSS_2048_8192_SHA256),
        Hash::Sha384 => Ok(aws::RSA_PSS_2048_8192_SHA384),
        Hash::Sha512 => Ok(aws::RSA_PSS_2048_8192_SHA512),
        Hash::Sha1 => Err(unsupported_pss("SHA-1")),
    }
}

fn verify_ecdsa(
    hash: Hash,
    curve: Curve,
    point: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), SignatureError> {
    /// First byte of a point that gives both coordinates, the only form that ring reads.
    const UNCOMPRESSED: u8 = 4;
    let aws_algorithm = match (curve, hash) {
        (Curve::P256, Hash::Sha256) if point.first() == Some(&UNCOMPRESSED) => {
            return check_ring(&ring_sig::ECDSA_P256_SHA256_ASN1, point, message, signature);
        }
        (Curve::P256, Hash::Sha1) => &aws::ECDSA_P256_SHA1_ASN1,
        (Curve::P256, Hash::Sha256) => &aws::ECDSA_P256_SHA256_ASN1,
        (Curve::P256, Hash::Sha384) => &aws::ECDSA_P256_SHA384_ASN1,
        (Curve::P256, Hash::Sha512) => &aws::ECDSA_P256_SHA512_ASN1,
        (Curve::P384, Hash::Sha256) => &aws::ECDSA_P384_SHA256_ASN1,
        (Curve::P384, Hash::Sha384) => &aws::ECDSA_P384_SHA384_ASN1,
        (Curve::P384, Hash::Sha512) => &aws::ECDSA_P384_SHA512_ASN1,
        (Curve::P521, Hash::Sha1) => &aws::ECDSA_P521_SHA1_ASN1,
        (Curve::P521, Hash::Sha256) => &aws::ECDSA_P521_SHA256_ASN1,
        (Curve::P521, Hash::Sha384) => &aws::ECDSA_P521_SHA384_ASN1,
        (Curve::P521, Hash::Sha512) => &aws::ECDSA_P521_SHA512_ASN1,
        (Curve::P384, Hash::Sha1) => {
            return Err(SignatureError::Mismatch {
                algorithm: Algorithm::Ecdsa(hash).name(),
                key: curve.name(),
            });
        }
    };
    aws::UnparsedPublicKey::new(aws_algorithm, point)
        .verify(message, signature)
        .map_err(|_| SignatureError::Wrong)
}
