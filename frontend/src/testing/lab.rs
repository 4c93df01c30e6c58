//! A whole frontend in a temporary directory, on a port of its own, with storage nodes and signers in memory; only the
//! process and the internal server are left out.

use super::certs::Ca;
use super::nodes::FakeNodes;
use super::{Primary, certificate, log_key, node, trust};
use crate::copy::{Request, Settings};
use crate::internal::{StartedLog, Wanted, create, start_log};
use crate::log::{Live, LogState, Mode, Rules};
use crate::public::Public;
use crate::submit::{Bounds, Known, Wiring};
use ct::index::Term;
use ct::sth::Sth;
use ct::time::Timestamp;
use node::clock::{Clock, SystemClock};
use node::message::Method;
use node::public_server::PublicServer;
use node::readiness::Readiness;
use node::tasks::Tasks;
use std::net::SocketAddr;
use std::sync::Arc;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

/// The lab's log, as configured.
fn config(dir: &std::path::Path, more: &str) -> config::Log {
    cluster(dir, more).logs()[0].clone()
}

/// The lab's cluster, with more lines behind those of its log.
pub(crate) fn cluster(dir: &std::path::Path, more: &str) -> config::Cluster {
    let key = crate::public::base64::encode(log_key().public().spki());
    let nodes: String = [
        ("f1", "frontend", 1),
        ("st1", "storage", 2),
        ("st2", "storage", 3),
        ("st3", "storage", 4),
        ("s1", "signer", 5),
        ("s2", "signer", 6),
        ("m1", "merge", 7),
        ("repair", "merge-repair", 8),
    ]
    .into_iter()
    .map(|(name, role, seed): (_, _, u8)| {
        let key = ct::node_key::NodeSigningKey::from_seed(&[seed; 32]).public();
        let address = if role == "merge-repair" {
            String::new()
        } else {
            format!("address = \"127.0.0.1:40{seed}\"\n")
        };
        let public = if role == "frontend" { "public = \"127.0.0.1:4090\"\n" } else { "" };
        format!("[[node]]\nname = \"{name}\"\nrole = \"{role}\"\nkey = \"{key}\"\n{address}{public}\n")
    })
    .collect();
    let text = format!(
        "purpose = \"test\"\n{nodes}\n[[log]]\nname = \"lab\"\nkey = \"{key}\"\nfirst_primary = \"m1\"\n\
         sth_signer = \"s1\"\nurl = \"https://ct.example/logs/lab/\"\nroots = [\"root.der\"]\n{more}"
    );
    config::Cluster::parse(&text, dir).unwrap()
}

/// The lab.
pub(crate) struct Lab {
    pub(crate) address: SocketAddr,
    pub(crate) nodes: Arc<FakeNodes>,
    pub(crate) log: Arc<LogState>,
    config: config::Log,
    pub(crate) ca: Ca,
    pub(crate) dir: TempDir,
    pub(crate) shutdown: CancellationToken,
    pub(crate) tasks: Tasks,
    _guard: DropGuard,
}

pub(crate) fn now() -> Timestamp {
    SystemClock.now()
}

impl Lab {
    /// A log without entries.
    pub(crate) async fn new() -> Self {
        Self::with("").await
    }

    /// As [`Lab::new`], with more lines for the log's configuration.
    pub(crate) async fn with(more: &str) -> Self {
        let (dir, ca) = (tempfile::tempdir().unwrap(), Ca::new());
        std::fs::write(dir.path().join("root.der"), &ca.root).unwrap();
        let config = config(dir.path(), more);
        create(&dir.path().join("log"), &certificate(), config.kind()).unwrap();
        Self::open(dir, ca, config).await
    }

    /// Starts on what is in the directory.
    async fn open(dir: TempDir, ca: Ca, config: config::Log) -> Self {
        let shutdown = CancellationToken::new();
        let (tasks, promises) = (Tasks::new(100, shutdown.clone()), Tasks::new(1000, shutdown.clone()));
        let (nodes, known) = (Arc::<FakeNodes>::default(), Known::default());
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let StartedLog { keeper, heads, reader, keeping } = start_log(Wanted {
            log: config.name(),
            dir: &dir.path().join("log"),
            kind: config.kind(),
            settings: Settings { log_key: config.key().clone(), clock: config.clock() },
            trust: trust(),
            clock: Arc::clone(&clock),
            tasks: &tasks,
            known: known.clone(),
        })
        .unwrap();
        tasks.vital("keeper", keeping.run()).unwrap();
        let submitter = crate::submit::start(Wiring {
            log: config.name().clone(),
            key: config.key().clone(),
            clock_bound: config.clock(),
            bounds: Bounds {
                sth_age: config.stop_submissions_after_sth_age(),
                polled_age: config.stop_submissions_after_polled_age(),
                quorum: 2,
            },
            storage: ["st1", "st2", "st3"].map(node).to_vec(),
            signers: ["s1", "s2"].map(node).to_vec(),
            network: Arc::clone(&nodes) as _,
            clock,
            tasks: tasks.clone(),
            promises,
            reader: reader.clone(),
            heads: Arc::clone(&heads),
            keeper: keeper.clone(),
            known,
        })
        .unwrap();
        let rules = Rules::load(&config).unwrap();
        let log = Arc::new(LogState::live(&config, rules, (heads, reader, keeper), submitter));
        let public = Public::new([Arc::clone(&log)], Arc::new(Readiness::new()), tasks.clone());
        let public = Arc::new(public);
        let handler = move |request, _| {
            let public = Arc::clone(&public);
            async move { public.answer(request).await }
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(PublicServer::new(None).serve(listener, handler, shutdown.clone()));
        let _guard = shutdown.clone().drop_guard();
        Self { address, nodes, log, config, ca, dir, shutdown, tasks, _guard }
    }

    /// Stops, and starts again on the same directory.
    pub(crate) async fn restart(self) -> Self {
        self.shutdown.cancel();
        self.tasks.finish(std::time::Duration::from_secs(10)).await;
        let Self { dir, ca, log, config, .. } = self;
        drop(log);
        Self::open(dir, ca, config).await
    }

    /// What only a log has that takes submissions.
    pub(crate) fn live(&self) -> &Live {
        let Mode::Live(live) = &self.log.mode else { panic!("the lab's log takes submissions") };
        live
    }

    /// Asks the keeper as the primary would, over the wire's forms.
    pub(crate) async fn ask(&self, request: Request) -> Vec<u8> {
        let answer = crate::internal::answer(&self.live().keeper, node("m1"), request).await;
        answer.unwrap_or_else(|fault| panic!("{fault:?}")).body.to_vec()
    }

    /// Brings the log up to an STH of all that the primary has, which is held, not shown.
    pub(crate) async fn hold(&self, primary: &Primary, sth: &Sth) {
        let start = self.log.heads.get().held_size().get();
        let (header, records) = primary.send_log(start, Some(sth.clone()));
        self.ask(Request::SendLog(header, records)).await;
        let batch = primary.batch(start as usize..sth.head.tree_size.as_usize());
        self.ask(Request::SendEntry(Term::FIRST, batch)).await;
        self.ask(Request::Position(Term::FIRST)).await;
        assert_eq!(self.log.heads.get().held_size(), sth.head.tree_size);
    }

    /// As [`Lab::hold`], and shows it.
    pub(crate) async fn publish(&self, primary: &Primary) -> Sth {
        let sth = primary.sth(primary.entries.len() as u64, now());
        self.hold(primary, &sth).await;
        self.show(primary, &sth).await;
        sth
    }

    pub(crate) async fn show(&self, primary: &Primary, sth: &Sth) {
        self.ask(Request::Publish(primary.publish(sth.clone(), now()))).await;
    }

    /// How often a storage node was sent entries.
    pub(crate) fn batches(&self, storage: &str) -> u64 {
        self.nodes.calls(storage, Method::SendEntry)
    }
}
