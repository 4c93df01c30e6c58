//! Keys and certificates: of nodes, of logs, of the test CA.

use super::files::{make_private_directory, refuse_existing, write_public, write_secret};
use super::{InitError, TEST_CA_CERTIFICATE_FILE, TEST_CA_KEY_FILE};
use crate::roots::TEST_CA_MARKER;
use crate::secret::{NODE_CERTIFICATE_FILE, NODE_KEY_FILE, PrivateKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ct::key::{LogKey, LogSigningKey};
use ct::names::Role;
use ct::node_key::{NodeKey, NodeSigningKey};
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{EncodePrivateKey as _, KeypairBytes};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, PKCS_ED25519, date_time_ymd,
};
use ring::rand::{SecureRandom as _, SystemRandom};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The DNS name in every node certificate: TLS wants one, and nobody judges by it; nodes are known by their keys.
pub const NODE_SERVER_NAME: &str = "node.wolffish.invalid";

/// A node's key and certificate before they are on disk.
pub(crate) struct NodeIdentity {
    pub(crate) public: NodeKey,
    key: PrivateKey,
    certificate: String,
}

impl NodeIdentity {
    /// The key is PKCS#8 version 1: older OpenSSL does not read version 2 of Ed25519.
    pub(crate) fn generate(role: Role) -> Result<Self, InitError> {
        let mut seed = Zeroizing::new([0; 32]);
        SystemRandom::new().fill(seed.as_mut()).map_err(|_| InitError::Random)?;
        let public = NodeSigningKey::from_seed(&seed).public();
        let bytes = KeypairBytes { secret_key: *seed, public_key: None };
        // 32 bytes always encode.
        let pem = bytes.to_pkcs8_pem(LineEnding::LF).expect("an Ed25519 key has a PKCS#8 form");
        let certificate = node_certificate(&pem, role)?;
        Ok(Self { public, key: PrivateKey::new(pem.to_string()), certificate })
    }

    /// Writes both into a state directory that has neither. The certificate comes last: where it is, both are.
    pub(crate) fn write(&self, state_dir: &Path) -> Result<(), InitError> {
        let (key, certificate) = (state_dir.join(NODE_KEY_FILE), state_dir.join(NODE_CERTIFICATE_FILE));
        refuse_existing(&key)?;
        refuse_existing(&certificate)?;
        make_private_directory(state_dir)?;
        write_secret(&key, self.key.pem())?;
        write_public(&certificate, &self.certificate)
    }
}

/// It never expires: a node is trusted because `cluster.toml` has its key, and no longer than that.
fn node_certificate(key_pem: &str, role: Role) -> Result<String, InitError> {
    let key = KeyPair::from_pkcs8_pem_and_sign_algo(key_pem, &PKCS_ED25519)?;
    let mut params = CertificateParams::new([NODE_SERVER_NAME.to_owned()])?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, format!("Wolffish {role} node"));
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(9999, 12, 31);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    Ok(params.self_signed(&key)?.pem())
}

/// Makes a node's state directory (mode 0700), with its key (`node.key`, Ed25519, PKCS#8 PEM, mode 0600) and its
/// self-signed certificate (`node.crt`). Answers the public key, which belongs into `cluster.toml`. Refused if the
/// directory has a key or a certificate.
pub fn init_node(state_dir: &Path, role: Role) -> Result<NodeKey, InitError> {
    let identity = NodeIdentity::generate(role)?;
    identity.write(state_dir)?;
    Ok(identity.public)
}

/// A log's key before it is on disk.
pub(crate) struct LogIdentity {
    pub(crate) public: LogKey,
    pub(crate) public_pem: String,
    pub(crate) key: PrivateKey,
}

impl LogIdentity {
    pub(crate) fn generate() -> Result<Self, InitError> {
        let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let key = PrivateKey::new(pair.serialize_pem());
        let public = LogSigningKey::from_pem(key.pem())?.public().clone();
        Ok(Self { public, public_pem: pair.public_key_pem(), key })
    }
}

/// Makes a log's key: a new file, P-256, PKCS#8 PEM, mode 0600. Answers the public key, whose [`spki_base64`] belongs
/// into `cluster.toml`.
pub fn init_log_key(path: &Path) -> Result<LogKey, InitError> {
    let identity = LogIdentity::generate()?;
    write_secret(path, identity.key.pem())?;
    Ok(identity.public)
}

/// A log's public key as `cluster.toml` has it: base64 of the DER SubjectPublicKeyInfo.
pub fn spki_base64(key: &LogKey) -> String {
    STANDARD.encode(key.spki())
}

/// A test CA on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestCaFiles {
    /// The certificate, PEM.
    pub certificate: PathBuf,
    /// The private key: P-256, PKCS#8 PEM, mode 0600.
    pub key: PathBuf,
}

/// A test CA before it is on disk.
pub(crate) struct TestCa {
    certificate: String,
    key: PrivateKey,
}

impl TestCa {
    pub(crate) fn generate() -> Result<Self, InitError> {
        let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut params = CertificateParams::new([])?;
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::OrganizationName, TEST_CA_MARKER);
        params.distinguished_name.push(DnType::CommonName, "Wolffish test CA");
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2050, 1, 1);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate = params.self_signed(&pair)?.pem();
        Ok(Self { certificate, key: PrivateKey::new(pair.serialize_pem()) })
    }

    pub(crate) fn write(&self, directory: &Path) -> Result<TestCaFiles, InitError> {
        let certificate = directory.join(TEST_CA_CERTIFICATE_FILE);
        let key = directory.join(TEST_CA_KEY_FILE);
        refuse_existing(&certificate)?;
        refuse_existing(&key)?;
        write_secret(&key, self.key.pem())?;
        write_public(&certificate, &self.certificate)?;
        Ok(TestCaFiles { certificate, key })
    }
}

/// Makes a CA for tests in an existing directory: a self-signed P-256 certificate (`test-ca.pem`), valid from 2020 to
/// 2050, whose organisation is [`TEST_CA_MARKER`], and its key (`test-ca.key`). Production clusters refuse it.
pub fn init_test_ca(directory: &Path) -> Result<TestCaFiles, InitError> {
    TestCa::generate()?.write(directory)
}
