//! A node's own key and certificate. One Ed25519 seed speaks TLS and signs statements of the cluster; the certificate
//! only carries the public key into the handshake.

use crate::entropy::{Entropy, random_from};
use ct::node_key::{NodeKey, NodeSigningKey};
use rcgen::{CertificateParams, DnType, KeyPair, PKCS_ED25519};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use std::fmt;

/// An Ed25519 key of RFC 8410 without its public half: everything in front of the 32 secret bytes.
const PKCS8_PREFIX: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// An Ed25519 SubjectPublicKeyInfo of RFC 8410: everything in front of the 32 public bytes.
const SPKI_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// Why key and certificate are not a node's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CredentialsError {
    /// The key file is not PEM with a private key.
    #[error("the node's key is not a PEM file with a private key: {reason}")]
    KeyPem {
        /// What the reader says.
        reason: String,
    },
    /// A private key, but not a bare Ed25519 one.
    #[error("the node's key is not an Ed25519 key in PKCS#8 of {} bytes, found {found}", PKCS8_PREFIX.len() + 32)]
    KeyKind {
        /// Bytes found.
        found: usize,
    },
    /// The certificate file is not PEM with a certificate.
    #[error("the node's certificate is not a PEM file with a certificate: {reason}")]
    CertificatePem {
        /// What the reader says.
        reason: String,
    },
    /// The certificate has no Ed25519 key.
    #[error("the certificate is not one of a node: {0}")]
    Certificate(#[from] CertificateFault),
    /// Key and certificate are of two nodes.
    #[error("the certificate carries key {certificate}, the node's key is {key}")]
    Mismatch {
        /// The certificate's key.
        certificate: NodeKey,
        /// The key file's public half.
        key: NodeKey,
    },
    /// The certificate could not be made.
    #[error("cannot make a certificate: {reason}")]
    Make {
        /// What the maker says.
        reason: String,
    },
}

/// Why a certificate shows no node key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificateFault {
    /// None was sent.
    #[error("no certificate")]
    Missing,
    /// It cannot be parsed.
    #[error("not an X.509 certificate: {reason}")]
    Parse {
        /// What the parser says.
        reason: String,
    },
    /// Its key is of another kind.
    #[error("its key is not an Ed25519 key")]
    Kind,
}

/// A node's key with its certificate.
#[derive(Clone)]
pub struct NodeCredentials {
    key_pem: String,
    cert_pem: String,
    public: NodeKey,
    seed: [u8; 32],
}

impl fmt::Debug for NodeCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NodeCredentials({})", self.public)
    }
}

/// Makes a key and its self-signed certificate.
pub fn generate(entropy: &dyn Entropy) -> Result<NodeCredentials, CredentialsError> {
    from_seed(random_from(entropy))
}

/// The key of a seed, with its self-signed certificate.
pub fn from_seed(seed: [u8; 32]) -> Result<NodeCredentials, CredentialsError> {
    let make = |error: rcgen::Error| CredentialsError::Make { reason: error.to_string() };
    let der = pkcs8(&seed);
    let key = KeyPair::from_pkcs8_der_and_sign_algo(&PrivatePkcs8KeyDer::from(der.as_slice()), &PKCS_ED25519)
        .map_err(make)?;
    let mut params = CertificateParams::new(Vec::new()).map_err(make)?;
    params.distinguished_name.push(DnType::CommonName, "wolffish node");
    let cert_pem = params.self_signed(&key).map_err(make)?.pem();
    let public = NodeSigningKey::from_seed(&seed).public();
    Ok(NodeCredentials { key_pem: key.serialize_pem(), cert_pem, public, seed })
}

/// Reads what [`generate`] made; key and certificate must belong together.
pub fn load(key_pem: &str, cert_pem: &str) -> Result<NodeCredentials, CredentialsError> {
    let key = PrivatePkcs8KeyDer::from_pem_slice(key_pem.as_bytes())
        .map_err(|error| CredentialsError::KeyPem { reason: error.to_string() })?;
    let der = key.secret_pkcs8_der();
    let seed: [u8; 32] = der
        .strip_prefix(PKCS8_PREFIX.as_slice())
        .and_then(|seed| seed.try_into().ok())
        .ok_or(CredentialsError::KeyKind { found: der.len() })?;
    let public = NodeSigningKey::from_seed(&seed).public();
    let certificate = certificate_key(&parse_certificate(cert_pem)?)?;
    if certificate != public {
        return Err(CredentialsError::Mismatch { certificate, key: public });
    }
    Ok(NodeCredentials { key_pem: key_pem.to_owned(), cert_pem: cert_pem.to_owned(), public, seed })
}

/// The key that a certificate carries; nothing else in it is looked at.
pub fn certificate_key(certificate: &CertificateDer<'_>) -> Result<NodeKey, CertificateFault> {
    let parsed = rustls::server::ParsedCertificate::try_from(certificate)
        .map_err(|error| CertificateFault::Parse { reason: error.to_string() })?;
    let spki = parsed.subject_public_key_info();
    spki.as_ref()
        .strip_prefix(SPKI_PREFIX.as_slice())
        .and_then(|key| <[u8; 32]>::try_from(key).ok())
        .map(NodeKey::new)
        .ok_or(CertificateFault::Kind)
}

impl NodeCredentials {
    /// The private key, PKCS#8 in PEM, to be kept in a private file.
    pub fn key_pem(&self) -> &str {
        &self.key_pem
    }
    /// The certificate in PEM.
    pub fn cert_pem(&self) -> &str {
        &self.cert_pem
    }
    /// The public key: what peers pin.
    pub fn public(&self) -> NodeKey {
        self.public
    }
    /// The secret bytes.
    pub fn seed(&self) -> &[u8; 32] {
        &self.seed
    }
    /// The same key, for statements.
    pub fn signing_key(&self) -> NodeSigningKey {
        NodeSigningKey::from_seed(&self.seed)
    }
    /// The same key, for TLS.
    pub fn tls_key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(pkcs8(&self.seed)))
    }
    /// The certificate, for TLS.
    pub fn certificate(&self) -> Result<CertificateDer<'static>, CredentialsError> {
        parse_certificate(&self.cert_pem)
    }
}

fn pkcs8(seed: &[u8; 32]) -> Vec<u8> {
    [PKCS8_PREFIX.as_slice(), seed].concat()
}

fn parse_certificate(pem: &str) -> Result<CertificateDer<'static>, CredentialsError> {
    CertificateDer::from_pem_slice(pem.as_bytes())
        .map_err(|error| CredentialsError::CertificatePem { reason: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SeededEntropy;
    use ct::node_key::Statement;

    #[test]
    fn what_was_made_can_be_loaded() {
        let made = generate(&SeededEntropy::new(1)).unwrap();
        let loaded = load(made.key_pem(), made.cert_pem()).unwrap();
        assert_eq!(loaded.public(), made.public());
        assert_eq!(loaded.seed(), made.seed());
        let statement = Statement::new("test").number(1);
        assert!(made.public().verifies(&statement, &loaded.signing_key().sign(&statement)));
    }

    #[test]
    fn refuses_the_certificate_of_another_node() {
        let source = SeededEntropy::new(2);
        let (a, b) = (generate(&source).unwrap(), generate(&source).unwrap());
        let mismatch = CredentialsError::Mismatch { certificate: b.public(), key: a.public() };
        assert_eq!(load(a.key_pem(), b.cert_pem()).unwrap_err(), mismatch);
    }

    #[test]
    fn refuses_keys_of_another_kind_and_no_keys() {
        let made = generate(&SeededEntropy::new(3)).unwrap();
        let p256 = KeyPair::generate().unwrap().serialize_pem();
        assert!(matches!(load(&p256, made.cert_pem()), Err(CredentialsError::KeyKind { .. })));
        assert!(matches!(load("", made.cert_pem()), Err(CredentialsError::KeyPem { .. })));
        assert!(matches!(load(made.key_pem(), "x"), Err(CredentialsError::CertificatePem { .. })));
        let other = KeyPair::generate().unwrap();
        let other = CertificateParams::new(Vec::new()).unwrap().self_signed(&other).unwrap().pem();
        let kind = CredentialsError::Certificate(CertificateFault::Kind);
        assert_eq!(load(made.key_pem(), &other).unwrap_err(), kind);
    }

    #[test]
    fn debug_shows_no_secret() {
        let made = generate(&SeededEntropy::new(4)).unwrap();
        assert_eq!(format!("{made:?}"), format!("NodeCredentials({})", made.public()));
    }
}
