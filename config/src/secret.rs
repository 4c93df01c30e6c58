//! Private keys on disk: PKCS#8 PEM in files that only their owner can read.

use crate::pem;
use ct::node_key::{NodeKey, NodeSigningKey};
use ed25519_dalek::pkcs8::DecodePrivateKey as _;
use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The one mode of a file with a private key.
pub const KEY_MODE: u32 = 0o600;
/// A node's private key, in its state directory.
pub const NODE_KEY_FILE: &str = "node.key";
/// A node's certificate, in its state directory.
pub const NODE_CERTIFICATE_FILE: &str = "node.crt";

/// Greatest key or certificate file, in bytes.
const MAX_KEY_FILE: u64 = 64 << 10;
/// A SubjectPublicKeyInfo of Ed25519, before the 32 bytes of the key (RFC 8410).
const ED25519_SPKI: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// Why a key or certificate file cannot be used or made.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// The system refuses.
    #[error("{path}: cannot {action}: {source}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// Why it failed.
        source: io::Error,
    },
    /// Others than its owner may have read it, or its owner cannot.
    #[error("{path}: mode {found:04o}, a private key needs 0600", path = path.display())]
    Mode {
        /// The file.
        path: PathBuf,
        /// Its mode.
        found: u32,
    },
    /// A directory, a device, or far too large.
    #[error("{path}: not a file of at most {MAX_KEY_FILE} bytes", path = path.display())]
    NotAKeyFile {
        /// The file.
        path: PathBuf,
    },
    /// Not what it should hold.
    #[error("{path}: not {expected}: {detail}", path = path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        expected: &'static str,
        /// What is wrong.
        detail: String,
    },
    /// The certificate in a state directory is not for the key in it.
    #[error("{path}: not the certificate of key {key}", path = path.display())]
    OtherKey {
        /// The certificate.
        path: PathBuf,
        /// The key.
        key: NodeKey,
    },
}

/// The text of a private key. It is wiped from memory after use, and never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct PrivateKey(Zeroizing<String>);

impl PrivateKey {
    pub(crate) fn new(pem: String) -> Self {
        Self(Zeroizing::new(pem))
    }
    /// PKCS#8 PEM.
    pub fn pem(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(…)")
    }
}

/// Reads a private key. A file of any mode but 0600 is refused.
pub fn load_private_key(path: &Path) -> Result<PrivateKey, KeyFileError> {
    let (text, mode) = read(path)?;
    if mode != KEY_MODE {
        return Err(KeyFileError::Mode { path: path.to_owned(), found: mode });
    }
    Ok(PrivateKey(text))
}

/// The text and mode of a file, both of the same one, whatever is renamed meanwhile.
fn read(path: &Path) -> Result<(Zeroizing<String>, u32), KeyFileError> {
    let cannot = |source| KeyFileError::Io { path: path.to_owned(), action: "read", source };
    let file = File::open(path).map_err(cannot)?;
    let found = file.metadata().map_err(cannot)?;
    if !found.is_file() || found.len() > MAX_KEY_FILE {
        return Err(KeyFileError::NotAKeyFile { path: path.to_owned() });
    }
    let mut text = Zeroizing::new(String::with_capacity(found.len() as usize));
    file.take(MAX_KEY_FILE).read_to_string(&mut text).map_err(cannot)?;
    Ok((text, found.mode() & 0o7777))
}

/// What a node proves itself with.
#[derive(Clone)]
pub struct NodeCredentials {
    signing_key: NodeSigningKey,
    certificate: Vec<u8>,
    pkcs8: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for NodeCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NodeCredentials({})", self.public())
    }
}

impl NodeCredentials {
    /// The public key: what `cluster.toml` has for this node.
    pub fn public(&self) -> NodeKey {
        self.signing_key.public()
    }
    /// The private key, to sign statements.
    pub const fn signing_key(&self) -> &NodeSigningKey {
        &self.signing_key
    }
    /// The self-signed certificate, DER, for TLS.
    pub fn certificate_der(&self) -> &[u8] {
        &self.certificate
    }
    /// The private key for TLS: PKCS#8 DER.
    pub fn pkcs8_der(&self) -> &[u8] {
        &self.pkcs8
    }
}

/// Reads a node's key and certificate from its state directory; the certificate must be of that key.
pub fn load_node_credentials(state_dir: &Path) -> Result<NodeCredentials, KeyFileError> {
    let path = state_dir.join(NODE_KEY_FILE);
    let key = load_private_key(&path)?;
    let seed =
        seed_from_pkcs8_pem(key.pem()).map_err(|e| malformed(&path, "an Ed25519 key", e.to_string()))?;
    let pkcs8 = single_block(&path, key.pem(), "PRIVATE KEY")?;
    let signing_key = NodeSigningKey::from_seed(&seed);

    let path = state_dir.join(NODE_CERTIFICATE_FILE);
    let (text, _) = read(&path)?;
    let certificate = single_block(&path, &text, "CERTIFICATE")?;
    let public = signing_key.public();
    let spki = [ED25519_SPKI.as_slice(), public.as_bytes()].concat();
    if !certificate.windows(spki.len()).any(|window| window == spki) {
        return Err(KeyFileError::OtherKey { path, key: public });
    }
    Ok(NodeCredentials { signing_key, certificate, pkcs8: Zeroizing::new(pkcs8) })
}

fn malformed(path: &Path, expected: &'static str, detail: String) -> KeyFileError {
    KeyFileError::Malformed { path: path.to_owned(), expected, detail }
}

fn single_block(path: &Path, text: &str, label: &'static str) -> Result<Vec<u8>, KeyFileError> {
    let mut blocks = pem::blocks(text.as_bytes());
    let found = blocks.len();
    match blocks.pop() {
        Some(Ok(block)) if found == 1 && block.label == label => Ok(block.der),
        Some(Err(bad)) if found == 1 => Err(malformed(path, label, bad.to_string())),
        Some(Ok(block)) if found == 1 => Err(malformed(path, label, format!("found {}", block.label))),
        _ => Err(malformed(path, label, format!("{found} PEM blocks, expected 1"))),
    }
}

/// A text that is no Ed25519 private key in PKCS#8.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an Ed25519 private key in PKCS#8 PEM: {detail}")]
pub struct SeedError {
    detail: String,
}

/// The 32 secret bytes of an Ed25519 key in PKCS#8 PEM, version 1 or 2, for [`NodeSigningKey::from_seed`].
pub fn seed_from_pkcs8_pem(pem: &str) -> Result<Zeroizing<[u8; 32]>, SeedError> {
    let key =
        ed25519_dalek::SigningKey::from_pkcs8_pem(pem).map_err(|e| SeedError { detail: e.to_string() })?;
    Ok(Zeroizing::new(key.to_bytes()))
}
