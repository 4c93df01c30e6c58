//! A log that no software of ours has made, with a key of another kind and entries that ours would refuse.

use crate::compare::{Log, same, takes_nothing};
use crate::lab::{imported, run, stopped_cluster, text, urls};
use ct::entry::{Leaf, SignedEntry, extra_data};
use ct::time::Timestamp;
use integration::files::copy_dir;
use liar::{Entry, Liar, LogKeyKind, Setup};

fn odd(at: u64, precertificate: Option<&[u8]>, extensions: &[u8], chain: &[Vec<u8>]) -> Entry {
    let certificate = b"nobody can read this".to_vec();
    let entry = match precertificate {
        None => SignedEntry::X509 { certificate },
        Some(_) => SignedEntry::Precert { issuer_key_hash: [1; 32].into(), tbs_certificate: certificate },
    };
    let leaf = Leaf { timestamp: Timestamp::from_millis(at), entry, extensions: extensions.to_vec() };
    Entry { leaf_input: leaf.encode().unwrap(), extra_data: extra_data(precertificate, chain).unwrap() }
}

/// Extensions, a chain of 100, none at all, a precertificate that leads nowhere, timestamps out of order, a leaf twice.
fn oddities(liar: &Liar) {
    let long: Vec<Vec<u8>> = (0..100_u8).map(|n| vec![n; 30]).collect();
    for entry in [
        odd(9_000_000, None, b"an extension", &long[..2]),
        odd(8_000_000, None, b"", &long),
        odd(7, None, b"", &[]),
        odd(6, Some(b"a precertificate that leads nowhere"), b"", &long[..1]),
        liar.entry(2),
        odd(9_000_000, None, b"an extension", &long[..1]),
    ] {
        liar.append_raw(entry);
    }
}

#[test]
fn a_foreign_log_is_held_as_it_is() {
    let liar = Liar::with(Setup {
        entries: 12,
        log_key: LogKeyKind::Rsa2048,
        max_get_entries: 7,
        ..Setup::default()
    });
    oddities(&liar);
    // Signed years ago: a copy is never too old.
    liar.publish_at(1_500_000_000_000);
    let copies = stopped_cluster();
    let (url, key, to) = (liar.url(), liar.key_base64(), text(copies.dir()).to_owned());
    let args = ["--url", &url, "--key", &key, "--into", &to, "--as", "old2017"];
    let facts = ["--mmd", "12h", "--window", "2017-01-01..2018-01-01"];
    let report = imported(&[&args[..], &facts].concat()).json();
    assert_eq!((&report["tree_size"], &report["timestamp"]), (&18.into(), &1_500_000_000_000_u64.into()));

    let copies = copies.restart();
    let original = Log::new(&url);
    for url in urls(&copies, "old2017") {
        let copy = Log::new(&url);
        same(&original, &copy, &original.sth());
        takes_nothing(&copy);
    }
    let status = run(&["status", "--dir", &to]);
    assert_eq!(status.code, Some(0), "{}{}", status.out, status.err);
    let file = std::fs::read_to_string(copies.dir().join("cluster.toml")).unwrap();
    for line in ["mmd_seconds = 43200", "start_inclusive = \"2017-01-01T00:00:00Z\"", "/old2017/\""] {
        assert!(file.contains(line), "{line} is not in {file}");
    }
}

/// The original may be gone for ever: the copy of another frontend is as good, and `fsck` says so.
#[test]
fn a_damaged_copy_is_replaced_by_that_of_another_frontend() {
    let liar = Liar::with(Setup { entries: 12, ..Setup::default() });
    oddities(&liar);
    liar.publish();
    let copies = stopped_cluster();
    let (url, key, to) = (liar.url(), liar.key_base64(), text(copies.dir()).to_owned());
    imported(&["--url", &url, "--key", &key, "--into", &to, "--as", "old2017"]).json();
    let original = Log::new(&url);
    let log_of = |node: &str| copies.dir().join("nodes").join(node).join("logs/old2017");
    let fsck = |more: &[&str]| {
        run(&[&["fsck", "--dir", &to, "--node", "frontend-2", "--log", "old2017"], more].concat())
    };
    let clean = fsck(&[]);
    assert_eq!(clean.code, Some(0), "{}", clean.out);
    let files = std::fs::read_dir(log_of("frontend-2").join("segments")).unwrap();
    let file = files.map(|file| file.unwrap().path()).next().expect("entries lie in a segment");
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[100] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let refused = fsck(&["--repair"]);
    assert_eq!(refused.code, Some(1), "{}{}", refused.out, refused.err);
    assert!(refused.err.contains("copy that of another frontend"), "{}", refused.err);

    std::fs::remove_dir_all(log_of("frontend-2")).unwrap();
    copy_dir(&log_of("frontend-1"), &log_of("frontend-2"));
    let clean = fsck(&[]);
    assert_eq!(clean.code, Some(0), "{}", clean.out);
    assert!(clean.out.contains("tree head of 18 entries, signed"), "{}", clean.out);
    let copies = copies.restart();
    for url in urls(&copies, "old2017") {
        same(&original, &Log::new(&url), &original.sth());
    }
}
