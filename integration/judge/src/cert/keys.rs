//! Key pairs of test certificates.

use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::signature::hazmat::PrehashSigner as _;
use p256::pkcs8::DecodePrivateKey as _;
use rsa::pkcs1::DecodeRsaPrivateKey as _;
use rsa::traits::PublicKeyParts as _;
use rsa::{BoxedUint, Pkcs1v15Sign, RsaPrivateKey};
use sha1::Sha1;
use sha2::{Digest as _, Sha256, Sha384};

use super::oids;
use super::verify::{SignatureAlgorithm, unsigned};
use crate::der;
use crate::error::{JudgeError, Result};

/// Which keys the judge can make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// NIST P-256.
    P256,
    /// NIST P-384.
    P384,
    /// RSA-2048 for leaves.
    RsaLeaf,
    /// RSA-2048 for authorities.
    RsaAuthority,
    /// Ed25519.
    Ed25519,
}

/// A private key with its public half.
#[derive(Clone)]
pub enum KeyPair {
    /// NIST P-256.
    P256(p256::ecdsa::SigningKey),
    /// NIST P-384.
    P384(p384::ecdsa::SigningKey),
    /// RSA.
    Rsa(Box<RsaPrivateKey>),
    /// Ed25519.
    Ed25519(Box<ed25519_dalek::SigningKey>),
}

impl KeyPair {
    /// A new key; RSA keys are always the same two, see `primes` below.
    pub fn generate(kind: KeyKind) -> Result<Self> {
        Ok(match kind {
            KeyKind::P256 => {
                Self::P256(retry(|| p256::ecdsa::SigningKey::from_slice(&random::<32>()?).map_err(weak))?)
            }
            KeyKind::P384 => {
                Self::P384(retry(|| p384::ecdsa::SigningKey::from_slice(&random::<48>()?).map_err(weak))?)
            }
            KeyKind::RsaLeaf => Self::Rsa(Box::new(fixed_rsa(primes::LEAF)?)),
            KeyKind::RsaAuthority => Self::Rsa(Box::new(fixed_rsa(primes::AUTHORITY)?)),
            KeyKind::Ed25519 => Self::Ed25519(Box::new(ed25519_dalek::SigningKey::from_bytes(&random()?))),
        })
    }

    /// Reads an unencrypted PEM key: PKCS#8 of any kind above but Ed25519, or PKCS#1 RSA.
    pub fn from_pem(pem: &str) -> Result<Self> {
        if let Ok(key) = p256::ecdsa::SigningKey::from_pkcs8_pem(pem) {
            return Ok(Self::P256(key));
        }
        if let Ok(key) = p384::ecdsa::SigningKey::from_pkcs8_pem(pem) {
            return Ok(Self::P384(key));
        }
        if let Ok(key) = RsaPrivateKey::from_pkcs8_pem(pem).or_else(|_| RsaPrivateKey::from_pkcs1_pem(pem)) {
            return Ok(Self::Rsa(Box::new(key)));
        }
        let label = pem.lines().find(|line| line.starts_with("-----BEGIN")).unwrap_or("no PEM block");
        Err(JudgeError::setup("test_ca_key", "PKCS#8 PEM of a P-256, P-384 or RSA key", label))
    }

    /// The algorithm this key signs with unless a check wants another.
    pub fn usual_algorithm(&self) -> SignatureAlgorithm {
        match self {
            Self::P256(_) => SignatureAlgorithm::EcdsaSha256,
            Self::P384(_) => SignatureAlgorithm::EcdsaSha384,
            Self::Rsa(_) => SignatureAlgorithm::RsaSha256,
            Self::Ed25519(_) => SignatureAlgorithm::Ed25519,
        }
    }

    /// The SubjectPublicKeyInfo.
    pub fn spki(&self) -> Vec<u8> {
        let info = |kind, parameters: Vec<u8>, bits: &[u8]| {
            der::sequence(&[der::sequence(&[der::oid(kind), parameters]), der::bit_string(bits)])
        };
        match self {
            Self::P256(key) => {
                let point = key.verifying_key().to_sec1_point(false);
                info(oids::EC_PUBLIC_KEY, der::oid(oids::SECP256R1), point.as_bytes())
            }
            Self::P384(key) => {
                let point = key.verifying_key().to_sec1_point(false);
                info(oids::EC_PUBLIC_KEY, der::oid(oids::SECP384R1), point.as_bytes())
            }
            Self::Rsa(key) => {
                let (modulus, exponent) = (key.n().to_be_bytes(), key.e().to_be_bytes());
                let numbers = der::sequence(&[der::unsigned(&modulus), der::unsigned(&exponent)]);
                info(oids::RSA_ENCRYPTION, der::null(), &numbers)
            }
            Self::Ed25519(key) => info(oids::ED25519, Vec::new(), key.verifying_key().as_bytes()),
        }
    }

    /// Signs `message`.
    pub fn sign(&self, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>> {
        use SignatureAlgorithm as A;
        let failed = |_| JudgeError::setup("signing key", "a signature", "an error from the signer");
        Ok(match (self, algorithm) {
            (Self::P256(key), A::EcdsaSha256) => {
                let signature: p256::ecdsa::Signature =
                    key.sign_prehash(&Sha256::digest(message)).map_err(failed)?;
                signature.to_der().as_bytes().to_vec()
            }
            (Self::P384(key), A::EcdsaSha384) => {
                let signature: p384::ecdsa::Signature =
                    key.sign_prehash(&Sha384::digest(message)).map_err(failed)?;
                signature.to_der().as_bytes().to_vec()
            }
            (Self::Rsa(key), A::RsaSha1) => {
                key.sign(Pkcs1v15Sign::new::<Sha1>(), &Sha1::digest(message)).map_err(rsa_failed)?
            }
            (Self::Rsa(key), A::RsaSha256) => {
                key.sign(Pkcs1v15Sign::new::<Sha256>(), &Sha256::digest(message)).map_err(rsa_failed)?
            }
            (Self::Ed25519(key), A::Ed25519) => key.sign(message).to_bytes().to_vec(),
            _ => {
                return Err(JudgeError::setup(
                    "signature algorithm",
                    "one that fits the key",
                    format!("{algorithm:?}"),
                ));
            }
        })
    }
}

/// Sixteen bytes nobody can predict.
pub fn random_bytes() -> Result<[u8; 16]> {
    random()
}

fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| JudgeError::setup("random bytes", "some", error))?;
    Ok(bytes)
}

/// A random scalar is out of range once in 2^32 or less often; four attempts are more than enough.
fn retry<T>(attempt: impl Fn() -> Result<T>) -> Result<T> {
    attempt().or_else(|_| attempt()).or_else(|_| attempt()).or_else(|_| attempt())
}

fn weak(error: p256::ecdsa::Error) -> JudgeError {
    JudgeError::setup("random scalar", "within the group order", error)
}

fn rsa_failed(error: rsa::Error) -> JudgeError {
    JudgeError::setup("signing key", "a signature", error)
}

fn fixed_rsa((p, q): (&str, &str)) -> Result<RsaPrivateKey> {
    let number = |hex: &str| -> BoxedUint {
        let digits: Vec<u8> =
            hex.bytes().filter_map(|digit| char::from(digit).to_digit(16)).map(|d| d as u8).collect();
        unsigned(
            &digits
                .chunks(2)
                .map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit))
                .collect::<Vec<_>>(),
        )
    };
    RsaPrivateKey::from_p_q(number(p), number(q), BoxedUint::from(65_537u64)).map_err(rsa_failed)
}

/// The prime factors of the two RSA-2048 keys. They are public and fixed because finding new ones takes seconds,
/// and nothing depends on these keys being secret: they only ever stand in test certificates.
mod primes {
    pub(super) const LEAF: (&str, &str) = (
        "e1b8fb84c50be60e65a3b2b35dbb7d0ee3a59328bb5422b29b77670a1dd4680c7ba448fcdd3748750473543d4c6261d6\
         bb3767fc703e273212b4898404f2d4afd3ac2aed7b26c30447a47604f8813bc8afc885fed004f3cf503f576354f6bbf1\
         989ba1ddf99dd4c0b112fd8d61322f316ecf227edeb86683e624fdb74d242f3b",
        "c4f5b441b07fd5572e7cf68edb66bb4099ea19165ab7d14dfe2c5fb42c61282deb567af75658da4d35c6b20d1debc776\
         85553a4b44cb6010e85badb05b2c4a6b97db6b3e4b5a5b7685690d3a1a7a04cf4857cb7b07864367e4d73f1e407dcce6\
         6e186881a7771e2e8355d39edb4af53974ae97c5a0cc36085c5a10694aee44ab",
    );
    pub(super) const AUTHORITY: (&str, &str) = (
        "dbc4fa3c25e14477f951d479ab5c0c7a5ad9fde33f4cbfc92dd60f3983f34b25e95f702111ddf0bfe71fa0e233fdd3fa\
         cf97054d3f73259c18a59f0815f73a237e61a895dbfac47f0044ac4327f0b841c8d54267c022e44813c3c6b36a5d654f\
         b3345035f8d8cecb19f07ff9fe5d8d7dad478913e3d21a6721bd2201f52463fd",
        "c23fc7613d8d7d3a2ca64eb53c90a67ef3d4ddde5a2e91f081918790a800908869907afe71a357c5ea8395ef906fa086\
         9272644da35e6da39330ba7939bdc7bdf31a75d178ed77e621632e1c60f502dc9d079b8ff4fa389cb6aa20d6f66f9ad1\
         83a4fc041b477462eae7ffee4963e212fc299616ed34add62e07b56d67e2cdd5",
    );
}
