//! A running cluster before an independent judge: RFC 6962's rules, request by request, through each frontend.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use integration::cluster::Cluster;
use judge::limits::Limits;
use judge::{Selection, UpFile};
use std::time::Duration;

fn judged(cluster: &Cluster, frontend: usize, selection: &Selection) {
    let file = UpFile::load(&cluster.dir().join("up.json")).unwrap();
    let (anytime, windowed) = file.targets(frontend).unwrap();
    let limits =
        |target: &judge::Target| Limits { drip: Duration::from_secs(60), ..Limits::for_target(target) };
    let mut say = |finding: &judge::Finding| println!("{finding}");
    let report = judge::run_cluster((&anytime, windowed.as_ref()), selection, limits, &mut say).unwrap();
    assert!(report.is_clean(), "frontend {frontend}: {}", report.summary());
    assert!(
        report.findings.iter().all(|f| !matches!(f.outcome, judge::Outcome::Skipped(_))),
        "a check was skipped"
    );
}

#[test]
fn every_check_passes_on_both_frontends() {
    let cluster = Cluster::start(&["--sth-interval", "2s"]);
    judged(&cluster, 0, &Selection::All);
    judged(&cluster, 1, &Selection::All);
}

/// The roots that browsers trust are real certificates with forty years of habits in them.
#[test]
fn every_root_of_the_system_is_logged_as_a_chain_of_one() {
    let bundle = std::path::Path::new("/etc/ssl/certs/ca-certificates.crt");
    if !bundle.exists() {
        println!("skipped: this system has no ca-certificates");
        return;
    }
    let cluster = Cluster::start(&["--roots", bundle.to_str().unwrap()]);
    let session = cluster.session(0);
    let pem = std::fs::read_to_string(bundle).unwrap();
    let end = "-----END CERTIFICATE-----";
    let blocks = pem.split_inclusive(end).filter(|block| block.contains(end));
    let roots: Vec<_> = blocks.map(|block| judge::pem::decode(block, "CERTIFICATE").unwrap()).collect();
    assert!(roots.len() > 100, "{} roots", roots.len());
    let promised: Vec<_> = roots
        .iter()
        .enumerate()
        .map(|(n, der)| {
            session
                .accept(judge::session::Case::certificate(&format!("root {n}"), vec![der.clone()]))
                .unwrap()
        })
        .collect();
    for submission in &promised {
        session.included(submission).unwrap();
    }
}
