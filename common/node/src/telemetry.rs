//! Logs and metrics: set up once, at the start of a process.

use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle};
use std::str::FromStr;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::TryInitError;

/// The environment variable that says what is logged, such as `info` or `warn,node=debug`.
pub const LOG_VARIABLE: &str = "WOLFFISH_LOG";

/// Bounds of the histogram of durations, in seconds; the last few are those of overload.
const SECONDS: [f64; 15] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// How often histograms are folded together when nobody reads them.
const UPKEEP: Duration = Duration::from_secs(5);

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// For eyes.
    #[default]
    Human,
    /// For programs: one JSON object a line.
    Json,
}

impl FromStr for LogFormat {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "human" => Ok(LogFormat::Human),
            "json" => Ok(LogFormat::Json),
            other => Err(format!("unknown log format {other:?}, there are human and json")),
        }
    }
}

/// Why logs or metrics could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The environment variable says nothing that can be understood.
    #[error("{LOG_VARIABLE}: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// Logs were set up before.
    #[error("logging: {0}")]
    Logs(#[from] TryInitError),
    /// Metrics were set up before.
    #[error("metrics: {0}")]
    Metrics(#[from] BuildError),
}

/// Sends log lines to standard error; `default` is what is logged unless the environment says otherwise.
pub fn init_logs(format: LogFormat, default: &str) -> Result<(), TelemetryError> {
    use tracing_subscriber::util::SubscriberInitExt as _;
    let wanted = std::env::var(LOG_VARIABLE).unwrap_or_else(|_| default.to_owned());
    let filter = EnvFilter::try_new(wanted)?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        LogFormat::Human => lines.finish().try_init()?,
        LogFormat::Json => lines.json().flatten_event(true).finish().try_init()?,
    }
    Ok(())
}

/// Collects the metrics of the process.
pub fn init_metrics() -> Result<PrometheusHandle, TelemetryError> {
    Ok(builder()?.install_recorder()?)
}

/// A collection that nobody feeds, for tests and for a second server in one process.
pub fn detached_metrics() -> Result<PrometheusHandle, TelemetryError> {
    Ok(builder()?.build_recorder().handle())
}

/// Keeps the memory of metrics bounded when nobody reads them; ends with the shutdown.
pub async fn keep_up(metrics: PrometheusHandle, shutdown: CancellationToken) {
    while shutdown.run_until_cancelled(tokio::time::sleep(UPKEEP)).await.is_some() {
        metrics.run_upkeep();
    }
}

fn builder() -> Result<PrometheusBuilder, BuildError> {
    PrometheusBuilder::new().set_buckets(&SECONDS)
}
