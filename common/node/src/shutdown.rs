//! From a signal to the end of the process.

use std::io;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// A token that SIGINT and SIGTERM cancel. A second signal ends the process at once, for an operator who does not want
/// to wait for the requests under way.
pub fn on_signals() -> io::Result<CancellationToken> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let token = CancellationToken::new();
    let cancelled = token.clone();
    tokio::spawn(async move {
        let mut next = async || {
            tokio::select! {
                biased;
                _ = terminate.recv() => "SIGTERM",
                _ = interrupt.recv() => "SIGINT",
            }
        };
        let name = next().await;
        tracing::info!(signal = name, "stopping");
        cancelled.cancel();
        let name = next().await;
        tracing::warn!(signal = name, "stopping at once");
        std::process::exit(i32::from(crate::exit::Exit::Internal.code()));
    });
    Ok(token)
}
