//! The laboratory: chains below the test CA, proper and improper ones.

use crate::cert::{
    self, Certificate, Extension, KeyKind, KeyPair, ParsedCertificate, SignatureAlgorithm, oids,
};
use crate::error::{JudgeError, Result};
use crate::merkle::sha256;
use crate::pem;
use crate::target::{Target, TemporalInterval};
use crate::time::{self, DAY};

/// A certificate that can issue others, and the certificates above it.
#[derive(Clone)]
pub struct Authority {
    /// Its own certificate first, the root last.
    pub chain: Vec<Vec<u8>>,
    key: KeyPair,
}

/// Issues test certificates.
pub struct Lab {
    /// The accepted root.
    pub root: Authority,
    interval: Option<TemporalInterval>,
}

/// What an end-entity certificate shall be like.
#[derive(Clone, Debug)]
pub struct Leaf {
    /// Contents octets of the serial number; precertificate and final certificate share it.
    pub serial: Vec<u8>,
    /// dNSName and common name.
    pub host: String,
    /// The subject's key.
    pub spki: Vec<u8>,
    /// Seconds since the epoch.
    pub not_before: i64,
    /// Seconds since the epoch.
    pub not_after: i64,
    /// Whether to say which key issued it.
    pub authority_key: bool,
    /// Added after the usual ones.
    pub extensions: Vec<Extension>,
    /// Instead of the usual algorithm of the issuer.
    pub algorithm: Option<SignatureAlgorithm>,
}

impl Leaf {
    /// With this key's public half as the subject's.
    #[must_use]
    pub fn with_key(mut self, key: &KeyPair) -> Self {
        self.spki = key.spki();
        self
    }

    /// With one more extension.
    #[must_use]
    pub fn with(mut self, extension: Extension) -> Self {
        self.extensions.push(extension);
        self
    }

    /// Ending at this instant.
    #[must_use]
    pub fn until(mut self, not_after: i64) -> Self {
        self.not_after = not_after;
        // Recent if possible: a log may put limits on certificates that are old when submitted.
        self.not_before = self.not_before.min(not_after - DAY);
        self
    }
}

impl Lab {
    /// Reads the test CA of the target.
    pub fn new(target: &Target) -> Result<Self> {
        let certificate = pem::decode(&target.test_ca_cert_pem, "CERTIFICATE")?;
        let key = KeyPair::from_pem(&target.test_ca_key_pem)?;
        if cert::spki_of(&certificate)? != key.spki() {
            return Err(JudgeError::setup(
                "test_ca_key",
                "the key of the test CA certificate",
                "another key",
            ));
        }
        Ok(Self { root: Authority { chain: vec![certificate], key }, interval: target.temporal_interval })
    }

    /// A plain leaf nobody has seen before, acceptable to the log.
    pub fn leaf(&self) -> Result<Leaf> {
        let serial = serial()?;
        let host = format!("{}.judge.test", hex(&serial[..8]));
        let key = KeyPair::generate(KeyKind::P256)?;
        let now = time::now_seconds();
        let leaf = Leaf {
            serial,
            host,
            spki: key.spki(),
            not_before: now - 3600,
            not_after: 0,
            authority_key: true,
            extensions: Vec::new(),
            algorithm: None,
        };
        Ok(leaf.until(self.acceptable_end(now)))
    }

    /// A notAfter inside the log's window, ninety days ahead if that fits.
    fn acceptable_end(&self, now: i64) -> i64 {
        let usual = now + 90 * DAY;
        match self.interval {
            Some(interval) => usual.clamp(interval.start_inclusive, interval.end_exclusive - 1),
            None => usual,
        }
    }

    /// An intermediate below the root.
    pub fn intermediate(&self, kind: KeyKind) -> Result<Authority> {
        self.root.subordinate(kind, Vec::new())
    }

    /// A root of our own that no log has heard of; `subject` may copy another's.
    pub fn stranger(&self, subject: Option<&[u8]>) -> Result<Authority> {
        let key = KeyPair::generate(KeyKind::P256)?;
        let subject = subject.map_or_else(|| unique_name("Stranger root"), |name| Ok(name.to_vec()))?;
        let certificate = authority_certificate(subject.clone(), subject, &key, Vec::new())?;
        let der = certificate.sign(&key, key.usual_algorithm())?;
        Ok(Authority { chain: vec![der], key })
    }
}

impl Authority {
    /// The authority's own certificate.
    pub fn certificate(&self) -> &[u8] {
        // A chain is never empty: both constructors put the authority's certificate first.
        &self.chain[0]
    }

    /// The raw subject Name.
    pub fn subject(&self) -> Result<Vec<u8>> {
        Ok(ParsedCertificate::parse(self.certificate())?.tbs.subject.to_vec())
    }

    /// SHA-256 of the SubjectPublicKeyInfo: the issuer_key_hash of what it issues.
    pub fn key_hash(&self) -> Result<[u8; 32]> {
        Ok(sha256(&cert::spki_of(self.certificate())?))
    }

    /// Issues a CA certificate with additional extensions.
    pub fn subordinate(&self, kind: KeyKind, extensions: Vec<Extension>) -> Result<Authority> {
        let mut all = vec![Extension::authority_key(&ParsedCertificate::parse(self.certificate())?)];
        all.extend(extensions);
        self.certify("Intermediate", kind, all)
    }

    fn certify(&self, role: &str, kind: KeyKind, extensions: Vec<Extension>) -> Result<Authority> {
        let key = KeyPair::generate(kind)?;
        let certificate = authority_certificate(unique_name(role)?, self.subject()?, &key, extensions)?;
        let der = certificate.sign(&self.key, self.key.usual_algorithm())?;
        Ok(Authority { chain: prepended(der, &self.chain), key })
    }

    /// A Precertificate Signing Certificate (RFC 6962 §3.1), with or without an authority key identifier.
    pub fn precert_signer(&self, authority_key: bool) -> Result<Authority> {
        let mut extensions = vec![Extension::usage(oids::PRECERT_SIGNING, true)];
        if authority_key {
            extensions.push(Extension::authority_key(&ParsedCertificate::parse(self.certificate())?));
        }
        self.certify("Precertificate signer", KeyKind::P256, extensions)
    }

    /// Issues an end-entity certificate.
    pub fn issue(&self, leaf: &Leaf) -> Result<Vec<u8>> {
        let mut extensions =
            vec![Extension::dns_name(&leaf.host), Extension::usage(oids::SERVER_AUTH, false)];
        if leaf.authority_key {
            extensions.push(Extension::authority_key(&ParsedCertificate::parse(self.certificate())?));
        }
        extensions.extend(leaf.extensions.iter().cloned());
        let certificate = Certificate {
            serial: leaf.serial.clone(),
            issuer: self.subject()?,
            not_before: leaf.not_before,
            not_after: leaf.not_after,
            subject: cert::name(&leaf.host),
            spki: leaf.spki.clone(),
            extensions,
        };
        certificate.sign(&self.key, leaf.algorithm.unwrap_or(self.key.usual_algorithm()))
    }

    /// Issues, and puts the authority's chain above: leaf first, root last.
    pub fn issue_chain(&self, leaf: &Leaf) -> Result<Vec<Vec<u8>>> {
        Ok(prepended(self.issue(leaf)?, &self.chain))
    }
}

/// `certificate`, then `chain`.
pub fn prepended(certificate: Vec<u8>, chain: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut whole = vec![certificate];
    whole.extend_from_slice(chain);
    whole
}

fn authority_certificate(
    subject: Vec<u8>,
    issuer: Vec<u8>,
    key: &KeyPair,
    more: Vec<Extension>,
) -> Result<Certificate> {
    let spki = key.spki();
    let now = time::now_seconds();
    let mut extensions = vec![Extension::ca(), Extension::cert_sign(), Extension::subject_key(&spki)];
    extensions.extend(more);
    Ok(Certificate {
        serial: serial()?,
        issuer,
        not_before: now - 365 * DAY,
        not_after: now + 3650 * DAY,
        subject,
        spki,
        extensions,
    })
}

fn unique_name(role: &str) -> Result<Vec<u8>> {
    Ok(cert::name(&format!("{role} {}", hex(&serial()?[..6]))))
}

/// Sixteen octets of a positive INTEGER, minimal.
fn serial() -> Result<Vec<u8>> {
    let mut bytes = cert::random_bytes()?;
    bytes[0] = bytes[0] & 0x3f | 0x40;
    Ok(bytes.to_vec())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
