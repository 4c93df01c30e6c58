//! The committed examples load, and what they leave out has its default.

use crate::support::{PRODUCTION, TEST, edit, parse, without_table};
use config::{Cluster, Purpose};
use ct::names::Role;
use ct::time::ClockBound;
use std::path::Path;
use std::time::Duration;

#[test]
fn the_test_example_means_what_it_says() {
    let cluster = parse(TEST).unwrap();
    assert_eq!(cluster.purpose(), Purpose::Test);
    assert_eq!(cluster.file(), Path::new("/etc/wolffish/cluster.toml"));
    assert_eq!((cluster.quorum().needed(), cluster.quorum().of()), (2, 3));
    assert_eq!(cluster.peers(Role::Merge).count(), 3);
    assert_eq!(cluster.peers(Role::MergeRepair).count(), 0);
    let frontend = cluster.node(&"frontend-1".parse().unwrap()).unwrap();
    assert_eq!(frontend.address().unwrap().port(), 4101);
    assert_eq!(frontend.host(), Some("127.0.0.1"));
    assert_eq!(cluster.node_by_key(&frontend.key()), Some(frontend));
    assert_eq!(cluster.repair().role(), Role::MergeRepair);

    let shard = cluster.log(&"test2026h1".parse().unwrap()).unwrap();
    let window = shard.window().unwrap();
    let (start, end) = ("2026-01-01T00:00:00Z".to_owned(), "2026-07-01T00:00:00Z".to_owned());
    assert_eq!(window.to_rfc3339(), (start, end));
    assert!(window.contains(window.start_inclusive()) && !window.contains(window.end_exclusive()));
    let roots = ["/etc/wolffish/roots/", "/etc/ssl/certs/ca-certificates.crt"].map(Path::new);
    assert_eq!(shard.roots(), roots);
    assert_eq!(shard.stop_submissions_after_sth_age(), Duration::from_secs(30));
    assert_eq!(shard.stop_submissions_after_polled_age(), Duration::from_secs(15));
    assert_eq!(cluster.log_by_id(shard.log_id()), Some(shard));
    assert_eq!(cluster.warnings(), []);
}

#[test]
fn the_production_example_loads_without_a_warning() {
    let cluster = parse(PRODUCTION).unwrap();
    assert_eq!(cluster.purpose(), Purpose::Production);
    assert_eq!(cluster.warnings(), []);
    let tls = cluster.nodes()[0].tls().unwrap();
    assert_eq!(tls.key, Path::new("/etc/wolffish/tls/privkey.pem"));
}

/// The example spells the defaults out, so a log without them is the same log.
#[test]
fn defaults_are_those_of_the_example() {
    let mut text = TEST.to_owned();
    let from = text.find("kind = ").unwrap();
    let to = text.find("# A temporal shard").unwrap();
    let needed = "url = \"http://127.0.0.1:8080/anytime/\"\nfirst_primary = \"merge-1\"\n\
                  sth_signer = \"signer-1\"\ntest_ca = \"test-ca.pem\"\n";
    text.replace_range(from..to, needed);
    let text = edit(&text, "storage_quorum = 2\n", "");
    let (full, short) = (parse(TEST).unwrap(), parse(&text).unwrap());
    assert_eq!(full.logs(), short.logs());
    assert_eq!(full.quorum(), short.quorum());
    assert_eq!(short.logs()[0].clock(), ClockBound::DEFAULT);
}

#[test]
fn defaults_bend_to_a_short_mmd_and_to_rare_tree_heads() {
    let times = |change: &str| {
        let plain = "url = \"http://127.0.0.1:8080/anytime/\"\n";
        let from = TEST.find("mmd_seconds").unwrap();
        let to = TEST[from..].find("first_primary").unwrap() + from;
        let mut text = TEST.to_owned();
        text.replace_range(from..to, change);
        let text = edit(&text, "stop_submissions_after_sth_age_seconds = 3600\n", "");
        let text = edit(&edit(&text, "repair_after_seconds = 300\n", ""), plain, "");
        let log = parse(&text).unwrap().logs()[0].clone();
        let times = [
            log.sth_interval(),
            log.publish_interval(),
            log.stop_submissions_after_sth_age(),
            log.repair_after(),
        ];
        times.map(|time| time.as_millis())
    };
    assert_eq!(times("mmd_seconds = 1\n"), [500, 500, 500, 300_000]);
    assert_eq!(times("sth_interval_ms = 7200000\n"), [7_200_000, 1_000, 7_200_000, 36_000_000]);
}

#[test]
fn hashes_cover_what_they_should() {
    let (one, more) = (parse(TEST).unwrap(), parse(&format!("{TEST}# more\n")).unwrap());
    assert_ne!(one.config_hash(), more.config_hash());
    assert_eq!(one.config_hash().as_bytes(), &ct::hash::sha256(&[TEST.as_bytes()]));
    assert_eq!(one.quorum_hash(), more.quorum_hash());
    let other = parse(&edit(TEST, "storage_quorum = 2", "storage_quorum = 3")).unwrap();
    assert_ne!(one.quorum_hash(), other.quorum_hash());
    let fewer = parse(&without_table(TEST, "[[node]]", "storage-3")).unwrap();
    assert_ne!(one.quorum_hash(), fewer.quorum_hash());
}

#[test]
fn warnings_name_what_may_go_wrong() {
    let warnings = |text: &str| -> Vec<String> {
        parse(text).unwrap().warnings().iter().map(ToString::to_string).collect()
    };
    let case = |base: &str, from: &str, to: &str, want: &str| {
        let found = warnings(&edit(base, from, to));
        assert!(found.len() == 1 && found[0].contains(want), "{want} in {found:?}");
    };
    case(TEST, "storage_quorum = 2", "storage_quorum = 1", "storage_quorum = 1 of 3: one lost disk");
    case(TEST, "storage_quorum = 2", "storage_quorum = 3", "storage_quorum = 3 of 3: one unreachable");
    case(TEST, "test_ca = \"test-ca.pem\"\n", "", "log anytime, roots: none");
    case(TEST, "sth_interval_ms = 5000", "sth_interval_ms = 20000", "less than two STH intervals");
    case(PRODUCTION, "mmd_seconds = 86400", "mmd_seconds = 86401", "log 2026h1, mmd_seconds: browsers");
    case(PRODUCTION, "url = \"https://ct.example/2026h1/\"\n", "", "log 2026h1, url: none");
    case(PRODUCTION, "2026-07-01", "2027-07-02", "at most a year");
    case(
        PRODUCTION,
        "mmd_seconds = 86400",
        "mmd_seconds = 86400\nrepair_after_seconds = 43200",
        "half the MMD",
    );
    let found = warnings(&edit(TEST, "role = \"signer\"\n", "role = \"signer\"\nhost = \"b\"\n"));
    assert!(found.len() == 8 && found.iter().all(|w| w.contains("loopback")), "{found:?}");
    let found = warnings(&without_table(TEST, "[[node]]", "merge-3"));
    assert!(found.len() == 1 && found[0].contains("2 merge nodes"), "{found:?}");
    for (name, role) in [("frontend-2", "frontend"), ("signer-2", "signer")] {
        let found = warnings(&without_table(PRODUCTION, "[[node]]", name));
        assert!(found.len() == 1 && found[0].contains(&format!("one node of role {role}")), "{found:?}");
    }
}

#[test]
fn loading_a_file_that_is_not_there_names_it() {
    let error = Cluster::load(Path::new("/nowhere/cluster.toml")).unwrap_err().to_string();
    assert!(error.contains("/nowhere/cluster.toml: cannot be read"), "{error}");
}
