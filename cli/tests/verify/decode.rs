//! `decode`.

use crate::issued::{Issued, list};
use crate::lab::{Log, START, add_chain, b64, get_sth, wolffish, write, write_pem};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ct::entry::{Leaf, SignedEntry, extra_data};
use ct::hash::hex;
use ct::time::Timestamp;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::Command;

fn decoded(dir: &Path, file: &str) -> Value {
    let said = wolffish(dir, &["decode", "--json", file]);
    said.expect(0, &[]);
    said.json().remove(0)
}

#[test]
fn a_leaf_is_the_same_in_every_form() {
    let home = tempfile::tempdir().unwrap();
    let (dir, issued) = (home.path(), Issued::new("www.example.com"));
    let leaf = Leaf::plain(Timestamp::from_millis(START), issued.entry.clone()).encode().unwrap();
    fs::write(dir.join("bin"), &leaf).unwrap();
    fs::write(dir.join("hex"), hex(&leaf)).unwrap();
    fs::write(dir.join("base64"), STANDARD.encode(&leaf)).unwrap();
    write(dir, "json", &json!({ "leaf_input": b64(&leaf) }));
    let found = decoded(dir, "bin");
    assert_eq!((&found["kind"], &found["decoded"]["entry_type"]), (&json!("leaf"), &json!("precert")));
    assert_eq!(found["decoded"]["timestamp"], START);
    assert_eq!(found["decoded"]["tbs_certificate"]["subject"], "CN=www.example.com");
    assert_eq!(found["decoded"]["tbs_certificate"]["name"], json!(["www.example.com"]));
    for form in ["hex", "base64", "json"] {
        assert_eq!(decoded(dir, form)["decoded"], found["decoded"], "{form}");
    }
    // The answer of get-entries has the leaf, and what stands beside it.
    let extra = extra_data(Some(&issued.precertificate), &[&issued.root]).unwrap();
    write(dir, "entries", &json!({"entries": [{"leaf_input": b64(&leaf), "extra_data": b64(&extra)}]}));
    let entry = &decoded(dir, "entries")["decoded"]["entry"][0];
    assert_eq!(entry["leaf_hash"], found["decoded"]["leaf_hash"]);
    assert_eq!(entry["precertificate"]["is_precertificate"], true);
    assert_eq!(entry["issuer"][0]["subject"], "CN=a CA of tests");
    let said = wolffish(dir, &["decode", "bin"]);
    said.expect(0, &["bin: leaf\n  entry type ", "timestamp", "2023-11-14T22:13:20.000Z (1700000000000)"]);
}

#[test]
fn what_does_not_parse_is_told_to_the_byte() {
    let (home, log) = (tempfile::tempdir().unwrap(), Log::new(3, 1));
    let dir = home.path();
    let said = |file: &str, bytes: &[u8], more: &[&str]| {
        fs::write(dir.join(file), bytes).unwrap();
        wolffish(dir, &[&["decode", "--json", file], more].concat())
    };
    let place = |said: crate::lab::Said| {
        said.expect(1, &["1 of 1 do not parse"]);
        let value = &said.json()[0];
        (value["field"].as_str().unwrap_or("").to_owned(), value["offset"].clone(), value["part"].clone())
    };
    let leaf = log.leaf(0);
    let whole = |field: &str, offset: usize| (field.to_owned(), json!(offset), json!(""));
    assert_eq!(place(said("leaf", &leaf[..20], &[])), whole("certificate", 15));
    assert_eq!(place(said("leaf", &[leaf, &[0]].concat(), &[])), whole("MerkleTreeLeaf", leaf.len()));
    let sct = log.promise(&SignedEntry::X509 { certificate: vec![1] });
    let mut scts = list(&[sct.clone(), sct.clone()]);
    let second = 2 + 2 + sct.encode().unwrap().len() + 2;
    scts[second + 1 + 32 + 8 + 2] = 7;
    let (field, offset, part) = place(said("list", &scts, &[]));
    assert_eq!((field.as_str(), offset, part), ("hash", json!(second + 43), json!("SCT 2")));
    let (field, offset, _) = place(said("cert", &[0x30, 3, 0x30, 0x80, 0], &[]));
    assert_eq!((field.as_str(), offset), ("tbsCertificate", json!(3)));
    let entries = json!({"entries": [{"leaf_input": b64(leaf), "extra_data": b64([0, 0, 5])}]}).to_string();
    let (field, offset, part) = place(said("entries", entries.as_bytes(), &[]));
    assert_eq!(
        (field.as_str(), offset, part),
        ("certificate_chain", json!(3), json!("entries[0].extra_data"))
    );
    // Forced, it is told as what it should have been.
    assert_eq!(place(said("sth", leaf, &["--as", "sth"])).0, "signature_type");
    said("junk", b"what is this", &[]).expect(1, &["12 bytes that are nothing known"]);
    said("json", b"{\"a\": 1}", &[]).expect(1, &["JSON that is no answer of a log"]);
    said("none", b"", &[]).expect(1, &["0 bytes that are nothing known"]);
    said("sth", b"{\"a\": 1}", &["--as", "sct-list"]).expect(1, &["JSON cannot be a thing of kind sct-list"]);
    wolffish(dir, &["decode", "leaf", "--as", "nonsense"]).expect(64, &["sct-list"]);
}

#[test]
fn no_name_in_a_certificate_commands_the_terminal() {
    let (home, log) = (tempfile::tempdir().unwrap(), Log::new(3, 0));
    let issued = Issued::new("evil\u{1b}]0;x\u{7}\r\n\u{202e}\u{9b}31m");
    let certificate = issued.with_scts(&[log.promise(&issued.entry)]);
    write_pem(home.path(), "chain.pem", &[&certificate, &issued.root]);
    for args in [&["decode", "chain.pem"][..], &["decode", "--json", "chain.pem"]] {
        let said = wolffish(home.path(), args);
        said.expect(0, &["evil"]);
        let bad = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
        assert!(!said.out.contains(bad), "{:?}", said.out);
    }
    assert!(
        decoded(home.path(), "chain.pem")["decoded"]["certificate"][0]["subject"]
            .as_str()
            .is_some_and(|subject| subject.contains("\u{1b}]0;x"))
    );
}

/// One certificate in the words of OpenSSL and in ours.
#[test]
fn openssl_sees_the_same_scts() {
    let (home, logs) = (tempfile::tempdir().unwrap(), [Log::new(3, 0), Log::new(4, 0)]);
    let (dir, issued) = (home.path(), Issued::new("www.example.com"));
    let mut scts = logs.map(|log| log.promise(&issued.entry));
    scts[1].timestamp = Timestamp::from_millis(START + 86_400_000);
    scts[1].extensions = vec![0xab, 0xcd];
    write_pem(dir, "cert.pem", &[&issued.with_scts(&scts)]);
    let output = Command::new("openssl")
        .args(["x509", "-in", "cert.pem", "-noout", "-text"])
        .current_dir(dir)
        .output();
    // OpenSSL groups bytes with colons and spreads them over lines.
    let text: String = String::from_utf8(output.unwrap().stdout).unwrap().split_whitespace().collect();
    let ours = &decoded(dir, "cert.pem")["decoded"]["certificate"][0];
    assert!(text.contains("CTPrecertificateSCTs:"), "{text}");
    assert!(
        text.contains(&format!("SerialNumber:{}", ours["serial"].as_str().unwrap().trim_start_matches("0")))
    );
    for (sct, time) in
        ours["embedded"]["sct"].as_array().unwrap().iter().zip(["Nov1422:13:20.000", "Nov1522:13:20.000"])
    {
        let upper = |value: &Value| {
            let bytes = STANDARD.decode(value.as_str().unwrap()).unwrap();
            bytes.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
        };
        let extensions = if sct["extensions"] == "" { "none".to_owned() } else { upper(&sct["extensions"]) };
        let expected = format!(
            "Version:v1(0x0)LogID:{}Timestamp:{time}2023GMTExtensions:{extensions}Signature:ecdsa-with-SHA256{}",
            upper(&sct["log_id"]),
            upper(&sct["signature"]["bytes"]),
        );
        assert!(text.contains(&expected), "{expected} is not in {text}");
    }
}

#[test]
fn answers_of_a_log_are_known_by_their_fields() {
    let (home, log) = (tempfile::tempdir().unwrap(), Log::new(3, 5));
    let (dir, issued) = (home.path(), Issued::new("www.example.com"));
    let sth = log.sth(5, 0);
    write(dir, "sth", &get_sth(&sth));
    fs::write(dir.join("input"), sth.head.input()).unwrap();
    let (signed, input) = (decoded(dir, "sth"), decoded(dir, "input"));
    for found in [&signed, &input] {
        assert_eq!((&found["kind"], &found["decoded"]["tree_size"]), (&json!("sth"), &json!(5)));
        assert_eq!(found["decoded"]["root_hash"], b64(sth.head.root_hash));
    }
    assert_eq!(signed["decoded"]["signature"]["algorithm"], "ECDSA");
    let sct = log.promise(&issued.entry);
    write(dir, "sct", &add_chain(&sct));
    fs::write(dir.join("sct.bin"), sct.encode().unwrap()).unwrap();
    assert_eq!(decoded(dir, "sct")["decoded"], decoded(dir, "sct.bin")["decoded"]);
    write(dir, "chain", &json!({"chain": [b64(&issued.precertificate), b64(&issued.root)]}));
    write(dir, "roots", &json!({"certificates": [b64(&issued.root)]}));
    let chain = &decoded(dir, "chain")["decoded"]["certificate"];
    assert_eq!((&chain[0]["is_precertificate"], &chain[1]["is_ca"]), (&json!(true), &json!(true)));
    assert_eq!(decoded(dir, "roots")["decoded"]["certificate"][0], chain[1]);
    fs::write(dir.join("several"), format!("{}\n{}\n", get_sth(&sth), add_chain(&sct))).unwrap();
    let kinds: Vec<Value> = wolffish(dir, &["decode", "--json", "several"])
        .json()
        .into_iter()
        .map(|one| one["kind"].clone())
        .collect();
    assert_eq!(kinds, ["sth", "sct"]);
}
