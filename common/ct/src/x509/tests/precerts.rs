//! Surgery on TBSCertificates.

use super::fixtures::certificate;
use super::forge::{Draft, Party, extension, key_id, name, poison, precert_signing, sign};
use crate::x509::der::{SEQUENCE, context, wrap};
use crate::x509::{Certificate, Poison, PrecertError, final_tbs, is_precert_signer, oid, precert_tbs};

fn parse(der: Vec<u8>) -> Certificate {
    Certificate::parse(der).unwrap()
}

fn sct_list() -> Vec<u8> {
    extension(oid::SCT_LIST, false, b"\x04\x02\x00\x00")
}

#[test]
fn precertificate_and_final_certificate_of_openssl_meet() {
    let pairs = [
        ("precert", None, "final"),
        ("precert_by_psc", Some("psc"), "final"),
        ("precert_noaki_by_psc", Some("psc"), "final_lastaki"),
        ("precert_noaki", None, "final_noaki"),
        ("precert_noaki_by_psc_noaki", Some("psc_noaki"), "final_noaki"),
    ];
    for (precert, signer, last) in pairs {
        let signer = signer.map(certificate);
        let reduced = precert_tbs(&certificate(precert), signer.as_ref()).unwrap();
        assert_eq!(reduced, final_tbs(&certificate(last)).unwrap(), "{precert} and {last}");
    }
    // A signing certificate without authority key identifier takes the precertificate's away.
    let signer = certificate("psc_noaki");
    let without = precert_tbs(&certificate("precert_by_psc_noaki"), Some(&signer)).unwrap();
    let with = precert_tbs(&certificate("precert_by_psc"), Some(&certificate("psc"))).unwrap();
    assert!(without.len() < with.len());
    assert!(!without.windows(5).any(|bytes| bytes == b"\x06\x03\x55\x1d\x23"));
}

#[test]
fn poison_leaves_from_every_place() {
    let (ca, leaf) = (Party::new("ca"), Party::new("leaf"));
    let others: Vec<Vec<u8>> = (1..5u8).map(|n| extension(&[0x2a, n], n % 2 == 0, &[n; 40])).collect();
    let clean = Draft::leaf(&leaf).extensions(&others);
    for at in 0..=others.len() {
        for (mark, precert) in [(poison(), true), (sct_list(), false)] {
            let mut marked = clean.clone();
            marked.extensions.insert(at, mark);
            let certificate = parse(marked.issued_by(&ca));
            let reduced = if precert { precert_tbs(&certificate, None) } else { final_tbs(&certificate) };
            assert_eq!(reduced.unwrap(), clean.tbs(&ca), "place {at}");
        }
    }
}

#[test]
fn lengths_are_right_on_both_sides_of_their_widths() {
    let (ca, leaf) = (Party::new("ca"), Party::new("leaf"));
    for filling in (0..300).chain(65_000..65_600).step_by(7) {
        let filler = extension(b"\x2a\x03", false, &vec![0x55; filling]);
        let clean = Draft::leaf(&leaf).extensions(&[filler]);
        let precert = parse(clean.clone().with(poison()).issued_by(&ca));
        let reduced = precert_tbs(&precert, None).unwrap();
        assert_eq!(reduced, clean.tbs(&ca), "{filling}");
        parse(sign(&reduced, &ca, None));
    }
}

#[test]
fn an_embedded_sct_list_in_a_precertificate_is_left_alone() {
    let (ca, leaf) = (Party::new("ca"), Party::new("leaf"));
    let draft = Draft::leaf(&leaf).with(sct_list());
    let precert = parse(draft.clone().with(poison()).issued_by(&ca));
    assert_eq!(precert_tbs(&precert, None).unwrap(), draft.tbs(&ca));
}

/// What a precertificate with these extensions becomes under a signing certificate with those.
fn under_signer(own: &[Vec<u8>], signers: &[Vec<u8>], expected: &[Vec<u8>]) {
    let (ca, signer, leaf) = (Party::new("the issuing ca"), Party::new("signer"), Party::new("leaf"));
    let signer_der = Draft::ca(&signer).with(precert_signing()).extensions.into_iter();
    let signer_extensions: Vec<Vec<u8>> = signer_der.chain(signers.iter().cloned()).collect();
    let signer_certificate = parse(Draft::ca(&signer).extensions(&signer_extensions).issued_by(&ca));
    assert!(is_precert_signer(&signer_certificate));
    let precert = parse(Draft::leaf(&leaf).extensions(own).issued_by(&signer));
    let reduced = precert_tbs(&precert, Some(&signer_certificate)).unwrap();
    assert_eq!(reduced, Draft::leaf(&leaf).extensions(expected).tbs(&ca));
}

#[test]
fn the_key_identifier_follows_the_signing_certificate() {
    let other = || extension(b"\x2a\x03", true, b"other");
    let (own, new) = (|| key_id(1), || key_id(2));
    // In its own place.
    under_signer(&[own(), poison(), other()], &[new()], &[new(), other()]);
    under_signer(&[other(), poison(), own()], &[new()], &[other(), new()]);
    // Taken away.
    under_signer(&[own(), poison(), other()], &[], &[other()]);
    // Appended, even if nothing else is left.
    under_signer(&[poison(), other()], &[new()], &[other(), new()]);
    under_signer(&[poison()], &[new()], &[new()]);
    // Neither has one.
    under_signer(&[poison(), other()], &[], &[other()]);
    // A critical mark stays where it was, and is not copied from the signing certificate.
    let critical = |id: u8| {
        let plain = key_id(id);
        let value = plain[plain.len() - 24..].to_vec();
        extension(oid::AUTHORITY_KEY_ID, true, &value)
    };
    under_signer(&[critical(1), poison()], &[new()], &[critical(2)]);
    under_signer(&[own(), poison()], &[critical(2)], &[new()]);
    under_signer(&[other(), poison()], &[critical(2)], &[other(), new()]);
}

#[test]
fn a_repeated_key_identifier_cannot_be_rewritten() {
    let (ca, signer, leaf) = (Party::new("ca"), Party::new("signer"), Party::new("leaf"));
    let twice = |draft: Draft| draft.with(key_id(1)).with(key_id(2));
    let good_signer = parse(Draft::ca(&signer).with(precert_signing()).issued_by(&ca));
    let bad_signer = parse(twice(Draft::ca(&signer).with(precert_signing())).issued_by(&ca));
    let good = parse(Draft::leaf(&leaf).with(poison()).issued_by(&signer));
    let bad = parse(twice(Draft::leaf(&leaf).with(poison())).issued_by(&signer));
    let refused = precert_tbs(&bad, Some(&good_signer)).unwrap_err();
    assert_eq!(refused, PrecertError::KeyIdRepeated { which: "precertificate", found: 2 });
    assert!(matches!(precert_tbs(&good, Some(&bad_signer)), Err(PrecertError::KeyIdRepeated { .. })));
    // Where nothing is rewritten, a log has no opinion.
    precert_tbs(&bad, None).unwrap();
}

#[test]
fn what_has_nothing_to_take_out_is_refused() {
    let (ca, leaf) = (Party::new("ca"), Party::new("leaf"));
    let plain = parse(Draft::leaf(&leaf).issued_by(&ca));
    assert_eq!(crate::x509::poison(&plain), Ok(Poison::None));
    assert_eq!(precert_tbs(&plain, None), Err(PrecertError::Missing { what: "poison" }));
    assert_eq!(final_tbs(&plain), Err(PrecertError::Missing { what: "SCT list" }));
    let only = parse(Draft::leaf(&leaf).extensions(&[poison()]).issued_by(&ca));
    assert_eq!(crate::x509::poison(&only), Ok(Poison::Good));
    assert_eq!(precert_tbs(&only, None), Err(PrecertError::NoExtensionLeft { what: "poison" }));
    let twice = parse(Draft::leaf(&leaf).with(sct_list()).with(sct_list()).issued_by(&ca));
    assert_eq!(final_tbs(&twice), Err(PrecertError::SctListRepeated { found: 2 }));
}

/// An element whose length takes more bytes than it needs.
fn long_form(tag: u8, content: &[u8]) -> Vec<u8> {
    [&[tag, 0x84][..], &(content.len() as u32).to_be_bytes(), content].concat()
}

#[test]
fn long_lengths_are_kept_inside_and_shortened_around() {
    let (ca, leaf) = (Party::new("ca"), Party::new("leaf"));
    let odd = long_form(SEQUENCE, &extension(b"\x2a\x03", true, b"odd")[2..]);
    let clean = Draft::leaf(&leaf).extensions(std::slice::from_ref(&odd));
    let tbs = clean.clone().with(poison()).tbs(&ca);
    let list = [odd, poison()].concat();
    let field = wrap(context(3), &[&wrap(SEQUENCE, &[&list])]);
    assert!(tbs.ends_with(&field));
    let head = &tbs[tbs.len() - content_len(&tbs)..tbs.len() - field.len()];
    let wide = long_form(context(3), &long_form(SEQUENCE, &list));
    let content = [head, &wide].concat();
    let certificate = parse(sign(&long_form(SEQUENCE, &content), &ca, None));
    assert_eq!(precert_tbs(&certificate, None).unwrap(), clean.tbs(&ca));
}

#[test]
fn unique_identifiers_survive() {
    let (ca, leaf) = (Party::new("ca"), Party::new("leaf"));
    let with_ids = |extensions: &[Vec<u8>]| {
        let bare = Draft::leaf(&leaf).extensions(&[]).tbs(&ca);
        let ids = [wrap(0x81, &[&[0, 1]]), wrap(0x82, &[&[0, 2]])].concat();
        let field = wrap(context(3), &[&wrap(SEQUENCE, &[&extensions.concat()])]);
        let body = &bare[bare.len() - content_len(&bare)..];
        wrap(SEQUENCE, &[body, &ids, &field])
    };
    let other = extension(b"\x2a\x03", false, b"other");
    let precert = parse(sign(&with_ids(&[poison(), other.clone()]), &ca, None));
    assert_eq!(precert_tbs(&precert, None).unwrap(), with_ids(&[other]));
}

/// Length of the content of an element with a short or one- or two-byte length.
fn content_len(der: &[u8]) -> usize {
    match der[1] {
        0x81 => usize::from(der[2]),
        0x82 => usize::from(der[2]) << 8 | usize::from(der[3]),
        short => usize::from(short),
    }
}

#[test]
fn a_signing_certificate_is_known_by_its_purpose() {
    let (ca, signer) = (Party::new("ca"), Party::new("signer"));
    let purposes = |bytes: &[u8]| extension(oid::EXTENDED_KEY_USAGE, false, bytes);
    let is_signer =
        |extension: Vec<u8>| is_precert_signer(&parse(Draft::ca(&signer).with(extension).issued_by(&ca)));
    assert!(is_signer(precert_signing()));
    assert!(!is_signer(key_id(1)));
    assert!(!is_signer(purposes(b"\x30\x00")));
    assert!(!is_signer(purposes(b"\x06\x0a\x2b\x06\x01\x04\x01\xd6\x79\x02\x04\x04")));
    let server_auth = wrap(6, &[oid::SERVER_AUTH]);
    let both = wrap(SEQUENCE, &[&server_auth, &wrap(6, &[oid::PRECERT_SIGNING])]);
    assert!(is_signer(purposes(&both)));
    assert!(!is_signer(purposes(&wrap(SEQUENCE, &[&server_auth]))));
    assert_ne!(name("a"), name("b"));
}
