//! Public keys, signature algorithms, and whether a signature holds.

use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
use rsa::{BoxedUint, Pkcs1v15Sign, RsaPublicKey};
use sha1::Sha1;
use sha2::{Digest as _, Sha256, Sha384};

use super::oids;
use super::parse::ParsedCertificate;
use crate::der::{self, Reader, tag};
use crate::error::{JudgeError, Result};

/// The signature algorithms in the judge's chains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureAlgorithm {
    /// ecdsa-with-SHA256.
    EcdsaSha256,
    /// ecdsa-with-SHA384.
    EcdsaSha384,
    /// sha1WithRSAEncryption, as Chrome's Merge Delay Monitor uses it to this day.
    RsaSha1,
    /// sha256WithRSAEncryption.
    RsaSha256,
    /// Ed25519 (RFC 8410).
    Ed25519,
}

impl SignatureAlgorithm {
    const ALL: [Self; 5] =
        [Self::EcdsaSha256, Self::EcdsaSha384, Self::RsaSha1, Self::RsaSha256, Self::Ed25519];

    /// The AlgorithmIdentifier; RSA has NULL parameters, the others none.
    pub fn identifier(self) -> Vec<u8> {
        match self {
            Self::EcdsaSha256 => der::sequence(&[der::oid(oids::ECDSA_WITH_SHA256)]),
            Self::EcdsaSha384 => der::sequence(&[der::oid(oids::ECDSA_WITH_SHA384)]),
            Self::RsaSha1 => der::sequence(&[der::oid(oids::SHA1_WITH_RSA), der::null()]),
            Self::RsaSha256 => der::sequence(&[der::oid(oids::SHA256_WITH_RSA), der::null()]),
            Self::Ed25519 => der::sequence(&[der::oid(oids::ED25519)]),
        }
    }

    /// Recognises an AlgorithmIdentifier.
    pub fn from_identifier(identifier: &[u8]) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|algorithm| algorithm.identifier() == identifier);
        found.ok_or_else(|| {
            JudgeError::wrong("AlgorithmIdentifier", "one the judge knows", crate::error::shown(identifier))
        })
    }
}

/// A public key of a kind the judge knows.
#[derive(Clone, Debug)]
pub enum PublicKey {
    /// ECDSA on NIST P-256.
    P256(p256::ecdsa::VerifyingKey),
    /// ECDSA on NIST P-384.
    P384(p384::ecdsa::VerifyingKey),
    /// RSA.
    Rsa(RsaPublicKey),
    /// Ed25519.
    Ed25519(ed25519_dalek::VerifyingKey),
}

impl PublicKey {
    /// Reads a SubjectPublicKeyInfo.
    pub fn from_spki(spki: &[u8]) -> Result<Self> {
        let mut outer = Reader::new(spki);
        let mut parts = outer.sequence("SubjectPublicKeyInfo")?;
        outer.finish("SubjectPublicKeyInfo")?;
        let mut algorithm = parts.sequence("key algorithm")?;
        let kind = algorithm.expect(tag::OID, "key algorithm OID")?.content;
        let parameters = if algorithm.is_empty() { &[][..] } else { algorithm.any("parameters")?.content };
        let bits = parts.expect(tag::BIT_STRING, "subjectPublicKey")?.content.get(1..).unwrap_or_default();
        let bad = || JudgeError::wrong("subjectPublicKey", "a valid public key", crate::error::shown(bits));
        match (kind, parameters) {
            (oids::EC_PUBLIC_KEY, oids::SECP256R1) => {
                p256::ecdsa::VerifyingKey::from_sec1_bytes(bits).map(Self::P256).map_err(|_| bad())
            }
            (oids::EC_PUBLIC_KEY, oids::SECP384R1) => {
                p384::ecdsa::VerifyingKey::from_sec1_bytes(bits).map(Self::P384).map_err(|_| bad())
            }
            (oids::RSA_ENCRYPTION, _) => {
                let mut numbers = Reader::new(bits).sequence("RSAPublicKey")?;
                let modulus = numbers.expect(tag::INTEGER, "modulus")?.content;
                let exponent = numbers.expect(tag::INTEGER, "publicExponent")?.content;
                RsaPublicKey::new(unsigned(modulus), unsigned(exponent)).map(Self::Rsa).map_err(|_| bad())
            }
            (oids::ED25519, _) => {
                let bits: &[u8; 32] = bits.try_into().map_err(|_| bad())?;
                ed25519_dalek::VerifyingKey::from_bytes(bits).map(Self::Ed25519).map_err(|_| bad())
            }
            _ => Err(JudgeError::wrong("public key algorithm", "P-256, P-384, RSA or Ed25519", "another")),
        }
    }

    /// Whether `signature` over `message` is by this key.
    pub fn verify(&self, algorithm: SignatureAlgorithm, message: &[u8], signature: &[u8]) -> Result<()> {
        use SignatureAlgorithm as A;
        let holds = match (self, algorithm) {
            (Self::P256(key), A::EcdsaSha256) => verify_p256(key, &Sha256::digest(message), signature),
            (Self::P256(key), A::EcdsaSha384) => verify_p256(key, &Sha384::digest(message), signature),
            (Self::P384(key), A::EcdsaSha256) => verify_p384(key, &Sha256::digest(message), signature),
            (Self::P384(key), A::EcdsaSha384) => verify_p384(key, &Sha384::digest(message), signature),
            (Self::Rsa(key), A::RsaSha1) => {
                key.verify(Pkcs1v15Sign::new::<Sha1>(), &Sha1::digest(message), signature).is_ok()
            }
            (Self::Rsa(key), A::RsaSha256) => {
                key.verify(Pkcs1v15Sign::new::<Sha256>(), &Sha256::digest(message), signature).is_ok()
            }
            (Self::Ed25519(key), A::Ed25519) => ed25519_dalek::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify(message, &signature).is_ok()),
            _ => {
                return Err(JudgeError::wrong(
                    "signature algorithm",
                    "one that fits the key",
                    format!("{algorithm:?}"),
                ));
            }
        };
        if holds { Ok(()) } else { Err(JudgeError::wrong("signature", "valid", "invalid")) }
    }
}

fn verify_p256(key: &p256::ecdsa::VerifyingKey, digest: &[u8], signature: &[u8]) -> bool {
    p256::ecdsa::Signature::from_der(signature)
        .is_ok_and(|signature| key.verify_prehash(digest, &signature).is_ok())
}

fn verify_p384(key: &p384::ecdsa::VerifyingKey, digest: &[u8], signature: &[u8]) -> bool {
    p384::ecdsa::Signature::from_der(signature)
        .is_ok_and(|signature| key.verify_prehash(digest, &signature).is_ok())
}

pub(super) fn unsigned(bytes: &[u8]) -> BoxedUint {
    let skip = bytes.iter().take_while(|byte| **byte == 0).count();
    BoxedUint::from_be_slice_vartime(&bytes[skip..])
}

/// The SubjectPublicKeyInfo of a certificate.
pub fn spki_of(certificate: &[u8]) -> Result<Vec<u8>> {
    Ok(ParsedCertificate::parse(certificate)?.tbs.spki.to_vec())
}

impl ParsedCertificate<'_> {
    /// Whether the key in `issuer` made this certificate's signature. Names are not compared here.
    pub fn verify_signed_by(&self, issuer: &ParsedCertificate<'_>) -> Result<()> {
        let algorithm = SignatureAlgorithm::from_identifier(self.signature_algorithm)?;
        PublicKey::from_spki(issuer.tbs.spki)?.verify(algorithm, self.tbs_raw, self.signature)
    }
}
