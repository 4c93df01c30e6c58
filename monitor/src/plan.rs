//! Which entries to ask for next, and putting the answers in order. Pure.
//!
//! A log answers as many entries as it likes, from the first one asked for. So each range that is asked for may come in
//! pieces; several ranges are on their way at a time, and what comes is handed on in the order of the log. At most a fixed
//! number of ranges is begun and not handed on, which bounds what is held in memory.

use std::collections::VecDeque;
use std::ops::Range;

/// The longest range that is asked for: what logs serve at most, and where those that align their answers cut.
pub const WINDOW: u64 = 1000;

/// Entries on their way.
#[derive(Debug)]
pub struct Plan<T> {
    /// The first entry that is in no slot.
    next: u64,
    most: usize,
    slots: VecDeque<Slot<T>>,
}

#[derive(Debug)]
enum Slot<T> {
    Open(Range<u64>),
    Asked(Range<u64>),
    Here(Vec<T>),
}

impl<T> Plan<T> {
    /// Goes on from entry `next`, with at most `most` ranges begun.
    pub const fn new(next: u64, most: usize) -> Self {
        Self { next, most, slots: VecDeque::new() }
    }

    /// A range to ask for, none at or above `end`; none if there is nothing more to ask for now. It is to be followed by
    /// [`Plan::answered`] or [`Plan::failed`] of the same range.
    pub fn ask(&mut self, end: u64) -> Option<Range<u64>> {
        let open = self.slots.iter_mut().find(|slot| matches!(slot, Slot::Open(_)));
        if let Some(slot) = open
            && let Slot::Open(range) = slot
        {
            let range = range.clone();
            *slot = Slot::Asked(range.clone());
            return Some(range);
        }
        let begun = self.slots.iter().filter(|slot| !matches!(slot, Slot::Open(_))).count();
        if self.next >= end || begun >= self.most {
            return None;
        }
        let range = self.next..end.min((self.next / WINDOW + 1) * WINDOW);
        self.next = range.end;
        self.slots.push_back(Slot::Asked(range.clone()));
        Some(range)
    }

    /// The first entries of a range have come: at least one, at most all.
    pub fn answered(&mut self, asked: &Range<u64>, items: Vec<T>) {
        let Some(at) = self.find(asked) else { return };
        let rest = asked.start + items.len() as u64..asked.end;
        if rest.is_empty() {
            self.slots.remove(at);
        } else {
            self.slots[at] = Slot::Open(rest);
        }
        match at.checked_sub(1).and_then(|before| self.slots.get_mut(before)) {
            Some(Slot::Here(before)) => before.extend(items),
            _ => self.slots.insert(at, Slot::Here(items)),
        }
    }

    /// Nothing has come; the range will be asked for again.
    pub fn failed(&mut self, asked: &Range<u64>) {
        if let Some(at) = self.find(asked) {
            self.slots[at] = Slot::Open(asked.clone());
        }
    }

    fn find(&self, asked: &Range<u64>) -> Option<usize> {
        self.slots.iter().position(|slot| matches!(slot, Slot::Asked(range) if range == asked))
    }

    /// What has come and follows what was taken before.
    pub fn take(&mut self) -> Vec<T> {
        let mut taken = Vec::new();
        while let Some(Slot::Here(items)) = self.slots.front_mut() {
            taken.append(items);
            self.slots.pop_front();
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs a plan to `end` under a seed that decides what comes when, in how large pieces; the largest number of ranges
    /// that were under way at a time.
    fn run(seed: u64, start: u64, end: u64, most: usize) -> usize {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut plan = Plan::new(start, most);
        let (mut asked, mut taken, mut widest): (Vec<Range<u64>>, Vec<u64>, usize) =
            (Vec::new(), Vec::new(), 0);
        while taken.len() as u64 != end - start {
            while asked.len() < most
                && let Some(range) = plan.ask(end)
            {
                assert!(range.start < range.end && range.end <= end && range.end - range.start <= WINDOW);
                asked.push(range);
            }
            widest = widest.max(asked.len());
            assert!(plan.slots.len() <= 2 * most, "what is held is bounded");
            let range = asked.swap_remove(random.usize(..asked.len()));
            if random.u8(..4) == 0 {
                plan.failed(&range);
            } else {
                let count = random.u64(1..=range.end - range.start);
                plan.answered(&range, (range.start..range.start + count).collect());
            }
            taken.extend(plan.take());
            assert!(taken.iter().copied().eq((start..).take(taken.len())), "in order, each once");
        }
        assert_eq!(plan.ask(end), None);
        widest
    }

    #[test]
    fn whatever_comes_when_the_entries_come_out_in_order_each_once() {
        for seed in 0..200 {
            let mut random = fastrand::Rng::with_seed(seed);
            let start = random.u64(..3000);
            let end = start + random.u64(..6000);
            run(seed, start, end, random.usize(1..6));
        }
        assert_eq!(run(1, 0, 10_000, 4), 4);
    }

    #[test]
    fn ranges_end_where_caches_of_logs_do() {
        let mut plan = Plan::<u64>::new(1234, 9);
        let mut ask = || plan.ask(3500);
        assert_eq!(
            [ask(), ask(), ask(), ask()],
            [Some(1234..2000), Some(2000..3000), Some(3000..3500), None]
        );
        // The tree has grown.
        assert_eq!(plan.ask(3501), Some(3500..3501));
    }

    #[test]
    fn an_answer_that_nobody_waits_for_changes_nothing() {
        let mut plan = Plan::new(0, 2);
        let range = plan.ask(10).unwrap();
        plan.answered(&(3..7), vec![3, 4]);
        plan.failed(&(0..9));
        plan.answered(&range, vec![0]);
        plan.answered(&range, vec![0]);
        assert_eq!((plan.take(), plan.ask(10)), (vec![0], Some(1..10)));
    }
}
