//! What is watched, and what a certificate must say to be about it.

use super::*;
use std::net::IpAddr;

fn list(patterns: &[&str]) -> WatchList {
    WatchList::new(patterns.iter().map(|text| text.parse::<Pattern>().unwrap()))
}

fn hits(patterns: &[&str], name: &str) -> Vec<String> {
    list(patterns).hits(&[HostName::certified(name)], &[]).iter().map(ToString::to_string).collect()
}

#[test]
fn each_pattern_means_what_it_says() {
    for (pattern, about, not_about) in [
        (
            "www.example.com",
            &["www.example.com", "WWW.Example.COM.", "*.example.com", "w*.example.com", "*w.example.com"][..],
            &[
                "example.com",
                "a.www.example.com",
                "*.www.example.com",
                "xwww.example.com",
                "x*.example.com",
                "*.com",
                "wwww*www.example.com",
            ][..],
        ),
        (
            ".example.com",
            &[
                "example.com",
                "a.example.com",
                "a.b.example.com",
                "*.example.com",
                "*.a.example.com",
                "*.com",
                "?.example.com",
            ],
            &["example.org", "notexample.com", "example.com.evil.org", "com", "*.org"],
        ),
        (
            "*.example.com",
            &["*.example.com", "*.EXAMPLE.com"],
            &["example.com", "a.example.com", "*.a.example.com", "*.com"],
        ),
        ("com", &["com", "*"], &["example.com", "*.com"]),
        (".", &["anything", "*.x", ""], &[]),
    ] {
        for name in about {
            assert_eq!(hits(&[pattern], name), [pattern], "{pattern} is about {name}");
        }
        for name in not_about {
            assert!(hits(&[pattern], name).is_empty(), "{pattern} is not about {name}");
        }
    }
}

#[test]
fn every_script_comes_to_the_same_labels() {
    let watched = hits(&["bücher.example"], "xn--bcher-kva.example");
    assert_eq!(watched, ["xn--bcher-kva.example"]);
    assert_eq!(hits(&["BÜCHER.example"], "XN--BCHER-KVA.EXAMPLE"), watched);
    assert_eq!(hits(&["xn--bcher-kva.example"], "bücher.example"), watched);
    assert_eq!(hits(&[".日本.example"], "*.a.日本。example"), [".xn--wgv71a.example"]);
}

#[test]
fn odd_names_of_certificates_are_kept_as_they_are() {
    for (text, kept) in [
        ("xn--a\u{0}.example", "xn--a\u{0}.example"),
        ("XN--0.example", "xn--0.example"),
        (" a.example. ", "a.example"),
        ("..", "."),
        ("", ""),
        ("\u{fffd}.Example", "\u{fffd}.example"),
    ] {
        assert_eq!(HostName::certified(text).as_str(), kept, "{text:?}");
    }
    assert_eq!(hits(&[".example"], "\u{fffd}.Example"), [".example"]);
}

#[test]
fn addresses_are_watched_by_value() {
    let list = list(&["192.0.2.1", "2001:DB8::1", "example.com"]);
    let hits = |address: &str| -> Vec<String> {
        list.hits(&[], &[address.parse::<IpAddr>().unwrap()]).iter().map(ToString::to_string).collect()
    };
    assert_eq!(hits("192.0.2.1"), ["192.0.2.1"]);
    assert_eq!(hits("2001:db8:0::1"), ["2001:db8::1"]);
    assert!(hits("192.0.2.2").is_empty());
}

#[test]
fn hits_come_once_in_the_order_in_which_they_were_asked_for() {
    let patterns = ["b.example", ".example", "*.example", "b.example", "."];
    assert_eq!(hits(&patterns, "*.example"), ["b.example", ".example", "*.example", "."]);
    let list = list(&patterns);
    let names = ["b.example", "a.example", "b.example"].map(HostName::certified);
    assert_eq!(list.hits(&names, &[]).len(), 3);
    assert!(!list.is_empty() && WatchList::default().is_empty());
}

#[test]
fn what_cannot_be_a_name_is_refused() {
    let long = "a".repeat(64);
    for text in
        ["", "..", "a..b", "*", "*.*.com", "a b", "a/b", "http://a", "x*.com", "a@b", "[::1]", &long, ".."]
    {
        let error = text.parse::<Pattern>().unwrap_err().to_string();
        assert!(error.starts_with("cannot watch "), "{text}: {error}");
    }
    assert!("_dmarc.example.com".parse::<Pattern>().is_ok());
}
