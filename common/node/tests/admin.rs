//! What those who watch a node get to see.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod world;

use node::admin_server::AdminServer;
use node::readiness::Readiness;
use node::telemetry::init_metrics;
use std::sync::Arc;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use world::read_answer;

#[tokio::test]
async fn tells_health_readiness_and_metrics() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let readiness = Arc::new(Readiness::new());
    let admin = AdminServer { metrics: init_metrics().unwrap(), readiness: Arc::clone(&readiness) };
    let shutdown = CancellationToken::new();
    let server = tokio::spawn(admin.serve(listener, shutdown.clone()));
    metrics::counter!("wolffish_test_total", "kind" => "a").increment(3);
    metrics::histogram!("wolffish_test_seconds").record(0.003);

    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut ask = async |verb: &str, path: &str| {
        let request = format!("{verb} {path} HTTP/1.1\r\nhost: x\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        read_answer(&mut stream).await.unwrap()
    };
    assert_eq!(ask("GET", "/healthz").await, (200, "ok\n".to_owned()));
    assert_eq!(ask("GET", "/readyz").await, (200, "ready\n".to_owned()));
    readiness.set("log-1 copy", "behind by 7 entries");
    readiness.set("disk", "no sth\nyet");
    let reasons = "disk: no sth yet\nlog-1 copy: behind by 7 entries\n".to_owned();
    assert_eq!(ask("GET", "/readyz").await, (503, reasons));
    readiness.clear("disk");
    readiness.clear("log-1 copy");
    assert_eq!(ask("GET", "/readyz").await.0, 200);
    let (status, text) = ask("GET", "/metrics").await;
    assert_eq!(status, 200);
    for line in [
        "wolffish_test_total{kind=\"a\"} 3",
        "wolffish_test_seconds_bucket{le=\"0.005\"} 1",
        "wolffish_connections{server=\"admin\"} 1",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
    assert_eq!(ask("GET", "/").await.0, 404);
    assert_eq!(ask("POST", "/healthz").await.0, 405);
    shutdown.cancel();
    server.await.unwrap();
}
