//! Certificates issued on the spot by the test CA: leaves and intermediates of every kind of key, every other leaf a
//! precertificate.

use super::keys::KeyKind;
use crate::client::{Target, TestCa};
use crate::failure::Failure;
use crate::moment;
use config::load_private_key;
use ct::time::Timestamp;
use ct::x509::Window;
use node::clock::{Clock as _, SystemClock};
use node::entropy::random;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    IsCa, KeyPair, KeyUsagePurpose, SerialNumber,
};
use std::fs;
use std::time::Duration;
use time::OffsetDateTime;

const HOUR: Duration = Duration::from_secs(3600);
/// How long leaves are valid, where the log's window allows it.
const LIFETIME: Duration = Duration::from_secs(90 * 86_400);
/// Poison of a precertificate (RFC 6962 §3.1).
const POISON: [u64; 10] = [1, 3, 6, 1, 4, 1, 11129, 2, 4, 3];
/// Bytes of a serial number: as many as RFC 5280 and browsers like.
const SERIAL_LEN: usize = 16;

/// Issues leaves.
pub struct Issuer {
    lines: Vec<Line>,
    root: Vec<u8>,
    not_before: OffsetDateTime,
    not_after: OffsetDateTime,
}

/// An intermediate, and the keys of its leaves.
struct Line {
    kind: KeyKind,
    issuer: rcgen::Issuer<'static, KeyPair>,
    certificate: Vec<u8>,
    /// RSA keys take long to make, so all leaves of that line share one.
    shared: Option<KeyPair>,
}

impl Issuer {
    /// Issues for that log, from its test CA.
    pub fn new(target: &Target) -> Result<Self, Failure> {
        let Some(ca) = &target.test_ca else {
            let text = "--new needs the test CA of a running `wolffish up`: give its --dir";
            return Err(Failure::Usage(text.to_owned()));
        };
        let now = SystemClock.now();
        let not_after = not_after(now, target.window);
        let not_before = now.min(not_after).minus(HOUR);
        let failed = |error| Failure::Internal(format!("cannot issue certificates: {error}"));
        let (issuer, root) = load(ca)?;
        let day = |at| moment::calendar(at).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let mut made =
            Self { lines: Vec::new(), root, not_before: day(not_before), not_after: day(not_after) };
        for kind in KeyKind::ALL {
            made.lines.push(made.line(kind, &issuer).map_err(failed)?);
        }
        Ok(made)
    }

    fn line(&self, kind: KeyKind, ca: &rcgen::Issuer<'_, KeyPair>) -> Result<Line, rcgen::Error> {
        let key = kind.generate()?;
        let mut params = self.params(Vec::new(), &format!("Wolffish {} test intermediate", kind.as_str()))?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate = params.signed_by(&key, ca)?.der().to_vec();
        let shared = if kind == KeyKind::Rsa2048 { Some(kind.generate()?) } else { None };
        Ok(Line { kind, issuer: rcgen::Issuer::new(params, key), certificate, shared })
    }

    /// A new chain: leaf, intermediate, root. The even numbers are certificates, the odd ones precertificates.
    pub fn issue(&self, number: u64) -> Result<Vec<Vec<u8>>, rcgen::Error> {
        let line = &self.lines[(number / 2) as usize % self.lines.len()];
        let name = format!("{}.wolffish.example", ct::hash::hex(&random::<8>()));
        let mut params = self.params(vec![name.clone()], &name)?;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        if number % 2 == 1 {
            let mut poison = CustomExtension::from_oid_content(&POISON, vec![0x05, 0x00]);
            poison.set_criticality(true);
            params.custom_extensions.push(poison);
        }
        let leaf = match &line.shared {
            Some(key) => params.signed_by(key, &line.issuer)?,
            None => params.signed_by(&line.kind.generate()?, &line.issuer)?,
        };
        Ok(vec![leaf.der().to_vec(), line.certificate.clone(), self.root.clone()])
    }

    fn params(&self, names: Vec<String>, common_name: &str) -> Result<CertificateParams, rcgen::Error> {
        let mut params = CertificateParams::new(names)?;
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, common_name);
        let mut serial: [u8; SERIAL_LEN] = random();
        // Positive, and of full length: no encoder needs to add or drop a byte.
        serial[0] = serial[0] & 0x3f | 0x40;
        params.serial_number = Some(SerialNumber::from_slice(&serial));
        (params.not_before, params.not_after) = (self.not_before, self.not_after);
        params.use_authority_key_identifier_extension = true;
        Ok(params)
    }
}

/// A moment that the window accepts, as near to the usual lifetime as it allows.
fn not_after(now: Timestamp, window: Option<Window>) -> Timestamp {
    let usual = now.plus(LIFETIME);
    window.map_or(usual, |window| {
        usual.min(window.end_exclusive.minus(Duration::from_secs(1))).max(window.start_inclusive)
    })
}

fn load(ca: &TestCa) -> Result<(rcgen::Issuer<'static, KeyPair>, Vec<u8>), Failure> {
    let path = ca.certificate.display();
    let bytes = fs::read(&ca.certificate).map_err(Failure::io(format_args!("read {path}")))?;
    let chain = ct::x509::pem::certificates(&String::from_utf8_lossy(&bytes));
    let bad = |why: String| Failure::Usage(format!("{path}: {why}"));
    let chain = chain.map_err(|error| bad(error.to_string()))?;
    let Some((_, der)) = chain.into_iter().next() else { return Err(bad("no certificate in it".to_owned())) };
    let key = load_private_key(&ca.key)?;
    let key = KeyPair::from_pem(key.pem())
        .map_err(|error| Failure::Usage(format!("{}: {error}", ca.key.display())))?;
    let issuer = rcgen::Issuer::from_ca_cert_der(&der.as_slice().into(), key);
    Ok((issuer.map_err(|error| bad(error.to_string()))?, der))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ct::x509::{Admission, Endpoint, NoCache, Roots, validate};

    fn target(dir: &std::path::Path, window: Option<Window>) -> Target {
        let files = config::init::init_test_ca(dir).unwrap();
        let log = dir.join("log.key");
        let key = config::init::init_log_key(&log).unwrap();
        std::fs::remove_file(log).unwrap();
        let test_ca = Some(TestCa { certificate: files.certificate, key: files.key });
        Target { urls: Vec::new(), key, window, test_ca }
    }

    #[test]
    fn a_log_takes_what_is_issued() {
        let dir = tempfile::tempdir().unwrap();
        let issuer = Issuer::new(&target(dir.path(), None)).unwrap();
        let mut roots = Roots::new();
        roots.add_pem_or_der("ca", &std::fs::read(dir.path().join("test-ca.pem")).unwrap()).unwrap();
        let admission = Admission { roots: &roots, window: None };
        let mut identities = std::collections::BTreeSet::new();
        for number in 0..9 {
            let chain = issuer.issue(number).unwrap();
            let endpoint = if number % 2 == 1 { Endpoint::AddPreChain } else { Endpoint::AddChain };
            let valid = validate(&chain, endpoint, &admission, &NoCache).unwrap();
            assert!(identities.insert(valid.identity()));
        }
    }

    #[test]
    fn leaves_end_inside_the_window() {
        let moment = |text: &str| crate::moment::parse(text).unwrap();
        let window = |start: &str, end: &str| {
            Some(Window { start_inclusive: moment(start), end_exclusive: moment(end) })
        };
        let now = moment("2026-11-21");
        assert_eq!(not_after(now, None), moment("2027-02-19"));
        assert_eq!(not_after(now, window("2027-01-01", "2028-01-01")), moment("2027-02-19"));
        assert_eq!(not_after(now, window("2028-01-01", "2029-01-01")), moment("2028-01-01"));
        let this = window("2026-01-01", "2027-01-01");
        assert_eq!(not_after(now, this), moment("2026-12-31T23:59:59Z"));
        assert_eq!(not_after(now, window("2020-01-01", "2021-01-01")), moment("2020-12-31T23:59:59Z"));
    }
}
