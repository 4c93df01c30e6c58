//! Tables of queries and what CTFE makes of them.

use super::*;

fn query(text: &str) -> Query {
    Query::parse(Some(text)).unwrap()
}

#[test]
fn consistency_takes_what_ctfe_takes() {
    for (text, first, second) in [
        ("first=0&second=0", 0, 0),
        ("first=0&second=9223372036854775807", 0, i64::MAX as u64),
        ("first=3&second=3", 3, 3),
        ("second=7&first=3&more=1", 3, 7),
        ("first=-0&second=%2B5", 0, 5),
        ("first=1&first=9&second=2", 1, 2),
    ] {
        assert_eq!(Consistency::parse(&query(text)), Ok(Consistency { first, second }), "{text}");
    }
    for text in [
        "",
        "first=1",
        "second=1",
        "first=&second=1",
        "first=-1&second=1",
        "first=0&second=-1",
        "first=abc&second=1",
        "first=1&second=1e3",
        "first=1.0&second=2",
        "first=1&second=+5",
        "first=18446744073709551616&second=18446744073709551617",
        "first=2&second=1",
        "First=1&Second=2",
    ] {
        assert!(Consistency::parse(&query(text)).is_err(), "{text}");
    }
}

const HASH: &str = "VcggcRTzF+JVsHfOZJlUdjrmq/w+4WBG3yTK9pvd+yA=";

#[test]
fn a_hash_is_read_however_its_plus_signs_arrive() {
    let escaped = HASH.replace('+', "%2B").replace('=', "%3D");
    let expected = ProofByHash::parse(&query(&format!("hash={escaped}&tree_size=7"))).unwrap();
    assert_eq!(expected.tree_size, 7);
    // A bare plus is a space after unescaping: CTFE answers 400, we know what was meant.
    assert_eq!(ProofByHash::parse(&query(&format!("hash={HASH}&tree_size=7"))), Ok(expected));
}

#[test]
fn hashes_and_sizes_that_ctfe_refuses_are_refused() {
    let hash = HASH.replace('+', "%2B");
    for (text, expected) in [
        ("tree_size=1".to_owned(), QueryError::Missing { name: "hash" }),
        ("hash=&tree_size=1".to_owned(), QueryError::Missing { name: "hash" }),
        ("hash=!!!!&tree_size=1".to_owned(), QueryError::HashBase64),
        (format!("hash={}&tree_size=1", hash.trim_end_matches('=')), QueryError::HashBase64),
        ("hash=AAAA&tree_size=1".to_owned(), QueryError::HashLength { found: 3 }),
        (format!("hash={hash}"), QueryError::Missing { name: "tree_size" }),
        (format!("hash={hash}&tree_size=0"), QueryError::Small { name: "tree_size", found: 0, least: 1 }),
        (format!("hash={hash}&tree_size=-1"), QueryError::Small { name: "tree_size", found: -1, least: 1 }),
    ] {
        assert_eq!(ProofByHash::parse(&query(&text)), Err(expected), "{text}");
    }
}

#[test]
fn entries_are_cut_and_aligned_as_ctfe_does_it() {
    let range = |start, end| Entries { start, end };
    for (asked, aligned, plain) in [
        (range(0, 0), range(0, 0), range(0, 0)),
        (range(5, 900), range(5, 900), range(5, 900)),
        (range(995, 1005), range(995, 1005), range(995, 1005)),
        (range(5, 1003), range(5, 1003), range(5, 1003)),
        (range(5, 1004), range(5, 999), range(5, 1004)),
        (range(5, 2000), range(5, 999), range(5, 1004)),
        (range(0, 999), range(0, 999), range(0, 999)),
        (range(999, 5000), range(999, 999), range(999, 1998)),
        (range(1000, 1999), range(1000, 1999), range(1000, 1999)),
        (range(0, i64::MAX as u64), range(0, 999), range(0, 999)),
    ] {
        assert_eq!(asked.coerced(1000, true), aligned, "{asked:?}");
        assert_eq!(asked.coerced(1000, false), plain, "{asked:?}");
    }
    assert_eq!(range(3, 9).coerced(1, true), range(3, 3));
    assert_eq!(range(3, 9).count(), 7);
}

#[test]
fn entries_that_ctfe_refuses_are_refused() {
    for text in [
        "",
        "start=0",
        "end=0",
        "start=&end=",
        "start=1&end=0",
        "start=-1&end=0",
        "start=0&end=-1",
        "start=abc&end=1",
        "start=0&end=1e3",
        "start=0&end=18446744073709551616",
        "start=0x0&end=0x5",
    ] {
        assert!(Entries::parse(&query(text)).is_err(), "{text}");
    }
    assert_eq!(Entries::parse(&query("start=-0&end=%2B5")), Ok(Entries { start: 0, end: 5 }));
}

#[test]
fn an_entry_lies_below_its_tree_size() {
    let parse = |text: &str| EntryAndProof::parse(&query(text));
    assert_eq!(parse("leaf_index=0&tree_size=1"), Ok(EntryAndProof { leaf_index: 0, tree_size: 1 }));
    for text in [
        "",
        "leaf_index=0",
        "tree_size=1",
        "leaf_index=-1&tree_size=1",
        "leaf_index=0&tree_size=0",
        "leaf_index=0&tree_size=-1",
        "leaf_index=1&tree_size=1",
        "leaf_index=x&tree_size=1",
    ] {
        assert!(parse(text).is_err(), "{text}");
    }
}
