//! Certificates to order: a few lines of TBSCertificate around a real key, so that a test can put in what no CA would.

use crate::time::Timestamp;
use crate::x509::chain::{Admission, Endpoint, ValidatedChain, Window, validate};
use crate::x509::der::{
    BIT_STRING, BOOLEAN, GENERALIZED_TIME, INTEGER, OBJECT_ID, OCTET_STRING, SEQUENCE, context, wrap,
};
use crate::x509::{Certificate, ChainError, NoCache, Root, Roots, oid};
use rcgen::{KeyPair, PublicKeyData, SigningKey};
use std::sync::Arc;

/// 2027-04-01, the end of every certificate that a test does not give another.
pub const DEFAULT_NOT_AFTER: &str = "20270401000000Z";
/// The same in milliseconds.
pub const DEFAULT_NOT_AFTER_MILLIS: u64 = 1_806_537_600_000;

/// Whoever has a name and a key.
#[derive(Clone)]
pub struct Party {
    pub name: Vec<u8>,
    pub key: Arc<KeyPair>,
}

impl Party {
    pub fn new(common_name: &str) -> Self {
        Self { name: name(common_name), key: Arc::new(KeyPair::generate().unwrap()) }
    }
    /// Another key for the same name.
    pub fn rekeyed(&self) -> Self {
        Self { name: self.name.clone(), key: Arc::new(KeyPair::generate().unwrap()) }
    }
    /// Its self-signed CA certificate.
    pub fn root(&self) -> Vec<u8> {
        Draft::ca(self).issued_by(self)
    }
}

/// A Name of one common name.
pub fn name(common_name: &str) -> Vec<u8> {
    let kind = wrap(OBJECT_ID, &[b"\x55\x04\x03"]);
    let value = wrap(0x0c, &[common_name.as_bytes()]);
    wrap(SEQUENCE, &[&wrap(0x31, &[&wrap(SEQUENCE, &[&kind, &value])])])
}

/// An extension; `value` goes into the OCTET STRING.
pub fn extension(kind: &[u8], critical: bool, value: &[u8]) -> Vec<u8> {
    let flag = if critical { wrap(BOOLEAN, &[&[0xff]]) } else { Vec::new() };
    wrap(SEQUENCE, &[&wrap(OBJECT_ID, &[kind]), &flag, &wrap(OCTET_STRING, &[value])])
}

pub fn basic_constraints(ca: bool) -> Vec<u8> {
    let flag = if ca { wrap(BOOLEAN, &[&[0xff]]) } else { Vec::new() };
    extension(oid::BASIC_CONSTRAINTS, true, &wrap(SEQUENCE, &[&flag]))
}

pub fn poison() -> Vec<u8> {
    extension(oid::POISON, true, &[5, 0])
}

pub fn key_id(id: u8) -> Vec<u8> {
    extension(oid::AUTHORITY_KEY_ID, false, &wrap(SEQUENCE, &[&wrap(0x80, &[&[id; 20]])]))
}

pub fn precert_signing() -> Vec<u8> {
    let purposes = wrap(SEQUENCE, &[&wrap(OBJECT_ID, &[oid::PRECERT_SIGNING])]);
    extension(oid::EXTENDED_KEY_USAGE, true, &purposes)
}

/// What a certificate shall say.
#[derive(Clone)]
pub struct Draft {
    pub version: Option<u8>,
    pub subject: Party,
    pub issuer_name: Option<Vec<u8>>,
    pub serial: Vec<u8>,
    pub not_after: String,
    pub extensions: Vec<Vec<u8>>,
    pub outer_algorithm: Option<Vec<u8>>,
}

impl Draft {
    pub fn leaf(subject: &Party) -> Self {
        Self {
            version: Some(2),
            subject: subject.clone(),
            issuer_name: None,
            serial: vec![1],
            not_after: DEFAULT_NOT_AFTER.to_owned(),
            extensions: vec![basic_constraints(false)],
            outer_algorithm: None,
        }
    }
    pub fn ca(subject: &Party) -> Self {
        Self { extensions: vec![basic_constraints(true)], ..Self::leaf(subject) }
    }
    pub fn with(mut self, extension: Vec<u8>) -> Self {
        self.extensions.push(extension);
        self
    }
    pub fn extensions(mut self, extensions: &[Vec<u8>]) -> Self {
        self.extensions = extensions.to_vec();
        self
    }
    pub fn serial(mut self, serial: u8) -> Self {
        self.serial = vec![serial];
        self
    }
    pub fn not_after(mut self, text: &str) -> Self {
        self.not_after = text.to_owned();
        self
    }
    pub fn version_one(mut self) -> Self {
        self.version = None;
        self.extensions.clear();
        self
    }

    pub fn tbs(&self, issuer: &Party) -> Vec<u8> {
        let version =
            self.version.map_or_else(Vec::new, |version| wrap(context(0), &[&wrap(INTEGER, &[&[version]])]));
        let time = |text: &str| wrap(GENERALIZED_TIME, &[text.as_bytes()]);
        let validity = wrap(SEQUENCE, &[&time("20270101000000Z"), &time(&self.not_after)]);
        let extensions = match self.extensions.concat() {
            none if none.is_empty() => none,
            some => wrap(context(3), &[&wrap(SEQUENCE, &[&some])]),
        };
        let spki = self.subject.key.subject_public_key_info();
        let issuer = self.issuer_name.as_ref().unwrap_or(&issuer.name);
        let serial = wrap(INTEGER, &[&self.serial]);
        let parts =
            [&version, &serial, &algorithm(), issuer, &validity, &self.subject.name, &spki, &extensions];
        wrap(SEQUENCE, &parts.map(Vec::as_slice))
    }

    pub fn issued_by(&self, issuer: &Party) -> Vec<u8> {
        sign(&self.tbs(issuer), issuer, self.outer_algorithm.as_deref())
    }
}

/// AlgorithmIdentifier of ecdsa-with-SHA256.
pub fn algorithm() -> Vec<u8> {
    wrap(SEQUENCE, &[&wrap(OBJECT_ID, &[oid::ECDSA_SHA256])])
}

/// A Certificate around a TBSCertificate.
pub fn sign(tbs: &[u8], issuer: &Party, outer_algorithm: Option<&[u8]>) -> Vec<u8> {
    let signature = issuer.key.sign(tbs).unwrap();
    let bits = wrap(BIT_STRING, &[&[0], &signature]);
    wrap(SEQUENCE, &[tbs, outer_algorithm.unwrap_or(&algorithm()), &bits])
}

/// These certificates as accepted roots.
pub fn accept(ders: &[&[u8]]) -> Roots {
    let mut roots = Roots::new();
    for (line, der) in ders.iter().enumerate() {
        let certificate = Certificate::parse(*der).unwrap();
        assert!(roots.add(Root { certificate, source: "test".to_owned(), line }));
    }
    roots
}

/// [`validate`] without a window and without memory.
pub fn judge(chain: &[&[u8]], endpoint: Endpoint, roots: &Roots) -> Result<ValidatedChain, ChainError> {
    let chain: Vec<Vec<u8>> = chain.iter().map(|der| der.to_vec()).collect();
    validate(&chain, endpoint, &Admission { roots, window: None }, &NoCache)
}

/// A window that ends and begins at these milliseconds.
pub const fn window(start: u64, end: u64) -> Window {
    Window { start_inclusive: Timestamp::from_millis(start), end_exclusive: Timestamp::from_millis(end) }
}

/// A root, an intermediate under it, and a leaf under that.
pub struct Hierarchy {
    pub root: Party,
    pub intermediate: Party,
    pub root_der: Vec<u8>,
    pub intermediate_der: Vec<u8>,
    pub leaf_der: Vec<u8>,
    pub roots: Roots,
}

pub fn hierarchy() -> Hierarchy {
    let root = Party::new("root");
    let intermediate = Party::new("intermediate");
    let root_der = root.root();
    let intermediate_der = Draft::ca(&intermediate).issued_by(&root);
    let leaf_der = Draft::leaf(&Party::new("leaf")).issued_by(&intermediate);
    let roots = accept(&[&root_der]);
    Hierarchy { root, intermediate, root_der, intermediate_der, leaf_der, roots }
}
