//! Read-only logs: what they have, what they cannot have, and how one is added to a file that exists.

use crate::support::{PRODUCTION, TEST, edit, parse};
use config::init::{Addition, InitError};
use config::raw::RawReadOnlyLog;
use config::{AnyLog, Cluster};
use ct::key::KeyAlgorithm;
use ct::names::Role;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

const TABLE: &str = "[[read_only_log]]\nname = \"old2024\"\n";

fn refused(text: &str) -> String {
    let error = parse(text).unwrap_err();
    assert_eq!(error.faults().len(), 1, "{error}");
    error.to_string()
}

/// One more line in the table of the example's read-only log.
fn with(line: &str) -> String {
    edit(TEST, TABLE, &format!("{TABLE}{line}\n"))
}

#[test]
fn a_read_only_log_is_kept_by_frontends_alone() {
    let cluster = parse(TEST).unwrap();
    let [log] = cluster.read_only_logs() else { panic!("the example has one") };
    let facts = log.facts();
    assert_eq!((log.name().as_str(), facts.mmd()), ("old2024", Duration::from_secs(86_400)));
    assert_eq!(facts.key().algorithm(), KeyAlgorithm::Rsa { bits: 2048 });
    let window = facts.window().unwrap().to_rfc3339();
    assert_eq!(window, ("2024-01-01T00:00:00Z".to_owned(), "2025-01-01T00:00:00Z".to_owned()));
    assert_eq!((facts.get_entries_limit(), facts.align_get_entries()), (1000, true));

    let kept = |role| -> Vec<String> {
        cluster.logs_kept_by(role).map(|log| log.facts().name().to_string()).collect()
    };
    assert_eq!(kept(Role::Frontend), ["anytime", "test2026h1", "old2024"]);
    for role in [Role::Storage, Role::Signer, Role::Merge, Role::MergeRepair, Role::Operator] {
        assert_eq!(kept(role), ["anytime", "test2026h1"], "{role}");
    }
    assert!(
        matches!(cluster.logs_kept_by(Role::Frontend).last(), Some(AnyLog::ReadOnly(last)) if last == log)
    );
    // It takes no submissions, so it is not among the logs that do.
    assert_eq!(cluster.log(log.name()), None);
    assert_eq!(cluster.log_by_id(facts.log_id()), None);
}

#[test]
fn what_makes_a_log_grow_is_no_field_of_it() {
    for line in [
        "first_primary = \"merge-1\"",
        "sth_signer = \"signer-1\"",
        "test_ca = \"a\"",
        "sth_interval_ms = 1000",
    ] {
        let field = line.split(' ').next().unwrap();
        let error = refused(&with(line));
        for word in ["read_only_log old2024", field, "unknown field"] {
            assert!(error.contains(word), "{word} is not in {error}");
        }
    }
}

#[test]
fn its_name_key_and_url_are_its_own() {
    let key = |nth: usize| {
        let line = TEST.lines().filter(|line| line.starts_with("key = \"M")).nth(nth).unwrap();
        line.to_owned()
    };
    let case = |from: &str, to: &str, words: &[&str]| {
        let error = refused(&edit(TEST, from, to));
        for word in words {
            assert!(error.contains(word), "{word:?} is not in {error}");
        }
    };
    case(TABLE, "[[read_only_log]]\nname = \"anytime\"\n", &["already used by log anytime, name"]);
    case(&key(2), &key(0), &["read_only_log old2024: key", "already used by log anytime, key"]);
    case("/old2024/\"", "/anytime/\"", &["read_only_log old2024: url", "already used by log anytime, url"]);
    case(&format!("{}\n", key(2)), "", &["read_only_log old2024: key: missing", "or RSA"]);
    case(
        TABLE,
        "[[read_only_log]]\nmmd_seconds = 0\nname = \"old2024\"\n",
        &["mmd_seconds = 0", "1 to 2592000"],
    );
    case("end_exclusive = \"2025", "end_exclusive = \"2023", &["read_only_log old2024: end_exclusive"]);
}

#[test]
fn there_may_be_a_hundred_logs_of_both_kinds_together() {
    let more: String = (0..98).map(|n| format!("\n[[read_only_log]]\nname = \"n{n}\"\n")).collect();
    let error = parse(&format!("{TEST}{more}")).unwrap_err().to_string();
    assert!(error.contains("log = 101: at most 100 are allowed"), "{error}");
    let error = parse(&PRODUCTION.replace("[[log]]", "[[read_only_log]]")).unwrap_err().to_string();
    assert!(error.contains("log: missing; expected at least one [[log]]"), "{error}");
}

fn addition() -> RawReadOnlyLog {
    let key = TEST.lines().filter(|line| line.starts_with("key = \"M")).nth(2).unwrap();
    let key = key.strip_prefix("key = \"").unwrap().trim_end_matches('"').to_owned();
    RawReadOnlyLog { name: Some("archive".to_owned()), key: Some(key), ..RawReadOnlyLog::default() }
}

#[test]
fn one_is_added_behind_what_stands_in_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("cluster.toml");
    fs::write(&file, PRODUCTION).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    // What an earlier crash left is in nobody's way.
    fs::write(dir.path().join("cluster.toml.new"), "half").unwrap();
    let planned = Addition::plan(&file, &addition()).unwrap();
    assert_eq!(fs::read_to_string(&file).unwrap(), PRODUCTION);
    let table = planned.table().to_owned();
    assert!(table.starts_with("[[read_only_log]]\nname = \"archive\"\nkey = \""), "{table}");
    let meant = planned.write().unwrap();
    let text = fs::read_to_string(&file).unwrap();
    assert_eq!(text, format!("{}\n\n{table}", PRODUCTION.trim_end()));
    assert_eq!(Cluster::parse(&text, dir.path()).unwrap(), meant);
    assert_eq!(meant.read_only_logs().len(), 1);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn what_does_not_go_with_the_file_is_not_added() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("cluster.toml");
    assert!(matches!(Addition::plan(&file, &addition()), Err(InitError::File(_))));
    fs::write(&file, PRODUCTION).unwrap();
    let taken = RawReadOnlyLog { name: Some("2026h1".to_owned()), ..addition() };
    let error = Addition::plan(&file, &taken).unwrap_err().to_string();
    assert!(error.contains("already used by log 2026h1"), "{error}");
    assert_eq!(fs::read_to_string(&file).unwrap(), PRODUCTION);
}
