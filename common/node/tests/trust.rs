//! A node is its key. Whoever has another key, or only somebody's certificate, is refused, whichever side it is on.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod world;

use ct::names::Role;
use node::credentials::{NodeCredentials, generate};
use node::deadline::Deadline;
use node::entropy::SystemEntropy;
use node::message::Method;
use node::rpc_client::{CallError, Client};
use node::tls;
use rustls::client::ResolvesClientCert;
use rustls::pki_types::ServerName;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, ServerConfig, SignatureScheme};
use std::sync::Arc;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use world::{PATIENCE, World, bytes, log, name, read_answer};

const REQUEST: &[u8] =
    b"POST /cluster/v1/log-1/frontend/SendSTH HTTP/1.1\r\nhost: x\r\nwolffish-version: 1\r\n\
                         content-length: 3\r\n\r\nwho";

async fn world() -> World {
    World::new(&[("merge-1", Role::Merge), ("merge-2", Role::Merge), ("frontend-1", Role::Frontend)]).await
}

async fn call(client: &Client) -> Result<bytes::Bytes, CallError> {
    let deadline = Deadline::after(PATIENCE);
    client.call(&name("frontend-1"), &log(), Method::SendSTH, bytes("who"), deadline).await
}

fn untrusted(result: Result<bytes::Bytes, CallError>) -> String {
    match result {
        Err(CallError::Untrusted(text)) => text,
        other => panic!("expected no trust, found {other:?}"),
    }
}

/// Shows the certificate of one node and signs with the key of another.
#[derive(Debug)]
struct Thief(Arc<CertifiedKey>);

impl Thief {
    fn new(certificate: &NodeCredentials, key: &NodeCredentials) -> Arc<Self> {
        let key = rustls::crypto::ring::sign::any_eddsa_type(&match key.tls_key() {
            rustls::pki_types::PrivateKeyDer::Pkcs8(der) => der,
            other => panic!("{other:?}"),
        });
        let chain = vec![certificate.certificate().unwrap()];
        Arc::new(Self(Arc::new(CertifiedKey::new(chain, key.unwrap()))))
    }
}

impl ResolvesServerCert for Thief {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

impl ResolvesClientCert for Thief {
    fn resolve(&self, _hints: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
    fn has_certs(&self) -> bool {
        true
    }
}

/// It learns so only after its own handshake, while it sends its first request; that must not hide the reason.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_with_an_unknown_key_is_refused() {
    let mut world = world().await;
    world.serve("frontend-1");
    let stranger = generate(&SystemEntropy::new()).unwrap();
    let (to, body) = (name("frontend-1"), bytes::Bytes::from(vec![0; 500_000]));
    for _ in 0..50 {
        let (client, deadline) = (world.client_with(&stranger), Deadline::after(PATIENCE));
        untrusted(client.call(&to, &log(), Method::SendEntry, body.clone(), deadline).await);
    }
    assert!(call(&world.client("merge-1")).await.is_ok());
}

#[tokio::test]
async fn a_server_with_an_unknown_key_is_refused() {
    let mut world = world().await;
    let stranger = generate(&SystemEntropy::new()).unwrap();
    let mut server = world.server("frontend-1");
    server.tls = tls::server_config(&stranger, Arc::clone(&world.peers)).unwrap();
    let listener = world.listener("frontend-1");
    world.serve_with(server, listener);
    let text = untrusted(call(&world.client("merge-1")).await);
    assert!(text.contains(&stranger.public().to_string()), "{text}");
}

#[tokio::test]
async fn a_server_with_the_key_of_another_peer_is_refused() {
    let mut world = world().await;
    let mut server = world.server("frontend-1");
    server.tls = tls::server_config(&world.credentials["merge-2"], Arc::clone(&world.peers)).unwrap();
    let listener = world.listener("frontend-1");
    world.serve_with(server, listener);
    untrusted(call(&world.client("merge-1")).await);
}

/// The certificate of a peer is no secret: it is sent in every handshake.
#[tokio::test]
async fn a_caller_with_a_pinned_certificate_but_not_its_key_is_refused() {
    let mut world = world().await;
    world.serve("frontend-1");
    let thief = generate(&SystemEntropy::new()).unwrap();
    for (key, served) in
        [(&world.credentials["merge-1"], true), (&thief, false), (&world.credentials["merge-2"], false)]
    {
        let shown = Thief::new(&world.credentials["merge-1"], key);
        let pinned = world.credentials["frontend-1"].public();
        let mut config = ClientConfig::clone(&tls::client_config(&thief, pinned).unwrap());
        config.client_auth_cert_resolver = shown;
        let stream = TcpStream::connect(world.address("frontend-1")).await.unwrap();
        let name = ServerName::try_from("node.invalid").unwrap();
        let mut stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
        let _ = stream.write_all(REQUEST).await;
        let status = read_answer(&mut stream).await.map(|(status, _)| status);
        assert_eq!(status, served.then_some(200));
    }
}

#[tokio::test]
async fn a_server_with_a_pinned_certificate_but_not_its_key_is_refused() {
    for (key, trusted) in [("frontend-1", true), ("merge-2", false)] {
        let mut world = world().await;
        let mut server = world.server("frontend-1");
        let mut config = ServerConfig::clone(&server.tls);
        config.cert_resolver = Thief::new(&world.credentials["frontend-1"], &world.credentials[key]);
        server.tls = Arc::new(config);
        let listener = world.listener("frontend-1");
        world.serve_with(server, listener);
        let result = call(&world.client("merge-1")).await;
        match trusted {
            true => assert!(result.is_ok(), "{result:?}"),
            false => assert!(untrusted(result).contains("BadSignature")),
        }
    }
}

#[tokio::test]
async fn a_caller_without_a_certificate_is_refused() {
    let mut world = world().await;
    world.serve("frontend-1");
    let pinned = world.credentials["frontend-1"].public();
    let mut config = ClientConfig::clone(&tls::client_config(&world.credentials["merge-1"], pinned).unwrap());
    config.client_auth_cert_resolver = Arc::new(Nothing);
    let stream = TcpStream::connect(world.address("frontend-1")).await.unwrap();
    let name = ServerName::try_from("node.invalid").unwrap();
    let mut stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
    let _ = stream.write_all(REQUEST).await;
    assert_eq!(read_answer(&mut stream).await, None);
}

#[derive(Debug)]
struct Nothing;

impl ResolvesClientCert for Nothing {
    fn resolve(&self, _hints: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        None
    }
    fn has_certs(&self) -> bool {
        false
    }
}
