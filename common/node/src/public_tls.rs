//! TLS towards the public: 1.2 and 1.3, HTTP/2 and HTTP/1.1, certificate chain and key from PEM files that can be read
//! again while the server runs, since a log whose certificate expires is down.

use crate::files::{FileError, read_file, read_private};
use crate::limits::MAX_KEY_FILE;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

/// Why there is no TLS towards the public; the fault is in the files.
#[derive(Debug, thiserror::Error)]
pub enum PublicTlsError {
    /// One cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// One is not what it should be.
    #[error("{} is not a PEM file with {wanted}: {reason}", path.display())]
    Pem {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        wanted: &'static str,
        /// What the reader says.
        reason: String,
    },
    /// The key does not fit the certificate, or is of a kind that rustls does not use.
    #[error("certificate {} and key {} cannot be used: {reason}", certificate.display(), key.display())]
    Unusable {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// What rustls says.
        reason: rustls::Error,
    },
}

/// A certificate chain with its key, as it stands in two files.
#[derive(Debug)]
pub struct PublicTls {
    certificate: PathBuf,
    key: PathBuf,
    current: RwLock<Arc<ServerConfig>>,
}

impl PublicTls {
    /// Reads the two files; the key's must be private.
    pub fn load(certificate: &Path, key: &Path) -> Result<Self, PublicTlsError> {
        let current = RwLock::new(read(certificate, key)?);
        Ok(Self { certificate: certificate.to_owned(), key: key.to_owned(), current })
    }

    /// Reads the files again. If they are not good, the old certificate stays.
    pub fn reload(&self) -> Result<(), PublicTlsError> {
        let fresh = read(&self.certificate, &self.key)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    /// What new connections are served with.
    pub fn current(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }
}

fn read(certificate: &Path, key: &Path) -> Result<Arc<ServerConfig>, PublicTlsError> {
    let bad = |path: &Path, wanted, reason: &dyn ToString| PublicTlsError::Pem {
        path: path.to_owned(),
        wanted,
        reason: reason.to_string(),
    };
    let wanted = "a certificate chain";
    let chain = CertificateDer::pem_slice_iter(&read_file(certificate, MAX_KEY_FILE)?)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| bad(certificate, wanted, &error))?;
    if chain.is_empty() {
        return Err(bad(certificate, wanted, &"it has none"));
    }
    let secret = PrivateKeyDer::from_pem_slice(&read_private(key, MAX_KEY_FILE)?)
        .map_err(|error| bad(key, "a private key", &error))?;
    let unusable =
        |reason| PublicTlsError::Unusable { certificate: certificate.into(), key: key.into(), reason };
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, secret))
        .map_err(unusable)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
