//! Bodies, byte for byte.

use super::*;
use ct::hash::{LogId, RootHash};
use ct::index::TreeSize;
use ct::merkle::EMPTY_ROOT;
use ct::sct::DigitallySigned;
use ct::sth::TreeHead;
use ct::time::Timestamp;

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

fn signature() -> DigitallySigned {
    DigitallySigned::ecdsa(vec![0x30, 0]).unwrap()
}

#[test]
fn scts_and_sths_have_their_fields_in_order() {
    let timestamp = Timestamp::from_millis(1_700_000_000_000);
    let sct = Sct { log_id: LogId::new([1; 32]), timestamp, extensions: Vec::new(), signature: signature() };
    let id = encode(&[1; 32]);
    assert_eq!(
        sct_body(&sct),
        format!(
            r#"{{"sct_version":0,"id":"{id}","timestamp":1700000000000,"extensions":"","signature":"BAMAAjAA"}}"#
        )
    );
    let head = TreeHead { timestamp, tree_size: TreeSize::ZERO, root_hash: EMPTY_ROOT };
    assert_eq!(
        sth_body(&Sth { head, tree_head_signature: signature() }),
        concat!(
            r#"{"tree_size":0,"timestamp":1700000000000,"#,
            r#""sha256_root_hash":"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=","#,
            r#""tree_head_signature":"BAMAAjAA"}"#
        )
    );
    assert_ne!(EMPTY_ROOT, RootHash::new([0; 32]));
}

#[test]
fn lists_are_never_null() {
    let index = TreeSize::ZERO.next_index();
    assert_eq!(text(consistency_body(&[])), r#"{"consistency":[]}"#);
    assert_eq!(text(proof_body(index, &[])), r#"{"leaf_index":0,"audit_path":[]}"#);
    let served = Served { leaf: vec![0, 0, 1], extra: vec![0, 0, 0] };
    assert_eq!(
        text(entry_and_proof_body(&served, &[])),
        r#"{"leaf_input":"AAAB","extra_data":"AAAA","audit_path":[]}"#
    );
    assert_eq!(text(roots_body(std::iter::empty())), r#"{"certificates":[]}"#);
}

#[test]
fn lists_of_several_have_commas_between() {
    let (one, two) = (NodeHash::new([0; 32]), NodeHash::new([0xff; 32]));
    let (first, second) = (encode(one.as_ref()), encode(two.as_ref()));
    assert_eq!(text(consistency_body(&[one, two])), format!(r#"{{"consistency":["{first}","{second}"]}}"#));
    let served = |byte| Served { leaf: vec![byte; 3], extra: vec![byte; 4] };
    assert_eq!(
        text(entries_body(&[served(0), served(1)])),
        concat!(
            r#"{"entries":[{"leaf_input":"AAAA","extra_data":"AAAAAA=="},"#,
            r#"{"leaf_input":"AQEB","extra_data":"AQEBAQ=="}]}"#
        )
    );
    let roots: [&[u8]; 2] = [&[1, 1, 1], &[0]];
    assert_eq!(text(roots_body(roots.into_iter())), r#"{"certificates":["AQEB","AA=="]}"#);
}
