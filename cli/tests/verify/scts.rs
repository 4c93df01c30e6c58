//! `verify sct`.

use crate::issued::{Issued, list};
use crate::lab::{Log, add_chain, wolffish, write, write_pem};
use ct::entry::SignedEntry;
use ct::sct::Sct;
use ct::time::Timestamp;
use serde_json::json;
use std::fs;

#[test]
fn the_scts_in_a_certificate_are_checked_one_by_one() {
    let (home, one, two) = (tempfile::tempdir().unwrap(), Log::new(3, 0), Log::new(4, 0));
    let (dir, issued) = (home.path(), Issued::new("www.example.com"));
    let scts = [one.promise(&issued.entry), two.promise(&issued.entry)];
    let certificate = issued.with_scts(&scts);
    write_pem(dir, "chain.pem", &[&certificate, &issued.root]);
    let keys = ["--key", &one.public(), "--key", &two.public()];
    let verify = |rest: &[&str]| wolffish(dir, &[&["verify", "sct"], rest].concat());

    let said = verify(&[&["chain.pem"], &keys[..]].concat());
    said.expect(
        0,
        &["chain.pem: SCT 1 of 2: holds under the key of --key 1 (P-256, log ID ", "SCT 2 of 2: holds"],
    );
    said.expect(0, &["signed at 2023-11-14T22:13:20.000Z for the precertificate of the certificate"]);
    // One key is not known.
    let said = verify(&["chain.pem", "--key", &one.public()]);
    said.expect(
        1,
        &["SCT 1 of 2: holds", "SCT 2 of 2: DOES NOT HOLD", "none of the 1 known logs", "1 of 2 checks"],
    );
    // The issuer is not there, or stands elsewhere, or is another.
    write_pem(dir, "leaf.pem", &[&certificate]);
    write_pem(dir, "root.pem", &[&issued.root]);
    fs::write(dir.join("chain.der"), [certificate.as_slice(), &issued.root].concat()).unwrap();
    verify(&[&["leaf.pem"], &keys[..]].concat()).expect(1, &["its issuer is not among the certificates"]);
    verify(&[&["leaf.pem", "--chain", "root.pem"], &keys[..]].concat()).expect(0, &["SCT 2 of 2: holds"]);
    verify(&[&["chain.der"], &keys[..]].concat()).expect(0, &["SCT 2 of 2: holds"]);
    write_pem(dir, "other.pem", &[&certificate, &Issued::new("x").root]);
    verify(&[&["other.pem"], &keys[..]].concat()).expect(1, &["not signed by the issuer that it names"]);
    // JSON has the same in fields.
    let said = verify(&["chain.pem", "--json", "--key", &one.public()]).json();
    assert_eq!((said.len(), &said[0]["holds"], &said[1]["holds"]), (2, &json!(true), &json!(false)));
    assert_eq!((&said[0]["check"], &said[0]["key"]), (&json!("SCT 1 of 2"), &json!("P-256")));
    assert_eq!((&said[1]["log"], &said[0]["log_id"]), (&json!(null), &crate::lab::b64(scts[0].log_id)));
}

#[test]
fn an_sct_that_promises_something_else_does_not_hold() {
    let (home, log) = (tempfile::tempdir().unwrap(), Log::new(3, 0));
    let (dir, issued) = (home.path(), Issued::new("www.example.com"));
    let good = log.promise(&issued.entry);
    let later = Sct { timestamp: Timestamp::from_millis(good.timestamp.millis() + 1), ..good.clone() };
    let strange = log.promise(&Issued::new("other").entry);
    let mut bytes = list(std::slice::from_ref(&good));
    bytes[2 + 2 + 1 + 32 + 8 + 2 + 1] = 9;
    for (name, certificate, words) in [
        (
            "later",
            issued.with_scts(&[good.clone(), later]),
            &["SCT 1 of 2: holds", "SCT 2 of 2: DOES NOT"][..],
        ),
        ("strange", issued.with_scts(&[strange]), &["the signature does not verify"]),
        ("broken", issued.with_list(&bytes), &["signature algorithm: 9 is not allowed (at offset 44)"]),
        ("empty", issued.with_list(&[0, 0]), &["sct_list: 0 is not allowed"]),
        ("precert", issued.precertificate.clone(), &["has no SCTs in it"]),
    ] {
        write_pem(dir, name, &[&certificate, &issued.root]);
        wolffish(dir, &["verify", "sct", name, "--key", &log.public()]).expect(1, words);
    }
    fs::write(dir.join("text"), "no SCT, is it?").unwrap();
    wolffish(dir, &["verify", "sct", "text", "--key", &log.public()])
        .expect(1, &["neither certificates nor SCTs"]);
}

#[test]
fn an_sct_by_itself_is_checked_against_a_chain() {
    let (home, log) = (tempfile::tempdir().unwrap(), Log::new(3, 0));
    let (dir, issued) = (home.path(), Issued::new("www.example.com"));
    let promised = log.promise(&issued.entry);
    let certificate = issued.with_scts(std::slice::from_ref(&promised));
    write_pem(dir, "final.pem", &[&certificate, &issued.root]);
    write_pem(dir, "pre.pem", &[&issued.precertificate, &issued.root]);
    let own = log.promise(&SignedEntry::X509 { certificate });
    write(dir, "own.json", &add_chain(&own));
    write(dir, "pre.json", &add_chain(&promised));
    fs::write(dir.join("own.bin"), own.encode().unwrap()).unwrap();
    fs::write(dir.join("both.list"), list(&[own, promised])).unwrap();
    let verify = |rest: &[&str]| wolffish(dir, &[&["verify", "sct", "--key", &log.public()], rest].concat());

    verify(&["own.json", "own.bin", "--chain", "final.pem"]).expect(0, &["for the certificate\n"]);
    verify(&["pre.json", "--chain", "pre.pem"]).expect(0, &["for the precertificate\n"]);
    let said = verify(&["both.list", "--chain", "final.pem"]);
    said.expect(
        0,
        &["SCT 1 of 2: holds", "for the certificate\n", "for the precertificate of the certificate"],
    );
    verify(&["own.json", "--chain", "pre.pem"]).expect(1, &["does not verify", "over the precertificate"]);
    verify(&["own.json"]).expect(1, &["--chain takes the certificate"]);
    verify(&["own.json", "--chain", "own.bin"]).expect(64, &["--chain own.bin: not certificates"]);
    let mut other = add_chain(&log.promise(&issued.entry));
    other["sct_version"] = 1.into();
    write(dir, "v2.json", &other);
    verify(&["v2.json", "--chain", "pre.pem"]).expect(1, &["sct_version: 1, expected 0"]);
}

#[test]
fn keys_come_from_log_lists_and_running_clusters() {
    let (home, log, tiled) = (tempfile::tempdir().unwrap(), Log::new(3, 0), Log::new(4, 0));
    let (dir, issued) = (home.path(), Issued::new("www.example.com"));
    let certificate = issued.with_scts(&[log.promise(&issued.entry), tiled.promise(&issued.entry)]);
    write_pem(dir, "chain.pem", &[&certificate, &issued.root]);
    let listed = |log: &Log, name: &str| {
        let key = log.key();
        let (id, spki) = (crate::lab::b64(key.public().log_id()), crate::lab::b64(key.public().spki()));
        json!({"description": name, "log_id": id, "key": spki, "mmd": 86400, "url": "https://a.example/",
               "submission_url": "https://a.example/", "monitoring_url": "https://a.example/"})
    };
    let list = json!({"operators": [{"name": "Op", "email": [], "logs": [listed(&log, "Op \"One\"\u{1b}[2J")],
        "tiled_logs": [listed(&tiled, "Op tiled")]}]});
    write(dir, "list.json", &list);
    let said = wolffish(dir, &["verify", "sct", "chain.pem", "--log-list", "list.json"]);
    said.expect(0, &["under the key of Op \"One\"\\u{1b}[2J (P-256", "under the key of Op tiled (P-256"]);
    assert!(!said.out.contains('\u{1b}'));

    let up = json!({"logs": [{"name": "anytime", "urls": [], "key": log.public(), "log_id": "", "mmd": 1,
        "temporal_interval": null, "test_ca_cert": "c", "test_ca_key": "k"}], "nodes": []});
    fs::create_dir(dir.join("wolffish-data")).unwrap();
    write(&dir.join("wolffish-data"), "up.json", &up);
    let said = wolffish(dir, &["verify", "sct", "chain.pem"]);
    said.expect(1, &["SCT 1 of 2: holds under the key of anytime", "none of the 1 known logs"]);
    wolffish(dir, &["verify", "sct", "chain.pem", "--dir", "nowhere"]).expect(64, &["nowhere/up.json"]);
    wolffish(dir, &["verify", "sct", "chain.pem", "--key", "AAAA"]).expect(64, &["--key \"AAAA\""]);
    wolffish(dir, &["verify", "sct", "chain.pem", "--log-list", "chain.pem"])
        .expect(64, &["--log-list chain.pem"]);
    wolffish(dir, &["verify", "sct", "none.pem"]).expect(74, &["cannot read none.pem"]);
    wolffish(dir, &["verify", "sct"]).expect(64, &["FILE"]);
}
