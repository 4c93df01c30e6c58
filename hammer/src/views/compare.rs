//! All tree heads that were seen, and what they say together. Pure: fetching and proving is done elsewhere.

use ct::index::{LeafIndex, TreeSize};
use ct::sth::{TreeHead, VerifiedSth};
use ct::time::Timestamp;
use std::collections::BTreeMap;

/// A tree head, and the frontend that showed it first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The tree head.
    pub sth: VerifiedSth,
    /// The number of the frontend.
    pub frontend: usize,
    /// When it came, by our clock.
    pub received: Timestamp,
}

/// Two tree heads that one log cannot have signed, or one frontend cannot show one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contradiction {
    /// In what way.
    pub kind: &'static str,
    /// One.
    pub first: Shown,
    /// The other.
    pub second: Shown,
}

impl Contradiction {
    /// Two roots for one size.
    pub const SPLIT: &'static str = "split-view";
    /// A later tree head with fewer entries.
    pub const SHRUNK: &'static str = "shrunk";
    /// Two tree heads of one moment (RFC 6962 §3.5: each is more recent than the one before).
    pub const SAME_TIME: &'static str = "same-time";
    /// A frontend showed an older tree head than it had shown before. Its signatures prove nothing, but its readers see
    /// the log go back.
    pub const WENT_BACK: &'static str = "went-back";
    /// The log's proof does not lead from one to the other.
    pub const INCONSISTENT: &'static str = "inconsistent";
}

/// Two neighbours among the trees that were seen: the second must extend the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The smaller.
    pub first: Shown,
    /// The larger.
    pub second: Shown,
}

/// What a frontend had shown when it was asked again.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    frontend: usize,
    newest: Option<TreeHead>,
}

/// What an answer brings.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Answered {
    /// Whether this frontend had not shown this very head last.
    pub new: bool,
    /// What it contradicts.
    pub contradictions: Vec<Contradiction>,
    /// What is to be proved now.
    pub checks: Vec<Check>,
}

/// All tree heads that were seen.
#[derive(Debug, Default)]
pub struct Views {
    newest: BTreeMap<usize, Shown>,
    by_time: BTreeMap<Timestamp, Shown>,
    /// Of each size the first that was signed, as far as it was seen.
    by_size: BTreeMap<TreeSize, Shown>,
}

impl Views {
    /// A frontend is about to be asked.
    pub fn ask(&self, frontend: usize) -> Asked {
        Asked { frontend, newest: self.newest(frontend) }
    }

    /// The newest that this frontend has shown, and when.
    pub fn shown(&self, frontend: usize) -> Option<&Shown> {
        self.newest.get(&frontend)
    }

    /// The newest that this frontend has shown.
    pub fn newest(&self, frontend: usize) -> Option<TreeHead> {
        self.newest.get(&frontend).map(|shown| *shown.sth.head())
    }

    /// The largest tree that was seen.
    pub fn largest(&self) -> Option<TreeHead> {
        self.by_size.last_key_value().map(|(_, shown)| *shown.sth.head())
    }

    /// How many trees were seen.
    pub fn sizes(&self) -> usize {
        self.by_size.len()
    }

    /// Two of the trees that this frontend must know, if there are as many. `pick` chooses a number below its argument.
    pub fn pair(
        &self,
        frontend: usize,
        mut pick: impl FnMut(usize) -> usize,
    ) -> Option<(TreeHead, TreeHead)> {
        let limit = self.newest(frontend)?.tree_size;
        let known: Vec<TreeHead> = self.by_size.range(..=limit).map(|(_, shown)| *shown.sth.head()).collect();
        let second = 1 + pick(known.len().checked_sub(1).filter(|count| *count > 0)?);
        let (first, second) = (known[pick(second)], known[second]);
        (first.tree_size > TreeSize::ZERO).then_some((first, second))
    }

    /// The first tree head with this entry, as far as they were seen.
    pub fn first_with(&self, index: LeafIndex) -> Option<&Shown> {
        self.by_size.range(index.size_including()..).next().map(|(_, shown)| shown)
    }

    /// The last tree head that was seen without this entry.
    pub fn last_without(&self, index: LeafIndex) -> Option<&Shown> {
        let with = self.first_with(index).map(|shown| shown.sth.head().timestamp);
        let mut before = self.by_time.range(..with.unwrap_or(Timestamp::from_millis(u64::MAX)));
        before.next_back().map(|(_, shown)| shown)
    }

    /// A frontend has answered.
    pub fn answered(&mut self, asked: Asked, sth: VerifiedSth, received: Timestamp) -> Answered {
        let shown = Shown { sth, frontend: asked.frontend, received };
        let head = *shown.sth.head();
        let mut answered = Answered::default();
        if let Some(before) = asked.newest
            && (head.timestamp < before.timestamp || head.tree_size < before.tree_size)
            && let Some(newest) = self.newest.get(&asked.frontend)
        {
            answered.contradict(Contradiction::WENT_BACK, newest, &shown);
        }
        let newest = self.newest.get(&asked.frontend);
        answered.new = newest.is_none_or(|newest| newest.sth != shown.sth);
        if newest.is_none_or(|newest| newest.sth.head().timestamp < head.timestamp) {
            self.newest.insert(asked.frontend, shown.clone());
        }
        if self.by_time.get(&head.timestamp).is_none_or(|known| *known.sth.head() != head) {
            self.place(shown, &mut answered);
        }
        answered
    }

    /// A tree head that was not seen before.
    fn place(&mut self, shown: Shown, answered: &mut Answered) {
        let head = *shown.sth.head();
        if let Some(same) = self.by_size.get(&head.tree_size)
            && same.sth.head().root_hash != head.root_hash
        {
            answered.contradict(Contradiction::SPLIT, same, &shown);
            return;
        }
        if let Some(same) = self.by_time.get(&head.timestamp) {
            answered.contradict(Contradiction::SAME_TIME, same, &shown);
            return;
        }
        let before = self.by_time.range(..head.timestamp).next_back().map(|(_, shown)| shown);
        let after = self.by_time.range(head.timestamp..).next().map(|(_, shown)| shown);
        if let Some(before) = before.filter(|before| before.sth.head().tree_size > head.tree_size) {
            answered.contradict(Contradiction::SHRUNK, before, &shown);
        }
        if let Some(after) = after.filter(|after| after.sth.head().tree_size < head.tree_size) {
            answered.contradict(Contradiction::SHRUNK, &shown, after);
        }
        self.by_time.insert(head.timestamp, shown.clone());
        match self.by_size.get_mut(&head.tree_size) {
            Some(same) if same.sth.head().timestamp > head.timestamp => *same = shown,
            Some(_) => {}
            None => self.grow(shown, answered),
        }
    }

    /// A tree of a size that was not seen before: its neighbours are to be proved consistent with it. The rest follows,
    /// for consistency carries on from tree to tree.
    fn grow(&mut self, shown: Shown, answered: &mut Answered) {
        let size = shown.sth.head().tree_size;
        let smaller = self.by_size.range(..size).next_back().map(|(_, shown)| shown.clone());
        let larger = self.by_size.range(size..).next().map(|(_, shown)| shown.clone());
        self.by_size.insert(size, shown.clone());
        answered.checks.extend(smaller.map(|first| Check { first, second: shown.clone() }));
        answered.checks.extend(larger.map(|second| Check { first: shown, second }));
    }
}

impl Answered {
    fn contradict(&mut self, kind: &'static str, first: &Shown, second: &Shown) {
        self.contradictions.push(Contradiction { kind, first: first.clone(), second: second.clone() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::testing::{LogInHand, NOW};

    fn see(views: &mut Views, frontend: usize, sth: &VerifiedSth) -> Answered {
        let asked = views.ask(frontend);
        views.answered(asked, sth.clone(), NOW)
    }

    fn kinds(answered: &Answered) -> Vec<&'static str> {
        answered.contradictions.iter().map(|contradiction| contradiction.kind).collect()
    }

    fn sizes(answered: &Answered) -> Vec<(u64, u64)> {
        let size = |shown: &Shown| shown.sth.head().tree_size.get();
        answered.checks.iter().map(|check| (size(&check.first), size(&check.second))).collect()
    }

    #[test]
    fn frontends_that_show_one_log_at_their_own_pace_do_not_contradict_each_other() {
        let (log, mut views) = (LogInHand::new(7), Views::default());
        let seen: Vec<Answered> = [(0, 1), (1, 1), (0, 5), (0, 9), (1, 5), (1, 9), (1, 9)]
            .into_iter()
            .map(|(frontend, size)| see(&mut views, frontend, &log.head(size)))
            .collect();
        assert!(seen.iter().all(|answered| answered.contradictions.is_empty()));
        let checks: Vec<_> = seen.iter().flat_map(sizes).collect();
        assert_eq!(checks, [(1, 5), (5, 9)]);
        let new: Vec<bool> = seen.iter().map(|answered| answered.new).collect();
        assert_eq!(new, [true, true, true, true, true, true, false]);
    }

    #[test]
    fn a_tree_seen_late_is_tied_to_both_neighbours() {
        let (log, mut views) = (LogInHand::new(7), Views::default());
        see(&mut views, 0, &log.head(2));
        see(&mut views, 0, &log.head(8));
        assert_eq!(sizes(&see(&mut views, 1, &log.head(5))), [(2, 5), (5, 8)]);
    }

    #[test]
    fn each_contradiction_has_its_name() {
        let log = LogInHand::new(7);
        let cases = [
            // (size, second, root) of two heads, on two frontends.
            ((5, 1, 1), (5, 2, 2), Contradiction::SPLIT),
            ((5, 1, 1), (4, 2, 2), Contradiction::SHRUNK),
            ((4, 2, 2), (5, 1, 1), Contradiction::SHRUNK),
            ((5, 1, 1), (6, 1, 2), Contradiction::SAME_TIME),
        ];
        for ((size, second, root), (other_size, other_second, other_root), kind) in cases {
            let mut views = Views::default();
            see(&mut views, 0, &log.sign(size, second, root));
            let answered = see(&mut views, 1, &log.sign(other_size, other_second, other_root));
            assert_eq!(kinds(&answered), [kind]);
        }
    }

    #[test]
    fn a_frontend_goes_back_only_if_it_was_asked_after_it_had_answered() {
        let (log, mut views) = (LogInHand::new(7), Views::default());
        let asked_early = views.ask(0);
        see(&mut views, 0, &log.head(5));
        // Two requests on the way at once may be answered in any order.
        assert_eq!(kinds(&views.answered(asked_early, log.head(3), NOW)), Vec::<&str>::new());
        assert_eq!(kinds(&see(&mut views, 0, &log.head(3))), [Contradiction::WENT_BACK]);
        // Another frontend may be behind.
        assert_eq!(kinds(&see(&mut views, 1, &log.head(3))), Vec::<&str>::new());
        assert_eq!(views.newest(0), Some(*log.head(5).head()));
    }

    #[test]
    fn an_entry_was_published_by_the_first_tree_that_has_it() {
        let (log, mut views) = (LogInHand::new(7), Views::default());
        // The same tree signed again later, and seen in the wrong order.
        for (size, second) in [(3, 3), (8, 20), (8, 10), (3, 7)] {
            let asked = Asked { frontend: 0, newest: None };
            views.answered(asked, log.sign(size, second, size as u8), NOW);
        }
        let at = |second| log.sign(1, second, 1).head().timestamp;
        let with = |index| views.first_with(LeafIndex::of(index)).map(|shown| shown.sth.head().timestamp);
        assert_eq!((with(2), with(3), with(8)), (Some(at(3)), Some(at(10)), None));
        let without =
            |index| views.last_without(LeafIndex::of(index)).map(|shown| shown.sth.head().timestamp);
        assert_eq!(without(2), None);
        assert_eq!(without(3), Some(at(7)));
        assert_eq!(without(8), Some(at(20)));
    }

    #[test]
    fn pairs_are_trees_that_the_frontend_knows() {
        let (log, mut views) = (LogInHand::new(7), Views::default());
        assert_eq!(views.pair(0, |_| 0), None);
        see(&mut views, 0, &log.head(3));
        assert_eq!(views.pair(0, |_| 0), None);
        see(&mut views, 1, &log.head(5));
        see(&mut views, 1, &log.head(9));
        assert_eq!(views.pair(0, |_| 0), None);
        let (first, second) = views.pair(1, |count| count - 1).unwrap();
        assert_eq!((first.tree_size.get(), second.tree_size.get()), (5, 9));
    }
}
