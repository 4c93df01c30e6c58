//! What a repair would do, from what the nodes say. Pure: it stops nobody, and can be looked at without being applied.

use crate::scan::{Age, Scan};
use crate::wanted::Wanted;
use ct::hash::RootHash;
use ct::index::Term;
use ct::key::LogKey;
use ct::names::NodeName;
use ct::order::LogHead;
use ct::sth::Sth;
use ct::term::{Change, ChangeError, Guard, Voter};
use ct::time::Timestamp;
use ct::wire::status::{Detail, Status, WaitsFor};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// Who wants the repair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "by")]
pub enum Cause {
    /// The watch: the newest tree head is older than this.
    Age {
        /// In milliseconds.
        limit_ms: u64,
    },
    /// A person, who needs no reason.
    Person,
}

/// What is to be done. The Stop replies decide what the term starts from; `start` and `primary` are what is expected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Why.
    pub cause: Cause,
    /// The term in force.
    pub from: Term,
    /// Its primary.
    pub old_primary: NodeName,
    /// The term to be installed.
    pub term: Term,
    /// Who is stopped: every voter that can be reached.
    pub stop: Vec<NodeName>,
    /// The greatest accepted head among those that answered.
    pub start: LogHead,
    /// Who would be primary.
    pub primary: NodeName,
    /// What changes besides.
    pub change: Change,
    /// The newest tree head that anybody shows.
    pub newest_sth: Option<Sth>,
    /// For each merge node that answered, how many complaints it has.
    pub complaints: BTreeMap<NodeName, usize>,
}

/// Why nothing is planned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "no_plan")]
pub enum NoPlan {
    /// The newest tree head is young enough.
    #[error("the newest tree head is {} old; a repair begins at {}", seconds(*age_ms), seconds(*limit_ms))]
    NotOld {
        /// Its age in milliseconds.
        age_ms: u64,
        /// The age from which repair acts.
        limit_ms: u64,
    },
    /// Silence is not age.
    #[error("{answered} of {frontends} frontends answer: how old the newest tree head is cannot be known")]
    Silence {
        /// Frontends that answered.
        answered: usize,
        /// Frontends.
        frontends: usize,
    },
    /// Nothing can be old yet.
    #[error("no frontend shows a tree head yet: there is no age to go by")]
    Unpublished,
    /// What is wanted is so already.
    #[error("nothing is to be done: {what}")]
    Done {
        /// What is so.
        what: String,
    },
    /// A node that is to take part does not answer.
    #[error("{node} is to take part, and does not answer: {why}")]
    Unreachable {
        /// Which.
        node: NodeName,
        /// Why, as far as known.
        why: String,
    },
    /// What is wanted cannot be.
    #[error(transparent)]
    Impossible {
        /// Why.
        error: ChangeError,
    },
    /// Fewer than a majority of merge nodes answer in a state that counts.
    #[error(
        "{counted} of {voters} merge nodes answer and count, a majority is {majority}: {}",
        list(missing)
    )]
    NoMajority {
        /// Those that count.
        counted: usize,
        /// Voters.
        voters: usize,
        /// How many it takes.
        majority: usize,
        /// What is wrong with each of the others.
        missing: Vec<String>,
    },
    /// An ordinary repair is possible.
    #[error(
        "{counted} of {voters} merge nodes answer and count, a majority: wolffish repair --now does without a person's word"
    )]
    Majority {
        /// Those that count.
        counted: usize,
        /// Voters.
        voters: usize,
    },
    /// No merge node has the tree of the newest tree head.
    #[error(
        "no merge node has the tree of the newest tree head, of size {size}, root {root}: make one from a frontend's copy of it (wolffish init-node --from-copy)"
    )]
    NobodyHolds {
        /// Its size.
        size: u64,
        /// Its root.
        root: RootHash,
    },
    /// A node has a certificate that repair could not learn.
    #[error(
        "{node} is in term {term}, and its certificate could not be had: term {known} is the newest that is known"
    )]
    Behind {
        /// Which.
        node: NodeName,
        /// Its term.
        term: Term,
        /// The newest that is known.
        known: Term,
    },
    /// A person named another tree head than the newest.
    #[error("the newest tree head has the root {newest}, not {named}")]
    NotTheNewest {
        /// What was named.
        named: String,
        /// What is so.
        newest: RootHash,
    },
    /// The primary works, and waits for what another primary would wait for too.
    #[error("primary {primary} works, and says why nothing is published: {reason}")]
    Blamed {
        /// The primary.
        primary: NodeName,
        /// Its reason.
        reason: String,
    },
    /// Two merge nodes accepted different heads of one term and size. Never chosen between.
    #[error("EVIDENCE: {one} and {other} accepted different trees of size {size} in term {term}")]
    Conflict {
        /// One node.
        one: NodeName,
        /// The other.
        other: NodeName,
        /// The term.
        term: Term,
        /// The size.
        size: u64,
    },
    /// A majority has accepted less than what was published. A published tree is never cut.
    #[error("EVIDENCE: a tree head of size {published} was signed, and a majority has accepted {accepted}")]
    Contradicted {
        /// Size of the newest tree head.
        published: u64,
        /// Size of the greatest accepted head.
        accepted: u64,
    },
}

impl NoPlan {
    /// Whether it only means that there is nothing to do yet.
    pub const fn is_patience(&self) -> bool {
        matches!(
            self,
            NoPlan::NotOld { .. } | NoPlan::Silence { .. } | NoPlan::Unpublished | NoPlan::Done { .. }
        )
    }

    /// Whether the log's newest tree head will be old within this time, unless another one comes.
    pub fn is_soon_over(&self, within: Duration) -> bool {
        let NoPlan::NotOld { age_ms, limit_ms } = *self else { return false };
        Duration::from_millis(limit_ms.saturating_sub(age_ms)) <= within
    }
}

fn list(items: &[String]) -> String {
    items.join("; ")
}

/// Milliseconds as seconds, with one decimal.
pub(crate) fn seconds(millis: u64) -> String {
    format!("{}.{} s", millis / 1000, millis % 1000 / 100)
}

/// A merge node whose word counts.
pub(crate) struct Counted<'a> {
    node: &'a NodeName,
    term: Term,
    head: LogHead,
    status: &'a Status,
}

/// Plans a repair of one log, or a change that is made as a repair is.
///
/// # Errors
/// Why there is none; of those reasons that apply, the first in the order of [`NoPlan`].
pub fn plan(cause: Cause, wanted: &Wanted, guard: &Guard, key: &LogKey, scan: &Scan) -> Result<Plan, NoPlan> {
    if let Cause::Age { limit_ms } = cause {
        demand_age(scan.age(key), Duration::from_millis(limit_ms))?;
    }
    let body = &guard.certificate().body;
    let change = wanted.change(guard, scan)?;
    let after = change.voters(&body.voters, guard.term().plus(1));
    let after = after.map_err(|error| NoPlan::Impossible { error })?;
    let (counted, missing) = count(guard, scan);
    let (voters, majority) = (body.voters.len(), body.voters.majority());
    if counted.len() < majority {
        return Err(NoPlan::NoMajority { counted: counted.len(), voters, majority, missing });
    }
    // Of those who will vote a majority must be stopped too; the state of who comes anew counts for nothing.
    let same = |one: &&Counted<'_>| after.find(one.node) == body.voters.find(one.node);
    let stay = counted.iter().filter(same).count();
    if stay < after.majority() {
        let (voters, majority) = (after.len(), after.majority());
        return Err(NoPlan::NoMajority { counted: stay, voters, majority, missing });
    }
    if let (Cause::Age { .. }, Some(reason)) = (cause, blame(&body.primary, body.term, scan)) {
        return Err(NoPlan::Blamed { primary: body.primary.clone(), reason });
    }
    // There is one: a majority is more than none.
    let best = greatest(&counted).ok_or(NoPlan::NoMajority { counted: 0, voters, majority, missing })?;
    if let Some(other) = counted.iter().find(|other| contradicts(other, best)) {
        let (one, other) = (best.node.clone(), other.node.clone());
        return Err(NoPlan::Conflict { one, other, term: best.term, size: best.head.size.get() });
    }
    let newest_sth = scan.newest_sth(key).map(|sth| sth.sth().clone());
    if let Some(sth) = &newest_sth {
        check_published(&best.head, sth)?;
    }
    let complaints: BTreeMap<_, _> =
        counted.iter().map(|c| (c.node.clone(), c.status.not_ready.len())).collect();
    let stays = |node: &NodeName| after.find(node).is_some();
    let holders = counted.iter().filter(|c| c.head == best.head && stays(c.node)).map(|c| c.node);
    let primary = fittest(holders, (&body.primary, &change), &complaints).unwrap_or(best.node).clone();
    Ok(Plan {
        cause,
        from: body.term,
        old_primary: body.primary.clone(),
        term: next_term(guard, scan),
        stop: body.voters.iter().map(|voter| voter.name.clone()).collect(),
        start: best.head,
        primary,
        change,
        newest_sth,
        complaints,
    })
}

fn demand_age(age: Age, limit: Duration) -> Result<(), NoPlan> {
    let millis = |span: Duration| span.as_millis() as u64;
    match age {
        Age::Silence { answered, frontends } => Err(NoPlan::Silence { answered, frontends }),
        Age::Unpublished => Err(NoPlan::Unpublished),
        Age::Known(age) if age < limit => {
            Err(NoPlan::NotOld { age_ms: millis(age), limit_ms: millis(limit) })
        }
        Age::Known(_) => Ok(()),
    }
}

/// A majority of frontends shows nothing that a majority's accepted head does not contain (docs/protocol.md, R4).
pub(crate) fn check_published(start: &LogHead, sth: &Sth) -> Result<(), NoPlan> {
    let contradicted = start.size < sth.head.tree_size
        || (start.size == sth.head.tree_size && start.root != sth.head.root_hash);
    if contradicted {
        let (published, accepted) = (sth.head.tree_size.get(), start.size.get());
        return Err(NoPlan::Contradicted { published, accepted });
    }
    Ok(())
}

/// The voters whose word counts, and what is wrong with the others (docs/protocol.md, R2).
pub(crate) fn count<'a>(guard: &'a Guard, scan: &'a Scan) -> (Vec<Counted<'a>>, Vec<String>) {
    let (mut counted, mut missing) = (Vec::new(), Vec::new());
    for voter in guard.certificate().body.voters.iter() {
        match count_one(voter, scan) {
            Ok(one) => counted.push(one),
            Err(why) => missing.push(format!("{}: {why}", voter.name)),
        }
    }
    (counted, missing)
}

fn count_one<'a>(voter: &'a Voter, scan: &'a Scan) -> Result<Counted<'a>, String> {
    let look = scan.looks.iter().find(|look| look.node == voter.name).ok_or("it was not asked")?;
    let status = look.answer.as_ref().map_err(Clone::clone)?;
    match &status.detail {
        Detail::Merge { incarnation, accepted_term, accepted, .. } => {
            if *incarnation != voter.incarnation {
                Err(format!(
                    "recovering: its state is {incarnation}, the voter list has {}",
                    voter.incarnation
                ))
            } else if *accepted_term < voter.joining_term {
                Err(format!("it joined in term {} and has endorsed nothing since", voter.joining_term))
            } else {
                Ok(Counted { node: &voter.name, term: *accepted_term, head: *accepted, status })
            }
        }
        _ => Err("it does not answer as a merge node".to_owned()),
    }
}

fn greatest<'a, 'b>(counted: &'b [Counted<'a>]) -> Option<&'b Counted<'a>> {
    counted.iter().max_by_key(|one| (one.term, one.head.size))
}

fn contradicts(one: &Counted<'_>, other: &Counted<'_>) -> bool {
    (one.term, one.head.size) == (other.term, other.head.size) && one.head != other.head
}

/// A primary that works and waits for the signer: a new one would wait for the same (docs/protocol.md, R6).
fn blame(primary: &NodeName, term: Term, scan: &Scan) -> Option<String> {
    let status = scan.status(primary)?;
    match &status.detail {
        Detail::Merge { stopped: None, waits_for: Some(WaitsFor::Signer), waiting, .. }
            if status.term == term =>
        {
            Some(waiting.clone().unwrap_or_else(|| "it waits for the signer".to_owned()))
        }
        _ => None,
    }
}

/// Above every term in force and every stop that is known of.
pub(crate) fn next_term(guard: &Guard, scan: &Scan) -> Term {
    let known = scan.looks.iter().filter_map(|look| {
        let status = look.answer.as_ref().ok()?;
        let stopped = match &status.detail {
            Detail::Merge { stopped, .. } => *stopped,
            Detail::Signer { released, .. } => *released,
            _ => None,
        };
        Some(stopped.unwrap_or(Term::ZERO).max(status.term))
    });
    // What nodes say is not signed: no single one may send the term beyond what the others take.
    let reach = guard.term().plus(ct::limits::MAX_TERM_STEP - 1);
    known.filter(|term| *term <= reach).fold(guard.term(), Term::max).plus(1)
}

/// Of the nodes that hold the start head: rather not the old primary, which may be what is wrong, unless a person changes
/// something else; then the one with the fewest complaints; then the first by name.
pub(crate) fn fittest<'a>(
    holders: impl Iterator<Item = &'a NodeName>,
    (old_primary, change): (&NodeName, &Change),
    complaints: &BTreeMap<NodeName, usize>,
) -> Option<&'a NodeName> {
    let unwelcome = |node: &NodeName| (node == old_primary) != change.is_something();
    holders.min_by_key(|node| {
        (unwelcome(node), complaints.get(*node).copied().unwrap_or(usize::MAX), (*node).clone())
    })
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.stop.iter().map(NodeName::as_str).collect();
        match self.cause {
            Cause::Age { limit_ms } => {
                writeln!(f, "because the newest tree head is older than {}", seconds(limit_ms))?;
            }
            Cause::Person => writeln!(f, "because a person wants it")?,
        }
        if let Some(sth) = &self.newest_sth {
            let TreeHeadText(text) = TreeHeadText::of(sth);
            writeln!(f, "newest tree head: {text}; nothing of it is ever cut")?;
        }
        writeln!(f, "1. stop {} for term {} (term {} is in force)", names.join(", "), self.term, self.from)?;
        if self.change.is_something() {
            writeln!(f, "from term {} on {}", self.term, self.change)?;
        }
        writeln!(f, "2. start the term from the tree of size {}, root {}", self.start.size, self.start.root)?;
        writeln!(
            f,
            "3. make {} primary in place of {}, and tell every node",
            self.primary, self.old_primary
        )?;
        write!(f, "What the nodes answer when they are stopped decides points 2 and 3.")
    }
}

struct TreeHeadText(String);

impl TreeHeadText {
    fn of(sth: &Sth) -> Self {
        let at: Timestamp = sth.head.timestamp;
        Self(format!("size {}, signed at {at}", sth.head.tree_size))
    }
}
