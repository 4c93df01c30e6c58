//! Certificates issued by a test CA, each kind of key below an intermediate of its own.

use super::keys::KeyKind;
use super::prepared::{Issuers, Prepared};
use super::{ChainsError, TestCa};
use ct::time::Timestamp;
use ct::x509::{Endpoint, Window};
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    IsCa, KeyPair, KeyUsagePurpose, SerialNumber,
};
use std::sync::Arc;
use std::time::Duration;
use time::OffsetDateTime;

const HOUR: Duration = Duration::from_secs(3600);
/// How long leaves are valid, where the log's window allows it.
const LIFETIME: Duration = Duration::from_secs(90 * 86_400);
/// Poison of a precertificate (RFC 6962 §3.1).
const POISON: [u64; 10] = [1, 3, 6, 1, 4, 1, 11129, 2, 4, 3];
/// Bytes of a serial number: as many as RFC 5280 and browsers like.
const SERIAL_LEN: usize = 16;

/// When certificates are valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    not_before: Timestamp,
    not_after: Timestamp,
}

impl Validity {
    /// The usual lifetime from now, or a moment that the window accepts, as near to that as it allows.
    pub fn from(now: Timestamp, window: Option<Window>) -> Self {
        let usual = now.plus(LIFETIME);
        let not_after = window.map_or(usual, |window| {
            usual.min(window.end_exclusive.minus(Duration::from_secs(1))).max(window.start_inclusive)
        });
        Self { not_before: now.min(not_after).minus(HOUR), not_after }
    }

    /// The last moment.
    pub const fn not_after(&self) -> Timestamp {
        self.not_after
    }
}

/// Issues leaves.
#[derive(Debug)]
pub struct Issuer {
    lines: Vec<Line>,
    validity: Validity,
}

/// An intermediate, and the key of its leaves. They share one: what a log checks is the issuer's signature, which
/// differs all the same, and RSA keys take long to make.
struct Line {
    issuer: rcgen::Issuer<'static, KeyPair>,
    leaf_key: KeyPair,
    issuers: Arc<Issuers>,
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Line")
    }
}

impl Issuer {
    /// Makes an intermediate for each kind of key. At least one kind must be given.
    pub fn new(ca: &TestCa, kinds: &[KeyKind], validity: Validity) -> Result<Self, ChainsError> {
        if kinds.is_empty() {
            return Err(ChainsError::Authority("no kind of key to issue for".to_owned()));
        }
        let lines = kinds.iter().map(|kind| Line::new(*kind, ca, validity)).collect::<Result<_, _>>()?;
        Ok(Self { lines, validity })
    }

    /// A new leaf; `number` goes round the kinds of keys.
    pub fn issue(&self, number: u64, endpoint: Endpoint) -> Result<Prepared, ChainsError> {
        let line = &self.lines[(number % self.lines.len() as u64) as usize];
        let name = format!("{}.wolffish.example", ct::hash::hex(&random::<8>()?));
        let mut params = params(vec![name.clone()], &name, self.validity)?;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        if endpoint == Endpoint::AddPreChain {
            let mut poison = CustomExtension::from_oid_content(&POISON, vec![0x05, 0x00]);
            poison.set_criticality(true);
            params.custom_extensions.push(poison);
        }
        let leaf = params.signed_by(&line.leaf_key, &line.issuer)?;
        Ok(Prepared::new(endpoint, leaf.der().to_vec(), Arc::clone(&line.issuers)))
    }
}

impl Line {
    fn new(kind: KeyKind, ca: &TestCa, validity: Validity) -> Result<Self, ChainsError> {
        let (key, leaf_key) = (kind.generate()?, kind.generate()?);
        let mut params = params(Vec::new(), &format!("Wolffish {kind} test intermediate"), validity)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate = params.signed_by(&key, ca.issuer())?.der().to_vec();
        let issuers = Arc::new(Issuers::new(vec![certificate, ca.certificate().to_vec()]));
        Ok(Self { issuer: rcgen::Issuer::new(params, key), leaf_key, issuers })
    }
}

fn params(
    names: Vec<String>,
    common_name: &str,
    validity: Validity,
) -> Result<CertificateParams, ChainsError> {
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    let mut serial = random::<SERIAL_LEN>()?;
    // Positive, and of full length: no encoder needs to add or drop a byte.
    serial[0] = serial[0] & 0x3f | 0x40;
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    (params.not_before, params.not_after) = (calendar(validity.not_before), calendar(validity.not_after));
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

/// Random bytes of the system, and not of the run's seed: a run that is repeated must not submit the same again.
fn random<const N: usize>() -> Result<[u8; N], ChainsError> {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| ChainsError::Random)?;
    Ok(bytes)
}

/// A moment that no calendar reaches becomes the epoch.
fn calendar(moment: Timestamp) -> OffsetDateTime {
    let nanos = i128::from(moment.millis()) * 1_000_000;
    OffsetDateTime::from_unix_timestamp_nanos(nanos).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;

    /// A CA made on the spot, and its certificate.
    pub(crate) fn ca() -> TestCa {
        let key = KeyKind::P256.generate().unwrap();
        let now = Timestamp::from_millis(1_795_000_000_000);
        let mut params = params(Vec::new(), "CA", Validity::from(now, None)).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let certificate = params.self_signed(&key).unwrap();
        TestCa::new(&certificate.pem(), &key.serialize_pem()).unwrap()
    }

    /// An issuer of these kinds below that CA.
    pub(crate) fn issuer(ca: &TestCa, kinds: &[KeyKind]) -> Issuer {
        let now = Timestamp::from_millis(1_795_000_000_000);
        Issuer::new(ca, kinds, Validity::from(now, None)).unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ct::x509::{Admission, NoCache, Roots, validate};

    #[test]
    fn a_log_takes_what_is_issued() {
        let ca = testing::ca();
        let issuer = testing::issuer(&ca, &KeyKind::ALL);
        let mut roots = Roots::new();
        roots.add_pem_or_der("ca", ca.certificate()).unwrap();
        let admission = Admission { roots: &roots, window: None };
        let mut identities = std::collections::BTreeSet::new();
        for number in 0..8 {
            for endpoint in [Endpoint::AddChain, Endpoint::AddPreChain] {
                let prepared = issuer.issue(number, endpoint).unwrap();
                assert_eq!(prepared.endpoint(), endpoint);
                let valid = validate(&prepared.chain(), endpoint, &admission, &NoCache).unwrap();
                assert!(identities.insert(valid.identity()));
            }
        }
    }

    #[test]
    fn leaves_end_inside_the_window() {
        let day = |days: u64| Timestamp::from_millis(days * 86_400_000);
        let window = |start, end| Some(Window { start_inclusive: day(start), end_exclusive: day(end) });
        let not_after = |window| Validity::from(day(1000), window).not_after();
        assert_eq!(not_after(None), day(1090));
        assert_eq!(not_after(window(1050, 2000)), day(1090));
        assert_eq!(not_after(window(1100, 2000)), day(1100));
        assert_eq!(not_after(window(900, 1050)), day(1050).minus(Duration::from_secs(1)));
        let past = Validity::from(day(1000), window(800, 900));
        assert_eq!(past.not_after, day(900).minus(Duration::from_secs(1)));
        assert!(past.not_before < past.not_after);
    }
}
