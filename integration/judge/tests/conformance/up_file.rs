//! From the description of a cluster to the exit code of the binary.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use judge::merkle::sha256;
use judge::{Target, UpFile};
use liar::Lie;
use serde_json::{Value, json};

use super::start;

/// A directory of this test's own with the test CA of the target in it.
fn directory(name: &str, target: &Target) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&directory).unwrap();
    std::fs::write(directory.join("ca.pem"), &target.test_ca_cert_pem).unwrap();
    std::fs::write(directory.join("ca.key"), &target.test_ca_key_pem).unwrap();
    directory
}

fn log(name: &str, urls: Value, target: &Target, interval: Value, directory: &Path) -> Value {
    json!({
        "name": name,
        "urls": urls,
        "key": STANDARD.encode(&target.log_key_spki_der),
        "log_id": STANDARD.encode(sha256(&target.log_key_spki_der)),
        "mmd": 60,
        "temporal_interval": interval,
        "test_ca_cert": directory.join("ca.pem"),
        "test_ca_key": "ca.key",
    })
}

#[test]
fn the_right_logs_are_picked() {
    let liar = start(Lie::None, None);
    let directory = directory("picked", &liar.target());
    let year = |from: &str, to: &str| json!({ "start_inclusive": from, "end_exclusive": to });
    let log = |name: &str, interval: Value| {
        let urls = json!([format!("http://127.0.0.1:1/{name}"), format!("http://127.0.0.1:2/{name}/")]);
        log(name, urls, &liar.target(), interval, &directory)
    };
    let logs = json!({
        "logs": [
            log("anytime", json!(null)),
            log("past", year("2001-01-01T00:00:00Z", "2002-01-01T00:00:00Z")),
            log("current", year("2001-01-01T00:00:00Z", "2999-01-01T00:00:00Z")),
        ],
        "nodes": [],
    });
    let up = UpFile::parse(&logs.to_string(), directory.clone()).unwrap();
    assert_eq!(up.log_names(), ["anytime", "past", "current"]);
    let (general, windowed) = up.targets(1).unwrap();
    assert_eq!((general.name.as_str(), general.base_url.as_str()), ("anytime", "http://127.0.0.1:2/anytime"));
    assert_eq!(general.mmd.as_secs(), 60);
    assert_eq!(windowed.unwrap().name, "current");
    assert_eq!(up.target("past", 0).unwrap().temporal_interval.unwrap().start_inclusive, 978_307_200);
    assert!(up.target("past", 2).is_err());
    assert!(up.target("absent", 0).is_err());
}

/// Runs the binary against a log that tells this lie.
fn judge(name: &str, lie: Lie, arguments: &[&str]) -> Output {
    let liar = start(lie, None);
    let directory = directory(name, &liar.target());
    let logs =
        json!({ "logs": [log("anytime", json!([liar.url()]), &liar.target(), json!(null), &directory)] });
    let up_file = directory.join("up.json");
    std::fs::write(&up_file, logs.to_string()).unwrap();
    Command::new(env!("CARGO_BIN_EXE_judge")).arg(up_file).args(arguments).output().unwrap()
}

#[test]
fn the_binary_tells_and_exits_accordingly() {
    let clean = judge("clean", Lie::None, &["--check", "4", "--check", "12", "--check", "18"]);
    let lines = String::from_utf8(clean.stdout).unwrap();
    let starts: Vec<&str> = lines.lines().map(|line| line.get(..7).unwrap_or(line)).collect();
    assert_eq!(starts, ["pass  4", "skip 12", "pass 18", "2 passe"], "{lines}");
    assert_eq!(clean.status.code(), Some(0));

    let failed = judge("failed", Lie::AnyPrefixServed, &["--log", "anytime", "--check", "18"]);
    let lines = String::from_utf8(failed.stdout).unwrap();
    assert!(
        lines.starts_with("FAIL 18") && lines.ends_with("0 passed, 1 failed (18), 0 skipped\n"),
        "{lines}"
    );
    assert_eq!(failed.status.code(), Some(1));

    for arguments in [&["--check", "28"][..], &["--log", "absent"], &["--nonsense"]] {
        assert_eq!(judge("unusable", Lie::None, arguments).status.code(), Some(2), "{arguments:?}");
    }
}
