//! Which contradictions were told already: a frontend that shows a lie shows it every second.

use super::compare::Contradiction;
use crate::fault::TOLD;
use ct::sth::TreeHead;

/// The first contradictions of a run, in the words in which each was told.
#[derive(Debug, Default)]
pub(super) struct Told {
    known: Vec<(Key, String)>,
}

/// In what way which two tree heads contradict each other, whoever showed them.
type Key = (&'static str, TreeHead, TreeHead);

/// Whether a contradiction was told before.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum News {
    /// No.
    First,
    /// Yes, in these words.
    Again(String),
    /// No, and there are so many others already that nobody reads this one.
    TooMany,
}

impl Told {
    /// Looks it up, and remembers it.
    pub(super) fn news(&mut self, contradiction: &Contradiction, text: &str) -> News {
        let key = key(contradiction);
        if let Some((_, text)) = self.known.iter().find(|(known, _)| *known == key) {
            return News::Again(text.clone());
        }
        if self.known.len() >= TOLD {
            return News::TooMany;
        }
        self.known.push((key, text.to_owned()));
        News::First
    }

    /// As if it had not been told.
    pub(super) fn forget(&mut self, contradiction: &Contradiction) {
        let key = key(contradiction);
        self.known.retain(|(known, _)| *known != key);
    }
}

fn key(contradiction: &Contradiction) -> Key {
    (contradiction.kind, *contradiction.first.sth.head(), *contradiction.second.sth.head())
}
