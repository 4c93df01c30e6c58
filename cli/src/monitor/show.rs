//! What a person sees: a bar for each log on a terminal, lines elsewhere. All of it goes to standard error.

use crate::out;
use crate::span;
use ::monitor::finding::Severity;
use ::monitor::{News, Observer, Summary};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::collections::BTreeSet;
use std::io::{self, IsTerminal as _, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Where there is no bar, a log speaks so often of how far it is.
const PAUSE: Duration = Duration::from_secs(30);

const TEMPLATE: &str = "{prefix} [{bar:30}] {pos}/{len}  {msg}";

/// Shows what happens to all logs.
#[derive(Debug)]
pub struct Show {
    bars: MultiProgress,
    /// Whether somebody watches bars.
    watched: bool,
    logs: Mutex<Vec<Shown>>,
}

/// One log, as it is shown.
#[derive(Debug)]
struct Shown {
    name: String,
    bar: ProgressBar,
    spoke: Option<Instant>,
    broken: bool,
}

/// Standard output, beside bars: a line does not tear them.
#[derive(Debug)]
pub struct Beside(MultiProgress);

impl Show {
    /// Of these logs.
    pub fn new(names: Vec<String>) -> Self {
        let bars = MultiProgress::new();
        let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
        let shown = |name: String| {
            let bar = bars.add(ProgressBar::new(0));
            // The template is fixed; the test below reads it.
            if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
                bar.set_style(style.progress_chars("=> "));
            }
            bar.set_prefix(format!("{name:width$}"));
            Shown { name, bar, spoke: None, broken: false }
        };
        let logs = names.into_iter().map(shown).collect();
        Self { bars, watched: io::stderr().is_terminal(), logs: Mutex::new(logs) }
    }

    /// Standard output, beside the bars.
    pub fn beside(&self) -> Beside {
        Beside(self.bars.clone())
    }

    /// The numbers of the logs that broke their word.
    pub fn broken(&self) -> BTreeSet<usize> {
        let logs = self.logs();
        logs.iter().enumerate().filter(|(_, log)| log.broken).map(|(number, _)| number).collect()
    }

    /// Takes the bars away.
    pub fn end(&self) {
        // Where they cannot be taken away they are not seen either.
        let _ = self.bars.clear();
    }

    fn say(&self, text: &str) {
        if !self.watched || self.bars.println(text).is_err() {
            out::note(text);
        }
    }

    fn logs(&self) -> MutexGuard<'_, Vec<Shown>> {
        self.logs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How far a log is, and when it will be done at this speed.
    fn progress(&self, log: &mut Shown, what: &str, to: u64, of: u64) {
        if log.bar.length() != Some(of) {
            log.bar.set_length(of);
        }
        if log.bar.position() == 0 || log.bar.position() > to {
            // What was read in earlier runs tells nothing of the speed of this one.
            log.bar.set_position(to);
            log.bar.reset_eta();
        }
        log.bar.set_position(to);
        let rest = if to < of {
            let (rate, eta) = (log.bar.per_sec(), span::show(log.bar.eta()));
            format!("{what}, {rate:.0}/s, {eta} left")
        } else {
            format!("{what}, up to date")
        };
        if !self.watched && (to == of || log.spoke.is_none_or(|spoke| spoke.elapsed() >= PAUSE)) {
            log.spoke = Some(Instant::now());
            self.say(&format!("{}: {to} of {of}: {rest}", log.name));
        }
        log.bar.set_message(rest);
    }
}

impl Observer for Show {
    fn tell(&self, log: usize, news: News<'_>) {
        let mut logs = self.logs();
        let Some(log) = logs.get_mut(log) else { return };
        match news {
            News::Head(size) => log.bar.set_length(size.get().max(log.bar.length().unwrap_or(0))),
            News::Read { to, of } => self.progress(log, "entries", to.get(), of.get()),
            News::Checked { done, of } => self.progress(log, "records", done as u64, of as u64),
            News::Finding(finding) => {
                log.broken |= finding.severity == Severity::Broken;
                self.say(&format!("{}: {finding}", log.name));
            }
            News::Recovered => self.say(&format!("{}: all is well again", log.name)),
        }
    }
}

impl Write for Beside {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.suspend(|| io::stdout().lock().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stdout().lock().flush()
    }
}

/// A line about what is known of a log.
pub fn summary(summary: &Summary) {
    let Summary { name, position, size, disputed } = summary;
    let (Some(position), Some(size)) = (position, size) else {
        out::note(format_args!("{name}: nothing is known of it yet"));
        return;
    };
    let (read, tally) = (position.tree.size(), position.tally);
    let from = if position.begun.get() > 0 { format!(" from {}", position.begun) } else { String::new() };
    out::note(format_args!(
        "{name}: verified{from} to {read} of {size}: {} entries, {} matches, {} unreadable",
        tally.entries, tally.matches, tally.unreadable
    ));
    for (size, evidence) in disputed {
        let kept = evidence.as_ref().map_or_else(|| "lost".to_owned(), |path| path.display().to_string());
        out::note(format_args!(
            "{name}: a signed tree head of {size} entries contradicts the others (evidence: {kept})"
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::monitor::finding::Finding;
    use ct::index::TreeSize;

    #[test]
    fn the_template_is_one() {
        assert!(ProgressStyle::with_template(TEMPLATE).is_ok());
    }

    #[test]
    fn a_bar_is_where_the_log_is_and_a_broken_log_is_remembered() {
        let show = Show::new(vec!["a".to_owned(), "b".to_owned()]);
        show.tell(1, News::Head(TreeSize::of(50)));
        show.tell(1, News::Read { to: TreeSize::of(10), of: TreeSize::of(40) });
        let bar = show.logs()[1].bar.clone();
        assert_eq!((bar.position(), bar.length()), (10, Some(40)));
        assert!(bar.message().ends_with(" left"));
        show.tell(1, News::Read { to: TreeSize::of(40), of: TreeSize::of(40) });
        assert_eq!(bar.message(), "entries, up to date");
        show.tell(0, News::Finding(&Finding::trouble("slow", "x")));
        assert!(show.broken().is_empty());
        show.tell(1, News::Finding(&Finding::broken("fork", "x")));
        assert_eq!(show.broken(), BTreeSet::from([1]));
    }
}
