//! A signer over real TLS.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use bytes::Bytes;
use config::init::{Counts, log_key_file};
use config::raw::RawLog;
use ct::entry::{Leaf, SignedEntry};
use ct::hash::{InternalRoot, NodeHash, RootHash};
use ct::index::{Term, TreeSize};
use ct::merkle::node_hash;
use ct::names::Role;
use ct::sth::TreeHead;
use ct::term::Proposal;
use ct::wire::signer::{Consistency, SctReply, SignSct, SignSth, SignedSth};
use ct::wire::status::{Detail, Status};
use ct::wire::{Bulk, Done, Refusal};
use node::clock::{Clock, ManualClock, SystemClock};
use node::deadline::Deadline;
use node::exit::Exit;
use node::host::{Fatal as _, Host, log_dir};
use node::message::Method;
use node::rpc_client::CallError;
use node::testing::{Lab, node_name};
use serde::Serialize;
use serde::de::DeserializeOwned;
use signer::SignerError;
use signer::machine::Memory;
use signer::service::Signer;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(20);

struct World {
    lab: Lab,
    clock: Arc<ManualClock>,
    running: Option<Host>,
    _dir: TempDir,
}

impl World {
    fn new(memory: Option<Memory>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let counts = Counts { frontends: 1, storage: 1, signers: 2, merge: 3 };
        let lab = Lab::new(&dir.path().join("cluster"), counts, RawLog::default());
        let clock = Arc::new(ManualClock::new(SystemClock.now()));
        signer::create(&log_dir(&lab.state_dir("signer-1"), lab.log_name()), &lab.founding(), memory)
            .unwrap();
        Self { lab, clock, running: None, _dir: dir }
    }

    async fn started(memory: Option<Memory>) -> Self {
        let mut world = Self::new(memory);
        world.start().await;
        world
    }

    fn host(&self) -> Host {
        self.lab.host("signer-1", Role::Signer, self.clock.clone()).unwrap()
    }

    async fn start(&mut self) {
        let host = self.host();
        let service = Signer::open(&host).unwrap();
        let listener = self.lab.listener("signer-1").await;
        host.serve_on(Arc::new(service), listener, None).unwrap();
        self.running = Some(host);
    }

    async fn restart(&mut self) {
        let host = self.running.take().unwrap();
        host.shutdown().cancel();
        assert_eq!(host.finish().await, Exit::Ok);
        self.start().await;
    }

    async fn call(&self, by: &str, method: Method, body: Vec<u8>) -> Result<Bytes, CallError> {
        let role = self.lab.cluster().node(&node_name(by)).unwrap().role();
        let caller = self.lab.host(by, role, self.clock.clone()).unwrap();
        let (peer, deadline) = (node_name("signer-1"), Deadline::after(PATIENCE));
        let answer =
            caller.client().call(&peer, self.lab.log_name(), method, Bytes::from(body), deadline).await;
        caller.shutdown().cancel();
        answer
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        by: &str,
        method: Method,
        message: &impl Serialize,
    ) -> Result<T, CallError> {
        let answer = self.call(by, method, serde_json::to_vec(message).unwrap()).await?;
        Ok(serde_json::from_slice(&answer).unwrap())
    }

    async fn sign(&self, request: &SignSth) -> Result<SignedSth, CallError> {
        self.ask("merge-1", Method::SignSTH, request).await
    }

    async fn detail(&self) -> Detail {
        let status: Status = self.ask("operator-1", Method::Status, &Done {}).await.unwrap();
        status.detail
    }

    /// A request for a tree of one or two leaves, endorsed by two of three, `seconds` from now.
    fn request(&self, from: u64, leaves: &[NodeHash], seconds: u64) -> SignSth {
        let root: RootHash = match leaves {
            [only] => (*only).into(),
            [left, right] => node_hash(left, right).into(),
            _ => panic!("one leaf or two"),
        };
        let timestamp = self.clock.now().minus(Duration::from_secs(60)).plus(Duration::from_secs(seconds));
        let certificate = self.lab.founding();
        let proposal = Proposal {
            log_id: self.lab.log().log_id(),
            kind: self.lab.log().kind(),
            voters: certificate.body.voters.hash(),
            term: Term::FIRST,
            sth_signer: node_name("signer-1"),
            head: TreeHead { timestamp, tree_size: TreeSize::of(leaves.len()), root_hash: root },
            internal_root: InternalRoot::new([1; 32]),
        };
        let endorse = |name: &str| proposal.endorse(node_name(name), &self.lab.key(name));
        let endorsements = ["merge-1", "merge-3"].map(endorse).to_vec();
        let path = if from == 1 { leaves[1..].to_vec() } else { Vec::new() };
        let consistency = Consistency { from: TreeSize::new(from).unwrap(), path };
        SignSth { proposal, endorsements, newest: None, consistency, contains: Vec::new() }
    }
}

fn leaves(history: u8) -> [NodeHash; 2] {
    [NodeHash::new([history; 32]), NodeHash::new([history + 1; 32])]
}

fn refusal<T: std::fmt::Debug>(result: Result<T, CallError>) -> Refusal {
    match result {
        Err(CallError::Refused(body)) => serde_json::from_slice(&body).unwrap(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn heads_are_signed_remembered_and_answered_again() {
    let mut world = World::started(Some(Memory::NewLog)).await;
    let leaves = leaves(1);
    let request = world.request(0, &leaves[..1], 1);
    let signed = world.sign(&request).await.unwrap();
    assert_eq!(signed.sth.head, request.proposal.head);
    world.lab.log().key().verify_sth(signed.sth.clone()).unwrap();
    world.restart().await;
    let last = Some(signed.sth.clone());
    assert_eq!(world.detail().await, Detail::Signer { last, halted: None, refusals: 0, released: None });
    assert_eq!(world.sign(&request).await.unwrap(), signed);
    let older = world.request(0, &leaves[..1], 0);
    assert!(matches!(refusal(world.sign(&older).await), Refusal::NotLater { .. }));
    let next = world.request(1, &leaves, 2);
    assert_eq!(world.sign(&next).await.unwrap().sth.head, next.proposal.head);
    assert!(matches!(refusal(world.sign(&request).await), Refusal::WrongBase { .. }));
}

#[tokio::test]
async fn a_fork_halts_across_restarts_and_scts_go_on() {
    let mut world = World::started(Some(Memory::NewLog)).await;
    world.sign(&world.request(0, &leaves(1)[..1], 1)).await.unwrap();
    let fork = world.request(0, &leaves(5)[..1], 2);
    assert!(matches!(refusal(world.sign(&fork).await), Refusal::Halted { .. }));
    for _ in 0..2 {
        let good = world.request(1, &leaves(1), 3);
        assert!(matches!(refusal(world.sign(&good).await), Refusal::Halted { .. }));
        assert!(matches!(world.detail().await, Detail::Signer { halted: Some(_), .. }));
        assert!(!world.running.as_ref().unwrap().readiness().is_ready());
        let [SctReply::Signed { .. }] = &sign_scts(&world, vec![leaf(&world, b"a")]).await[..] else {
            panic!()
        };
        world.restart().await;
    }
}

#[tokio::test]
async fn without_memory_no_head_is_signed() {
    let world = World::started(None).await;
    let refused = refusal(world.sign(&world.request(0, &leaves(1)[..1], 1)).await);
    assert!(matches!(refused, Refusal::Halted { reason } if reason.contains("no memory")));
    assert!(matches!(world.detail().await, Detail::Signer { last: None, refusals: 1, .. }));
}

fn leaf(world: &World, certificate: &[u8]) -> Vec<u8> {
    let entry = SignedEntry::X509 { certificate: certificate.to_vec() };
    Leaf::plain(world.clock.now(), entry).encode().unwrap()
}

async fn sign_scts(world: &World, items: Vec<Vec<u8>>) -> Vec<SctReply> {
    let header = SignSct { evidence: vec![None; items.len()] };
    let body = Bulk { header, items }.encode().unwrap();
    let answer = world.call("frontend-1", Method::SignSCT, body).await.unwrap();
    serde_json::from_slice(&answer).unwrap()
}

#[tokio::test]
async fn scts_are_signed_in_the_order_of_their_leaves() {
    let world = World::started(None).await;
    let mut items: Vec<_> = (0..40u8).map(|number| leaf(&world, &[number; 10])).collect();
    items[7] = b"no leaf".to_vec();
    let replies = sign_scts(&world, items.clone()).await;
    assert_eq!(replies.len(), 40);
    for (at, (item, reply)) in items.iter().zip(&replies).enumerate() {
        match reply {
            SctReply::Signed { sct } => world.lab.log().key().verify("SCT", item, sct).unwrap(),
            SctReply::Refused { reason } => assert!(at == 7 && reason.starts_with("leaf"), "{at} {reason}"),
        }
    }
    assert!(matches!(&replies[7], SctReply::Refused { .. }));
    assert_eq!(sign_scts(&world, items).await, replies, "signatures are deterministic");
    assert_eq!(sign_scts(&world, Vec::new()).await, []);
    let header = SignSct { evidence: Vec::new() };
    let body = Bulk { header, items: vec![leaf(&world, b"a")] }.encode().unwrap();
    let refused = world.call("frontend-1", Method::SignSCT, body).await;
    assert!(matches!(refused, Err(CallError::Fault { status: 400, .. })), "{refused:?}");
}

#[tokio::test]
async fn roles_ask_only_for_what_is_theirs() {
    let world = World::started(Some(Memory::NewLog)).await;
    let request = serde_json::to_vec(&world.request(0, &leaves(1)[..1], 1)).unwrap();
    for (caller, method) in [
        ("frontend-1", Method::SignSTH),
        ("storage-1", Method::SignSTH),
        ("operator-1", Method::SignSTH),
        ("merge-1", Method::SignSCT),
        ("storage-1", Method::SignSCT),
    ] {
        let refused = world.call(caller, method, request.clone()).await;
        assert!(
            matches!(refused, Err(CallError::Fault { status: 403, .. })),
            "{caller} {method} {refused:?}"
        );
    }
    assert!(matches!(world.detail().await, Detail::Signer { last: None, refusals: 0, .. }));
}

#[tokio::test]
async fn keys_that_are_open_or_of_another_log_are_refused() {
    let world = World::new(None);
    let path = log_key_file(&world.lab.state_dir("signer-1"), world.lab.log_name());
    let open = || {
        let host = world.host();
        let error = Signer::open(&host).err().unwrap();
        host.shutdown().cancel();
        assert_eq!(error.exit(), Exit::Configuration);
        assert!(error.to_string().contains(&path.display().to_string()), "{error}");
        error
    };
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    assert!(matches!(open(), SignerError::KeyFile(config::KeyFileError::Mode { found: 0o640, .. })));
    std::fs::remove_file(&path).unwrap();
    assert!(matches!(open(), SignerError::KeyFile(_)));
    config::init::init_log_key(&path).unwrap();
    assert!(matches!(open(), SignerError::OtherKey { .. }));
}

#[tokio::test]
async fn state_that_was_never_made_is_named() {
    let world = World::new(None);
    let host = world.lab.host("signer-2", Role::Signer, world.clock.clone()).unwrap();
    let error = Signer::open(&host).err().unwrap();
    assert_eq!(error.exit(), Exit::Configuration);
    let dir = host.log_dir(world.lab.log_name());
    assert!(error.to_string().contains(&dir.display().to_string()), "{error}");
    assert!(
        signer::create(
            &log_dir(&world.lab.state_dir("signer-1"), world.lab.log_name()),
            &world.lab.founding(),
            None
        )
        .is_err()
    );
}
