//! OpenSSL as judge: it accepts our SCTs, delivered in a TLS extension and embedded in a certificate.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use integration::cluster::{Cluster, wait_for};
use judge::cert::Extension;
use judge::lab::Leaf;
use judge::session::{Case, Session, Submission};
use judge::{pem, tls};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

fn openssl(words: &[&str], dir: &Path) -> String {
    let output = Command::new("openssl").args(words).current_dir(dir).stdin(Stdio::null()).output().unwrap();
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A leaf whose key OpenSSL has.
fn leaf(session: &Session, dir: &Path) -> Leaf {
    openssl(&["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "leaf.key"], dir);
    openssl(&["pkey", "-in", "leaf.key", "-pubout", "-outform", "DER", "-out", "leaf.spki"], dir);
    Leaf { spki: std::fs::read(dir.join("leaf.spki")).unwrap(), ..session.lab.leaf().unwrap() }
}

fn sct_list(promised: &[&Submission]) -> Vec<u8> {
    let serialized = |submission: &&Submission| {
        let sct = &submission.sct;
        tls::serialized_sct(&sct.log_id, sct.timestamp, &sct.extensions, &sct.signature)
    };
    tls::sct_list(&promised.iter().map(serialized).collect::<Vec<_>>())
}

fn write_pem(dir: &Path, name: &str, der: &[u8], label: &str) {
    std::fs::write(dir.join(name), pem::encode(der, label)).unwrap();
}

/// The log as OpenSSL's configuration names it.
fn write_log_list(session: &Session, dir: &Path) {
    write_pem(dir, "log.pem", &session.target.log_key_spki_der, "PUBLIC KEY");
    let text = std::fs::read_to_string(dir.join("log.pem")).unwrap();
    let key: String = text.lines().filter(|line| !line.starts_with('-')).collect();
    std::fs::write(
        dir.join("logs.cnf"),
        format!("enabled_logs = t\n[t]\ndescription = Wolffish\nkey = {key}\n"),
    )
    .unwrap();
}

struct Server(Child, String);

impl Server {
    fn start(dir: &Path, options: &[&str]) -> Self {
        let mut server = Command::new("openssl");
        server.args(["s_server", "-accept", "127.0.0.1:0", "-cert", "leaf.pem", "-key", "leaf.key"]);
        server
            .args(options)
            .current_dir(dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut server = server.spawn().unwrap();
        let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
        let address =
            lines.by_ref().find_map(|line| line.unwrap().strip_prefix("ACCEPT ").map(str::to_owned));
        // Whatever else it says is read, so that it never waits for us.
        std::thread::spawn(move || lines.for_each(drop));
        Self(server, address.unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What a client of OpenSSL's thinks of the server's SCTs. It compares times by the whole second, so an SCT younger than
/// one is not valid yet: it is asked until it is.
fn demand_valid(dir: &Path, server: &Server, version: &str) {
    let words =
        ["s_client", "-connect", &server.1, "-CAfile", "root.pem", "-ct", "-ctlogfile", "logs.cnf", version];
    let mut said = String::new();
    wait_for("the SCT to be a second old", || {
        said = openssl(&words, dir);
        assert!(said.contains("Verify return code: 0 (ok)"), "{said}");
        (!said.contains("SCT validation status: invalid")).then_some(())
    });
    assert!(said.contains("SCT validation status: valid"), "{said}");
    assert!(said.contains("Wolffish"), "it does not name the log: {said}");
}

#[test]
fn an_embedded_sct_is_valid() {
    let (cluster, home) = (Cluster::start(&[]), tempfile::tempdir().unwrap());
    let (session, dir) = (cluster.session(0), home.path());
    let leaf = leaf(&session, dir);
    let poisoned = leaf.clone().with(Extension::poison());
    let precert = session.lab.root.issue_chain(&poisoned).unwrap();
    let promised = session.accept(Case::precertificate("for OpenSSL", precert)).unwrap();
    let last = leaf.with(Extension::sct_list(&sct_list(&[&promised])));
    write_pem(dir, "leaf.pem", &session.lab.root.issue(&last).unwrap(), "CERTIFICATE");
    write_pem(dir, "root.pem", session.lab.root.certificate(), "CERTIFICATE");
    write_log_list(&session, dir);
    demand_valid(dir, &Server::start(dir, &[]), "-tls1_3");
}

#[test]
fn an_sct_in_a_tls_extension_is_valid() {
    let (cluster, home) = (Cluster::start(&[]), tempfile::tempdir().unwrap());
    let (session, dir) = (cluster.session(1), home.path());
    let chain = session.lab.root.issue_chain(&leaf(&session, dir)).unwrap();
    write_pem(dir, "leaf.pem", &chain[0], "CERTIFICATE");
    write_pem(dir, "root.pem", session.lab.root.certificate(), "CERTIFICATE");
    let promised = session.accept(Case::certificate("for OpenSSL", chain)).unwrap();
    write_log_list(&session, dir);
    let list = sct_list(&[&promised]);
    let extension = [&18u16.to_be_bytes(), &(list.len() as u16).to_be_bytes(), list.as_slice()].concat();
    // For the ClientHello and the TLS 1.3 Certificate message; TLS 1.2 has a form of its own.
    let newer = [&0x1180u32.to_be_bytes(), extension.as_slice()].concat();
    write_pem(dir, "scts12.pem", &extension, "SERVERINFO FOR CT");
    write_pem(dir, "scts13.pem", &newer, "SERVERINFOV2 FOR CT");
    demand_valid(dir, &Server::start(dir, &["-serverinfo", "scts12.pem", "-tls1_2"]), "-tls1_2");
    demand_valid(dir, &Server::start(dir, &["-serverinfo", "scts13.pem", "-tls1_3"]), "-tls1_3");
}
