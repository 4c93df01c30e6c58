//! What init makes: modes, forms that others can read, and no second time.

use crate::support;
use config::init::{
    Counts, InitError, InitPlan, LogPlan, NodeAddition, NodePlan, init_cluster, init_log_key, init_node,
    init_test_ca, log_key_file, node_dir, spki_base64,
};
use config::secret::seed_from_pkcs8_pem;
use config::{Cluster, KeyFileError, Purpose, TEST_CA_MARKER, load_node_credentials, load_private_key};
use ct::key::LogSigningKey;
use ct::names::Role;
use ct::node_key::NodeSigningKey;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

/// What openssl prints about a file; nothing where there is no openssl.
fn openssl(arguments: &[&str], file: &Path) -> Option<String> {
    let run = Command::new("openssl").args(arguments).arg("-in").arg(file).output().ok()?;
    assert!(run.status.success(), "openssl {arguments:?}: {}", String::from_utf8_lossy(&run.stderr));
    Some(String::from_utf8(run.stdout).unwrap())
}

#[test]
fn a_node_has_a_key_and_a_certificate() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("var/storage-1");
    let public = init_node(&state, Role::Storage).unwrap();
    assert_eq!(mode(&state), 0o700);
    assert_eq!(mode(&state.join("node.key")), 0o600);
    assert_eq!(mode(&state.join("node.crt")), 0o644);

    let credentials = load_node_credentials(&state).unwrap();
    assert_eq!(credentials.public(), public);
    let pem = load_private_key(&state.join("node.key")).unwrap();
    let seed = seed_from_pkcs8_pem(pem.pem()).unwrap();
    assert_eq!(NodeSigningKey::from_seed(&seed).public(), public);
    assert_eq!(format!("{pem:?}"), "PrivateKey(…)");
    assert!(!format!("{credentials:?}").contains(&ct::hash::hex(&*seed)));

    // TLS takes the pair, and finds that they belong together.
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(credentials.pkcs8_der().to_vec()));
    let certificate = CertificateDer::from(credentials.certificate_der().to_vec());
    let provider = rustls::crypto::ring::default_provider();
    let pair = rustls::sign::CertifiedKey::from_der(vec![certificate], key, &provider).unwrap();
    pair.keys_match().unwrap();
}

#[test]
fn openssl_reads_what_init_makes() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("node");
    let public = init_node(&state, Role::Signer).unwrap();
    let Some(text) = openssl(&["x509", "-noout", "-text"], &state.join("node.crt")) else { return };
    assert!(text.contains("CN = Wolffish signer node"), "{text}");
    assert!(text.contains("Not After : Dec 31 00:00:00 9999 GMT") && text.contains("ED25519"), "{text}");
    let text = openssl(&["pkey", "-noout", "-text"], &state.join("node.key")).unwrap();
    let digits: String =
        text.rsplit("pub:").next().unwrap().chars().filter(char::is_ascii_hexdigit).collect();
    assert_eq!(digits, public.to_string());

    let log_key = dir.path().join("log.key");
    init_log_key(&log_key).unwrap();
    assert!(openssl(&["pkey", "-noout", "-text"], &log_key).unwrap().contains("NIST CURVE: P-256"));

    let ca = init_test_ca(dir.path()).unwrap();
    let text = openssl(&["x509", "-noout", "-text"], &ca.certificate).unwrap();
    let want = [TEST_CA_MARKER, "CN = Wolffish test CA", "CA:TRUE", "Certificate Sign", "NIST CURVE: P-256"];
    for want in
        want.into_iter().chain(["Not Before: Jan  1 00:00:00 2020", "Not After : Jan  1 00:00:00 2050"])
    {
        assert!(text.contains(want), "{want} in {text}");
    }
    openssl(&["pkey", "-noout"], &ca.key).unwrap();
    assert_eq!(mode(&ca.key), 0o600);
}

#[test]
fn a_log_key_makes_a_round_trip() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log.key");
    let public = init_log_key(&path).unwrap();
    assert_eq!(mode(&path), 0o600);
    let pem = load_private_key(&path).unwrap();
    assert_eq!(*LogSigningKey::from_pem(pem.pem()).unwrap().public(), public);
    assert!(spki_base64(&public).starts_with("MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE"));
}

#[test]
fn nothing_is_made_twice() {
    let dir = tempfile::tempdir().unwrap();
    let exists = |result: Result<(), InitError>, name: &str| match result {
        Err(InitError::Exists { path }) => assert!(path.ends_with(name), "{}", path.display()),
        other => panic!("{other:?}"),
    };
    let state = dir.path().join("node");
    init_node(&state, Role::Merge).unwrap();
    let before = fs::read(state.join("node.key")).unwrap();
    exists(init_node(&state, Role::Merge).map(drop), "node.key");
    assert_eq!(fs::read(state.join("node.key")).unwrap(), before);
    fs::remove_file(state.join("node.key")).unwrap();
    exists(init_node(&state, Role::Merge).map(drop), "node.crt");

    let key = dir.path().join("log.key");
    init_log_key(&key).unwrap();
    exists(init_log_key(&key).map(drop), "log.key");
    init_test_ca(dir.path()).unwrap();
    exists(init_test_ca(dir.path()).map(drop), "test-ca.pem");
}

#[test]
fn a_state_directory_is_private_or_refused() {
    let dir = tempfile::tempdir().unwrap();
    let empty = dir.path().join("empty");
    fs::create_dir(&empty).unwrap();
    fs::set_permissions(&empty, Permissions::from_mode(0o755)).unwrap();
    init_node(&empty, Role::Merge).unwrap();
    assert_eq!(mode(&empty), 0o700);

    let used = dir.path().join("used");
    fs::create_dir(&used).unwrap();
    fs::write(used.join("file"), "").unwrap();
    fs::set_permissions(&used, Permissions::from_mode(0o755)).unwrap();
    let error = init_node(&used, Role::Merge).unwrap_err().to_string();
    assert!(error.contains("used") && error.contains("0755") && error.contains("0700"), "{error}");
    assert_eq!(mode(&used), 0o755);
}

#[test]
fn a_key_that_others_can_read_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log.key");
    init_log_key(&path).unwrap();
    for bad in [0o640, 0o604, 0o644, 0o400, 0o700, 0o4600] {
        fs::set_permissions(&path, Permissions::from_mode(bad)).unwrap();
        let error = load_private_key(&path).unwrap_err();
        assert!(matches!(&error, KeyFileError::Mode { found, .. } if *found == bad), "{error}");
        let (error, bad) = (error.to_string(), format!("{bad:04o}"));
        assert!(error.contains("log.key") && error.contains(&bad) && error.contains("0600"), "{error}");
    }
    let error = load_private_key(&dir.path().join("none.key")).unwrap_err().to_string();
    assert!(error.contains("none.key: cannot read"), "{error}");
    let error = load_private_key(dir.path()).unwrap_err().to_string();
    assert!(error.contains("not a file"), "{error}");
}

#[test]
fn credentials_that_do_not_belong_together_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (dir.path().join("one"), dir.path().join("two"));
    init_node(&one, Role::Merge).unwrap();
    init_node(&two, Role::Merge).unwrap();
    fs::copy(two.join("node.crt"), one.join("node.crt")).unwrap();
    let error = load_node_credentials(&one).unwrap_err();
    assert!(matches!(error, KeyFileError::OtherKey { .. }), "{error}");

    fs::remove_file(two.join("node.key")).unwrap();
    init_log_key(&two.join("node.key")).unwrap();
    let error = load_node_credentials(&two).unwrap_err().to_string();
    assert!(error.contains("node.key: not an Ed25519 key"), "{error}");
}

fn local(dir: &Path) -> InitPlan {
    let mut port = 4000;
    let next = || {
        port += 1;
        port
    };
    let logs = ["one", "two"].map(|name| LogPlan::new(name.parse().unwrap()));
    InitPlan::local(dir, Counts::default(), logs.to_vec(), next)
}

#[test]
fn a_whole_cluster_loads() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("cluster");
    let report = init_cluster(&local(&dir)).unwrap();
    assert_eq!((mode(&dir), mode(&report.file)), (0o700, 0o644));
    let cluster = Cluster::load(&report.file).unwrap();
    assert_eq!(cluster, report.cluster);
    assert_eq!((cluster.quorum().needed(), cluster.quorum().of()), (2, 3));
    assert_eq!(cluster.warnings(), []);

    assert_eq!(report.nodes.len(), 12);
    for node in &report.nodes {
        assert_eq!(node.state_dir, node_dir(&dir, &node.name));
        assert_eq!(mode(&node.state_dir), 0o700);
        let credentials = load_node_credentials(&node.state_dir).unwrap();
        assert_eq!(credentials.public(), node.key);
        assert_eq!(cluster.node_by_key(&node.key).unwrap().name(), &node.name);
    }
    assert_eq!(cluster.repair().name().as_str(), "merge-repair-1");
    for log in &report.logs {
        assert_eq!(log.private_key_files.len(), 2);
        for (file, signer) in log.private_key_files.iter().zip(cluster.nodes_of(Role::Signer)) {
            assert_eq!(*file, log_key_file(&node_dir(&dir, signer.name()), &log.name));
            assert_eq!((mode(file), mode(file.parent().unwrap())), (0o600, 0o700));
            let key = LogSigningKey::from_pem(load_private_key(file).unwrap().pem()).unwrap();
            assert_eq!(key.public(), cluster.log(&log.name).unwrap().key());
        }
        let public = fs::read_to_string(&log.public_key_file).unwrap();
        assert!(public.starts_with("-----BEGIN PUBLIC KEY-----"));
        openssl(&["pkey", "-pubin", "-noout"], &log.public_key_file);
    }
    let roots = cluster.logs()[0].load_roots().unwrap();
    assert_eq!((roots.len(), &roots[0].source), (1, &report.test_ca.unwrap().certificate));
    assert!(matches!(init_cluster(&local(&dir)), Err(InitError::Exists { .. })));
}

#[test]
fn a_node_needs_the_file_and_its_own_directory_only() {
    let dir = tempfile::tempdir().unwrap();
    let report = init_cluster(&local(&dir.path().join("all"))).unwrap();
    let machine = dir.path().join("cluster.toml");
    fs::copy(&report.file, &machine).unwrap();
    for node in report.nodes.iter().filter(|node| node.role != Role::Frontend) {
        Cluster::load_for(&machine, &node.name).unwrap();
    }
    let frontend = &report.nodes[0];
    let error = Cluster::load_for(&machine, &frontend.name).unwrap_err().to_string();
    assert!(error.contains("test-ca.pem: cannot be read"), "{error}");
    let error = Cluster::load_for(&machine, &"merge-9".parse().unwrap()).unwrap_err().to_string();
    assert!(error.contains("merge-9"), "{error}");
}

#[test]
fn a_plan_with_faults_writes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("cluster");
    let mut plan = local(&dir);
    plan.purpose = Purpose::Production;
    let error = init_cluster(&plan).unwrap_err().to_string();
    for want in ["test_ca = \"test-ca.pem\"", "roots", "two nodes of one role on one host"] {
        assert!(error.contains(want), "{want} in {error}");
    }
    assert!(!dir.exists());
}

#[test]
fn a_node_is_added_behind_what_stands_in_the_file_with_a_key_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let (file, state) = (dir.path().join("cluster.toml"), dir.path().join("storage-9"));
    fs::write(&file, support::PRODUCTION).unwrap();
    let node = NodePlan {
        address: Some("storage9.example:4100".parse().unwrap()),
        ..NodePlan::new("storage-9".parse().unwrap(), Role::Storage)
    };
    let table = NodeAddition::plan(&file, &node).unwrap().write(&state).unwrap();
    let text = fs::read_to_string(&file).unwrap();
    assert_eq!(text, format!("{}\n\n{table}", support::PRODUCTION.trim_end()));
    let cluster = Cluster::parse(&text, dir.path()).unwrap();
    let added = cluster.node(&node.name).unwrap();
    assert_eq!(added.key(), load_node_credentials(&state).unwrap().public());

    // Neither file nor directory is touched for one that does not go with the file.
    let again = NodeAddition::plan(&file, &node).map(drop).unwrap_err().to_string();
    assert!(again.contains("storage-9"), "{again}");
    let closed = NodePlan::new("frontend-9".parse().unwrap(), Role::Frontend);
    let closed = NodeAddition::plan(&file, &closed).map(drop).unwrap_err().to_string();
    assert!(closed.contains("public") && closed.contains("address"), "{closed}");
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
    // Nor is the file changed for one whose directory has a key.
    let other = NodePlan {
        address: Some("storage8.example:4100".parse().unwrap()),
        ..NodePlan::new("storage-8".parse().unwrap(), Role::Storage)
    };
    let taken = NodeAddition::plan(&file, &other).unwrap().write(&state).unwrap_err();
    assert!(matches!(&taken, InitError::Exists { .. }), "{taken}");
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
}
