//! `verify sth`, `verify inclusion`, `verify consistency`.

use crate::lab::{Log, b64, get_sth, nodes, wolffish, wolffish_reading, write};
use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ct::merkle::leaf_hash;
use ct::sct::DigitallySigned;
use ct::sth::Sth;
use serde_json::{Value, json};
use std::path::Path;

fn verify(dir: &Path, what: &str, file: &str, value: &Value, keys: &[&Log]) -> crate::lab::Said {
    write(dir, file, value);
    let keys: Vec<String> = keys.iter().flat_map(|log| ["--key".to_owned(), log.public()]).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    wolffish(dir, &[&["verify", what, file], keys.as_slice()].concat())
}

#[test]
fn a_tree_head_is_signed_by_a_known_log() {
    let (home, log, other) = (tempfile::tempdir().unwrap(), Log::new(3, 5), Log::new(4, 5));
    let dir = home.path();
    let sth = |value: &Value, keys: &[&Log]| verify(dir, "sth", "sth.json", value, keys);
    let good = get_sth(&log.sth(5, 0));
    sth(&good, &[&log])
        .expect(0, &["sth.json: STH: holds under the key of --key 1", "a tree of 5 entries at 2023-"]);
    sth(&good, &[&other, &log]).expect(0, &["under the key of --key 2"]);
    sth(&good, &[&other])
        .expect(1, &["DOES NOT HOLD under the key of --key 1", "does not verify under the log's key"]);
    sth(&good, &[&other, &Log::new(5, 0)]).expect(1, &["under none of the 2 known keys"]);
    // What says whose it is must be by that log.
    let mut named = good.clone();
    named["log_id"] = b64(log.key().public().log_id());
    sth(&named, &[&other, &log]).expect(0, &["holds"]);
    sth(&named, &[&other]).expect(1, &["none of the 1 known logs"]);
    let mut changed = good.clone();
    changed["tree_size"] = 6.into();
    sth(&changed, &[&log]).expect(1, &["DOES NOT HOLD"]);
    sth(&json!({"tree_size": 1}), &[&log]).expect(1, &["missing field"]);
    // Signed, and wrong all the same.
    sth(&get_sth(&log.sth(5, 1 << 45)), &[&log]).expect(1, &["signed, but the STH is of ", "in the future"]);
    let mut empty = log.sth(0, 0).head;
    sth(&get_sth(&log.sth(0, 0)), &[&log]).expect(0, &["a tree of 0 entries"]);
    empty.root_hash = log.sth(5, 0).head.root_hash;
    let signed = log.key().sign_head(empty).sth().clone();
    sth(&get_sth(&signed), &[&log]).expect(1, &["a tree of 0 entries has the root e3b0c442"]);
    // Several at once, from standard input.
    let input = format!("{good}\n{good}\n{changed}\n");
    let said = wolffish_reading(dir, &["verify", "sth", "-", "--json", "--key", &log.public()], &input);
    let held: Vec<bool> = said.json().iter().map(|check| check["holds"].as_bool().unwrap()).collect();
    assert_eq!((said.code, held), (1, vec![true, true, false]));
    said.expect(1, &["1 of 3 checks do not hold"]);
    wolffish_reading(dir, &["verify", "sth", "-", "--key", &log.public()], "[[").expect(1, &["EOF"]);
    wolffish_reading(dir, &["verify", "sth", "-", "--key", &log.public()], "").expect(1, &["not JSON"]);
}

#[test]
fn a_log_may_sign_with_rsa() {
    let (home, log) = (tempfile::tempdir().unwrap(), Log::new(3, 5));
    let key = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let spki: PublicKeyX509Der<'_> = key.public_key().as_der().unwrap();
    let head = log.sth(5, 0).head;
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), &head.input(), &mut signature).unwrap();
    let sth = Sth { head, tree_head_signature: DigitallySigned::rsa(signature).unwrap() };
    write(home.path(), "sth.json", &get_sth(&sth));
    let public = STANDARD.encode(spki.as_ref());
    wolffish(home.path(), &["verify", "sth", "sth.json", "--key", &public])
        .expect(0, &["RSA with 2048 bits"]);
    let said = wolffish(home.path(), &["verify", "sth", "sth.json", "--key", &log.public()]);
    said.expect(1, &["the signature is made with RSA, the log's key is P-256"]);
}

#[test]
fn an_entry_is_in_a_signed_tree() {
    let (home, log) = (tempfile::tempdir().unwrap(), Log::new(3, 9));
    let inclusion = |value: &Value| verify(home.path(), "inclusion", "proof.json", value, &[&log]);
    let good = json!({
        "leaf_hash": b64(leaf_hash(log.leaf(6))), "leaf_index": 6, "tree_size": 9,
        "audit_path": nodes(&log.inclusion(6, 9)), "sth": get_sth(&log.sth(9, 0)), "verified": true,
    });
    inclusion(&good).expect(0, &["inclusion of entry 6: holds", "the root of a tree of 9 entries"]);
    let by_leaf = json!({
        "leaf_input": b64(log.leaf(6)), "index": 6, "audit_path": good["audit_path"], "sth": good["sth"],
    });
    inclusion(&by_leaf).expect(0, &["holds"]);
    let with = |field: &str, value: Value| {
        let mut changed = good.clone();
        changed[field] = value;
        inclusion(&changed)
    };
    with("leaf_index", 5.into()).expect(1, &["entry 5: DOES NOT HOLD", "leads to root"]);
    with("leaf_index", 9.into()).expect(1, &["9 does not lie within tree size 9"]);
    with("leaf_hash", b64([1; 32])).expect(1, &["leads to root"]);
    with("leaf_hash", b64([1; 31])).expect(1, &["leaf_hash: 31 bytes, a hash has 32"]);
    with("leaf_input", b64(log.leaf(5))).expect(1, &["leaf_hash is not that of leaf_input"]);
    with("audit_path", nodes(&log.inclusion(6, 9)[1..])).expect(1, &["audit_path: the proof has 3 nodes"]);
    with("tree_size", 8.into()).expect(1, &["tree_size is not that of the STH, 9"]);
    with("sth", get_sth(&log.sth(8, 0))).expect(1, &["tree_size"]);
    with("sth", get_sth(&Log::new(4, 9).sth(9, 0))).expect(1, &["sth: STH: the signature does not verify"]);
    with("sth", Value::Null).expect(1, &["sth: "]);
}

#[test]
fn a_signed_tree_extends_another() {
    let (home, log) = (tempfile::tempdir().unwrap(), Log::new(3, 9));
    let consistency = |value: &Value| verify(home.path(), "consistency", "proof.json", value, &[&log]);
    let root = |size| b64(log.sth(size, 0).head.root_hash);
    let good = json!({
        "first": 3, "first_root": root(3), "second": 7, "second_root": root(7),
        "consistency": nodes(&log.consistency(3, 7)), "to_sth": nodes(&log.consistency(7, 9)),
        "sth": get_sth(&log.sth(9, 0)),
    });
    consistency(&good).expect(0, &["the tree of 7 extends that of 3, and a tree of 9 entries", "is signed"]);
    let with = |field: &str, value: Value| {
        let mut changed = good.clone();
        changed[field] = value;
        consistency(&changed)
    };
    with("first_root", root(4))
        .expect(1, &["consistency: the first 3 entries of the tree of 7", "it has forked"]);
    with("first", 2.into()).expect(1, &["consistency: the proof has"]);
    with("second_root", root(4)).expect(1, &["to_sth: the first 7 entries of the tree of 9"]);
    with("to_sth", json!([])).expect(1, &["to_sth: the proof has 0 nodes"]);
    with("sth", get_sth(&Log::new(4, 9).sth(9, 0))).expect(1, &["sth: STH: the signature"]);
    // Up to the signed tree itself.
    let last = json!({
        "first": 4, "first_root": root(4), "second": 9, "second_root": root(9),
        "consistency": nodes(&log.consistency(4, 9)), "sth": get_sth(&log.sth(9, 0)),
    });
    consistency(&last).expect(0, &["the tree of 9 extends that of 4"]);
}

#[test]
fn two_signed_trees_are_of_one_log() {
    let (home, log) = (tempfile::tempdir().unwrap(), Log::new(3, 9));
    let fork = log.forked_at(1);
    let between = |first: &Sth, second: &Sth, path| {
        let value = json!({"first": get_sth(first), "second": get_sth(second), "consistency": nodes(path)});
        verify(home.path(), "consistency", "proof.json", &value, &[&log, &Log::new(4, 0)])
    };
    let (small, large, path) = (log.sth(5, 0), log.sth(9, 10), log.consistency(5, 9));
    between(&small, &large, &path)
        .expect(0, &["a tree of 9 entries", "extends a tree of 5 entries", "both signed"]);
    between(&fork.sth(5, 0), &large, &path).expect(1, &["it has forked"]);
    between(&large, &small, &path).expect(1, &["9 does not lie within tree size 5"]);
    between(&small, &log.sth(9, 0), &path).expect(1, &["the log has shrunk"]);
    between(&small, &Log::new(4, 9).sth(9, 10), &path).expect(1, &["signed by another log, --key 2"]);
}
