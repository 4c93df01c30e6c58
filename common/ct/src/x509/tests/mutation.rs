//! Whatever bytes come, nothing panics, and what is read lies within them.

use super::fixtures;
use super::forge::judge;
use crate::x509::der::Reader;
use crate::x509::{Certificate, Endpoint, Roots, final_tbs, pem, precert_tbs, verify_issued};
use proptest::prelude::*;
use std::sync::LazyLock;

const SEEDS: &[&str] = &[
    "precert",
    "final",
    "psc",
    "precert_by_psc",
    "pss_sha256",
    "rsa_pss",
    "p521",
    "p256_compressed",
    "ed25519",
    "v1_root",
    "rsa1024",
    "negative_serial",
    "k256",
    "poison_value",
];

static DERS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| fixtures::chain(SEEDS));

/// A change of one place.
#[derive(Debug, Clone)]
enum Change {
    Set(usize, u8),
    Flip(usize, u8),
    Remove(usize, usize),
    Insert(usize, Vec<u8>),
    Truncate(usize),
    Copy(usize, usize, usize),
}

fn change() -> impl Strategy<Value = Change> {
    let at = 0usize..1500;
    prop_oneof![
        (at.clone(), any::<u8>()).prop_map(|(at, byte)| Change::Set(at, byte)),
        (at.clone(), 0u8..8).prop_map(|(at, bit)| Change::Flip(at, bit)),
        (at.clone(), 1usize..20).prop_map(|(at, len)| Change::Remove(at, len)),
        (at.clone(), prop::collection::vec(any::<u8>(), 1..20))
            .prop_map(|(at, bytes)| Change::Insert(at, bytes)),
        at.clone().prop_map(Change::Truncate),
        (at.clone(), at, 1usize..40).prop_map(|(from, to, len)| Change::Copy(from, to, len)),
    ]
}

fn apply(der: &mut Vec<u8>, change: &Change) {
    let len = der.len();
    let within = |at: usize| at % len.max(1);
    match change {
        _ if der.is_empty() => {}
        Change::Set(at, byte) => der[within(*at)] = *byte,
        Change::Flip(at, bit) => der[within(*at)] ^= 1 << bit,
        Change::Remove(at, count) => drop(der.drain(within(*at)..(within(*at) + count).min(len))),
        Change::Insert(at, bytes) => drop(der.splice(within(*at)..within(*at), bytes.iter().copied())),
        Change::Truncate(at) => der.truncate(within(*at)),
        Change::Copy(from, to, count) => {
            let (from, to) = (within(*from), within(*to));
            let count = (*count).min(len - from).min(len - to);
            der.copy_within(from..from + count, to);
        }
    }
}

/// Asks a certificate, if the bytes are one, all that can be asked.
fn exercise(der: &[u8]) {
    let Ok(certificate) = Certificate::parse(der) else { return };
    assert_eq!(certificate.der(), der);
    let _ = certificate.ca_claim();
    let _ = certificate.may_sign_certificates();
    let _ = certificate.has_extended_key_usage(b"\x2a");
    let signer = Certificate::parse(DERS[2].as_slice()).unwrap();
    for tbs in
        [precert_tbs(&certificate, None), precert_tbs(&certificate, Some(&signer)), final_tbs(&certificate)]
    {
        let Ok(tbs) = tbs else { continue };
        let mut reader = Reader::new(&tbs);
        reader.element("tbs", crate::x509::der::SEQUENCE).unwrap();
        reader.finish("tbs").unwrap();
    }
    let _ = verify_issued(&certificate, &certificate);
    let _ = verify_issued(&signer, &certificate);
    let mut roots = Roots::new();
    roots.add_pem_or_der("mutant", der).unwrap();
    for endpoint in [Endpoint::AddChain, Endpoint::AddPreChain] {
        let _ = judge(&[der], endpoint, &roots);
        let _ = judge(&[&DERS[0], der], endpoint, &roots);
    }
}

#[test]
fn many_mutants_are_still_certificates() {
    // Else the tests below would try little more than the reader's first steps.
    let der = &DERS[0];
    let mutants = (0..der.len()).map(|at| {
        let mut mutant = der.clone();
        apply(&mut mutant, &Change::Flip(at, 3));
        mutant
    });
    let read = mutants.filter(|mutant| Certificate::parse(mutant.as_slice()).is_ok()).count();
    assert!(read * 2 > der.len(), "{read} of {}", der.len());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn mutants_never_panic(seed in 0..SEEDS.len(), changes in prop::collection::vec(change(), 1..4)) {
        let mut der = DERS[seed].clone();
        for change in &changes {
            apply(&mut der, change);
        }
        exercise(&der);
    }

    #[test]
    fn noise_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        exercise(&bytes);
        let _ = pem::certificates(&String::from_utf8_lossy(&bytes));
        let _ = crate::x509::oid::dotted(&bytes);
        let mut roots = Roots::new();
        let _ = roots.add_pem_or_der("noise", &bytes);
    }
}

#[test]
fn every_byte_of_every_header_set_to_every_edge_never_panics() {
    for der in DERS.iter() {
        for at in 0..der.len().min(400) {
            for byte in [0x00, 0x7f, 0x80, 0x81, 0x84, 0x85, 0xff] {
                let mut mutant = der.clone();
                mutant[at] = byte;
                let _ = Certificate::parse(mutant.as_slice());
            }
        }
    }
}
