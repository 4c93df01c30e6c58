//! `wolffish init` and `wolffish config check`, from outside.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

fn wolffish(dir: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wolffish")).args(args).current_dir(dir).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A production cluster on five machines.
const PRODUCTION: [&str; 35] = [
    "init",
    "--dir",
    "c",
    "--log",
    "2027h1=2027-01-01..2027-07-01",
    "--log",
    "2027h2=2027-07-01..2028-01-01",
    "--frontend",
    "frontend-1@10.1.0.1:4100,public=10.1.0.1:443,admin=10.1.0.1:4200,host=ct1",
    "--frontend",
    "frontend-2@10.1.0.2:4100,public=10.1.0.2:443,host=ct2",
    "--storage",
    "storage-1@10.2.0.1:4110,host=core1",
    "--storage",
    "storage-2@10.2.0.2:4110,host=core2",
    "--storage",
    "storage-3@10.2.0.3:4110,host=core3",
    "--signer",
    "signer-1@10.2.0.1:4120,host=core1",
    "--signer",
    "signer-2@10.2.0.2:4120,host=core2",
    "--merge",
    "merge-1@10.2.0.1:4130,host=core1",
    "--merge",
    "merge-2@10.2.0.2:4130,host=core2",
    "--merge",
    "merge-3@10.2.0.3:4130,host=core3",
    "--operator",
    "alice",
    "--operator",
    "bob",
    "--url",
    "https://ct.example/",
    "--roots",
    "roots.pem",
];

#[test]
fn a_cluster_is_made_checked_and_never_made_twice() {
    let dir = tempfile::tempdir().unwrap();
    let made = wolffish(dir.path(), &PRODUCTION);
    let (out, err) = (text(&made.stdout), text(&made.stderr));
    assert_eq!(made.status.code(), Some(0), "{err}");
    for want in [
        "2 frontends, 3 storage nodes (k = 2), 2 signers, 3 merge nodes, 2 logs",
        "c/nodes/storage-2  to core2",
        "wolffish run merge --cluster cluster.toml --node merge-3 --state merge-3",
        "--operator-state alice",
    ] {
        assert!(out.contains(want), "{want} in {out}");
    }
    let mode = |path: &str| {
        let found = fs::metadata(dir.path().join("c").join(path)).unwrap();
        found.permissions().mode() & 0o7777
    };
    for key in ["nodes/signer-2/node.key", "nodes/signer-2/logs/2027h1.key", "nodes/bob/node.key"] {
        assert_eq!(mode(key), 0o600, "{key}");
    }
    for node in ["frontend-2", "storage-1", "signer-1", "signer-2", "merge-3"] {
        for log in ["2027h1", "2027h2"] {
            let state = dir.path().join("c/nodes").join(node).join("logs").join(log);
            assert!(fs::read_dir(&state).unwrap().next().is_some(), "{}", state.display());
        }
    }

    // The roots are not there yet: a frontend misses them, nobody else does.
    let check =
        |args: &[&str]| wolffish(dir.path(), &[&["config", "check", "c/cluster.toml"], args].concat());
    let missing = check(&[]);
    assert_eq!(missing.status.code(), Some(64));
    assert!(text(&missing.stderr).contains("roots.pem: cannot be read"), "{}", text(&missing.stderr));
    assert_eq!(check(&["--node", "merge-1"]).status.code(), Some(0));
    assert_eq!(check(&["--node", "merge-4"]).status.code(), Some(64));

    let again = wolffish(dir.path(), &PRODUCTION);
    assert_eq!(again.status.code(), Some(64));
    assert!(text(&again.stderr).contains("exists already"), "{}", text(&again.stderr));
}

#[test]
fn every_mistake_is_named_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let made = wolffish(
        dir.path(),
        &[
            "init",
            "--dir",
            "c",
            "--purpose",
            "test",
            "--test-ca",
            "--log",
            "anytime",
            "--frontend",
            "f@127.0.0.1:4100,public=127.0.0.1:8080",
            "--storage",
            "s@127.0.0.1:4101",
            "--signer",
            "g@127.0.0.1:4102",
            "--merge",
            "m@127.0.0.1:4103",
        ],
    );
    assert_eq!(made.status.code(), Some(0), "{}", text(&made.stderr));
    let checked = wolffish(dir.path(), &["config", "check", "c/cluster.toml"]);
    assert_eq!(checked.status.code(), Some(0), "{}", text(&checked.stderr));
    let out = text(&checked.stdout);
    assert!(out.contains("warning: ") && out.contains("valid: 1 frontend, 1 storage node (k = 1)"), "{out}");

    let file = dir.path().join("c/cluster.toml");
    let wrong = fs::read_to_string(&file)
        .unwrap()
        .replace("purpose = \"test\"", "purpose = \"production\"")
        .replace("127.0.0.1:4102", "127.0.0.1:4103");
    fs::write(&file, wrong).unwrap();
    let refused = wolffish(dir.path(), &["config", "check", "c/cluster.toml"]);
    assert_eq!(refused.status.code(), Some(64));
    let err = text(&refused.stderr);
    for want in ["127.0.0.1:4103", "test_ca", "fewer than 3 merge nodes", "storage_quorum"] {
        assert!(err.contains(want), "{want} in {err}");
    }
}

#[test]
fn wrong_arguments_are_told_apart_from_wrong_clusters() {
    let dir = tempfile::tempdir().unwrap();
    let code = |args: &[&str]| wolffish(dir.path(), args).status.code();
    assert_eq!(code(&["--help"]), Some(0));
    assert_eq!(code(&["--version"]), Some(0));
    assert_eq!(code(&[]), Some(64));
    assert_eq!(code(&["up", "--no-such-option"]), Some(64));
    assert_eq!(code(&["submit"]), Some(64));
    assert_eq!(code(&["submit", "--new", "1"]), Some(64));
    assert_eq!(code(&["get", "sth", "--dir", "none"]), Some(64));
    assert_eq!(code(&["status", "--dir", "none"]), Some(64));
    assert_eq!(code(&["run", "merge", "--cluster", "none", "--node", "m", "--state", "s"]), Some(64));
    // A log where nobody answers.
    let key = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li/\
               hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==";
    assert_eq!(code(&["get", "sth", "--url", "http://127.0.0.1:1/x", "--key", key]), Some(74));
}
