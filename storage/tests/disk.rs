//! What a storage node does when its disk fails, and when it forgets.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod world;

use ct::names::Role;
use ct::wire::Done;
use ct::wire::storage::Completeness;
use ct::wire::storage::{Fetch, PutReply};
use node::exit::Exit;
use node::host::Fatal as _;
use node::message::Method;
use node::rpc_client::CallError;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use storage::service::Storage;
use store::files::{File, Files, Mode, RealFiles};
use store::list::ListOptions;
use world::{World, at, batch, from};

/// The machine's disk, until it is told to fail: then no sync succeeds, though the bytes may be there.
#[derive(Default, Clone)]
struct Failing(Arc<AtomicBool>);

struct FailingFile(Arc<dyn File>, Failing);

impl Failing {
    fn sync(&self) -> io::Result<()> {
        if self.0.load(Ordering::SeqCst) { Err(io::Error::other("as told")) } else { Ok(()) }
    }
}

impl File for FailingFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.0.read_at(buffer, offset)
    }
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.0.write_at(bytes, offset)
    }
    fn sync(&self) -> io::Result<()> {
        self.0.sync()?;
        self.1.sync()
    }
    fn truncate(&self, len: u64) -> io::Result<()> {
        self.0.truncate(len)
    }
    fn size(&self) -> io::Result<u64> {
        self.0.size()
    }
}

impl Files for Failing {
    fn open(&self, path: &Path, mode: Mode) -> io::Result<Arc<dyn File>> {
        Ok(Arc::new(FailingFile(RealFiles.open(path, mode)?, self.clone())))
    }
    fn create_dir(&self, path: &Path) -> io::Result<()> {
        RealFiles.create_dir(path)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        RealFiles.rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        RealFiles.remove(path)
    }
    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        RealFiles.list(dir)
    }
    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        RealFiles.sync_dir(dir)
    }
}

#[tokio::test]
async fn a_failed_sync_acknowledges_nothing_and_ends_the_node() {
    let mut world = World::new(Default::default());
    let disk = Failing::default();
    let options = ListOptions { files: Arc::new(disk.clone()), ..Default::default() };
    world.start(&options).await;
    let (one, two) = (world.entry("a", Duration::ZERO), world.entry("b", Duration::ZERO));
    assert_eq!(world.send(vec![one], Vec::new()).await, [PutReply::Stored { oldest: None }]);
    disk.0.store(true, Ordering::SeqCst);
    let body = batch(vec![two.clone()], Vec::new(), 2);
    let answer = world.call("frontend-1", Method::SendEntry, body).await;
    assert!(matches!(answer, Err(CallError::Fault { status: 503, .. })), "{answer:?}");
    assert_eq!(world.running.take().unwrap().finish().await, Exit::Io);
    // It failed but persisted: the entry is found, and acknowledged when it comes again.
    disk.0.store(false, Ordering::SeqCst);
    world.start(&options).await;
    assert_eq!(world.fetch(&from(0)).await.end, at(2));
    assert_eq!(world.send(vec![two], Vec::new()).await, [PutReply::Stored { oldest: None }]);
    assert_eq!(world.fetch(&from(0)).await.end, at(2));
}

#[tokio::test]
async fn published_entries_are_forgotten_a_day_after_the_mmd() {
    let mut world = World::new(config::raw::RawLog { mmd_seconds: Some(86_400), ..Default::default() });
    // Small segments, so that there are some to forget.
    world.start(&ListOptions { segment_bytes: 4096, ..Default::default() }).await;
    let text = "x".repeat(1000);
    for number in 0..12 {
        world.send(vec![world.entry(&format!("{text}{number}"), Duration::ZERO)], Vec::new()).await;
    }
    let Done {} = world.ask("merge-1", Method::SendSTH, &world.move_start(12)).await.unwrap();
    let all = Fetch { cursor: None, retained: true, ..from(0) };
    world.clock.advance(Duration::from_secs(2 * 86_400 - 10));
    tokio::time::sleep(Duration::from_millis(2500)).await;
    assert_eq!(world.fetch(&all).await.first, at(0));
    world.clock.advance(Duration::from_secs(3610));
    let mut first = at(0);
    for _ in 0..200 {
        first = world.fetch(&all).await.first;
        if first > at(0) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let fetched = world.fetch(&all).await;
    assert!(first > at(0) && fetched.start == at(12) && fetched.end == at(12), "{fetched:?}");
}

#[tokio::test]
async fn state_that_was_never_made_is_named() {
    let world = World::new(Default::default());
    let host = world.lab.host("storage-2", Role::Storage, world.clock.clone()).unwrap();
    let error = Storage::open(&host).err().unwrap();
    assert_eq!(error.exit(), Exit::Configuration);
    let dir = host.log_dir(world.lab.log_name());
    assert!(error.to_string().contains(&dir.display().to_string()), "{error}");
    // And what was made is not made again.
    let dir = node::host::log_dir(&world.lab.state_dir("storage-1"), world.lab.log_name());
    assert!(storage::create(&dir, &world.lab.founding(), world::LIST, Completeness::Whole).is_err());
}

#[tokio::test]
async fn nothing_starts_in_another_nodes_place() {
    let world = World::new(Default::default());
    let start = |node: &str, role: Role| {
        let args = world.lab.args(node);
        node::host::Host::start_in(role, &args, surroundings(&world))
    };
    let error = start("merge-1", Role::Storage).unwrap_err();
    assert_eq!(error.exit_code(), 64);
    assert!(error.to_string().contains("merge-1 is a node of role merge"), "{error}");
    let mut args = world.lab.args("storage-1");
    args.state = world.lab.state_dir("storage-2");
    let error = node::host::Host::start_in(Role::Storage, &args, surroundings(&world)).unwrap_err();
    assert!(error.exit_code() == 64 && error.to_string().contains("the key in it is"), "{error}");
    let error = start("storage-9", Role::Storage).unwrap_err();
    assert_eq!(error.exit_code(), 64);
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let mut world = World::new(Default::default());
    let _taken = world.lab.listener("storage-1").await;
    let host = world.lab.host("storage-1", Role::Storage, world.clock.clone()).unwrap();
    let service = Storage::open(&host).unwrap();
    let error = host.serve(Arc::new(service)).await.unwrap_err();
    assert_eq!(error.exit_code(), 74);
    let address = host.me().address().unwrap().to_string();
    assert!(error.to_string().contains(&address), "{error}");
    host.shutdown().cancel();
}

fn surroundings(world: &World) -> node::host::Surroundings {
    node::host::Surroundings {
        clock: world.clock.clone(),
        entropy: Arc::new(node::entropy::SystemEntropy::new()),
        shutdown: Default::default(),
        metrics: node::telemetry::detached_metrics().unwrap(),
    }
}
