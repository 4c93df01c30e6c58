//! Reading certificates and their bundles.

use super::fixtures;
use super::forge::{Draft, Party, basic_constraints, extension, hierarchy, key_id};
use crate::limits::MAX_CERTIFICATE;
use crate::x509::der::DerError;
use crate::x509::pem::PemError;
use crate::x509::{CaClaim, Certificate, CertificateError, Roots, RootsError, oid};

#[test]
fn the_fields_of_a_certificate_are_its_bytes() {
    let h = hierarchy();
    let leaf = Certificate::parse(h.leaf_der.clone()).unwrap();
    let intermediate = Certificate::parse(h.intermediate_der.clone()).unwrap();
    assert_eq!(leaf.der(), h.leaf_der);
    assert_eq!(leaf.version(), 3);
    assert_eq!(leaf.issuer(), intermediate.subject());
    assert_eq!(leaf.fingerprint().as_bytes(), &crate::hash::sha256(&[&h.leaf_der]));
    assert_eq!((leaf.ca_claim(), intermediate.ca_claim()), (CaClaim::NotCa, CaClaim::Ca));
    assert!(intermediate.is_ca() && !leaf.is_ca());
    assert_eq!(leaf.inner_algorithm(), leaf.outer_algorithm());
    assert_eq!(leaf.extension(oid::BASIC_CONSTRAINTS), Some((true, &b"\x30\x00"[..])));
    assert_eq!(leaf.extension(oid::POISON), None);
}

#[test]
fn repeated_extensions_are_counted() {
    let ca = Party::new("ca");
    let draft = Draft::leaf(&ca).with(key_id(1)).with(key_id(2)).with(basic_constraints(true));
    let certificate = Certificate::parse(draft.issued_by(&ca)).unwrap();
    assert_eq!(certificate.extension_count(oid::AUTHORITY_KEY_ID), 2);
    assert_eq!(certificate.extension_count(oid::POISON), 0);
    assert_eq!(certificate.ca_claim(), CaClaim::Unclear);
    assert_eq!(certificate.extensions().len(), 4);
}

#[test]
fn openssls_oddities_are_read() {
    assert_eq!(fixtures::certificate("v1_root").version(), 1);
    let certificate = fixtures::certificate("negative_serial");
    assert!(certificate.not_after().millis() > 2_524_608_000_000, "GeneralizedTime, past 2050");
    let signer = fixtures::certificate("psc");
    assert!(signer.has_extended_key_usage(oid::PRECERT_SIGNING));
    assert!(!signer.has_extended_key_usage(oid::SERVER_AUTH));
    assert!(fixtures::certificate("final").has_extended_key_usage(oid::SERVER_AUTH));
    assert!(signer.may_sign_certificates());
}

#[test]
fn every_shorter_document_is_refused_with_an_offset() {
    let der = hierarchy().leaf_der;
    for len in 0..der.len() {
        let error = Certificate::parse(&der[..len]).unwrap_err();
        assert!(matches!(error, CertificateError::Der(DerError::Short { .. })), "{len}: {error}");
    }
}

#[test]
fn a_certificate_is_bounded() {
    let ca = Party::new("ca");
    let of = |filling: usize| {
        let draft = Draft::leaf(&ca).with(extension(b"\x2a\x03", false, &vec![0; filling]));
        Certificate::parse(draft.issued_by(&ca)).map(|certificate| certificate.der().len())
    };
    assert!(of(MAX_CERTIFICATE - 1000).is_ok());
    assert!(matches!(of(MAX_CERTIFICATE), Err(CertificateError::TooLong { .. })));
}

#[test]
fn broken_structures_are_refused() {
    let ca = Party::new("ca");
    let good = Draft::leaf(&ca);
    let bad_flag = |bytes: &[u8]| {
        let kind = crate::x509::der::wrap(6, &[b"\x2a\x03"]);
        let flag = crate::x509::der::wrap(1, &[bytes]);
        crate::x509::der::wrap(0x30, &[&kind, &flag, b"\x04\x00"])
    };
    let refused = [
        Draft { serial: vec![], ..good.clone() },
        good.clone().not_after("20271301000000Z"),
        good.clone().with(bad_flag(&[])),
        good.clone().with(bad_flag(&[0, 0])),
        good.clone().with(b"\x30\x02\x06\x00".to_vec()),
        good.clone().with(b"\x31\x00".to_vec()),
    ];
    for (case, draft) in refused.iter().enumerate() {
        assert!(Certificate::parse(draft.issued_by(&ca)).is_err(), "case {case}");
    }
    for flag in [&[0][..], &[1], &[0xff]] {
        let certificate = Certificate::parse(good.clone().with(bad_flag(flag)).issued_by(&ca)).unwrap();
        assert_eq!(certificate.extension(b"\x2a\x03"), Some((flag != [0], &b""[..])));
    }
}

#[test]
fn a_bundle_gives_roots_in_order_and_once() {
    let names = ["p384", "p256", "ed25519", "p256"];
    let bundle: String = names
        .iter()
        .map(|name| format!("# {name}\r\n{}\n", fixtures::text(&format!("{name}.pem"))))
        .collect();
    let roots = Roots::from_pem_and_der("bundle.pem", bundle.as_bytes()).unwrap();
    let found: Vec<&[u8]> = roots.iter().map(|root| root.certificate.der()).collect();
    let expected = fixtures::chain(&names[..3]);
    assert_eq!(found, expected);
    let second = roots.iter().nth(1).unwrap();
    assert_eq!(second.source, "bundle.pem");
    assert!(second.line > 2);
    assert_eq!(roots.get(&second.certificate.fingerprint()).unwrap().line, second.line);
    assert_eq!(roots.named(second.certificate.subject()).count(), 1);
    assert!(roots.contains(&second.certificate));
    assert!(!roots.contains(&fixtures::certificate("rsa2048")));
}

#[test]
fn a_source_may_be_one_certificate_in_der() {
    let der = fixtures::der("p256");
    let mut roots = Roots::from_pem_and_der("root.der", &der).unwrap();
    assert_eq!(roots.len(), 1);
    assert_eq!(roots.add_pem_or_der("again.pem", fixtures::text("p256.pem").as_bytes()), Ok(0));
    assert_eq!(roots.iter().next().unwrap().source, "root.der");
}

#[test]
fn a_broken_source_is_refused_whole_and_by_name() {
    let mut roots = Roots::new();
    let empty = RootsError::Empty { source_name: "empty".to_owned() };
    assert_eq!(roots.add_pem_or_der("empty", b""), Err(empty));
    assert!(matches!(
        roots.add_pem_or_der("key", b"-----BEGIN PRIVATE KEY-----"),
        Err(RootsError::Empty { .. })
    ));
    let good = fixtures::text("p256.pem");
    let unfinished = format!("{good}-----BEGIN CERTIFICATE-----\nAAAA\n");
    let error = roots.add_pem_or_der("unfinished", unfinished.as_bytes()).unwrap_err();
    assert!(matches!(error, RootsError::Pem { error: PemError::Unfinished { .. }, .. }));
    let junk = format!("{good}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    let error = roots.add_pem_or_der("junk", junk.as_bytes()).unwrap_err();
    assert!(error.to_string().starts_with("junk, line "), "{error}");
    let base64 = junk.replace("AAAA", "A*AA");
    let error = roots.add_pem_or_der("base64", base64.as_bytes()).unwrap_err();
    assert!(matches!(error, RootsError::Pem { error: PemError::Base64 { .. }, .. }));
    assert!(roots.is_empty(), "nothing of a broken source is taken");
}

#[test]
fn identifiers_are_shown_dotted() {
    assert_eq!(oid::dotted(oid::POISON), "1.3.6.1.4.1.11129.2.4.3");
    assert_eq!(oid::dotted(oid::BASIC_CONSTRAINTS), "2.5.29.19");
    assert_eq!(oid::dotted(b"\x88\x37"), "2.999");
    assert_eq!(oid::dotted(&[0xff; 60]), format!("0x{}", "ff".repeat(40)));
    assert_eq!(oid::dotted(b""), "");
}

#[test]
fn an_element_too_many_is_refused_wherever_it_stands() {
    use crate::x509::der::{SEQUENCE, wrap};
    // The path to each structure: which of its parent's elements it is, from the outermost inwards.
    let nesting: [(&[usize], &str); 4] = [
        (&[], "signatureValue"),
        (&[0], "tbsCertificate"),
        (&[0, 4], "validity"),
        (&[0, 7, 0, 0], "extension"),
    ];
    fn elements(content: &[u8]) -> Vec<Vec<u8>> {
        let mut reader = crate::x509::der::Reader::new(content);
        let mut found = vec![];
        while !reader.is_empty() {
            found.push(reader.any("element").unwrap().whole().to_vec());
        }
        found
    }
    fn lengthen(der: &[u8], path: &[usize]) -> Vec<u8> {
        let element = crate::x509::der::Reader::new(der).any("element").unwrap();
        let mut parts = elements(element.value());
        match path.split_first() {
            None => parts.push(wrap(SEQUENCE, &[])),
            Some((first, rest)) => parts[*first] = lengthen(&parts[*first], rest),
        }
        wrap(element.tag, &[&parts.concat()])
    }
    let der = hierarchy().leaf_der;
    for (path, field) in nesting {
        match Certificate::parse(lengthen(&der, path)) {
            Err(CertificateError::Der(DerError::Trailing { field: found, extra: 2, .. })) => {
                assert_eq!(found, field)
            }
            other => panic!("{field}: {other:?}"),
        }
    }
}
