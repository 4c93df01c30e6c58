//! The public server, as good and bad clients see it.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod world;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty, Full};
use hyper::body::Incoming;
use hyper::{Request, Response, StatusCode, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use node::body::{BodyLimits, read_body};
use node::files::write_private;
use node::public_server::{ClientAddr, PublicServer};
use node::public_tls::{PublicTls, PublicTlsError};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_util::sync::CancellationToken;
use world::{PATIENCE, read_answer};

const LIMIT: usize = 500_000;

fn limits() -> BodyLimits {
    BodyLimits { size: LIMIT, pause: Duration::from_millis(200), total: Duration::from_millis(400) }
}

struct Public {
    address: SocketAddr,
    shutdown: CancellationToken,
    server: JoinHandle<()>,
    gate: Arc<Semaphore>,
    seen: mpsc::UnboundedReceiver<String>,
}

/// Answers by path: `/panic`, `/wait` (until the gate has a permit), `/body` (its length), else what it saw.
async fn start(server: PublicServer) -> Public {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, seen) = mpsc::unbounded_channel();
    let gate = Arc::new(Semaphore::new(0));
    let opened = Arc::clone(&gate);
    let handler = move |request: Request<Incoming>, client: ClientAddr| {
        let (sender, opened) = (sender.clone(), Arc::clone(&opened));
        async move {
            let path = request.uri().path().to_owned();
            sender.send(path.clone()).unwrap();
            let text = match path.as_str() {
                "/panic" => panic!("as told"),
                "/wait" => {
                    opened.acquire().await.unwrap().forget();
                    "waited".to_owned()
                }
                "/body" => match read_body(request.into_body(), limits()).await {
                    Ok(body) => body.len().to_string(),
                    Err(error) => {
                        let mut response = Response::new(Full::from(error.to_string()));
                        *response.status_mut() = error.status();
                        return response;
                    }
                },
                _ => format!("{:?} tls={} {path}", request.version(), client.tls),
            };
            Response::new(Full::from(text))
        }
    };
    let shutdown = CancellationToken::new();
    let server = tokio::spawn(server.serve(listener, handler, shutdown.clone()));
    Public { address, shutdown, server, gate, seen }
}

impl Public {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    async fn seen(&mut self) -> String {
        timeout(PATIENCE, self.seen.recv()).await.unwrap().unwrap()
    }
}

async fn get(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), path: &str) -> Option<(u16, String)> {
    stream.write_all(format!("GET {path} HTTP/1.1\r\nhost: log\r\n\r\n").as_bytes()).await.ok()?;
    timeout(PATIENCE, read_answer(stream)).await.unwrap()
}

/// One request of HTTP/2, without an upgrade before it.
async fn get_h2(
    io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    path: &str,
) -> (StatusCode, Version, String) {
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(io)).await.unwrap();
    tokio::spawn(connection);
    let request = Request::get(format!("http://log{path}")).body(Empty::<Bytes>::new()).unwrap();
    let response = sender.send_request(request).await.unwrap();
    let (status, version) = (response.status(), response.version());
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, version, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn http1_is_kept_alive() {
    let public = start(PublicServer::new(None)).await;
    let mut stream = public.connect().await;
    for path in ["/a", "/b", "/c"] {
        let answer = get(&mut stream, path).await.unwrap();
        assert_eq!(answer, (200, format!("HTTP/1.1 tls=false {path}")));
    }
}

#[tokio::test]
async fn http2_is_spoken_to_who_begins_with_it() {
    let public = start(PublicServer::new(None)).await;
    let (status, version, text) = get_h2(public.connect().await, "/a").await;
    assert_eq!((status, version, text.as_str()), (StatusCode::OK, Version::HTTP_2, "HTTP/2.0 tls=false /a"));
}

#[tokio::test]
async fn a_panic_is_a_500_and_the_connection_lives() {
    let public = start(PublicServer::new(None)).await;
    let mut stream = public.connect().await;
    assert_eq!(get(&mut stream, "/panic").await.unwrap().0, 500);
    assert_eq!(get(&mut stream, "/a").await.unwrap().0, 200);
    assert_eq!(get_h2(public.connect().await, "/panic").await.0, StatusCode::INTERNAL_SERVER_ERROR);
}

/// A body that drips in is cut, whether it pauses too long or just takes too long; nobody else has to wait for it.
#[tokio::test]
async fn a_slow_drip_is_cut_while_others_are_served() {
    let mut public = start(PublicServer::new(None)).await;
    let began = Instant::now();
    let (mut answer, mut drip) = public.connect().await.into_split();
    let head = b"POST /body HTTP/1.1\r\nhost: log\r\ncontent-length: 400000\r\n\r\n";
    drip.write_all(head).await.unwrap();
    assert_eq!(public.seen().await, "/body");
    let dripping = tokio::spawn(async move {
        let mut drops = tokio::time::interval(Duration::from_millis(20));
        loop {
            drops.tick().await;
            if drip.write_all(b"x").await.is_err() {
                break;
            }
        }
    });
    let mut stalled = public.connect().await;
    stalled.write_all(head).await.unwrap();
    assert_eq!(public.seen().await, "/body");
    let mut other = public.connect().await;
    for _ in 0..10 {
        assert_eq!(get(&mut other, "/a").await.unwrap().0, 200);
    }
    let (status, text) = timeout(PATIENCE, read_answer(&mut stalled)).await.unwrap().unwrap();
    assert_eq!((status, text.as_str()), (408, "nothing of the body arrived for 200ms"));
    let (status, text) = timeout(PATIENCE, read_answer(&mut answer)).await.unwrap().unwrap();
    assert_eq!((status, text.as_str()), (408, "the body did not arrive within 400ms"));
    assert!(began.elapsed() >= Duration::from_millis(400));
    dripping.abort();
}

/// The client gets to see the answer although it has not sent everything, with and without an announced length.
#[tokio::test]
async fn ten_megabytes_are_answered_413() {
    let public = start(PublicServer::new(None)).await;
    let megabyte = vec![b'x'; 1_000_000];
    for chunked in [false, true] {
        let (mut answer, mut upload) = public.connect().await.into_split();
        let length = if chunked { "transfer-encoding: chunked" } else { "content-length: 10000000" };
        let uploading = async {
            let head = format!("POST /body HTTP/1.1\r\nhost: log\r\n{length}\r\n\r\n");
            upload.write_all(head.as_bytes()).await.unwrap();
            for _ in 0..10 {
                if chunked {
                    upload.write_all(b"F4240\r\n").await.unwrap();
                }
                upload.write_all(&megabyte).await.unwrap();
                if chunked {
                    upload.write_all(b"\r\n").await.unwrap();
                }
            }
            if chunked {
                upload.write_all(b"0\r\n\r\n").await.unwrap();
            }
        };
        timeout(PATIENCE, uploading).await.unwrap();
        let (status, text) = timeout(PATIENCE, read_answer(&mut answer)).await.unwrap().unwrap();
        assert_eq!((status, text.as_str()), (413, "the body is larger than 500000 bytes"));
    }
}

#[tokio::test]
async fn a_body_within_the_limits_is_read() {
    let public = start(PublicServer::new(None)).await;
    let mut stream = public.connect().await;
    for length in [0, 1, LIMIT] {
        let head = format!("POST /body HTTP/1.1\r\nhost: log\r\ncontent-length: {length}\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&vec![b'x'; length]).await.unwrap();
        assert_eq!(read_answer(&mut stream).await.unwrap(), (200, length.to_string()));
    }
}

#[tokio::test]
async fn a_client_that_says_nothing_is_let_go() {
    let mut server = PublicServer::new(None);
    server.silence_timeout = Duration::from_millis(100);
    let public = start(server).await;
    let mut silent = public.connect().await;
    assert_eq!(timeout(PATIENCE, read_answer(&mut silent)).await.unwrap(), None);
}

#[tokio::test]
async fn a_head_that_drips_in_is_cut() {
    let mut server = PublicServer::new(None);
    server.header_timeout = Duration::from_millis(200);
    let public = start(server).await;
    let (mut answer, mut drip) = public.connect().await.into_split();
    let dripping = tokio::spawn(async move {
        drip.write_all(b"GET / HTTP/1.1\r\nhost: log\r\nx: ").await.unwrap();
        let mut drops = tokio::time::interval(Duration::from_millis(20));
        while drip.write_all(b"x").await.is_ok() {
            drops.tick().await;
        }
    });
    assert_eq!(timeout(PATIENCE, read_answer(&mut answer)).await.unwrap(), None);
    dripping.abort();
}

#[tokio::test]
async fn connections_are_bounded() {
    let mut server = PublicServer::new(None);
    server.most_connections = 2;
    let mut public = start(server).await;
    let (mut first, mut second) = (public.connect().await, public.connect().await);
    assert_eq!(get(&mut first, "/1").await.unwrap().0, 200);
    assert_eq!(get(&mut second, "/2").await.unwrap().0, 200);
    let mut third = public.connect().await;
    third.write_all(b"GET /3 HTTP/1.1\r\nhost: log\r\n\r\n").await.unwrap();
    for _ in 0..100 {
        assert_eq!(get(&mut first, "/1").await.unwrap().0, 200);
    }
    drop(second);
    assert_eq!(timeout(PATIENCE, read_answer(&mut third)).await.unwrap().unwrap().0, 200);
    let mut order = Vec::new();
    for _ in 0..103 {
        order.push(public.seen().await);
    }
    assert_eq!(order.iter().position(|path| path == "/3"), Some(102), "the third waited for a place");
}

#[tokio::test]
async fn a_shutdown_finishes_what_is_under_way() {
    let mut public = start(PublicServer::new(None)).await;
    let mut idle = public.connect().await;
    assert_eq!(get(&mut idle, "/a").await.unwrap().0, 200);
    assert_eq!(public.seen().await, "/a");
    let mut busy = public.connect().await;
    busy.write_all(b"GET /wait HTTP/1.1\r\nhost: log\r\n\r\n").await.unwrap();
    assert_eq!(public.seen().await, "/wait");
    public.shutdown.cancel();
    assert_eq!(timeout(PATIENCE, read_answer(&mut idle)).await.unwrap(), None);
    public.gate.add_permits(1);
    assert_eq!(timeout(PATIENCE, read_answer(&mut busy)).await.unwrap(), Some((200, "waited".to_owned())));
    timeout(PATIENCE, &mut public.server).await.unwrap().unwrap();
    assert!(TcpStream::connect(public.address).await.is_err());
}

fn certificate(directory: &Path) -> CertificateDer<'static> {
    let _ = std::fs::remove_file(directory.join("key.pem"));
    let made = rcgen::generate_simple_self_signed(["log.test".to_owned()]).unwrap();
    std::fs::write(directory.join("cert.pem"), made.cert.pem()).unwrap();
    write_private(&directory.join("key.pem"), made.signing_key.serialize_pem().as_bytes()).unwrap();
    made.cert.der().clone()
}

async fn tls(
    public: &Public,
    trusted: &CertificateDer<'static>,
    version: &'static SupportedProtocolVersion,
    alpn: &[&str],
) -> std::io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    let name = ServerName::try_from("log.test").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, public.connect().await).await
}

#[tokio::test]
async fn tls_serves_http2_and_http1_in_both_versions() {
    let directory = tempfile::tempdir().unwrap();
    let trusted = certificate(directory.path());
    let files =
        PublicTls::load(&directory.path().join("cert.pem"), &directory.path().join("key.pem")).unwrap();
    let public = start(PublicServer::new(Some(Arc::new(files)))).await;
    for version in [&rustls::version::TLS13, &rustls::version::TLS12] {
        let stream = tls(&public, &trusted, version, &["h2", "http/1.1"]).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(b"h2".as_slice()));
        assert_eq!(get_h2(stream, "/a").await.2, "HTTP/2.0 tls=true /a");
        for alpn in [[].as_slice(), &["http/1.1"]] {
            let mut stream = tls(&public, &trusted, version, alpn).await.unwrap();
            assert_eq!(get(&mut stream, "/a").await.unwrap(), (200, "HTTP/1.1 tls=true /a".to_owned()));
        }
    }
}

#[tokio::test]
async fn a_new_certificate_is_served_without_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let old = certificate(directory.path());
    let files =
        PublicTls::load(&directory.path().join("cert.pem"), &directory.path().join("key.pem")).unwrap();
    let files = Arc::new(files);
    let public = start(PublicServer::new(Some(Arc::clone(&files)))).await;
    let new = certificate(directory.path());
    assert!(tls(&public, &new, &rustls::version::TLS13, &[]).await.is_err());
    files.reload().unwrap();
    assert!(tls(&public, &new, &rustls::version::TLS13, &[]).await.is_ok());
    assert!(tls(&public, &old, &rustls::version::TLS13, &[]).await.is_err());
    std::fs::write(directory.path().join("cert.pem"), "nothing").unwrap();
    assert!(matches!(files.reload(), Err(PublicTlsError::Pem { .. })));
    assert!(tls(&public, &new, &rustls::version::TLS13, &[]).await.is_ok());
}
