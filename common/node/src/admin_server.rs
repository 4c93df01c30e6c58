//! The server for those who watch the node: `/metrics`, `/healthz`, `/readyz`. Plain HTTP, for an internal address.

use crate::accept::{self, Arrival, Door};
use crate::limits::{MAX_ADMIN_CONNECTIONS, SILENCE_TIMEOUT};
use crate::readiness::Readiness;
use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Response, StatusCode};
use metrics_exporter_prometheus::PrometheusHandle;
use std::convert::Infallible;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// What the server tells.
#[derive(Clone)]
pub struct AdminServer {
    /// The node's metrics.
    pub metrics: PrometheusHandle,
    /// Whether the node is fit to serve.
    pub readiness: Arc<Readiness>,
}

impl AdminServer {
    /// Serves until the shutdown.
    pub async fn serve(self, listener: TcpListener, shutdown: CancellationToken) {
        let door = Door { name: "admin", listener, most_connections: MAX_ADMIN_CONNECTIONS, shutdown };
        let running = Arc::new((accept::http1(), self));
        door.serve(SILENCE_TIMEOUT, |arrival| {
            let running = Arc::clone(&running);
            async move {
                let Arrival { stream, address, stop } = arrival;
                let (http, admin) = &*running;
                let service = service_fn(|request| {
                    let answer = admin.answer(request.method(), request.uri().path());
                    async move { Ok::<_, Infallible>(answer) }
                });
                if let Err(error) = accept::connection(http, stream, service, &stop).await {
                    tracing::debug!(client = %address, error, "connection ended");
                }
            }
        })
        .await;
    }

    fn answer(&self, verb: &Method, path: &str) -> Response<Full<Bytes>> {
        if !matches!(*verb, Method::GET | Method::HEAD) {
            return text(StatusCode::METHOD_NOT_ALLOWED, "GET only\n");
        }
        match path {
            "/healthz" => text(StatusCode::OK, "ok\n"),
            "/readyz" => self.ready(),
            "/metrics" => text(StatusCode::OK, self.metrics.render()),
            _ => text(StatusCode::NOT_FOUND, "there are /metrics, /healthz and /readyz\n"),
        }
    }

    fn ready(&self) -> Response<Full<Bytes>> {
        let reasons = self.readiness.reasons();
        if reasons.is_empty() {
            return text(StatusCode::OK, "ready\n");
        }
        let one_line = |text: &str| text.replace(['\n', '\r'], " ");
        let lines = reasons.iter().map(|(name, text)| format!("{name}: {}\n", one_line(text)));
        text(StatusCode::SERVICE_UNAVAILABLE, lines.collect::<String>())
    }
}

fn text(status: StatusCode, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}
