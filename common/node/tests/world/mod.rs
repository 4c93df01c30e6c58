//! A small cluster on loopback: nodes with keys, a service that does what its message says, and a caller that writes
//! requests by hand.

#![allow(dead_code, reason = "each test file uses its own part")]

use bytes::Bytes;
use ct::names::{LogName, NodeName, Role};
use node::credentials::{NodeCredentials, generate};
use node::entropy::{SeededEntropy, SystemEntropy};
use node::fault::Fault;
use node::message::Reply;
use node::peers::{Peer, Peers};
use node::rpc_client::Client;
use node::rpc_server::{Call, RpcServer, Service};
use node::tls;
use rustls::pki_types::ServerName;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_util::sync::{CancellationToken, DropGuard};

pub const LOG: &str = "log-1";

/// Patience of tests: only a failing one waits so long.
pub const PATIENCE: Duration = Duration::from_secs(20);

pub fn log() -> LogName {
    LOG.parse().unwrap()
}

pub fn name(text: &str) -> NodeName {
    text.parse().unwrap()
}

/// Does what the first word of a message says.
pub struct Puppet {
    pub dropped: mpsc::UnboundedSender<()>,
}

struct OnDrop(mpsc::UnboundedSender<()>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

impl Service for Puppet {
    async fn call(&self, call: Call) -> Result<Reply, Fault> {
        match call.body.split(|byte| *byte == b' ').next().unwrap() {
            b"panic" => panic!("as told"),
            b"hang" => {
                let _told = OnDrop(self.dropped.clone());
                std::future::pending().await
            }
            b"refuse" => Err(Fault::refused(&BTreeMap::from([("term", 7)]))),
            b"overload" => Err(Fault::Overloaded { retry_after: Duration::from_millis(30) }),
            b"flood" => Ok(Reply::bytes(vec![0; call.method.size().limit() + 1])),
            b"who" => Ok(Reply::bytes(format!("{} on {} {:?}", call.caller.name, call.log, call.flags))),
            _ => Ok(Reply::bytes(call.body)),
        }
    }
}

pub struct World {
    pub credentials: BTreeMap<&'static str, NodeCredentials>,
    pub peers: Arc<Peers>,
    pub dropped: mpsc::UnboundedReceiver<()>,
    sender: mpsc::UnboundedSender<()>,
    listeners: BTreeMap<&'static str, TcpListener>,
    guards: Vec<DropGuard>,
}

impl World {
    /// Nodes with keys, and addresses that are taken; nobody serves yet.
    pub async fn new(nodes: &[(&'static str, Role)]) -> Self {
        let mut world = Self::bare();
        let mut peers = Vec::new();
        for (name, role) in nodes {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap().to_string();
            let credentials = generate(&SystemEntropy::new()).unwrap();
            let key = credentials.public();
            peers.push(Peer { name: self::name(name), role: *role, key, address });
            world.listeners.insert(name, listener);
            world.credentials.insert(name, credentials);
        }
        world.peers = Arc::new(Peers::new(peers).unwrap());
        world
    }

    fn bare() -> Self {
        let (sender, dropped) = mpsc::unbounded_channel();
        let (credentials, listeners, guards) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
        Self { credentials, peers: Arc::default(), dropped, sender, listeners, guards }
    }

    pub fn listener(&mut self, of: &str) -> TcpListener {
        self.listeners.remove(of).unwrap()
    }

    pub fn address(&self, of: &str) -> SocketAddr {
        self.peers.named(&name(of)).unwrap().address.parse().unwrap()
    }

    /// What `of` would serve with.
    pub fn server(&self, of: &str) -> RpcServer {
        let role = self.peers.named(&name(of)).unwrap().role;
        let tls = tls::server_config(&self.credentials[of], Arc::clone(&self.peers)).unwrap();
        RpcServer::new(role, [log()].into(), Arc::clone(&self.peers), tls)
    }

    pub fn serve(&mut self, of: &str) {
        let listener = self.listener(of);
        self.serve_with(self.server(of), listener);
    }

    pub fn serve_with(&mut self, server: RpcServer, listener: TcpListener) {
        let shutdown = CancellationToken::new();
        let puppet = Arc::new(Puppet { dropped: self.sender.clone() });
        tokio::spawn(server.serve(listener, puppet, shutdown.clone()));
        self.guards.push(shutdown.drop_guard());
    }

    pub fn client(&self, of: &str) -> Client {
        self.client_with(&self.credentials[of])
    }

    pub fn client_with(&self, own: &NodeCredentials) -> Client {
        Client::new(own, &self.peers, Arc::new(SeededEntropy::new(1))).unwrap()
    }

    /// A TLS connection of `caller` to `callee`.
    pub async fn connect(&self, caller: &str, callee: &str) -> TlsStream<TcpStream> {
        let key = self.credentials[callee].public();
        let tls = tls::client_config(&self.credentials[caller], key).unwrap();
        let stream = TcpStream::connect(self.address(callee)).await.unwrap();
        let name = ServerName::try_from("node.invalid").unwrap();
        TlsConnector::from(tls).connect(name, stream).await.unwrap()
    }

    /// Sends a request as it stands here and returns status and body.
    pub async fn by_hand(&self, caller: &str, callee: &str, path: &str, headers: &str) -> (u16, String) {
        let mut stream = self.connect(caller, callee).await;
        let request = format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n{headers}\r\nwho");
        stream.write_all(request.as_bytes()).await.unwrap();
        read_answer(&mut stream).await.expect("an answer")
    }
}

/// Reads one answer of HTTP/1.1 that has a content-length; nothing if the connection ends before.
pub async fn read_answer(stream: &mut (impl tokio::io::AsyncRead + Unpin)) -> Option<(u16, String)> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap_or("0");
    let mut body = vec![0; length.parse().unwrap()];
    stream.read_exact(&mut body).await.ok()?;
    Some((status, String::from_utf8(body).unwrap()))
}

pub fn bytes(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}
