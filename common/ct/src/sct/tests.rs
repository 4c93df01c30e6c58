use super::{DigitallySigned, Sct, SignatureAlgorithm, parse_sct_list, sct_list};
use crate::hash::LogId;
use crate::time::Timestamp;
use crate::tls::DecodeError;

fn sct(signature: DigitallySigned) -> Sct {
    let timestamp = Timestamp::from_millis(1_700_000_000_000);
    Sct { log_id: LogId::new([7; 32]), timestamp, extensions: vec![1, 2, 3], signature }
}

#[test]
fn both_algorithms_come_back_as_they_were() {
    for (algorithm, code) in [(SignatureAlgorithm::Rsa, 1), (SignatureAlgorithm::Ecdsa, 3)] {
        let make = match algorithm {
            SignatureAlgorithm::Rsa => DigitallySigned::rsa,
            SignatureAlgorithm::Ecdsa => DigitallySigned::ecdsa,
        };
        for len in [1, 72, algorithm.max_len()] {
            let signature = make(vec![9; len]).unwrap();
            let bytes = signature.encode();
            assert_eq!(bytes[..4], [4, code, (len >> 8) as u8, len as u8]);
            assert_eq!(DigitallySigned::decode(&bytes).as_ref(), Ok(&signature));
            assert_eq!(signature.algorithm(), algorithm);
            let whole = sct(signature);
            assert_eq!(Sct::decode(&whole.encode().unwrap()).unwrap(), whole);
        }
        let limit = algorithm.max_len();
        let refused = make(vec![9; limit + 1]).unwrap_err();
        assert_eq!((refused.len, refused.limit), (limit + 1, limit));
    }
}

#[test]
fn a_signature_is_read_to_its_last_byte_and_no_further() {
    let good = DigitallySigned::ecdsa(vec![9; 70]).unwrap().encode();
    for len in 0..good.len() {
        assert!(matches!(DigitallySigned::decode(&good[..len]), Err(DecodeError::Short { .. })), "{len}");
    }
    let longer = [good.as_slice(), &[0]].concat();
    assert!(matches!(DigitallySigned::decode(&longer), Err(DecodeError::Trailing { at: 74, extra: 1, .. })));
    for (at, value) in [(0, 5), (0, 2), (1, 0), (1, 2), (1, 4), (1, 7)] {
        let mut bad = good.clone();
        bad[at] = value;
        match DigitallySigned::decode(&bad) {
            Err(DecodeError::Value { at: found, .. }) => assert_eq!(found, at),
            other => panic!("byte {at} = {value}: {other:?}"),
        }
    }
    let empty = DecodeError::Value { field: "signature length", at: 2, found: 0 };
    assert_eq!(DigitallySigned::decode(&[4, 1, 0, 0]), Err(empty));
    // As long as an RSA signature may be, but ECDSA.
    let long = [&[4, 3, 4, 0][..], &[9; 1024]].concat();
    assert!(matches!(DigitallySigned::decode(&long), Err(DecodeError::Value { found: 1024, .. })));
}

#[test]
fn an_error_in_an_sct_says_where_in_the_sct() {
    let mut bytes = sct(DigitallySigned::ecdsa(vec![9; 70]).unwrap()).encode().unwrap();
    let at = 1 + 32 + 8 + 2 + 3 + 1;
    bytes[at] = 7;
    let wrong = DecodeError::Value { field: "signature algorithm", at, found: 7 };
    assert_eq!(Sct::decode(&bytes), Err(wrong));
    assert_eq!(wrong.place(), ("signature algorithm", at));
    let second_version = [&[1][..], &bytes[1..]].concat();
    assert!(matches!(Sct::decode(&second_version), Err(DecodeError::Value { at: 0, found: 1, .. })));
}

#[test]
fn a_list_gives_back_what_was_put_in() {
    for scts in [vec![vec![1]], vec![vec![1], vec![2, 2], vec![3; 300]], vec![vec![0; 65_533]]] {
        let bytes = sct_list(&scts).unwrap();
        let back: Vec<Vec<u8>> = parse_sct_list(&bytes).unwrap().into_iter().map(<[u8]>::to_vec).collect();
        assert_eq!(back, scts);
    }
    let two = sct_list(&[vec![0; 40_000], vec![0; 40_000]]);
    assert!(two.is_err(), "65,535 bytes are all that a list can say");
}

#[test]
fn a_list_that_is_none_is_refused_where_it_is_wrong() {
    let value = |field, at| Err(DecodeError::Value { field, at, found: 0 });
    assert_eq!(parse_sct_list(&[0, 0]), value("sct_list", 0));
    assert_eq!(parse_sct_list(&[0, 2, 0, 0]), value("SerializedSCT", 2));
    assert_eq!(parse_sct_list(&[0, 5, 0, 1, 9, 0, 0]), value("SerializedSCT", 5));
    let trailing = DecodeError::Trailing { field: "sct_list", at: 5, extra: 2 };
    assert_eq!(parse_sct_list(&[0, 3, 0, 1, 9, 0, 0]), Err(trailing));
    let short = |field, at, needed, left| Err(DecodeError::Short { field, at, needed, left });
    assert_eq!(parse_sct_list(&[]), short("sct_list", 0, 2, 0));
    assert_eq!(parse_sct_list(&[0, 3, 0, 1]), short("sct_list", 2, 3, 2));
    assert_eq!(parse_sct_list(&[0, 4, 0, 3, 9, 9]), short("SerializedSCT", 4, 3, 2));
    assert_eq!(parse_sct_list(&[0, 4, 0, 1, 9, 0]), short("SerializedSCT", 5, 2, 1));
}
