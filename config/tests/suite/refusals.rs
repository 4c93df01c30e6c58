//! Every rule, broken once: the refusal names the file, the field, the value and the limit.

use crate::support::{PRODUCTION, TEST, edit, parse, without_table};

/// The faults of a text, one line each.
fn faults(text: &str) -> Vec<String> {
    parse(text).unwrap_err().faults().iter().map(ToString::to_string).collect()
}

/// One change to an example draws exactly one fault, which has every one of these words.
fn refuses(base: &str, from: &str, to: &str, words: &[&str]) {
    let found = faults(&edit(base, from, to));
    assert_eq!(found.len(), 1, "{from:?} -> {to:?}: {found:#?}");
    assert!(found[0].starts_with("/etc/wolffish/cluster.toml: "), "{}", found[0]);
    for word in words {
        assert!(found[0].contains(word), "{word:?} is not in {}", found[0]);
    }
}

#[test]
fn shape() {
    refuses(
        TEST,
        "mmd_seconds",
        "mdm_seconds",
        &["log anytime: mdm_seconds = 86400", "unknown field", "line 8"],
    );
    refuses(TEST, "purpose =", "porpoise = 1\npurpose =", &["porpoise", "unknown field"]);
    refuses(TEST, "ahead_ms = 1000", "ahead_s = 1", &["log anytime: clock.ahead_s = 1", "unknown field"]);
    refuses(TEST, "backlog_limit = 1000000", "backlog_limit = -1", &["backlog_limit = -1", "u64"]);
    refuses(
        TEST,
        "align_get_entries = true",
        "align_get_entries = \"yes\"",
        &["align_get_entries = \"yes\""],
    );
    refuses(TEST, "name = \"anytime\"", "name = 7", &["log #1: name = 7", "string"]);
    refuses(
        TEST,
        "start_inclusive = \"2026-01-01T00:00:00Z\"",
        "start_inclusive = 2026-01-01",
        &["start_inclusive = 2026-01-01: line", "in quotes"],
    );
    for text in ["node = 5\n", "node = [5]\n"] {
        let found = faults(text);
        assert_eq!(found.len(), 3, "{found:#?}");
        assert!(found[0].contains("node: line 1: expected tables, written [[node]]"), "{found:#?}");
    }
}

#[test]
fn top() {
    refuses(TEST, "purpose = \"test\"\n", "", &["purpose: missing", "\"production\""]);
    refuses(TEST, "\"test\"", "\"prod\"", &["purpose = \"prod\"", "\"test\" or \"production\""]);
    let k = |to: &str, words: &[&str]| refuses(TEST, "storage_quorum = 2", to, words);
    k("storage_quorum = 0", &["storage_quorum = 0", "1 to 3", "number of storage nodes"]);
    k("storage_quorum = 4", &["storage_quorum = 4", "1 to 3"]);
    let none = &TEST[..TEST.find("# A log that").unwrap()];
    refuses(none, "", "", &["log: missing", "[[log]]"]);
}

#[test]
fn names_keys_and_roles_of_nodes() {
    let mut keys = TEST.lines().filter(|line| line.starts_with("key = "));
    let (key, other) = (keys.next().unwrap(), keys.next().unwrap());
    refuses(
        TEST,
        "name = \"storage-2\"",
        "name = \"storage-1\"",
        &["node storage-1: name", "already used by"],
    );
    refuses(TEST, "name = \"storage-2\"", "name = \"Storage\"", &["node Storage: name = \"Storage\"", "a-z"]);
    refuses(TEST, "name = \"storage-2\"\n", "", &["node #3: name: missing"]);
    refuses(TEST, "role = \"frontend\"", "role = \"front\"", &["role = \"front\"", "merge-repair, operator"]);
    refuses(TEST, "role = \"frontend\"\n", "", &["node frontend-1: role: missing"]);
    refuses(TEST, key, other, &["node storage-1: key", "already used by node frontend-1, key"]);
    refuses(TEST, key, "", &["node frontend-1: key: missing", "64 hexadecimal"]);
    refuses(TEST, key, "key = \"00ff\"", &["key = \"00ff\"", "64 hexadecimal", "4"]);
    let weak = format!("key = \"01{}\"", "00".repeat(31));
    refuses(TEST, key, &weak, &["node frontend-1: key", "not an Ed25519 public key"]);
}

#[test]
fn addresses() {
    let (node, from) = ("node storage-1", "address = \"127.0.0.1:4111\"");
    refuses(
        TEST,
        from,
        "address = \"127.0.0.1\"",
        &[node, "address = \"127.0.0.1\"", "no port", "host:port"],
    );
    refuses(TEST, from, "address = \"127.0.0.1:0\"", &[node, "from 1 to 65535"]);
    refuses(
        TEST,
        from,
        "address = \"127.0.0.1:4112\"",
        &["storage-2: address", "already used by node storage-1"],
    );
    refuses(TEST, from, "address = \"127.0.0.1:8080\"", &[node, "already used by node frontend-1, public"]);
    refuses(TEST, from, "address = \"0.0.0.0:4111\"", &[node, "0.0.0.0:4111", "nobody can be called"]);
    refuses(TEST, from, "", &[node, "address: missing"]);
    refuses(TEST, "public = \"127.0.0.1:8080\"\n", "", &["node frontend-1: public: missing"]);
    refuses(TEST, "\"127.0.0.1:4201\"", "\"127.0.0.1:4201/\"", &["admin = \"127.0.0.1:4201/\"", "65535"]);
    refuses(TEST, from, &format!("{from}\nhost = \"a b\""), &[node, "host = \"a b\"", "1 to 253"]);
    // A wildcard belongs to a machine: two hosts may have the same one, two nodes of a host may not.
    let two = edit(PRODUCTION, "admin = \"10.1.0.1:4200\"", "admin = \"0.0.0.0:443\"");
    refuses(&two, "", "", &["node frontend-1: public", "already used by node frontend-1, admin"]);
}

#[test]
fn fields_of_other_roles() {
    let add = |role: &str, field: &str| {
        let from = format!("role = \"{role}\"\n");
        let words = [field, &format!("a node of role {role} has no such field")];
        refuses(TEST, &from, &format!("{from}{field} = \"127.0.0.1:9\"\n"), &words);
    };
    add("storage", "public");
    add("operator", "address");
    add("operator", "admin");
    let from = "role = \"merge\"\n";
    let found = faults(&edit(TEST, from, &format!("{from}tls_key = \"a\"\ntls_certificate = \"b\"\n")));
    assert_eq!(found.len(), 2, "{found:#?}");
    let line = "tls_key = \"tls/privkey.pem\"\n";
    refuses(PRODUCTION, line, "", &["tls_certificate = \"tls/fullchain.pem\"", "without tls_key"]);
    let line = "tls_certificate = \"tls/fullchain.pem\"\n";
    refuses(PRODUCTION, line, "", &["tls_key = \"tls/privkey.pem\"", "without tls_certificate"]);
}

#[test]
fn roles_that_are_needed() {
    for (name, role) in [("frontend-1", "frontend"), ("merge-repair-1", "merge-repair")] {
        let words = [&format!("0 of role {role}, at least 1 needed")[..]];
        refuses(&without_table(TEST, "[[node]]", name), "", "", &words);
    }
    for (role, names) in [("storage", 3), ("merge", 3), ("signer", 1)] {
        let text = (1..=names)
            .fold(TEST.to_owned(), |text, n| without_table(&text, "[[node]]", &format!("{role}-{n}")));
        let found = faults(&text);
        assert!(found.iter().any(|f| f.contains(&format!("0 of role {role}, at least 1"))), "{found:#?}");
    }
    let words = ["2 of role merge-repair, at most 1"];
    refuses(TEST, "role = \"operator\"", "role = \"merge-repair\"", &words);
    refuses(
        TEST,
        "first_primary = \"merge-1\"",
        "first_primary = \"storage-1\"",
        &["log anytime: first_primary = \"storage-1\"", "no node of role merge"],
    );
    refuses(TEST, "sth_signer = \"signer-1\"", "sth_signer = \"signer-2\"", &["\"signer-2\"", "role signer"]);
    refuses(TEST, "sth_signer = \"signer-1\"\n", "", &["sth_signer: missing"]);
    refuses(TEST, "first_primary = \"merge-1\"\n", "", &["first_primary: missing"]);
    refuses(
        TEST,
        "sth_signer = \"signer-1\"",
        "sth_signer = \"S\"",
        &["sth_signer = \"S\"", "name of a node"],
    );
}

#[test]
fn too_many() {
    let mut text = TEST.to_owned();
    for number in 0..100 {
        text.push_str(&format!("\n[[node]]\nname = \"n{number}\"\n"));
    }
    let found = faults(&text);
    assert!(found.iter().any(|f| f.ends_with("node = 110: at most 100 are allowed")), "{found:#?}");
    let long = format!("{TEST}#{}", "x".repeat(1 << 20));
    let found = faults(&long);
    assert!(found.len() == 1 && found[0].contains("the limit is 1048576"), "{found:?}");
}

#[test]
fn names_keys_and_urls_of_logs() {
    let spki = |nth: usize| {
        let at = TEST.match_indices("MFk").nth(nth).unwrap().0;
        TEST[at..].split('"').next().unwrap()
    };
    refuses(TEST, spki(1), spki(0), &["log test2026h1: key", "already used by log anytime, key"]);
    refuses(TEST, "name = \"test2026h1\"", "name = \"anytime\"", &["log anytime: name", "already used by"]);
    refuses(TEST, "name = \"test2026h1\"", "name = \"a/b\"", &["log a/b: name = \"a/b\"", "hyphens"]);
    refuses(TEST, &format!("key = \"{}\"\n", spki(0)), "", &["log anytime: key: missing"]);
    refuses(TEST, spki(0), "%%%", &["key = \"%%%\"", "not base64", "P-256"]);
    let ed25519 = "MCowBQYDK2VwAyEAzrEgkRxXh+Mgul7Wis1P4IBWKd5Pxc4kkTd8muXijG0=";
    refuses(TEST, spki(0), ed25519, &["Ed25519", "P-256, uncompressed"]);
    // The same key, its point compressed: another log ID.
    let der = "MDkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDIgADaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY=";
    refuses(TEST, spki(0), der, &["an unusual encoding", "uncompressed"]);
    refuses(TEST, "kind = \"rfc6962\"", "kind = \"static-ct\"", &["kind = \"static-ct\"", "\"rfc6962\""]);

    let url = "http://127.0.0.1:8080/anytime/";
    for bad in
        ["ftp://a/", "https://a/b", "https://a/?q=/", "https://A/", "https://u@a/", "a/", "https://a/../"]
    {
        refuses(TEST, url, bad, &[&format!("url = {bad:?}"), "with a / at its end"]);
    }
    refuses(PRODUCTION, "ct.example/2026h1/", "ct.example/2026h2/", &["log 2026h2: url", "already used by"]);
    refuses(PRODUCTION, "https://", "http://", &["url = \"http://", "production", "https"]);
}

#[test]
fn windows() {
    let (start, end) =
        ("start_inclusive = \"2026-01-01T00:00:00Z\"", "end_exclusive = \"2026-07-01T00:00:00Z\"");
    refuses(TEST, &format!("{start}\n"), "", &["end_exclusive = \"2026-07", "without start_inclusive"]);
    refuses(TEST, &format!("{end}\n"), "", &["start_inclusive = \"2026-01", "without end_exclusive"]);
    for same in ["2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00", "2025-07-01T00:00:00Z"] {
        let words =
            [&format!("end_exclusive = \"{same}\""), "not after start_inclusive = \"2026-01-01T00:00:00Z\""];
        refuses(TEST, end, &format!("end_exclusive = \"{same}\""), &words);
    }
    for bad in ["2026-01-01", "2026-13-01T00:00:00Z", "1969-12-31T00:00:00Z"] {
        let words = [&format!("start_inclusive = \"{bad}\""), "RFC 3339 after 1970"];
        refuses(TEST, start, &format!("start_inclusive = \"{bad}\""), &words);
    }
}

#[test]
fn times() {
    let line = |from: &str, to: &str, words: &[&str]| refuses(TEST, from, to, words);
    line("mmd_seconds = 86400", "mmd_seconds = 0", &["mmd_seconds = 0", "1 to 2592000"]);
    line("mmd_seconds = 86400", "mmd_seconds = 2592001", &["mmd_seconds = 2592001", "1 to 2592000"]);
    let sth = "sth_interval_ms = 5000";
    line(sth, "sth_interval_ms = 30001", &["sth_interval_ms = 30001", "10 to 30000", "half of mmd_seconds"]);
    line(sth, "sth_interval_ms = 0", &["sth_interval_ms = 0", "10 to 30000"]);
    let publish = "publish_interval_ms = 100\n";
    line(publish, "publish_interval_ms = 9\n", &["publish_interval_ms = 9", "10 to 5000"]);
    line(publish, "publish_interval_ms = 5001\n", &["= 5001", "10 to 5000", "at most sth_interval_ms"]);
    let stop = "stop_submissions_after_sth_age_seconds = 3600";
    line(stop, "stop_submissions_after_sth_age_seconds = 59", &["= 59", "60 to 86400", "sth_interval_ms"]);
    line(stop, "stop_submissions_after_sth_age_seconds = 86401", &["= 86401", "60 to 86400"]);
    let repair = "repair_after_seconds = 300";
    line(repair, "repair_after_seconds = 299", &["= 299", "300 to 2592000", "5 times sth_interval_ms"]);
    line(repair, "repair_after_seconds = 2592001", &["= 2592001", "300 to 2592000"]);
    let rate = format!("{repair}\nscrub_bytes_per_second = 999");
    line(repair, &rate, &["scrub_bytes_per_second = 999", "1000 to 10000000000"]);
    let interval = format!("{repair}\nscrub_interval_seconds = 0");
    line(repair, &interval, &["scrub_interval_seconds = 0", "1 to 2592000"]);
    line("ahead_ms = 1000", "ahead_ms = 0", &["clock.ahead_ms = 0", "1 to 60000"]);
    line("ahead_ms = 1000", "ahead_ms = 60001", &["clock.ahead_ms = 60001", "1 to 60000"]);
    line("behind_ms = 600000", "behind_ms = 3600001", &["clock.behind_ms = 3600001", "1 to 3600000"]);
}

#[test]
fn bounds() {
    let line = |from: &str, to: &str, words: &[&str]| refuses(TEST, from, to, words);
    line("backlog_limit = 1000000", "backlog_limit = 0", &["backlog_limit = 0", "1 to 1000000"]);
    line("backlog_limit = 1000000", "backlog_limit = 1000001", &["= 1000001", "1 to 1000000"]);
    line("get_entries_limit = 1000", "get_entries_limit = 1001", &["get_entries_limit = 1001", "1 to 1000"]);
    line("[\"roots/\"", "[\"\"", &["log test2026h1: roots = \"\"", "a path"]);
    line("\"test-ca.pem\"", "\"\"", &["log anytime: test_ca = \"\"", "a path"]);
}

#[test]
fn production() {
    let refuses = |from: &str, to: &str, words: &[&str]| {
        let words: Vec<_> = words.iter().copied().chain(["purpose \"production\""]).collect();
        refuses(PRODUCTION, from, to, &words);
    };
    refuses("storage_quorum = 2", "storage_quorum = 1", &["storage_quorum = 1:", "quorum of 1"]);
    refuses("roots = [\"roots/\"]\n", "", &["log 2026h1: roots", "accepts nothing"]);
    refuses("roots = [", "test_ca = \"ca.pem\"\nroots = [", &["log 2026h1: test_ca = \"ca.pem\"", "test CA"]);
    refuses(
        "host = \"core2.example\"",
        "host = \"CORE1.example\"",
        &[
            "node storage-2: host = \"core1.example\" (as node storage-1)",
            "two nodes of one role on one host",
        ],
    );
}

#[test]
fn production_needs_nodes() {
    let text = without_table(PRODUCTION, "[[node]]", "merge-3");
    refuses(&text, "", "", &["node = 2 of role merge", "fewer than 3 merge nodes", "purpose \"production\""]);
    let text = edit(PRODUCTION, "storage_quorum = 2\n", "");
    let text = without_table(&without_table(&text, "[[node]]", "storage-2"), "[[node]]", "storage-3");
    refuses(&text, "", "", &["storage_quorum = 1 (by default)", "quorum of 1"]);
}

/// Faults of every kind, in one file: all are told, and nothing that only follows from another.
#[test]
fn all_faults_at_once() {
    let mut text = TEST.to_owned();
    for (from, to) in [
        ("purpose = \"test\"", "purpose = \"tset\"\ncolour = \"red\""),
        ("address = \"127.0.0.1:4101\"", "address = \"nowhere\"\nsize = 3\nport = 4"),
        ("role = \"storage\"", "role = \"store\""),
        ("address = \"127.0.0.1:4131\"", "address = 4131"),
        ("mmd_seconds = 86400", "mmd_seconds = 0"),
        ("get_entries_limit = 1000", "get_entries_limit = 5000"),
        ("ahead_ms = 1000", "ahead_ms = \"1 s\""),
        ("name = \"test2026h1\"", "name = \"test 2026h1\""),
        ("publish_interval_ms = 100\n", "publish_interval_ms = 1\n"),
        ("end_exclusive = \"2026-07-01T00:00:00Z\"", "end_exclusive = \"2025-07-01T00:00:00Z\""),
    ] {
        text = edit(&text, from, to);
    }
    let found = faults(&text);
    let wanted = [
        "colour = \"red\": line",
        "purpose = \"tset\"",
        "node frontend-1: size = 3: line",
        "node frontend-1: port = 4: line",
        "node frontend-1: address = \"nowhere\"",
        "node storage-1: role = \"store\"",
        "node merge-1: address = 4131: line",
        "log anytime: mmd_seconds = 0",
        "log anytime: get_entries_limit = 5000",
        "log anytime: clock.ahead_ms = \"1 s\": line",
        "log test 2026h1: name = \"test 2026h1\"",
        "log test 2026h1: publish_interval_ms = 1",
        "log test 2026h1: end_exclusive = \"2025-07-01T00:00:00Z\"",
    ];
    for want in wanted {
        assert!(found.iter().any(|fault| fault.contains(want)), "{want} is not in {found:#?}");
    }
    assert_eq!(found.len(), wanted.len(), "{found:#?}");
    let message = parse(&text).unwrap_err().to_string();
    assert!(
        message.starts_with("the configuration has 13 faults:\n  /etc/wolffish/cluster.toml: "),
        "{message}"
    );
    assert_eq!(message.lines().count(), 14);
}

#[test]
fn broken_toml_names_the_line() {
    let found = faults(&edit(TEST, "kind = \"rfc6962\"", "kind = \"rfc6962"));
    let line = TEST.lines().position(|line| line.starts_with("kind")).unwrap() + 1;
    assert!(found[0].contains(&format!("line {line}: ")), "{found:#?}");
}

/// RFC 6962 lets a log have such a key, but no signer here can sign with one.
#[test]
fn an_rsa_key_of_a_log_that_grows() {
    let rsa = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA0GzEbSLlSN1rAgvpbbF48tdIgxgoIw8ZixZLGwtOiDvKTsH4ZzToub/c\
        S9CsGPv0KvB9Xa7RFRiRqWjd6DFf2iRp407lS7c/B6EHH2Ln8tY3sL/tT79iGTRji5BxHfehVQFL2BIMdV5jR4nayk+zPLO1Pra7\
        Wz3r+a3Pl2oEoyN4fqUPHILYB1CFrl1aOmpF9VvTsBM9KudiR4elzFVtBNgKK6QQdXgThasuoJLbCsqA7B9handjRTbotn11/BbN\
        PYm20avkTL7pyw7EQRg61LbsG52wMSKxSz50+MB4ncU86gc6SY5bERAJNu29rzSqb+s3HvMv33/vDefj6Dh95wIDAQAB";
    let at = TEST.find("MFk").unwrap();
    let p256 = TEST[at..].split('"').next().unwrap();
    refuses(TEST, p256, rsa, &["log anytime: key", "RSA key of 2048 bits", "signers", "P-256, uncompressed"]);
}
