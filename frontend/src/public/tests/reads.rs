//! RFC 6962 §4.3–4.8.

use super::path;
use crate::public::base64::{decode, encode};
use crate::testing::http::{Answered, get};
use crate::testing::lab::{Lab, now};
use crate::testing::{ISSUER, Primary, entry, log_key};
use ct::hash::{LeafHash, NodeHash};
use ct::index::TreeSize;
use ct::merkle::{leaf_hash, verify};
use ct::sth::Sth;
use serde_json::Value;
use std::time::Duration;

async fn published(entries: u64) -> (Lab, Primary, Sth) {
    let (lab, primary) = (Lab::new().await, Primary::new(entries));
    let sth = lab.publish(&primary).await;
    (lab, primary, sth)
}

async fn ask(lab: &Lab, rest: &str) -> Answered {
    get(lab.address, &path(rest)).await
}

async fn status(lab: &Lab, rest: &str) -> u16 {
    let answer = ask(lab, rest).await;
    if answer.status != 200 {
        let (words, rest) = answer.text().split_once('\n').unwrap();
        assert!(!words.is_empty() && rest.len() > 1 && rest.ends_with('\n'), "{}", answer.text());
        assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
        assert_eq!(answer.header("cache-control"), None);
    }
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    answer.status
}

fn nodes(list: &Value) -> Vec<NodeHash> {
    let node =
        |text: &Value| NodeHash::new(decode(text.as_str().unwrap().as_bytes()).unwrap().try_into().unwrap());
    list.as_array().expect("a list, never null").iter().map(node).collect()
}

fn bytes(text: &Value) -> Vec<u8> {
    decode(text.as_str().unwrap().as_bytes()).unwrap()
}

fn escaped(hash: LeafHash) -> String {
    encode(hash.as_ref()).replace('+', "%2B").replace('/', "%2F").replace('=', "%3D")
}

fn size(number: u64) -> TreeSize {
    TreeSize::new(number).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn before_the_first_sth_reads_are_put_off() {
    let lab = Lab::new().await;
    for rest in [
        "get-sth",
        "get-entries?start=0&end=0",
        "get-sth-consistency?first=1&second=1",
        "get-entry-and-proof?leaf_index=0&tree_size=1",
        &format!("get-proof-by-hash?tree_size=1&hash={}", escaped(LeafHash::new([0; 32]))),
    ] {
        assert_eq!(status(&lab, rest).await, 503, "{rest}");
        assert_eq!(ask(&lab, rest).await.header("retry-after"), Some("10"));
    }
    assert_eq!(status(&lab, "get-roots").await, 200);
    // What is wrong with a request does not depend on the log.
    assert_eq!(status(&lab, "get-entries?start=1&end=0").await, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn get_sth_shows_what_was_published() {
    let (lab, primary, sth) = published(3).await;
    for rest in ["get-sth", "get-sth?", "get-sth?unknown=1"] {
        let answer = ask(&lab, rest).await;
        let shown = answer.json();
        assert_eq!(shown["tree_size"], 3);
        assert_eq!(shown["timestamp"], sth.head.timestamp.millis());
        assert_eq!(bytes(&shown["sha256_root_hash"]), sth.head.root_hash.as_bytes());
        let signature = ct::sct::DigitallySigned::decode(&bytes(&shown["tree_head_signature"])).unwrap();
        log_key().public().verify("STH", &sth.head.input(), &signature).unwrap();
        assert_eq!(answer.header("cache-control"), Some("no-cache"));
    }
    // A tree that is held and not shown changes nothing.
    let newer = primary.sth(3, now());
    lab.hold(&primary, &newer).await;
    assert_eq!(ask(&lab, "get-sth").await.json()["timestamp"], sth.head.timestamp.millis());
    lab.show(&primary, &newer).await;
    assert_eq!(ask(&lab, "get-sth").await.json()["timestamp"], newer.head.timestamp.millis());
}

#[tokio::test(flavor = "multi_thread")]
async fn consistency_proofs_verify_for_all_pairs() {
    let (lab, primary, _) = published(9).await;
    for second in 0..=9 {
        for first in 0..=second {
            let answer = ask(&lab, &format!("get-sth-consistency?first={first}&second={second}")).await;
            let path = nodes(&answer.json()["consistency"]);
            let root = |at: u64| primary.head(at).root;
            verify::consistency(size(first), root(first), size(second), root(second), &path).unwrap();
            assert_eq!(answer.header("cache-control"), Some("public, max-age=86400"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn consistency_beyond_the_tree_is_refused_but_from_nothing_it_is_empty() {
    let (lab, ..) = published(4).await;
    for query in
        ["first=1&second=5", "first=5&second=6", "first=3&second=2", "first=1&second=9223372036854775807"]
    {
        assert_eq!(status(&lab, &format!("get-sth-consistency?{query}")).await, 400, "{query}");
    }
    let answer = ask(&lab, "get-sth-consistency?first=1&second=5").await;
    assert_eq!(answer.text(), "Bad Request\nneed tree size: 5 for proof but only got: 4\n");
    let answer = ask(&lab, "get-sth-consistency?first=0&second=1000").await;
    assert_eq!(answer.text(), r#"{"consistency":[]}"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn inclusion_proofs_verify_for_every_entry_and_size() {
    let (lab, primary, _) = published(7).await;
    for tree_size in 1..=7 {
        for (at, entry) in primary.entries.iter().enumerate() {
            let hash = leaf_hash(entry.leaf_bytes());
            let rest = format!("get-proof-by-hash?hash={}&tree_size={tree_size}", escaped(hash));
            if at as u64 >= tree_size {
                assert_eq!(status(&lab, &rest).await, 404);
                continue;
            }
            let answer = ask(&lab, &rest).await;
            let proof = answer.json();
            assert_eq!(proof["leaf_index"], at);
            let (path, root) = (nodes(&proof["audit_path"]), primary.head(tree_size).root);
            verify::inclusion(hash, TreeSize::of(at).next_index(), size(tree_size), &path, root).unwrap();
            assert_eq!(answer.header("cache-control"), Some("public, max-age=86400"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn proofs_of_what_is_not_there_are_refused() {
    let (lab, primary, _) = published(3).await;
    let known = escaped(leaf_hash(primary.entries[0].leaf_bytes()));
    for (query, expected) in [
        (format!("hash={}&tree_size=3", escaped(LeafHash::new([5; 32]))), 404),
        (format!("hash={known}&tree_size=4"), 404),
        (format!("hash={known}&tree_size=0"), 400),
        (format!("hash={known}"), 400),
        ("tree_size=3".to_owned(), 400),
        ("hash=AAAA&tree_size=3".to_owned(), 400),
        (format!("hash={}&tree_size=3", encode(&[1; 31])), 400),
        ("hash=%zz&tree_size=3".to_owned(), 400),
    ] {
        assert_eq!(status(&lab, &format!("get-proof-by-hash?{query}")).await, expected, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plus_sign_that_was_not_escaped_is_understood() {
    let (lab, mut primary) = (Lab::new().await, Primary::new(0));
    let with_plus =
        (0..).map(entry).find(|entry| encode(leaf_hash(entry.leaf_bytes()).as_ref()).contains('+')).unwrap();
    primary.push(with_plus);
    lab.publish(&primary).await;
    let hash = encode(leaf_hash(primary.entries[0].leaf_bytes()).as_ref());
    assert_eq!(status(&lab, &format!("get-proof-by-hash?hash={hash}&tree_size=1")).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_log_can_be_read_and_leads_to_its_root() {
    let (lab, primary, _) = published(10).await;
    let mut found = Vec::new();
    while found.len() < 10 {
        let answer = ask(&lab, &format!("get-entries?start={}&end={}", found.len(), found.len() + 3)).await;
        let entries = answer.json()["entries"].as_array().unwrap().clone();
        assert!((1..=4).contains(&entries.len()));
        found.extend(entries);
    }
    let extra = ct::entry::extra_data(None, &[ISSUER]).unwrap();
    for (at, found) in found.iter().enumerate() {
        assert_eq!(bytes(&found["leaf_input"]), primary.entries[at].leaf_bytes());
        assert_eq!(bytes(&found["extra_data"]), extra);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn get_entries_is_cut_at_the_tree_and_at_the_limit_and_never_empty() {
    let lab = Lab::with("get_entries_limit = 4\n").await;
    lab.publish(&Primary::new(10)).await;
    let (whole, partial) = ("public, max-age=86400", "public, max-age=60");
    for (start, end, count, caching) in [
        (0, 0, 1, whole),
        (0, 3, 4, whole),
        (0, 1_000_000_000, 4, whole),
        (0, i64::MAX as u64, 4, whole),
        // At most four, and then not over a multiple of four.
        (1, 9, 3, whole),
        (1, 3, 3, whole),
        (2, 4, 3, whole),
        (9, 9, 1, whole),
        (9, 1009, 1, partial),
        (8, 11, 2, partial),
        (7, 100, 1, whole),
    ] {
        let answer = ask(&lab, &format!("get-entries?start={start}&end={end}")).await;
        assert_eq!(answer.json()["entries"].as_array().unwrap().len(), count, "{start} {end}");
        assert_eq!(answer.header("cache-control"), Some(caching), "{start} {end}");
    }
    for query in ["start=10&end=10", "start=10&end=11", "start=1000000000&end=1000000001", "start=3&end=2"] {
        assert_eq!(status(&lab, &format!("get-entries?{query}")).await, 400, "{query}");
    }
    let beyond = ask(&lab, "get-entries?start=10&end=10").await;
    assert_eq!(beyond.text(), "Bad Request\nneed tree size: 11 to get leaves but only got: 10\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn large_entries_come_in_smaller_pieces() {
    use ct::entry::{Leaf, SignedEntry, StoredEntry};
    let (lab, mut primary) = (Lab::new().await, Primary::new(0));
    let issuer = ct::hash::Fingerprint::new(ct::hash::sha256(&[ISSUER]));
    for number in 0..70 {
        let certificate = vec![number; 300_000];
        let leaf = Leaf::plain(now(), SignedEntry::X509 { certificate });
        primary.push(StoredEntry::new(&leaf, None, vec![issuer]).unwrap());
    }
    lab.publish(&primary).await;
    let answer = ask(&lab, "get-entries?start=0&end=69").await;
    assert_eq!(answer.json()["entries"].as_array().unwrap().len(), 64);
    assert_eq!(answer.header("cache-control"), Some("public, max-age=60"));
    assert_eq!(ask(&lab, "get-entries?start=64&end=69").await.json()["entries"].as_array().unwrap().len(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn proofs_reach_to_what_is_held_entries_to_what_is_shown() {
    let (lab, mut primary, _) = published(2).await;
    primary.push(entry(2));
    let sth = primary.sth(3, now());
    lab.hold(&primary, &sth).await;
    let hash = escaped(leaf_hash(primary.entries[2].leaf_bytes()));
    assert_eq!(status(&lab, &format!("get-proof-by-hash?hash={hash}&tree_size=3")).await, 200);
    assert_eq!(status(&lab, "get-sth-consistency?first=2&second=3").await, 200);
    assert_eq!(status(&lab, "get-entry-and-proof?leaf_index=2&tree_size=3").await, 200);
    assert_eq!(status(&lab, "get-entries?start=2&end=2").await, 400);
    lab.show(&primary, &sth).await;
    assert_eq!(status(&lab, "get-entries?start=2&end=2").await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn entry_and_proof_verifies_and_of_one_entry_its_path_is_an_empty_list() {
    let (lab, primary, _) = published(5).await;
    for tree_size in 1..=5 {
        for at in 0..tree_size {
            let rest = format!("get-entry-and-proof?leaf_index={at}&tree_size={tree_size}");
            let found = ask(&lab, &rest).await.json();
            let hash = leaf_hash(&bytes(&found["leaf_input"]));
            let (path, root) = (nodes(&found["audit_path"]), primary.head(tree_size).root);
            verify::inclusion(hash, size(at).next_index(), size(tree_size), &path, root).unwrap();
        }
    }
    let one = ask(&lab, "get-entry-and-proof?leaf_index=0&tree_size=1").await;
    assert!(one.text().ends_with(r#","audit_path":[]}"#), "{}", one.text());
    for query in
        ["leaf_index=5&tree_size=5", "leaf_index=0&tree_size=6", "leaf_index=-1&tree_size=5", "tree_size=5"]
    {
        assert_eq!(status(&lab, &format!("get-entry-and-proof?{query}")).await, 400, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn roots_and_description_are_json() {
    let lab =
        Lab::with("start_inclusive = \"2030-01-01T00:00:00Z\"\nend_exclusive = \"2031-01-01T00:00:00Z\"\n")
            .await;
    let roots = ask(&lab, "get-roots").await.json();
    assert_eq!(roots["certificates"].as_array().unwrap().len(), 1);
    assert_eq!(bytes(&roots["certificates"][0]), lab.ca.root);
    let about = get(lab.address, "/lab/log.v3.json").await.json();
    assert_eq!(bytes(&about["key"]), log_key().public().spki());
    assert_eq!(bytes(&about["log_id"]), log_key().public().log_id().as_bytes());
    assert_eq!(
        (about["mmd"].as_u64(), about["url"].as_str()),
        (Some(86400), Some("https://ct.example/logs/lab/"))
    );
    assert_eq!(about["temporal_interval"]["start_inclusive"], "2030-01-01T00:00:00Z");
    assert_eq!(about["temporal_interval"]["end_exclusive"], "2031-01-01T00:00:00Z");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_serves_what_was_served_before_once_a_primary_says_so() {
    let (lab, primary, sth) = published(6).await;
    let lab = lab.restart().await;
    // It might have been put back from an older copy: nothing of it is shown unasked.
    for path in ["get-sth", "get-entries?start=0&end=5", "get-sth-consistency?first=1&second=6"] {
        assert_eq!(ask(&lab, path).await.status, 503, "{path}");
    }
    lab.show(&primary, &sth).await;
    assert_eq!(ask(&lab, "get-sth").await.json()["timestamp"], sth.head.timestamp.millis());
    assert_eq!(ask(&lab, "get-entries?start=0&end=5").await.json()["entries"].as_array().unwrap().len(), 6);
    let newer = primary.sth(6, sth.head.timestamp.plus(Duration::from_millis(1)));
    lab.hold(&primary, &newer).await;
}
