//! The file.

use super::*;
use crate::evidence::{EvidenceError, MAX_MMD};
use serde_json::Value;

#[test]
fn a_file_is_never_written_over() {
    let dir = tempfile::tempdir().unwrap();
    let all = leaves(9, NEVER);
    let one = heads(served(&all, 0), served(&all[..4], 10), None);
    let other = heads(served(&all, 0), served(&all[..3], 10), None);
    let paths =
        [one.write(dir.path()).unwrap(), other.write(dir.path()).unwrap(), one.write(dir.path()).unwrap()];
    for (path, evidence) in paths.iter().zip([&one, &other, &one]) {
        assert_eq!(Evidence::read(path).unwrap(), *evidence);
    }
    let (late, _) = promise(1, served(&all, 10_000));
    late.write(dir.path()).unwrap();
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 4, "nothing else is left there");
    let error = one.write(&dir.path().join("none")).unwrap_err().to_string();
    assert!(error.contains("none"), "{error}");
    assert!(Evidence::read(&dir.path().join("none")).is_err());
}

fn example() -> Value {
    let all = leaves(9, NEVER);
    let evidence = heads(served(&all[..5], 0), served(&all, 10), Some(path(5, &all)));
    serde_json::from_slice(&evidence.to_json().unwrap()).unwrap()
}

/// Why the example with one change is no evidence.
fn refused(at: &str, value: Value) -> EvidenceError {
    let mut changed = example();
    *changed.pointer_mut(at).unwrap() = value;
    Evidence::from_json(changed.to_string().as_bytes()).unwrap_err()
}

#[test]
fn a_file_that_is_wrong_is_refused_and_named() {
    assert!(Evidence::from_json(example().to_string().as_bytes()).is_ok());
    assert!(matches!(refused("/wolffish_evidence", 2.into()), EvidenceError::Version { found: 2 }));
    assert!(matches!(refused("/log/urls", Vec::<Value>::new().into()), EvidenceError::Url(_)));
    assert!(matches!(refused("/log/urls", vec!["ftp://h/"].into()), EvidenceError::Url(_)));
    assert!(matches!(refused("/log/key", "AAAA".into()), EvidenceError::Key(_)));
    let root = "/case/tree_heads/first/sha256_root_hash";
    assert!(matches!(refused(root, "AAAA".into()), EvidenceError::Hash { found: 3, .. }));
    let node = "/case/tree_heads/consistency/0";
    assert!(matches!(refused(node, "".into()), EvidenceError::Hash { found: 0, .. }));
    let many = vec![example().pointer(node).unwrap().clone(); 66];
    let too_many = refused("/case/tree_heads/consistency", many.into());
    assert!(matches!(too_many, EvidenceError::Limit { found: 66, limit: 65, .. }), "{too_many}");
    assert!(matches!(refused("/log/name", "x".repeat(4097).into()), EvidenceError::Limit { .. }));
    for (at, value) in [
        ("/seen", Value::from("now")),
        ("/seen", (-1).into()),
        ("/case/tree_heads/first/tree_size", (1u64 << 54).into()),
        ("/case/tree_heads/first/tree_head_signature", "BAMAAA==".into()),
        ("/case", "tree_heads".into()),
        ("/case", serde_json::json!({"other": {}})),
        ("/case/tree_heads/second", Value::Null),
    ] {
        assert!(matches!(refused(at, value), EvidenceError::Json(_)), "{at}");
    }
    for at in ["", "/log", "/case", "/case/tree_heads", "/case/tree_heads/first"] {
        let mut changed = example();
        changed.pointer_mut(at).unwrap().as_object_mut().unwrap().insert("more".to_owned(), 1.into());
        assert!(Evidence::from_json(changed.to_string().as_bytes()).is_err(), "{at}");
    }
    let (late, _) = promise(MAX_MMD + 1, served(&[], 0));
    let error = Evidence::from_json(&late.to_json().unwrap()).unwrap_err();
    assert!(error.to_string().starts_with("mmd_seconds: "), "{error}");
    let deep = [vec![b'['; 100_000], vec![b']'; 100_000]].concat();
    assert!(Evidence::from_json(&deep).is_err());
    assert!(matches!(Evidence::from_json(&vec![b' '; (32 << 20) + 1]), Err(EvidenceError::TooLarge)));
}

/// Evidence of honest heads, one bit flipped: whatever can still be read of it proves nothing.
#[test]
fn no_flipped_bit_makes_an_honest_log_guilty() {
    let text = example().to_string().into_bytes();
    let mut read = 0;
    for at in 0..text.len() {
        let mut flipped = text.clone();
        flipped[at] ^= 1 << (at % 7);
        if let Ok(evidence) = Evidence::from_json(&flipped) {
            read += 1;
            assert!(!evidence.verdict().is_proven(), "byte {at}: {}", evidence.verdict());
        }
    }
    assert!(read > 0 && read < text.len());
}

#[test]
fn what_is_too_long_to_keep_is_cut() {
    let (mut evidence, mut late) = promise(60, served(&leaves(3, NEVER), 60_001));
    late.answer = "é".repeat(3000);
    late.later.url = "x".repeat(5000);
    evidence.case = Case::BrokenPromise(late);
    let read = Evidence::from_json(&evidence.to_json().unwrap()).unwrap();
    let Case::BrokenPromise(promise) = &read.case else { panic!("another case") };
    assert_eq!((promise.answer.len(), promise.later.url.len()), (4096, 4096));
    assert!(read.verdict().is_proven());
}
