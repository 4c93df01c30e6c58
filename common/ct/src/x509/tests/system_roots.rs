//! The roots of this machine, against x509-parser.

use super::forge::judge;
use crate::x509::{Certificate, Endpoint, Roots, verify_issued};
use std::path::Path;
use x509_parser::prelude::{FromDer, X509Certificate};

/// The roots in /etc/ssl/certs; `None`, with a message, where there are none.
fn installed() -> Option<Roots> {
    let directory = Path::new("/etc/ssl/certs");
    let Ok(files) = std::fs::read_dir(directory) else {
        eprintln!("skipped: no {}", directory.display());
        return None;
    };
    let mut roots = Roots::new();
    for path in files.filter_map(|file| file.ok().map(|file| file.path())) {
        if path.extension().is_some_and(|kind| kind == "pem" || kind == "crt") {
            let bytes = std::fs::read(&path).unwrap();
            roots.add_pem_or_der(&path.display().to_string(), &bytes).unwrap();
        }
    }
    Some(roots)
}

#[test]
fn every_installed_root_is_a_chain_of_one_and_signed_itself() {
    let Some(roots) = installed() else { return };
    eprintln!("{} roots", roots.len());
    for root in roots.iter() {
        let der = root.certificate.der();
        let good = judge(&[der], Endpoint::AddChain, &roots)
            .unwrap_or_else(|error| panic!("{}: {error}", root.source));
        assert_eq!(good.entry().body(), der);
        if root.certificate.issuer() == root.certificate.subject() {
            verify_issued(&root.certificate, &root.certificate)
                .unwrap_or_else(|error| panic!("{}: {error}", root.source));
        }
    }
}

#[test]
fn fields_agree_with_x509_parser() {
    let Some(roots) = installed() else { return };
    for root in roots.iter() {
        compare(&root.certificate, &root.source);
    }
    for name in ["v1_root", "psc", "precert", "final", "negative_serial", "pss_sha256", "ed25519"] {
        compare(&super::fixtures::certificate(name), name);
    }
}

fn compare(ours: &Certificate, from: &str) {
    let (rest, theirs) = X509Certificate::from_der(ours.der()).unwrap();
    assert!(rest.is_empty());
    assert_eq!(ours.tbs(), theirs.tbs_certificate.as_ref(), "{from}");
    assert_eq!(u32::from(ours.version()), theirs.version().0 + 1, "{from}");
    assert_eq!(ours.issuer(), theirs.issuer().as_raw(), "{from}");
    assert_eq!(ours.subject(), theirs.subject().as_raw(), "{from}");
    assert_eq!(ours.spki(), theirs.public_key().raw, "{from}");
    assert_eq!(ours.signature(), &*theirs.signature_value.data, "{from}");
    let seconds = |time: crate::time::Timestamp| i64::try_from(time.millis() / 1000).unwrap();
    assert_eq!(seconds(ours.not_before()), theirs.validity().not_before.timestamp().max(0), "{from}");
    assert_eq!(seconds(ours.not_after()), theirs.validity().not_after.timestamp().max(0), "{from}");
    let extensions: Vec<(&[u8], bool, &[u8])> =
        ours.extensions().map(|extension| (extension.oid, extension.critical, extension.value)).collect();
    let expected: Vec<(&[u8], bool, &[u8])> = theirs
        .extensions()
        .iter()
        .map(|extension| (extension.oid.as_bytes(), extension.critical, extension.value))
        .collect();
    assert_eq!(extensions, expected, "{from}");
    assert_eq!(ours.is_ca(), theirs.is_ca(), "{from}");
    let usage = theirs.key_usage().unwrap().is_none_or(|usage| usage.value.key_cert_sign());
    assert_eq!(ours.may_sign_certificates(), usage, "{from}");
}
