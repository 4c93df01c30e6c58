//! get-entries and get-roots.

use std::ops::Range;

use judge::merkle::sha256;
use serde_json::{Value, json};

use super::form::encode;
use super::{Answered, Teller, no, number};
use crate::http::Answer;
use crate::lie::{Gap, Lie};
use crate::requests::Request;
use crate::tree::Tree;

impl Teller<'_> {
    pub(super) fn get_entries(&self, request: &Request) -> Answered {
        let (start, end) = self.bounds(request)?;
        let state = self.log.state();
        let tree = state.tree(self.branch);
        let real = self.size(&state);
        let size = match self.lie {
            Lie::EndlessEntries(claimed) if real > 0 => claimed as usize,
            _ => real,
        };
        if start >= size && self.lie == Lie::EmptyEntriesAtEnd {
            return Ok(json!({ "entries": [] }));
        }
        if start >= size || (end >= size && self.lie == Lie::EntriesBeyondEndRefused) {
            return no("beyond the tree");
        }
        let most = match self.lie {
            Lie::EntriesTooMany => (end - start).saturating_add(2),
            _ => (end - start).saturating_add(1).min((state.max_get_entries as usize).max(1)),
        };
        let range = start..start.saturating_add(most).min(size);
        let Some(range) = self.moved(range)? else { return Ok(json!({ "entries": [] })) };
        let mut entries: Vec<Value> = range.map(|index| self.entry(tree, index % real)).collect();
        match self.lie {
            Lie::EntriesSwapped if entries.len() > 1 => entries.swap(0, 1),
            Lie::EntriesTooMany if start + entries.len() == end + 1 => {
                entries.extend(entries.last().cloned())
            }
            _ => {}
        }
        Ok(json!({ "entries": entries }))
    }

    /// The first and last index asked for.
    fn bounds(&self, request: &Request) -> Result<(usize, usize), Answer> {
        let negative = || request.parameter("start").is_some_and(|start| start.starts_with('-'));
        let start = match number(request, "start") {
            Err(_) if self.lie == Lie::NegativeStartIsZero && negative() => 0,
            start => start?,
        };
        let end = match number(request, "end") {
            Err(_) if self.lie == Lie::MissingEndIsStart && request.parameter("end").is_none() => start,
            end => end?,
        };
        if start > end { no("start after end") } else { Ok((start, end)) }
    }

    /// What is served instead of the entries from `range`; None if that is an empty list.
    fn moved(&self, range: Range<usize>) -> Result<Option<Range<usize>>, Answer> {
        Ok(Some(match self.lie {
            Lie::EntriesFromElsewhere if range.len() > 1 => range.start + 1..range.end,
            Lie::EntryMissing(missing, gap) if range.contains(&(missing as usize)) => {
                let before = range.start..missing as usize;
                match gap {
                    _ if !before.is_empty() => before,
                    Gap::BadRequest => return no("no such entry"),
                    Gap::NotFound => return Err(Answer::refused(404, "no such entry")),
                    Gap::Empty => return Ok(None),
                }
            }
            _ => range,
        }))
    }

    pub(super) fn entry(&self, tree: &Tree, index: usize) -> Value {
        let mut entry = tree.entry(index).clone();
        let at = index as u64;
        match self.lie {
            // The last byte of the timestamp.
            Lie::EntryTampered(wrong) if wrong == at => entry.leaf_input[9] ^= 1,
            Lie::EntryTruncated(wrong) if wrong == at => {
                entry.leaf_input.pop();
            }
            Lie::EntryTrailing(wrong) if wrong == at => entry.leaf_input.push(0),
            Lie::ExtraDataJunk(wrong) if wrong == at => entry.extra_data = sha256(b"junk").to_vec(),
            Lie::ExtraDataTrailing => entry.extra_data.push(0),
            _ => {}
        }
        json!({ "leaf_input": encode(entry.leaf_input), "extra_data": encode(entry.extra_data) })
    }

    pub(super) fn get_roots(&self) -> Value {
        let roots = match self.lie {
            Lie::TestCaMissingFromRoots | Lie::RootsUnrelatedToChains => Vec::new(),
            _ => self.log.roots.iter().map(encode).collect(),
        };
        json!({ "certificates": roots })
    }
}
