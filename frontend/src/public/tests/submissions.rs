//! RFC 6962 §4.1, §4.2.

use super::path;
use crate::public::base64::{decode, encode};
use crate::testing::http::{Answered, post};
use crate::testing::lab::{Lab, now};
use crate::testing::{Primary, entry, log_key};
use ct::entry::{EntryType, StoredEntry};
use ct::sct::DigitallySigned;
use serde_json::json;

pub(super) async fn lab() -> Lab {
    let lab = Lab::new().await;
    lab.publish(&Primary::new(1)).await;
    lab
}

pub(super) fn body(chain: &[Vec<u8>]) -> Vec<u8> {
    let chain: Vec<_> = chain.iter().map(|der| encode(der)).collect();
    json!({ "chain": chain }).to_string().into_bytes()
}

pub(super) async fn add(lab: &Lab, chain: &[Vec<u8>]) -> Answered {
    post(lab.address, &path("add-chain"), &body(chain)).await
}

async fn add_pre(lab: &Lab, chain: &[Vec<u8>]) -> Answered {
    post(lab.address, &path("add-pre-chain"), &body(chain)).await
}

/// Checks an SCT against the entry that storage has for it.
fn check(answer: &Answered, entry: &StoredEntry) {
    let sct = answer.json();
    assert_eq!(sct["sct_version"], 0);
    assert_eq!(sct["extensions"], "");
    let bytes = |field: &str| decode(sct[field].as_str().unwrap().as_bytes()).unwrap();
    assert_eq!(bytes("id"), log_key().public().log_id().as_bytes());
    assert_eq!(sct["timestamp"], entry.timestamp().millis());
    let signature = DigitallySigned::decode(&bytes("signature")).unwrap();
    log_key().public().verify("SCT", entry.leaf_bytes(), &signature).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_gets_an_sct_and_its_entry_is_at_every_storage_node() {
    let lab = lab().await;
    let before = now();
    let answer = add(&lab, &lab.ca.chain("one")).await;
    let stored = lab.nodes.entries("st1");
    assert_eq!(stored.len(), 1);
    check(&answer, &stored[0]);
    assert!(stored[0].timestamp() >= before && stored[0].timestamp() <= now());
    assert_eq!((stored[0].entry_type(), stored[0].chain().len()), (EntryType::X509, 1));
    // Nobody waits for the third, nor for the SCT to be told.
    for _ in 0..100 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        if ["st1", "st2", "st3"].iter().all(|name| lab.nodes.scts(name) == [stored[0].name()]) {
            break;
        }
    }
    for name in ["st1", "st2", "st3"] {
        assert_eq!(lab.nodes.entries(name), stored, "{name}");
        assert_eq!(lab.nodes.scts(name), [stored[0].name()], "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_root_that_was_left_out_is_added() {
    let lab = lab().await;
    let chain = lab.ca.chain("one");
    let whole = add(&lab, &chain).await;
    let short = add(&lab, &chain[..1]).await;
    assert_eq!((whole.status, &short.body), (200, &whole.body));
    assert_eq!(
        lab.nodes.entries("st1")[0].chain(),
        [ct::hash::Fingerprint::new(ct::hash::sha256(&[&lab.ca.root]))]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_precertificate_gets_an_sct_over_what_its_certificate_will_say() {
    let lab = lab().await;
    let chain = lab.ca.precert_chain("one");
    let answer = add_pre(&lab, &chain).await;
    let stored = lab.nodes.entries("st1");
    check(&answer, &stored[0]);
    assert_eq!(stored[0].entry_type(), EntryType::Precert);
    assert_eq!(stored[0].precertificate(), Some(chain[0].as_slice()));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_belongs_to_its_endpoint() {
    let lab = lab().await;
    assert_eq!(add(&lab, &lab.ca.precert_chain("one")).await.status, 400);
    assert_eq!(add_pre(&lab, &lab.ca.chain("one")).await.status, 400);
    assert!(lab.nodes.entries("st1").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_at_a_time_get_the_same_sct_byte_for_byte() {
    let lab = lab().await;
    lab.nodes.slow_down(std::time::Duration::from_millis(50));
    let chain = lab.ca.chain("one");
    let answers: Vec<_> = (0..20)
        .map(|_| {
            let (address, body) = (lab.address, body(&chain));
            tokio::spawn(async move { post(address, &path("add-chain"), &body).await })
        })
        .collect();
    let mut bodies = Vec::new();
    for answer in answers {
        let answer = answer.await.unwrap();
        assert_eq!(answer.status, 200);
        bodies.push(answer.body);
    }
    bodies.dedup();
    assert_eq!((bodies.len(), lab.nodes.entries("st1").len()), (1, 1));
    // And so does who comes later.
    assert_eq!(add(&lab, &chain).await.body, bodies[0]);
    assert_eq!(lab.batches("st1"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_in_the_tree_gets_its_sct_again_even_if_the_log_is_closed() {
    let lab = lab().await;
    let chain = lab.ca.chain("one");
    let first = add(&lab, &chain).await;
    let stored = lab.nodes.entries("st1").remove(0);
    let mut primary = Primary::new(1);
    primary.push_with(stored.clone(), &lab.ca.root);
    let sth = primary.sth(2, now());
    let (header, records) = primary.send_log(1, Some(sth.clone()));
    lab.ask(crate::copy::Request::SendLog(header, records)).await;
    let batch = ct::wire::EntryBatch { entries: vec![stored], issuers: vec![lab.ca.root.clone()] };
    lab.ask(crate::copy::Request::SendEntry(ct::index::Term::FIRST, batch)).await;
    lab.ask(crate::copy::Request::Position(ct::index::Term::FIRST)).await;
    assert_eq!(lab.live().submitter.promised(), 0, "it is in the tree, and need not be remembered");
    for storage in ["st1", "st2"] {
        lab.nodes.fail(storage, Some(crate::testing::nodes::Failing::Down));
    }
    // The copy came without its SCT: a signer makes it once more, and it is kept.
    let signed = lab.nodes.calls("s1", node::message::Method::SignSCT);
    for _ in 0..3 {
        assert_eq!(add(&lab, &chain).await.body, first.body);
        lab.hold(&primary, &primary.sth(2, now())).await;
    }
    assert_eq!(lab.nodes.calls("s1", node::message::Method::SignSCT), signed + 1);
    assert_eq!(lab.batches("st3"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_precertificate_signed_twice_is_one_a_certificate_is_two() {
    let lab = lab().await;
    let [first, second] = lab.ca.signed_twice(true);
    assert_ne!(first, second);
    assert_eq!(add_pre(&lab, &first).await.body, add_pre(&lab, &second).await.body);
    assert_eq!(lab.nodes.entries("st1").len(), 1);
    let [first, second] = lab.ca.signed_twice(false);
    assert_ne!(add(&lab, &first).await.body, add(&lab, &second).await.body);
    assert_eq!(lab.nodes.entries("st1").len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_entry_at_storage_is_adopted() {
    let lab = lab().await;
    let chain = lab.ca.chain("one");
    let validated = ct::x509::validate(
        &chain,
        ct::x509::Endpoint::AddChain,
        &lab.live().rules.admission(),
        lab.live().rules.cache(),
    )
    .unwrap();
    let leaf =
        ct::entry::Leaf::plain(now().minus(std::time::Duration::from_secs(5)), validated.entry().clone());
    let root = ct::hash::Fingerprint::new(ct::hash::sha256(&[&lab.ca.root]));
    let older = StoredEntry::new(&leaf, None, vec![root]).unwrap();
    lab.nodes.put("st2", older.clone());
    lab.nodes.fail("st3", Some(crate::testing::nodes::Failing::Down));
    let answer = add(&lab, &chain).await;
    check(&answer, &older);
    assert_eq!(lab.nodes.entries("st1").len(), 2, "its own entry and the older one");
    assert_eq!(add(&lab, &chain).await.body, answer.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn chains_that_are_not_logged_are_refused_with_a_reason() {
    let lab =
        Lab::with("start_inclusive = \"2030-01-01T00:00:00Z\"\nend_exclusive = \"2031-01-01T00:00:00Z\"\n")
            .await;
    lab.publish(&Primary::new(1)).await;
    let (good, other) = (lab.ca.chain_until("one", 2030), crate::testing::certs::Ca::new());
    let mut flipped = good.clone();
    *flipped[0].last_mut().unwrap() ^= 1;
    let mut trailing = good.clone();
    trailing[0].push(0);
    for (label, chain) in [
        ("unknown root", other.chain_until("one", 2030)),
        ("before the window", lab.ca.chain_until("one", 2029)),
        ("after the window", lab.ca.chain_until("one", 2031)),
        ("flipped bit", flipped),
        ("trailing byte", trailing),
        ("shuffled", vec![good[1].clone(), good[0].clone()]),
        ("duplicate", vec![good[0].clone(), good[1].clone(), good[1].clone()]),
        ("unrelated", vec![good[0].clone(), good[1].clone(), other.root.clone()]),
        ("junk", vec![b"junk".to_vec()]),
    ] {
        let answer = add(&lab, &chain).await;
        assert_eq!(answer.status, 400, "{label}: {}", answer.text());
        assert!(answer.text().starts_with("Bad Request\nchain"), "{label}: {}", answer.text());
    }
    assert_eq!(add(&lab, &good).await.status, 200);
    assert_eq!(entry(0).entry_type(), EntryType::X509);
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_are_no_submission_are_refused() {
    let lab = lab().await;
    for endpoint in ["add-chain", "add-pre-chain"] {
        for (text, detail) in [
            (r#"{"chain":[]}"#, "cert chain was empty"),
            ("{}", "cert chain was empty"),
            ("null", "cert chain was empty"),
            ("[]", "the body is not a submission"),
            ("", "the body is not a submission"),
            (r#"{"chain":["AA"#, "the body is not a submission"),
            (r#"{"chain":["!!!"]}"#, "the body is not a submission"),
            (r#"{"chain":["",""]}"#, "chain[0]"),
        ] {
            let answer = post(lab.address, &path(endpoint), text.as_bytes()).await;
            assert_eq!(answer.status, 400, "{text}");
            assert!(
                answer.text().starts_with(&format!("Bad Request\n{detail}")),
                "{text}: {}",
                answer.text()
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_in_any_case_and_line_ends_in_base64_are_read() {
    let lab = lab().await;
    let chain = lab.ca.chain("one");
    let first = add(&lab, &chain).await;
    let text = String::from_utf8(body(&chain)).unwrap();
    let (begin, end) = text.split_at(40);
    let odd = format!("{begin}\\r\\n{end}").replace("\"chain\"", "\"x\":{\"y\":[1]},\"CHAIN\"");
    let answer = post(lab.address, &path("add-chain"), odd.as_bytes()).await;
    assert_eq!((answer.status, answer.body), (200, first.body));
}
