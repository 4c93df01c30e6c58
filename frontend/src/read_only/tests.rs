//! The copy of a foreign log: filled, broken off, gone on with, refused, served.

use super::*;
use crate::log::LogState;
use crate::public::Public;
use crate::testing::foreign::{Foreign, entry};
use crate::testing::http::{get, post};
use crate::testing::{certificate, log_key};
use crate::watch::look;
use ct::entry::LogKind;
use ct::index::TreeSize;
use ct::sth::VerifiedSth;
use ct::time::Timestamp;
use node::public_server::PublicServer;
use node::readiness::Readiness;
use node::tasks::Tasks;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::StoreError;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

const fn size(n: usize) -> TreeSize {
    TreeSize::of(n)
}

struct Place {
    _dir: TempDir,
    path: PathBuf,
}

fn place() -> Place {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("archive");
    Place { _dir: dir, path }
}

fn begin(place: &Place, foreign: &Foreign) -> Import {
    Import::begin(&place.path, foreign.key.public()).unwrap()
}

fn refused(place: &Place, foreign: &Foreign) -> ReadOnlyError {
    open(&place.path, foreign.key.public()).err().expect("it must not be served")
}

/// Imports an STH from beginning to end.
fn import(place: &Place, foreign: &Foreign, sth: &VerifiedSth) -> Result<VerifiedSth, ReadOnlyError> {
    let mut import = begin(place, foreign);
    import.aim(sth).unwrap();
    let end = sth.head().tree_size.as_usize();
    import.append(TreeSize::ZERO, &foreign.entries[..end]).unwrap();
    import.show(Some(&[b"root".to_vec()]), &mut |_| ())
}

#[test]
fn an_import_that_breaks_off_is_not_served_and_goes_on_where_it_was() {
    let (place, foreign) = (place(), Foreign::new(300));
    let of = |held, of| format!("({held} of {of} entries): run the same `wolffish import` again");
    assert!(refused(&place, &foreign).to_string().contains(&of("0", "?")));

    let mut import = begin(&place, &foreign);
    let sth = foreign.sth(300);
    import.aim(&sth).unwrap();
    import.append(size(0), &foreign.entries[..2]).unwrap();
    import.append(size(2), &foreign.entries[2..100]).unwrap();
    assert!(matches!(import.show(None, &mut |_| ()), Err(ReadOnlyError::Unfinished { .. })));
    drop(import);
    assert!(refused(&place, &foreign).to_string().contains(&of("100", "300")));

    let mut import = begin(&place, &foreign);
    assert_eq!((import.len(), import.target(), import.shown()), (size(100), Some(&sth), None));
    assert!(matches!(import.append(size(101), &foreign.entries[101..]), Err(ReadOnlyError::Gap { .. })));
    // Another copy of the same import was behind: what is held here is passed over.
    import.append(size(50), &foreign.entries[50..]).unwrap();
    let mut seen = Vec::new();
    assert_eq!(import.show(None, &mut |at| seen.push(at.get())).unwrap(), sth);
    assert_eq!(seen, [128, 256, 300]);
    let locked = open(&place.path, foreign.key.public()).err().unwrap();
    assert!(matches!(locked, ReadOnlyError::Store(StoreError::Locked { .. })), "{locked}");
    drop(import);
    let opened = open(&place.path, foreign.key.public()).unwrap();
    assert_eq!((&opened.sth, opened.roots.len()), (sth.sth(), 0));
    let locked = Import::begin(&place.path, foreign.key.public()).err().unwrap();
    assert!(matches!(locked, ReadOnlyError::Store(StoreError::Locked { .. })), "{locked}");
}

#[test]
fn a_root_that_differs_is_named_and_what_was_served_before_stays() {
    let (place, foreign, mut other) = (place(), Foreign::new(20), Foreign::new(20));
    let first = import(&place, &foreign, &foreign.sth(10)).unwrap();
    // The same log, but for one entry that the STH does not know.
    (other.served[14], other.entries[14]) = entry(7, b"", None, &[]);
    let mut import = begin(&place, &foreign);
    import.aim(&foreign.sth(20)).unwrap();
    import.append(size(10), &other.entries[10..]).unwrap();
    let error = import.show(None, &mut |_| ()).unwrap_err().to_string();
    let roots = [foreign.sth(20).head().root_hash, other.sth(20).head().root_hash];
    assert!(roots.iter().all(|root| error.contains(&root.to_string())), "{error}");
    assert_eq!(import.root_at(size(20)).unwrap(), roots[1]);
    drop(import);
    let opened = open(&place.path, foreign.key.public()).unwrap();
    assert_eq!((&opened.sth, opened.heads.get().held_size()), (first.sth(), size(10)));
    drop(opened);

    // What is wrong goes, what is served stays, and the rest is fetched anew.
    let mut import = begin(&place, &foreign);
    assert!(matches!(import.cut(size(9)), Err(ReadOnlyError::Fixed { .. })));
    import.cut(size(14)).unwrap();
    assert_eq!(import.len(), size(14));
    import.append(size(14), &foreign.entries[14..]).unwrap();
    assert_eq!(import.show(None, &mut |_| ()).unwrap(), foreign.sth(20));
    // The roots that an earlier import saved stay.
    drop(import);
    assert_eq!(open(&place.path, foreign.key.public()).unwrap().roots, [b"root"]);
}

#[test]
fn the_root_is_that_of_the_bytes_on_disk() {
    let (place, foreign) = (place(), Foreign::new(20));
    let mut import = begin(&place, &foreign);
    import.aim(&foreign.sth(20)).unwrap();
    import.append(size(0), &foreign.entries).unwrap();
    let file = place.path.join("segments/00000000.seg");
    let mut bytes = std::fs::read(&file).unwrap();
    let at = bytes.windows(4).position(|window| window == b"1012").expect("the certificate of an entry");
    bytes[at] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let error = import.show(None, &mut |_| ()).unwrap_err();
    assert!(matches!(error, ReadOnlyError::Store(StoreError::Corrupt { .. })), "{error}");
    drop(import);
    let error = refused(&place, &foreign);
    assert!(matches!(error, ReadOnlyError::Store(StoreError::Corrupt { .. })), "{error}");
}

#[test]
fn nobody_takes_the_state_of_one_log_for_that_of_another() {
    let (place, foreign) = (place(), Foreign::new(3));
    import(&place, &foreign, &foreign.sth(3)).unwrap();
    let other = log_key();
    let error = open(&place.path, other.public()).err().unwrap();
    assert!(matches!(error, ReadOnlyError::OtherLog { .. }), "{error}");
    assert!(Import::begin(&place.path, other.public()).is_err());

    let live = place.path.with_file_name("live");
    crate::create(&live, &certificate(), LogKind::Rfc6962).unwrap();
    for refused in [
        open(&live, other.public()).map(drop).unwrap_err(),
        Import::begin(&live, other.public()).map(drop).unwrap_err(),
    ] {
        assert!(matches!(refused, ReadOnlyError::Live(_)), "{refused}");
    }
    let archive = crate::internal::tests::start(&place.path).err().unwrap().to_string();
    assert!(archive.contains("no certificate"), "{archive}");
}

/// A server for one read-only log.
struct Server {
    address: SocketAddr,
    log: Arc<LogState>,
    _guard: DropGuard,
}

async fn serve(path: &Path, foreign: &Foreign) -> Server {
    let key = crate::public::base64::encode(foreign.key.public().spki());
    let table = format!("\n[[read_only_log]]\nname = \"old\"\nkey = \"{key}\"\nget_entries_limit = 7\n");
    let config = crate::testing::lab::cluster(Path::new("/"), &table).read_only_logs()[0].clone();
    let opened = open(path, config.facts().key()).unwrap();
    let log = Arc::new(LogState::read_only(&config, opened));
    let shutdown = CancellationToken::new();
    let tasks = Tasks::new(10, shutdown.clone());
    let public = Arc::new(Public::new([Arc::clone(&log)], Arc::new(Readiness::new()), tasks));
    let handler = move |request, _| {
        let public = Arc::clone(&public);
        async move { public.answer(request).await }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(PublicServer::new(None).serve(listener, handler, shutdown.clone()));
    Server { address, log, _guard: shutdown.drop_guard() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_log_reads_as_the_original_did() {
    let (place, foreign) = (place(), Foreign::new(20));
    let sth = import(&place, &foreign, &foreign.sth(20)).unwrap();
    let server = serve(&place.path, &foreign).await;
    let read = |path: String| async move { get(server.address, &format!("/old/ct/v1/{path}")).await.json() };
    let shown = get(server.address, "/old/ct/v1/get-sth").await;
    assert_eq!(shown.text(), crate::public::json::sth_body(sth.sth()));

    let encode = crate::public::base64::encode;
    let mut at = 0;
    while at < 20 {
        let answer = read(format!("get-entries?start={at}&end=99")).await;
        for served in answer["entries"].as_array().unwrap() {
            assert_eq!(served["leaf_input"], encode(&foreign.served[at].leaf));
            assert_eq!(served["extra_data"], encode(&foreign.served[at].extra));
            at += 1;
        }
    }
    // A leaf that stands twice is found at its lowest place.
    for (twin, lowest) in [(3, 1), (4, 0)] {
        let hash =
            encode(foreign.leaf(twin).as_ref()).replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
        let answer = read(format!("get-proof-by-hash?hash={hash}&tree_size=20")).await;
        assert_eq!(answer["leaf_index"], lowest);
    }
    assert_eq!(read("get-roots".to_owned()).await["certificates"], serde_json::json!([encode(b"root")]));
    let proof = read("get-sth-consistency?first=7&second=20".to_owned()).await;
    assert!(!proof["consistency"].as_array().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn it_takes_no_submissions_and_says_so() {
    let (place, foreign) = (place(), Foreign::new(6));
    import(&place, &foreign, &foreign.sth(6)).unwrap();
    let server = serve(&place.path, &foreign).await;
    for path in ["/old/ct/v1/add-chain", "/old/ct/v1/add-pre-chain"] {
        let answer = post(server.address, path, b"{\"chain\":[\"AAAA\"]}").await;
        assert_eq!((answer.status, answer.header("retry-after")), (410, None));
        assert!(answer.text().contains("this log is read-only"), "{}", answer.text());
        assert_eq!(get(server.address, path).await.status, 405);
    }
    let home = get(server.address, "/").await;
    assert!(home.text().contains("6 entries, read-only"), "{}", home.text());
    let v3 = get(server.address, "/old/log.v3.json").await.json();
    assert_eq!(v3["status"], "readonly");
    assert_eq!((&v3["mmd"], &v3["final_tree_head"]["tree_size"]), (&86_400.into(), &6.into()));
    let root = crate::public::base64::encode(foreign.sth(6).head().root_hash.as_ref());
    assert_eq!(v3["final_tree_head"]["sha256_root_hash"], root);
}

#[tokio::test(flavor = "multi_thread")]
async fn however_old_its_tree_head_is_the_node_is_ready() {
    let (place, foreign) = (place(), Foreign::new(6));
    import(&place, &foreign, &foreign.sth(6)).unwrap();
    let server = serve(&place.path, &foreign).await;
    let readiness = Readiness::new();
    look(Timestamp::from_millis(9_000_000_000_000), &readiness, &server.log);
    assert!(readiness.is_ready(), "{:?}", readiness.reasons());
}
