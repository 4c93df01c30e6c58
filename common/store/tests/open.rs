//! Making, opening, refusing; and what opening costs.

#![allow(clippy::unwrap_used)]

use rusqlite::Connection;
use std::path::{Path, PathBuf};
use store::conformance::log::{options, put_and_commit};
use store::conformance::{list, sample};
use store::list::EntryList;
use store::log::Writer;
use store::node_state::StateDb;
use store::sim::{Crash, SimFiles};
use store::{Result, StoreError};

fn scratch() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

fn fill_log(log: &mut Writer, count: u64) {
    for first in (0..count).step_by(500) {
        let entries: Vec<_> = (first..count.min(first + 500)).map(sample::entry).collect();
        put_and_commit(log, first, &entries, "1").unwrap();
    }
}

fn refused_version<T>(opened: Result<T>, file: &Path) {
    match opened.map(drop) {
        Err(StoreError::Version { path, found: 9, supported: 1, .. }) => assert_eq!(path, file),
        other => panic!("{}: {other:?}", file.display()),
    }
}

#[test]
fn creating_is_deliberate_and_opening_is_exclusive() {
    let dir = scratch();
    let (log_dir, list_dir, state_dir) =
        (dir.path().join("a/log"), dir.path().join("list"), dir.path().join("s"));
    let files = SimFiles::new();
    let (log_options, list_options) = (options(&files), list::options(&files));
    assert!(
        matches!(Writer::open(&log_dir, &log_options), Err(StoreError::Missing { dir }) if dir == log_dir)
    );
    assert!(matches!(EntryList::open(&list_dir, &list_options), Err(StoreError::Missing { .. })));
    assert!(matches!(StateDb::open(&state_dir), Err(StoreError::Missing { .. })));
    let log = Writer::create(&log_dir, &log_options).unwrap();
    let list = EntryList::create(&list_dir, &list_options).unwrap();
    let state = StateDb::create(&state_dir).unwrap();
    assert!(matches!(Writer::open(&log_dir, &log_options), Err(StoreError::Locked { .. })));
    assert!(matches!(EntryList::open(&list_dir, &list_options), Err(StoreError::Locked { .. })));
    assert!(matches!(StateDb::open(&state_dir), Err(StoreError::Locked { .. })));
    drop((log, list, state));
    assert!(matches!(Writer::create(&log_dir, &log_options), Err(StoreError::Exists { .. })));
    assert!(matches!(EntryList::create(&list_dir, &list_options), Err(StoreError::Exists { .. })));
    assert!(matches!(StateDb::create(&state_dir), Err(StoreError::Exists { .. })));
    assert!(
        Writer::open(&log_dir, &log_options).is_ok() && EntryList::open(&list_dir, &list_options).is_ok()
    );
}

#[test]
fn node_state_changes_in_one_step_and_is_checked() {
    let dir = scratch();
    let mut state = StateDb::create(dir.path()).unwrap();
    state.commit(&[("sth", Some("{\"size\":5}")), ("term", Some("1"))]).unwrap();
    state.commit(&[("sth", None), ("term/2", Some("2"))]).unwrap();
    drop(state);
    let state = StateDb::open(dir.path()).unwrap();
    assert_eq!(state.get("sth").unwrap(), None);
    let both = [("term".to_owned(), "1".to_owned()), ("term/2".to_owned(), "2".to_owned())];
    assert_eq!(state.with_prefix("term").unwrap(), both);
    drop(state);
    let raw = Connection::open(dir.path().join("state.db")).unwrap();
    raw.execute("UPDATE state SET value = '3' WHERE key = 'term'", []).unwrap();
    drop(raw);
    let state = StateDb::open(dir.path()).unwrap();
    assert!(matches!(state.get("term"), Err(StoreError::Corrupt { .. })));
}

#[test]
fn unknown_versions_are_refused_by_name() {
    let dir = scratch();
    let (log_dir, list_dir, state_dir) =
        (dir.path().join("log"), dir.path().join("list"), dir.path().join("s"));
    let files = SimFiles::new();
    let mut log = Writer::create(&log_dir, &options(&files)).unwrap();
    fill_log(&mut log, 600);
    log.seal_step(log.len()).unwrap();
    let mut list = EntryList::create(&list_dir, &list::options(&files)).unwrap();
    list.add_issuers(&sample::issuers()).unwrap();
    list.append(&(0..30).map(sample::entry).collect::<Vec<_>>()).unwrap();
    list.sync().unwrap();
    drop((log, list, StateDb::create(&state_dir).unwrap()));

    let open_log = || -> Result<()> {
        let log = Writer::open(&log_dir, &options(&files))?;
        log.reader().entry(store::conformance::log::index(0)).map(drop)
    };
    let open_list = || -> Result<()> {
        let list = EntryList::open(&list_dir, &list::options(&files))?;
        list.reader().describe(ct::index::Position::ZERO, 100).map(drop)
    };
    let with_version_9 = |file: &Path, open: &dyn Fn() -> Result<()>| {
        files.overwrite(file, 6, &9u16.to_le_bytes());
        refused_version(open(), file);
        files.overwrite(file, 6, &1u16.to_le_bytes());
        open().unwrap();
    };
    let newest = |dir: PathBuf| {
        files
            .sizes()
            .into_iter()
            .rfind(|(p, _)| p.parent() == Some(&dir) && p.extension().is_some_and(|e| e == "seg"))
            .unwrap()
            .0
    };
    with_version_9(&newest(log_dir.join("segments")), &open_log);
    with_version_9(&log_dir.join("tile-roots"), &open_log);
    with_version_9(&log_dir.join("sealed/00000000.run"), &open_log);
    with_version_9(&newest(list_dir.join("segments")), &open_list);
    with_version_9(&list_dir.join("segments/00000000.idx"), &open_list);

    let set = |file: &Path, version: u32| {
        Connection::open(file).unwrap().pragma_update(None, "user_version", version).unwrap()
    };
    for (file, open) in [
        (log_dir.join("log.db"), &open_log as &dyn Fn() -> Result<()>),
        (list_dir.join("list.db"), &open_list),
        (state_dir.join("state.db"), &|| StateDb::open(&state_dir).map(drop)),
    ] {
        set(&file, 9);
        refused_version(open(), &file);
        set(&file, 1);
        open().unwrap();
    }
}

/// Counted, not timed: reads of files when a log is opened.
#[test]
fn opening_a_log_reads_no_more_as_it_grows() {
    let mut costs = Vec::new();
    for count in [2_000, 4_000, 16_000] {
        let (dir, files) = (scratch(), SimFiles::new());
        let mut log = Writer::create(dir.path(), &options(&files)).unwrap();
        fill_log(&mut log, count);
        while log.seal_step(log.len()).unwrap() {}
        drop(log);
        files.crash(Crash::LoseAll);
        let before = files.reads();
        let log = Writer::open(dir.path(), &options(&files)).unwrap();
        assert_eq!(log.len().get(), count);
        let after = files.reads();
        costs.push((count, after.0 - before.0, after.1 - before.1));
    }
    for (count, calls, bytes) in &costs {
        assert!(*calls <= 10, "{calls} reads to open {count} entries: {costs:?}");
        // The last segment, and a row of 68 bytes for each tile.
        assert!(*bytes <= 70_000 + 68 * count / 256, "{bytes} bytes read to open {count} entries: {costs:?}");
    }
}

#[test]
fn opening_a_list_reads_no_more_as_it_grows() {
    for count in [100, 1_000, 4_000] {
        let (dir, files) = (scratch(), SimFiles::new());
        let mut list = EntryList::create(dir.path(), &list::options(&files)).unwrap();
        list.add_issuers(&sample::issuers()).unwrap();
        list.append(&(0..count).map(sample::entry).collect::<Vec<_>>()).unwrap();
        list.sync().unwrap();
        drop(list);
        let before = files.reads();
        let list = EntryList::open(dir.path(), &list::options(&files)).unwrap();
        assert_eq!(list.end().get(), count);
        let after = files.reads();
        assert!(after.0 - before.0 <= 8 && after.1 - before.1 <= 5_000, "{before:?} {after:?}");
    }
}

/// Damage in the middle stops the opening, and is named; the same damage at a torn end is cut.
#[test]
fn a_bad_record_is_cut_only_where_nothing_proves_that_it_was_synced() {
    let (dir, files) = (scratch(), SimFiles::new());
    let options = store::list::ListOptions { segment_bytes: 1 << 20, ..list::options(&files) };
    let mut list = EntryList::create(dir.path(), &options).unwrap();
    list.add_issuers(&sample::issuers()).unwrap();
    for n in 0..4 {
        list.append(&[sample::entry(n)]).unwrap();
        list.sync().unwrap();
    }
    list.append(&[sample::entry(4)]).unwrap();
    drop(list);
    files.crash(Crash::Process);
    let segment = dir.path().join("segments/00000000.seg");
    let whole = files.sizes().into_iter().find(|(path, _)| *path == segment).unwrap().1;
    for offset in 32..whole {
        files.flip(&segment, offset, 3);
        match EntryList::open(dir.path(), &options) {
            Err(StoreError::Corrupt { path, offset: at, .. }) => {
                assert!(path == segment && at <= offset && offset - at < 700, "{offset} {at}");
            }
            // The mark behind the last sync, which says nothing that is not known.
            Ok(list) => assert!(list.end().get() == 4 && offset >= whole - 16, "{offset} of {whole}"),
            Err(error) => panic!("{offset}: {error}"),
        }
        files.flip(&segment, offset, 3);
        if offset >= whole - 16 {
            break;
        }
    }
}
