//! `wolffish hammer`, from outside: exit codes, consent, and what is printed.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use liar::{Endpoint, Liar, Lie};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn hammer(dir: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wolffish"));
    command.arg("hammer").args(args).current_dir(dir).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Reads a log for a moment, with these arguments too.
fn read(dir: &Path, liar: &Liar, args: &[&str]) -> Output {
    let (url, key) = (liar.url(), liar.key_base64());
    let usual = ["--url", &url, "--key", &key, "--rate", "20", "--duration", "1s", "--warmup", "0s"];
    hammer(dir, &[&usual, args].concat())
}

#[test]
fn a_log_is_read_and_a_lie_is_an_exit_code() {
    let (dir, liar) = (tempfile::tempdir().unwrap(), Liar::with_entries(30));
    let reading = ["--mix", "get-sth=1,entries=3", "--json"];
    let honest = read(dir.path(), &liar, &reading);
    assert_eq!(honest.status.code(), Some(0), "{}", text(&honest.stderr));
    let result: Value = serde_json::from_slice(&honest.stdout).unwrap();
    assert_eq!((&result["version"], &result["faults"]["count"]), (&Value::from(1), &Value::from(0)));
    assert!(result["steps"][0]["operations"]["entries"]["latency"]["p99_us"].as_u64().unwrap() > 0);
    assert!(dir.path().join("hammer.jsonl").exists());

    liar.tell_at(Endpoint::GetEntries, Lie::EntryTampered(3));
    let lying = read(dir.path(), &liar, &reading[..2]);
    assert_eq!(lying.status.code(), Some(1), "{}", text(&lying.stdout));
    assert!(text(&lying.stderr).contains("wrong-root"), "{}", text(&lying.stderr));
    assert!(text(&lying.stdout).contains("FAULT wrong-root"), "{}", text(&lying.stdout));
}

#[test]
fn what_makes_no_sense_is_refused_before_anything_is_sent() {
    let (dir, liar) = (tempfile::tempdir().unwrap(), Liar::with_entries(1));
    let key = liar.key_base64();
    let refused = |args: &[&str], says: &str| {
        let output = hammer(dir.path(), args);
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(64), "{args:?}: {error}");
        assert!(error.contains(says), "{args:?}: {error}");
    };
    let there = ["--url", "https://ct.example/log", "--key", &key];
    refused(&there, "--i-operate-this-log");
    let url = liar.url();
    let here = ["--url", url.as_str(), "--key", &key];
    for (args, says) in [
        (&["--mix", "add=1"][..], "no operation \"add\""),
        (&["--rate", "0"], "above 0"),
        (&["--rate", "10", "--workers", "3"], "cannot be used with"),
        (&["--sweep", "25"], "--find-max"),
        (&["--duration", "2d"], "longer than"),
        (&["--keys", "P-521"], "no kind of key"),
        (&["--mix", "add-chain=1"], "no chains"),
        (&["--mix", "resubmit=1"], "without add-chain"),
        (&["--duration", "0s"], "shorter than 100 ms"),
        (&["--timeout", "0s"], "shorter than 1 ms"),
        (&["--chaos", "all", "--mix", "get-sth=1"], "cluster.toml"),
    ] {
        refused(&[&here, args].concat(), says);
    }
    assert!(liar.requests().iter().all(|seen| seen.endpoint() == Some(Endpoint::GetSth)));
}

#[test]
fn records_are_of_one_log() {
    let dir = tempfile::tempdir().unwrap();
    let (one, other) = (Liar::with_entries(1), Liar::with_entries(1));
    let reading = ["--mix", "get-sth=1", "--records", "r"];
    assert_eq!(read(dir.path(), &one, &reading).status.code(), Some(0));
    let refused = read(dir.path(), &other, &reading);
    assert_eq!(refused.status.code(), Some(74));
    assert!(text(&refused.stderr).contains("give another file"), "{}", text(&refused.stderr));

    let proved = hammer(dir.path(), &["--prove", "r"]);
    assert_eq!(proved.status.code(), Some(0), "{}", text(&proved.stderr));
    assert!(text(&proved.stdout).contains("promises: 0 of 0 proved"), "{}", text(&proved.stdout));
    let key = other.key_base64();
    assert_eq!(hammer(dir.path(), &["--prove", "r", "--key", &key]).status.code(), Some(64));
    let whole = fs::read_to_string(dir.path().join("r")).unwrap();
    fs::write(dir.path().join("r"), whole.replace("\"version\":1", "\"version\":9")).unwrap();
    let refused = hammer(dir.path(), &["--prove", "r"]);
    assert!(text(&refused.stderr).contains("version 9 of the format"), "{}", text(&refused.stderr));
}

#[test]
fn what_could_not_be_kept_at_the_end_is_refused_at_the_beginning() {
    let (dir, liar) = (tempfile::tempdir().unwrap(), Liar::with_entries(1));
    fs::write(dir.path().join("file"), "").unwrap();
    for (args, says) in [
        (["--evidence", "file"], "no evidence can be kept in file: "),
        (["--svg", "nowhere/rates.svg"], "--svg nowhere/rates.svg: "),
        (["--svg", "."], "--svg .: it is a directory"),
    ] {
        let refused = read(dir.path(), &liar, &[&["--mix", "get-sth=1"], &args[..]].concat());
        let said = text(&refused.stderr);
        assert!(refused.status.code() == Some(74) && said.contains(says), "{args:?}: {said}");
    }
    assert!(liar.requests().is_empty());
}

#[test]
fn an_error_that_nobody_reads_has_its_exit_code_all_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = Command::new(env!("CARGO_BIN_EXE_wolffish"));
    command.args(["hammer", "--prove", "nowhere"]).current_dir(dir.path()).stderr(writer);
    assert_eq!(command.status().unwrap().code(), Some(74));
}
