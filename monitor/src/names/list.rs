//! All that is watched, ready to be looked up: the work for a name depends on its labels, not on the number of patterns.

use super::{HostName, Pattern};
use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;

/// The patterns of one run.
#[derive(Debug, Clone, Default)]
pub struct WatchList {
    patterns: Vec<Pattern>,
    exact: HashMap<String, usize>,
    below: HashMap<String, usize>,
    wildcard: HashMap<String, usize>,
    addresses: HashMap<IpAddr, usize>,
    all: Option<usize>,
    /// First labels of watched names, under the rest of the name: what a wildcard of that rest may cover.
    covered: HashMap<String, Vec<(String, usize)>>,
}

impl WatchList {
    /// Watches these; what stands there twice is watched once.
    pub fn new(patterns: impl IntoIterator<Item = Pattern>) -> Self {
        let mut list = Self::default();
        let mut seen = BTreeSet::new();
        for pattern in patterns {
            if seen.insert(pattern.clone()) {
                list.add(pattern);
            }
        }
        list
    }

    fn add(&mut self, pattern: Pattern) {
        let number = self.patterns.len();
        match &pattern {
            Pattern::Exact(name) => {
                self.exact.insert(name.to_string(), number);
                self.cover(name, number);
            }
            Pattern::Below(name) => {
                self.below.insert(name.to_string(), number);
                self.cover(name, number);
            }
            Pattern::Wildcard(name) => {
                self.wildcard.insert(format!("*.{name}"), number);
            }
            Pattern::Address(address) => {
                self.addresses.insert(*address, number);
            }
            Pattern::All => self.all = Some(number),
        }
        self.patterns.push(pattern);
    }

    fn cover(&mut self, name: &HostName, number: usize) {
        let (first, rest) = name.split();
        let labels = self.covered.entry(rest.unwrap_or_default().to_owned()).or_default();
        labels.push((first.to_owned(), number));
    }

    /// Whether nothing is watched.
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// The patterns that a certificate with these names and addresses is about, in the order in which they were given.
    pub fn hits(&self, names: &[HostName], addresses: &[IpAddr]) -> Vec<&Pattern> {
        let mut hits: BTreeSet<usize> = self.all.into_iter().collect();
        if self.patterns.len() > hits.len() {
            names.iter().for_each(|name| self.look_up(name, &mut hits));
            hits.extend(addresses.iter().filter_map(|address| self.addresses.get(address)));
        }
        hits.into_iter().map(|number| &self.patterns[number]).collect()
    }

    fn look_up(&self, name: &HostName, hits: &mut BTreeSet<usize>) {
        hits.extend(self.exact.get(name.as_str()));
        hits.extend(self.wildcard.get(name.as_str()));
        hits.extend(name.suffixes().filter_map(|suffix| self.below.get(suffix)));
        let (first, rest) = name.split();
        if let Some((before, after)) = first.split_once('*')
            && let Some(labels) = self.covered.get(rest.unwrap_or_default())
        {
            let covers = |label: &str| {
                label.len() >= before.len() + after.len()
                    && label.starts_with(before)
                    && label.ends_with(after)
            };
            hits.extend(labels.iter().filter(|(label, _)| covers(label)).map(|(_, number)| number));
        }
    }
}
