//! Certificates as CAs make them, and as nobody should.

use super::*;
use crate::testing::{DraftTbs, extension, general_name, name, x509};
use ct::x509::der::wrap;
use std::time::Instant;

fn read(draft: &DraftTbs) -> Certificate {
    Certificate::read(&draft.precert()).unwrap()
}

fn names(certificate: &Certificate) -> Vec<&str> {
    certificate.names.iter().map(HostName::as_str).collect()
}

#[test]
fn a_certificate_of_a_ca_is_read_field_by_field() {
    let mut params = rcgen::CertificateParams::new(vec![
        "www.Example.com".to_owned(),
        "*.example.com".to_owned(),
        "192.0.2.7".to_owned(),
    ])
    .unwrap();
    params.distinguished_name.push(rcgen::DnType::CommonName, "cn.example.com");
    params.serial_number = Some(rcgen::SerialNumber::from(vec![0x01, 0xab]));
    params.not_before = rcgen::date_time_ymd(2026, 1, 1);
    params.not_after = rcgen::date_time_ymd(2026, 4, 1);
    let key = rcgen::KeyPair::generate().unwrap();
    let der = params.self_signed(&key).unwrap().der().to_vec();
    let found = Certificate::read(&x509(der)).unwrap();
    assert_eq!(names(&found), ["*.example.com", "cn.example.com", "www.example.com"]);
    assert_eq!(found.addresses, ["192.0.2.7".parse::<IpAddr>().unwrap()]);
    assert!(
        found.subject.contains("CN=cn.example.com") && found.subject == found.issuer,
        "{}",
        found.subject
    );
    assert_eq!(found.serial, "01ab");
    assert_eq!(found.not_before.unwrap().millis(), 1_767_225_600_000);
    assert_eq!(found.not_after.unwrap().millis(), 1_775_001_600_000);
    assert_eq!(found.gap, None);
}

#[test]
fn every_place_and_form_of_a_name_counts() {
    let san = |entries: &[Vec<u8>]| extension(SUBJECT_ALT_NAME, &wrap(SEQUENCE, &[&entries.concat()]));
    let utf16: Vec<u8> = "bmp.example".encode_utf16().flat_map(u16::to_be_bytes).collect();
    let draft = DraftTbs {
        subject: [
            name(0x0c, b"cn.example"),
            name(BMP, &utf16),
            name(0x0c, b"Joe Doe"),
            name(0x0c, b"2001:db8::1"),
        ]
        .concat(),
        extensions: vec![
            san(&[
                general_name(2, b"a.example"),
                general_name(1, b"joe@example"),
                general_name(7, &[10, 0, 0, 1]),
            ]),
            extension(b"\x55\x1d\x13", b"garbage"),
            san(&[general_name(2, "b\u{fc}cher.example".as_bytes()), general_name(2, b"\xff.example")]),
            san(&[general_name(7, &[1, 2, 3])]),
        ],
        ..DraftTbs::default()
    };
    let found = read(&draft);
    assert_eq!(
        names(&found),
        ["a.example", "bmp.example", "cn.example", "xn--bcher-kva.example", "\u{fffd}.example"]
    );
    assert_eq!(found.addresses, ["10.0.0.1", "2001:db8::1"].map(|text| text.parse::<IpAddr>().unwrap()));
    assert_eq!(found.gap, None);
}

/// BMPString.
const BMP: u8 = 0x1e;

#[test]
fn odd_fields_cost_only_themselves() {
    let draft = DraftTbs {
        serial: Vec::new(),
        validity: wrap(SEQUENCE, &[&wrap(0x17, &[b"never"])]),
        issuer: wrap(0x0c, &[b"no name"]),
        extensions: vec![extension(SUBJECT_ALT_NAME, &wrap(SEQUENCE, &[&general_name(2, b"a.example")]))],
        ..DraftTbs::default()
    };
    let found = read(&draft);
    assert_eq!((found.serial.as_str(), found.not_before, found.issuer.as_str()), ("", None, "?"));
    assert_eq!(names(&found), ["a.example"]);
}

#[test]
fn where_names_may_hide_it_is_said() {
    let good = general_name(2, b"a.example");
    let long_tag = wrap(SEQUENCE, &[&good, &[0x9f, 0x81, 0x01, 0x00]]);
    let many: Vec<u8> = (0..=MAX_NAMES).flat_map(|n| general_name(2, n.to_string().as_bytes())).collect();
    for (value, says) in [
        (long_tag, "tag of several bytes"),
        (wrap(SEQUENCE, &[&good, &[0x82, 0x05, b'x']]), "needs 5 bytes"),
        (good.clone(), "expected 0x30"),
        (wrap(SEQUENCE, &[&many]), "more than 20000 names"),
    ] {
        let found =
            read(&DraftTbs { extensions: vec![extension(SUBJECT_ALT_NAME, &value)], ..DraftTbs::default() });
        assert!(found.gap.unwrap().to_string().contains(says), "{:?}", found.gap);
        assert!(found.names.len() <= MAX_NAMES);
    }
    let subject = DraftTbs { subject: vec![0x31, 0x80], ..DraftTbs::default() };
    assert!(read(&subject).gap.is_some());
}

#[test]
fn what_is_no_certificate_is_said_to_be_none() {
    for bytes in [&b""[..], b"no certificate", &[0x30, 0], &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]] {
        assert!(Certificate::read(&x509(bytes.to_vec())).is_err());
    }
}

#[test]
fn no_change_of_a_byte_brings_the_reader_down() {
    let san = wrap(SEQUENCE, &[&general_name(2, b"*.a.example"), &general_name(7, &[10, 0, 0, 1])]);
    let draft = DraftTbs {
        subject: name(0x0c, b"cn.example"),
        extensions: vec![extension(SUBJECT_ALT_NAME, &san)],
        ..DraftTbs::default()
    };
    let tbs = draft.der();
    for at in 0..tbs.len() {
        for value in [0, 1, 0x1f, 0x30, 0x7f, 0x80, 0x84, 0xff] {
            let mut bytes = tbs.clone();
            bytes[at] = value;
            // Whether it can be read is not the point: it ends, and within its bytes.
            let _ = Certificate::read(&crate::testing::precert(bytes));
        }
        let _ = Certificate::read(&crate::testing::precert(tbs[..at].to_vec()));
    }
}

#[test]
fn names_without_end_take_no_time_without_end() {
    // A megabyte of labels, and a megabyte of characters that have no A-label: work that grew with the square of either
    // would take hours.
    let dots = "a.".repeat(1 << 19) + "example";
    let wide: String = (0..1 << 19).map(|n| char::from_u32(0x4e00 + n % 20_000).unwrap()).collect();
    let san = wrap(SEQUENCE, &[&general_name(2, dots.as_bytes()), &general_name(2, wide.as_bytes())]);
    let draft = DraftTbs { extensions: vec![extension(SUBJECT_ALT_NAME, &san)], ..DraftTbs::default() };
    let begun = Instant::now();
    let found = read(&draft);
    let list = crate::names::WatchList::new([".example".parse().unwrap()]);
    assert_eq!(list.hits(&found.names, &found.addresses).len(), 1);
    assert!(begun.elapsed().as_secs() < 60);
}
