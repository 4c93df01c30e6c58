//! A CA that a log accepts, and whose key is at hand.

use super::ChainsError;
use rcgen::KeyPair;

/// A CA for tests.
pub struct TestCa {
    certificate: Vec<u8>,
    issuer: rcgen::Issuer<'static, KeyPair>,
}

impl std::fmt::Debug for TestCa {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TestCa(certificate of {} bytes)", self.certificate.len())
    }
}

impl TestCa {
    /// From its certificate (the first in this PEM) and its PKCS#8 key, PEM.
    pub fn new(certificate: &str, key: &str) -> Result<Self, ChainsError> {
        let bad = |why: String| ChainsError::Authority(why);
        let blocks = ct::x509::pem::certificates(certificate).map_err(|error| bad(error.to_string()))?;
        let first = blocks.into_iter().next();
        let (_, certificate) = first.ok_or_else(|| bad("no certificate in its PEM".to_owned()))?;
        let key = KeyPair::from_pem(key).map_err(|error| bad(format!("its key: {error}")))?;
        let issuer = rcgen::Issuer::from_ca_cert_der(&certificate.as_slice().into(), key);
        let issuer = issuer.map_err(|error| bad(format!("its certificate: {error}")))?;
        Ok(Self { certificate, issuer })
    }

    /// Its certificate, DER.
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    pub(super) const fn issuer(&self) -> &rcgen::Issuer<'static, KeyPair> {
        &self.issuer
    }
}
