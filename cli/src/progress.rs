//! A progress bar that shows itself only if the work takes more than a second and a person watches.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::time::{Duration, Instant};

/// Work that is quicker than this shows no bar.
const PATIENCE: Duration = Duration::from_secs(1);

/// A bar on standard error. It is gone when this is dropped.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    begun: Instant,
    shown: bool,
}

impl Progress {
    /// Work of `total` steps; `what` stands before the bar.
    pub fn new(what: &'static str, total: u64) -> Self {
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::hidden());
        // The template is fixed; the test below reads it.
        if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_message(what);
        Self { bar, begun: Instant::now(), shown: false }
    }

    /// Work that may take days, and goes on from step `begun`: the bar says how fast it is, and when it will be done.
    pub fn long(what: &'static str, begun: u64, total: u64) -> Self {
        let progress = Self::new(what, total);
        progress.bar.set_position(begun);
        progress.bar.reset_eta();
        if let Ok(style) = ProgressStyle::with_template(LONG) {
            progress.bar.set_style(style.progress_chars("=> "));
        }
        progress
    }

    /// Says how far the work is.
    pub fn at(&mut self, done: u64) {
        self.bar.set_position(done);
        self.show_if_slow();
    }

    /// One step more.
    pub fn step(&mut self) {
        self.bar.inc(1);
        self.show_if_slow();
    }

    /// Prints something without tearing the bar.
    pub fn around(&self, print: impl FnOnce()) {
        self.bar.suspend(print);
    }

    fn show_if_slow(&mut self) {
        if !self.shown && self.begun.elapsed() > PATIENCE {
            self.shown = true;
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

const TEMPLATE: &str = "{msg} [{bar:30}] {pos}/{len} {elapsed}";
const LONG: &str = "{msg} [{bar:30}] {pos}/{len} {per_sec} {elapsed}, {eta} to go";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_is_one() {
        assert!(ProgressStyle::with_template(TEMPLATE).is_ok() && ProgressStyle::with_template(LONG).is_ok());
    }
}
