//! What a test can make the log do, and what it can ask of it.

use std::time::Duration;

use judge::Limits;
use judge::cert::{ParsedCertificate, precert_tbs};
use judge::merkle::root;
use judge::session::Session;
use judge::tls::{SignedEntry, TimestampedEntry, parse_precert_extra_data, parse_x509_extra_data};
use liar::{Endpoint, Entry, Liar, Lie, LogKeyKind, Publishing, Setup};

use super::api;

#[test]
fn nothing_is_published_before_the_test_says_so() {
    let liar = Liar::start();
    let api = api(&liar);
    let empty = api.sth().unwrap();
    assert_eq!(empty.tree_size, 0);
    assert_eq!(liar.append(7), 0..7);
    assert_eq!(api.sth().unwrap(), empty);
    assert!(api.entries(0, 0).is_err());
    let head = liar.publish();
    let seen = api.sth().unwrap();
    assert_eq!((seen.tree_size, seen.timestamp, seen.root), (7, head.timestamp, liar.root(7)));
    assert_eq!(seen.signature, liar.head().signature);
    assert_eq!(api.entries(0, 9).unwrap().len(), 7);
}

#[test]
fn on_demand_the_first_to_ask_gets_it() {
    let liar = Liar::with(Setup { publishing: Publishing::OnDemand, ..Setup::default() });
    liar.set_time(liar.now() + 1000);
    liar.append(7);
    assert_eq!(api(&liar).sth().unwrap().tree_size, 7);
    // Though the clock stands still.
    liar.append(1);
    assert_eq!(api(&liar).sth().unwrap().tree_size, 8);
}

#[test]
fn synthetic_entries_are_real_certificates_by_turns() {
    let liar = Liar::with_entries(4);
    for index in 0..4 {
        let entry = liar.entry(index);
        let leaf = TimestampedEntry::parse(&entry.leaf_input).unwrap();
        let (leaf_der, issuers) = match &leaf.entry {
            SignedEntry::X509(der) => (der.clone(), parse_x509_extra_data(&entry.extra_data).unwrap()),
            SignedEntry::Precert { .. } => parse_precert_extra_data(&entry.extra_data).unwrap(),
        };
        let chain: Vec<_> = [vec![leaf_der], issuers].concat();
        let parsed: Vec<_> = chain.iter().map(|der| ParsedCertificate::parse(der).unwrap()).collect();
        assert_eq!(parsed.len(), 3);
        for pair in parsed.windows(2) {
            pair[0].verify_signed_by(&pair[1]).unwrap();
        }
        if let SignedEntry::Precert { tbs, .. } = &leaf.entry {
            assert_eq!(*tbs, precert_tbs(&parsed[0], &parsed[1]).unwrap());
        }
        assert_eq!(matches!(leaf.entry, SignedEntry::Precert { .. }), index % 2 == 1);
    }
}

#[test]
fn entries_can_be_given_names_or_bytes() {
    let liar = Liar::start();
    assert_eq!(liar.append_named(&["www.example.org", "example.net"]), 0..2);
    let junk = Entry { leaf_input: b"no leaf at all".to_vec(), extra_data: Vec::new() };
    assert_eq!(liar.append_raw(junk.clone()), 2);
    liar.publish();
    let entries = api(&liar).entries(0, 2).unwrap();
    let contains =
        |haystack: &[u8], name: &str| haystack.windows(name.len()).any(|part| part == name.as_bytes());
    assert!(contains(&entries[0].leaf_input, "www.example.org"));
    assert!(contains(&entries[1].leaf_input, "example.net"));
    assert_eq!(entries[2].leaf_input, junk.leaf_input);
    let hashes = [liar.entry(0), liar.entry(1), liar.entry(2)].map(|entry| entry.leaf_hash());
    assert_eq!(liar.root(3), root(&hashes));
}

#[test]
fn a_promise_can_be_kept_too_late_without_waiting() {
    let liar = Liar::with(Setup { mmd: Duration::from_secs(86_400), ..Setup::default() });
    let target = liar.target();
    let session = Session::new(target.clone(), Limits::for_target(&target)).unwrap();
    let submission = session.grow().unwrap();
    liar.pass(target.mmd + Duration::from_secs(1));
    liar.publish();
    let included = session.included(&submission).unwrap();
    assert!(included.sth.timestamp - submission.sct.timestamp > 86_400_000);
}

#[test]
fn time_stands_still_and_goes_back_as_told() {
    let liar = Liar::start();
    liar.set_time(5_000_000_000_000);
    liar.append(1);
    let entry = TimestampedEntry::parse(&liar.entry(0).leaf_input).unwrap();
    assert_eq!(entry.timestamp, 5_000_000_000_000);
    let dates = [liar.publish(), liar.publish()].map(|head| head.timestamp);
    assert_eq!(dates, [5_000_000_000_000, 5_000_000_000_001]);
    liar.pass(Duration::from_secs(1));
    assert_eq!(liar.publish().timestamp, 5_000_000_001_000);
    liar.publish_at(4_000_000_000_000);
    assert_eq!(api(&liar).sth().unwrap().timestamp, 4_000_000_000_000);
}

#[test]
fn every_request_is_noted() {
    let liar = Liar::with(Setup { frontends: 2, entries: 9, ..Setup::default() });
    let api = api(&liar);
    api.sth().unwrap();
    api.entries(3, 8).unwrap();
    super::api_at(liar.frontend(1)).roots().unwrap();
    let seen = liar.requests();
    let endpoints: Vec<_> = seen.iter().map(|seen| seen.endpoint().unwrap()).collect();
    assert_eq!(endpoints, [Endpoint::GetSth, Endpoint::GetEntries, Endpoint::GetRoots]);
    assert_eq!(seen[1].target, "/liar/ct/v1/get-entries?start=3&end=8");
    assert_eq!(seen[1].parameter("start").as_deref(), Some("3"));
    assert_eq!(seen[1].header("user-agent"), Some("ct-judge"));
    assert!(seen.windows(2).all(|pair| pair[0].at <= pair[1].at));
    // One connection carried the first two.
    assert_eq!([seen[0].connection, seen[1].connection], [0, 0]);
    assert_eq!([seen[0].frontend, seen[1].frontend, seen[2].frontend], [0, 0, 1]);
    assert_eq!(liar.frontend(1).requests().len(), 1);
    liar.forget_requests();
    assert!(liar.requests().is_empty());
}

#[test]
fn answers_are_no_longer_than_the_limit() {
    let liar = Liar::with(Setup { entries: 9, max_get_entries: 4, ..Setup::default() });
    let api = api(&liar);
    assert_eq!(api.entries(0, 8).unwrap().len(), 4);
    assert_eq!(api.entries(6, 8).unwrap().len(), 3);
    liar.set_max_get_entries(2);
    assert_eq!(api.entries(0, 8).unwrap().len(), 2);
}

#[test]
fn pages_can_go_on_without_end() {
    let liar = Liar::with(Setup { entries: 9, max_get_entries: 4, ..Setup::default() });
    let api = api(&liar);
    liar.tell(Lie::EndlessEntries(1 << 40));
    assert_eq!(api.sth().unwrap().tree_size, 1 << 40);
    for start in [0, 8, 1 << 20, (1 << 40) - 4] {
        let entries = api.entries(start, start + 3).unwrap();
        let leaves: Vec<_> = entries.into_iter().map(|entry| entry.leaf_input).collect();
        let real: Vec<_> = (start..start + 4).map(|index| liar.entry(index % 9).leaf_input).collect();
        assert_eq!(leaves, real);
    }
}

#[test]
fn an_rsa_log_signs_with_rsa() {
    let liar = Liar::with(Setup { log_key: LogKeyKind::Rsa2048, entries: 3, ..Setup::default() });
    let head = api(&liar).sth().unwrap();
    assert_eq!(head.signature[..4], [4, 1, 1, 0]);
    liar.tell(Lie::SthSignedByAnother);
    assert!(api(&liar).sth().unwrap_err().to_string().contains("tree_head_signature"));
}
