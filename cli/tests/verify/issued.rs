//! A certificate in both its lives: as a precertificate, and with the SCTs that it was promised.

use ct::entry::SignedEntry;
use ct::sct::{Sct, sct_list};
use ct::x509::der::{OCTET_STRING, wrap};
use ct::x509::{Certificate, precert_tbs};
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
};

const POISON: [u64; 10] = [1, 3, 6, 1, 4, 1, 11129, 2, 4, 3];
const SCT_LIST: [u64; 10] = [1, 3, 6, 1, 4, 1, 11129, 2, 4, 2];

/// A certificate of one CA in both its lives.
pub struct Issued {
    pub root: Vec<u8>,
    pub precertificate: Vec<u8>,
    /// What logs promise for the precertificate.
    pub entry: SignedEntry,
    params: CertificateParams,
    key: KeyPair,
    issuer: Issuer<'static, KeyPair>,
}

impl Issued {
    /// A certificate for `subject`, as a precertificate.
    pub fn new(subject: &str) -> Self {
        let issuer_key = KeyPair::generate().unwrap();
        let mut ca = named("a CA of tests");
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root = ca.self_signed(&issuer_key).unwrap().der().to_vec();
        let issuer = Issuer::new(ca, issuer_key);
        let (mut params, key) = (named(subject), KeyPair::generate().unwrap());
        params.serial_number = Some(7_u64.into());
        let mut poisoned = params.clone();
        let mut poison = CustomExtension::from_oid_content(&POISON, vec![5, 0]);
        poison.set_criticality(true);
        poisoned.custom_extensions.push(poison);
        let precertificate = poisoned.signed_by(&key, &issuer).unwrap().der().to_vec();
        let parsed = |der: &Vec<u8>| Certificate::parse(der.as_slice()).unwrap();
        let tbs_certificate = precert_tbs(&parsed(&precertificate), None).unwrap();
        let entry =
            SignedEntry::Precert { issuer_key_hash: parsed(&root).issuer_key_hash(), tbs_certificate };
        Self { root, precertificate, entry, params, key, issuer }
    }

    /// The final certificate with these SCTs in it.
    pub fn with_scts(&self, scts: &[Sct]) -> Vec<u8> {
        self.with_list(&list(scts))
    }

    /// The final certificate with this for an SCT list.
    pub fn with_list(&self, list: &[u8]) -> Vec<u8> {
        let mut params = self.params.clone();
        let value = wrap(OCTET_STRING, &[list]);
        params.custom_extensions.push(CustomExtension::from_oid_content(&SCT_LIST, value));
        params.signed_by(&self.key, &self.issuer).unwrap().der().to_vec()
    }
}

/// SCTs as TLS and certificates carry them.
pub fn list(scts: &[Sct]) -> Vec<u8> {
    sct_list(&scts.iter().map(|sct| sct.encode().unwrap()).collect::<Vec<_>>()).unwrap()
}

fn named(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(vec!["www.example.com".to_owned()]).unwrap();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = rcgen::date_time_ymd(2023, 1, 1);
    params.not_after = rcgen::date_time_ymd(2040, 1, 1);
    params
}
