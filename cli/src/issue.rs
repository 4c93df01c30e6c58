//! An issuer below the test CA of a log of `up`.

use crate::failure::Failure;
use crate::target::{Target, TestCa};
use config::load_private_key;
use hammer::chains::{Issuer, KeyKind, Validity};
use node::clock::{Clock as _, SystemClock};
use std::fs;

/// Issues for that log, with keys of these kinds.
pub fn issuer(target: &Target, ca: &TestCa, kinds: &[KeyKind]) -> Result<Issuer, Failure> {
    let path = ca.certificate.display();
    let certificate =
        fs::read_to_string(&ca.certificate).map_err(Failure::io(format_args!("read {path}")))?;
    let key = load_private_key(&ca.key)?;
    let ca = hammer::chains::TestCa::new(&certificate, key.pem())
        .map_err(|error| Failure::Usage(format!("{path}: {error}")))?;
    let validity = Validity::from(SystemClock.now(), target.window);
    Issuer::new(&ca, kinds, validity).map_err(|error| Failure::Internal(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ct::x509::{Admission, Endpoint, NoCache, Roots, validate};

    #[test]
    fn a_log_takes_what_its_test_ca_issues() {
        let dir = tempfile::tempdir().unwrap();
        let files = config::init::init_test_ca(dir.path()).unwrap();
        let key = config::init::init_log_key(&dir.path().join("log.key")).unwrap();
        let url = client::log::base_url("http://127.0.0.1:1/log").unwrap();
        let log = client::Log::new("log".to_owned(), vec![url], key).unwrap();
        let ca = TestCa { certificate: files.certificate, key: files.key };
        let target = Target { log, window: None, mmd: None, test_ca: Some(ca.clone()) };
        let issuer = issuer(&target, &ca, &KeyKind::ALL).unwrap();
        let mut roots = Roots::new();
        roots.add_pem_or_der("ca", &fs::read(&ca.certificate).unwrap()).unwrap();
        let admission = Admission { roots: &roots, window: None };
        for number in 0..4 {
            let chain = issuer.issue(number, Endpoint::AddPreChain).unwrap().chain();
            validate(&chain, Endpoint::AddPreChain, &admission, &NoCache).unwrap();
        }
    }
}
