//! An import that dies in the middle.

use crate::compare::{Log, same};
use crate::gate::Gate;
use crate::lab::{import, imported, run, stopped_cluster, text, urls};
use config::init::Addition;
use config::raw::RawReadOnlyLog;
use integration::cluster::wait_for;
use liar::{Liar, Setup};
use std::process::Stdio;

/// Entries of the log, and of one of its answers.
const ENTRIES: u64 = 200;
const PAGE: u64 = 10;

#[test]
fn killed_in_the_middle_it_is_not_served_and_goes_on_where_it_was() {
    let liar = Liar::with(Setup { entries: ENTRIES, max_get_entries: PAGE, ..Setup::default() });
    let copies = stopped_cluster();
    let upstream = liar.url().split(':').nth(2).unwrap().split('/').next().unwrap().parse().unwrap();
    // Some forty entries come through, at two kilobytes or so each.
    let gate = Gate::new(upstream, 100_000);
    let (key, to) = (liar.key_base64(), text(copies.dir()).to_owned());
    let slow = liar.url().replace(&format!(":{upstream}/"), &format!(":{}/", gate.port));
    let args = |url: &str| -> Vec<String> {
        ["--url", url, "--key", &key, "--into", &to, "--as", "old"].map(str::to_owned).to_vec()
    };
    let slow = args(&slow);
    let mut child = import(&slow.iter().map(String::as_str).collect::<Vec<_>>())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let log = copies.dir().join("nodes/frontend-2/logs/old");
    let written =
        || std::fs::metadata(log.join("segments/00000000.seg")).ok().filter(|file| file.len() > 10_000);
    wait_for("the import to write something", written);
    child.kill().unwrap();
    assert_eq!(child.wait().unwrap().code(), None, "it was killed");

    // Nothing names the log yet. An operator who does so by hand is told what is missing.
    let file = copies.dir().join("cluster.toml");
    assert!(!std::fs::read_to_string(&file).unwrap().contains("read_only_log"));
    let table =
        RawReadOnlyLog { name: Some("old".to_owned()), key: Some(key.clone()), ..RawReadOnlyLog::default() };
    Addition::plan(&file, &table).unwrap().write().unwrap();
    let refused = run(&["up", "--dir", &to, "--port", "0"]);
    assert_eq!(refused.code, Some(64), "{}", refused.err);
    let found = |part: &str| assert!(refused.err.contains(part), "{part:?} is not in {}", refused.err);
    found("the import of this read-only log is not finished (");
    found(&format!(" of {ENTRIES} entries): run the same `wolffish import` again"));

    let rest = args(&liar.url());
    let report = imported(&rest.iter().map(String::as_str).collect::<Vec<_>>()).json();
    let fetched = report["fetched"].as_u64().unwrap();
    assert!((1..ENTRIES).contains(&fetched), "it begins anew or was finished: {fetched}");
    let copies = copies.restart();
    let original = Log::new(&liar.url());
    for url in urls(&copies, "old") {
        same(&original, &Log::new(&url), &original.sth());
    }
}
