//! The run as it goes on: a few lines on the terminal, renewed each second; only what happens, where there is none.

use crate::out;
use crate::span;
use ::hammer::{Beat, Pulse};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal as _;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const EVERY: Duration = Duration::from_secs(1);

/// A view of a run. It must be ended, or its last words are lost.
#[derive(Debug)]
pub struct Live {
    task: JoinHandle<()>,
    stop: CancellationToken,
}

impl Live {
    /// Shows what the pulse tells.
    pub fn start(pulse: Arc<Pulse>) -> Self {
        let stop = CancellationToken::new();
        let task = tokio::spawn(show(pulse, stop.clone()));
        Self { task, stop }
    }

    /// Says the last words, and leaves the terminal clean.
    pub async fn end(self) {
        self.stop.cancel();
        // It ends by itself, unless it broke: then there is nothing more to show.
        let _ = self.task.await;
    }
}

async fn show(pulse: Arc<Pulse>, stop: CancellationToken) {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
    // The template is fixed; the test below reads it.
    if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
        bar.set_style(style);
    }
    if std::io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::stderr());
    }
    let mut before = 0;
    loop {
        let last = stop.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_none();
        let beat = pulse.beat();
        for line in &beat.said {
            bar.suspend(|| out::note(line));
        }
        if last {
            bar.finish_and_clear();
            return;
        }
        bar.set_message(text(&beat, before));
        before = beat.ended;
    }
}

const TEMPLATE: &str = "{msg}";

/// A few lines about the last second.
fn text(beat: &Beat, ended_before: u64) -> String {
    let (rate, under_way) = (beat.ended - ended_before, beat.begun - beat.ended);
    let head = match &beat.newest {
        Some((head, age)) => format!("{} entries, signed {} ago", head.tree_size, span::show(*age)),
        None => "none yet".to_owned(),
    };
    let mut text = format!(
        "{}\n  {rate} requests answered a second, {under_way} under way, {} failed in all\n  newest tree head: {head}",
        beat.phase, beat.failed
    );
    for (operation, latency) in &beat.latency {
        let millis = |micros: u64| micros as f64 / 1000.0;
        text.push_str(&format!(
            "\n  {operation:14} {:6}/s   p50 {:8.1} ms   p99 {:8.1} ms   max {:8.1} ms",
            latency.count,
            millis(latency.p50_us),
            millis(latency.p99_us),
            millis(latency.max_us)
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_is_one() {
        assert!(ProgressStyle::with_template(TEMPLATE).is_ok());
    }

    #[test]
    fn a_run_that_has_just_begun_can_be_shown() {
        let pulse = Pulse::default();
        pulse.phase("warming up");
        let shown = text(&pulse.beat(), 0);
        assert!(shown.starts_with("warming up\n  0 requests") && shown.ends_with("none yet"), "{shown}");
    }
}
