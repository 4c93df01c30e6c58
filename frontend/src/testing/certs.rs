//! A certificate authority for tests.

use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

/// Poison (RFC 6962 §3.1).
const POISON: &[u64] = &[1, 3, 6, 1, 4, 1, 11129, 2, 4, 3];

/// A root, with its key.
pub(crate) struct Ca {
    issuer: Issuer<'static, KeyPair>,
    /// The root certificate, DER.
    pub(crate) root: Vec<u8>,
}

fn poison() -> CustomExtension {
    let mut poison = CustomExtension::from_oid_content(POISON, vec![5, 0]);
    poison.set_criticality(true);
    poison
}

fn named(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(2040, 1, 1);
    params
}

impl Ca {
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = named("a root of tests");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let root = params.self_signed(&key).unwrap().der().to_vec();
        Self { issuer: Issuer::new(params, key), root }
    }

    fn issue(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Vec<u8> {
        let mut params = named(name);
        change(&mut params);
        params.signed_by(&KeyPair::generate().unwrap(), &self.issuer).unwrap().der().to_vec()
    }

    /// A chain: a leaf and the root.
    pub(crate) fn chain(&self, name: &str) -> Vec<Vec<u8>> {
        vec![
            self.issue(name, |params| params.use_authority_key_identifier_extension = true),
            self.root.clone(),
        ]
    }

    /// A chain with a leaf that ends in this year.
    pub(crate) fn chain_until(&self, name: &str, year: i32) -> Vec<Vec<u8>> {
        vec![
            self.issue(name, |params| params.not_after = rcgen::date_time_ymd(year, 1, 1)),
            self.root.clone(),
        ]
    }

    /// Two chains, alike but for the signature of their leaf; with poison or without.
    pub(crate) fn signed_twice(&self, poisoned: bool) -> [Vec<Vec<u8>>; 2] {
        let (key, mut params) = (KeyPair::generate().unwrap(), named("signed twice"));
        params.serial_number = Some(7_u64.into());
        params.use_authority_key_identifier_extension = true;
        if poisoned {
            params.custom_extensions.push(poison());
        }
        let sign = || params.signed_by(&key, &self.issuer).unwrap().der().to_vec();
        [vec![sign(), self.root.clone()], vec![sign(), self.root.clone()]]
    }

    /// A chain with a precertificate.
    pub(crate) fn precert_chain(&self, name: &str) -> Vec<Vec<u8>> {
        let poisoned = self.issue(name, |params| {
            params.use_authority_key_identifier_extension = true;
            params.custom_extensions.push(poison());
        });
        vec![poisoned, self.root.clone()]
    }
}
