//! Roots on disk: what is found, what is refused, and by which name.

use crate::support::{PRODUCTION, TEST, edit};
use config::init::init_test_ca;
use config::{Cluster, Log, TEST_CA_MARKER};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

/// A self-signed certificate of this organisation: PEM and DER.
fn certificate(organisation: &str) -> (String, Vec<u8>) {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new([]).unwrap();
    params.distinguished_name.push(rcgen::DnType::OrganizationName, organisation);
    let certificate = params.self_signed(&key).unwrap();
    (certificate.pem(), certificate.der().to_vec())
}

/// The first log of the production example, with these roots, in this directory.
fn log(base: &Path, roots: &str) -> Log {
    let text = edit(PRODUCTION, "roots = [\"roots/\"]", &format!("roots = {roots}"));
    Cluster::parse(&text, base).unwrap().logs()[0].clone()
}

fn faults(log: &Log) -> Vec<String> {
    log.load_roots().unwrap_err().faults().iter().map(ToString::to_string).collect()
}

#[test]
fn files_directories_bundles_links_each_once_and_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let roots = dir.path().join("roots");
    fs::create_dir_all(roots.join("inner.pem")).unwrap();
    let made: Vec<_> = ["a", "b", "c", "d"].map(certificate).to_vec();
    fs::write(roots.join("1.DER"), &made[0].1).unwrap();
    fs::write(roots.join("2.pem"), format!("# b and a\n{}\n\n{}", made[1].0, made[0].0)).unwrap();
    fs::write(roots.join("inner.pem/3.pem"), "not read").unwrap();
    fs::write(roots.join("README"), "not read").unwrap();
    fs::write(dir.path().join("elsewhere"), made[2].0.replace('\n', "\r\n")).unwrap();
    symlink(dir.path().join("elsewhere"), roots.join("0.crt")).unwrap();
    fs::write(dir.path().join("single"), &made[3].1).unwrap();

    let found = log(dir.path(), "[\"single\", \"roots\", \"roots/2.pem\"]").load_roots().unwrap();
    let found: Vec<_> = found.into_iter().map(|root| (root.source, root.der)).collect();
    let want = [("single", 3), ("roots/0.crt", 2), ("roots/1.DER", 0), ("roots/2.pem", 1)];
    assert_eq!(found, want.map(|(source, at)| (dir.path().join(source), made[at].1.clone())));
}

#[test]
fn every_bad_file_and_block_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(dir.path().join(name), bytes).unwrap();
    let (pem, der) = certificate("a");
    let key = rcgen::KeyPair::generate().unwrap().serialize_pem();
    write(
        "bundle",
        format!("{pem}-----BEGIN CERTIFICATE-----\n%\n-----END CERTIFICATE-----\n{key}").as_bytes(),
    );
    write("short.der", &der[..der.len() - 1]);
    write("long.der", &[&der[..], b"x"].concat());
    write("text", b"hello");
    write("empty", b"");
    fs::create_dir(dir.path().join("directory")).unwrap();
    symlink("nowhere", dir.path().join("directory/dangling.pem")).unwrap();
    fs::create_dir(dir.path().join("nothing")).unwrap();
    let list = "[\"bundle\", \"short.der\", \"long.der\", \"text\", \"empty\", \"directory\", \"nothing\", \"gone\"]";
    let found = faults(&log(dir.path(), list));
    let begin = pem.lines().count() + 1;
    let want = [
        &format!("bundle: block 2 (line {begin}): CERTIFICATE is not base64")[..],
        &format!("bundle: block 3 (line {}): PRIVATE KEY; expected CERTIFICATE", begin + 3),
        "short.der: neither PEM nor a DER certificate: says",
        "long.der: neither PEM nor a DER certificate: says",
        "text: neither PEM nor a DER certificate: does not begin with a SEQUENCE",
        "empty: neither PEM nor a DER certificate: shorter than 2 bytes",
        "directory/dangling.pem: cannot be read: No such file",
        "nothing: holds no file that ends in .pem, .crt, .cer or .der",
        "gone: cannot be read: No such file",
    ];
    assert_eq!(found.len(), want.len(), "{found:#?}");
    for (found, want) in found.iter().zip(want) {
        assert!(found.starts_with(&format!("{}/{want}", dir.path().display())), "{want} is not in {found}");
    }
}

#[test]
fn a_bundle_without_a_certificate_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("one"), "-----BEGIN NOTHING\n").unwrap();
    let found = faults(&log(dir.path(), "[\"one\"]"));
    assert!(found.len() == 1 && found[0].contains("one: holds no certificate"), "{found:?}");
}

#[test]
fn production_refuses_a_test_ca_wherever_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let ca = init_test_ca(dir.path()).unwrap();
    let other = certificate("a").0;
    fs::write(dir.path().join("bundle.pem"), other.clone() + &fs::read_to_string(ca.certificate).unwrap())
        .unwrap();
    let found = faults(&log(dir.path(), "[\"bundle.pem\"]"));
    assert!(
        found.len() == 1 && found[0].contains("bundle.pem") && found[0].contains(TEST_CA_MARKER),
        "{found:?}"
    );
    assert!(found[0].contains("refused in a cluster of purpose \"production\""), "{found:?}");

    // The whole file is refused too, and for each log.
    fs::create_dir(dir.path().join("roots")).unwrap();
    fs::write(dir.path().join("roots/x.pem"), fs::read(dir.path().join("bundle.pem")).unwrap()).unwrap();
    let file = dir.path().join("cluster.toml");
    fs::write(&file, PRODUCTION).unwrap();
    assert_eq!(Cluster::load(&file).unwrap_err().faults().len(), 2);
    assert!(Cluster::load_for(&file, &"storage-1".parse().unwrap()).is_ok());
    assert!(Cluster::load_for(&file, &"frontend-1".parse().unwrap()).is_err());
    fs::write(dir.path().join("roots/x.pem"), other).unwrap();
    Cluster::load(&file).unwrap();
    let error = Cluster::load_for(&file, &"frontend-1".parse().unwrap()).unwrap_err().to_string();
    assert!(error.contains("tls/fullchain.pem: cannot be read"), "{error}");
}

#[test]
fn a_test_cluster_takes_its_test_ca_after_the_roots() {
    let dir = tempfile::tempdir().unwrap();
    let ca = init_test_ca(dir.path()).unwrap();
    fs::write(dir.path().join("one.pem"), certificate("a").0).unwrap();
    let text = edit(TEST, "test_ca = ", "roots = [\"one.pem\"]\ntest_ca = ");
    let cluster = Cluster::parse(&text, dir.path()).unwrap();
    let roots = cluster.logs()[0].load_roots().unwrap();
    assert_eq!(roots.len(), 2);
    assert_eq!(roots[1].source, ca.certificate);
}

#[test]
fn the_bundle_of_this_machine_is_read_where_there_is_one() {
    let bundle = Path::new("/etc/ssl/certs/ca-certificates.crt");
    let Ok(text) = fs::read_to_string(bundle) else { return };
    let roots = log(Path::new("/"), &format!("[{bundle:?}, \"/etc/ssl/certs\"]")).load_roots().unwrap();
    assert!(roots.len() >= text.matches("BEGIN CERTIFICATE").count());
}
