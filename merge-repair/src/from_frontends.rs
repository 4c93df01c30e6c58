//! A log that lost a majority of its merge disks goes on from the newest tree head that was signed, by a person's word
//! (docs/protocol.md, T16, R9). Pure but for the keys that sign.

use crate::plan::{Cause, NoPlan, Plan, count, next_term};
use crate::run::{Run, Stage};
use crate::scan::{Look, Scan};
use ct::index::Term;
use ct::key::LogKey;
use ct::names::{NodeName, Role};
use ct::node_key::{NodeKey, NodeSigningKey};
use ct::order::LogHead;
use ct::sth::Sth;
use ct::term::{
    CertificateError, Change, Guard, OperatorWord, RunId, TermBody, TermCertificate, Voter, Voters,
};
use ct::time::Timestamp;
use ct::wire::status::Detail;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;

/// How a log would go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Continuation {
    /// The newest tree head that anybody shows: the one to go on from.
    pub sth: Sth,
    /// The term in force.
    pub from: Term,
    /// The term to be installed.
    pub term: Term,
    /// The same tree, as the primary-to-be has it.
    pub start: LogHead,
    /// Who is to be primary: it has that tree.
    pub primary: NodeName,
    /// Who is to vote: every merge node that answers.
    pub voters: Voters,
    /// Who voted and does not answer, with the reason: it votes no more.
    pub gone: Vec<String>,
    /// Storage nodes that do not answer, with the reason: what they have adopted is not known.
    pub silent: Vec<String>,
}

/// Looks for one, from what the nodes say. `key` is the log's, `keys` are those of the merge nodes that `cluster.toml` lists;
/// `begun` is the term of a run that is under way and that this would take the place of.
///
/// # Errors
/// Why there is none.
pub fn continuation(
    guard: &Guard,
    key: &LogKey,
    keys: &BTreeMap<NodeName, NodeKey>,
    begun: Option<Term>,
    scan: &Scan,
) -> Result<Continuation, NoPlan> {
    let body = &guard.certificate().body;
    let (counted, _) = count(guard, scan);
    let (found, voters, majority) = (counted.len(), body.voters.len(), body.voters.majority());
    if found >= majority {
        return Err(NoPlan::Majority { counted: found, voters });
    }
    // What a node has adopted that repair has not may have moved the right to sign, or the voters.
    let ahead = |look: &&Look| look.answer.as_ref().is_ok_and(|status| status.term > guard.term());
    if let Some((node, Ok(status))) = scan.looks.iter().find(ahead).map(|look| (&look.node, &look.answer)) {
        return Err(NoPlan::Behind { node: node.clone(), term: status.term, known: guard.term() });
    }
    // Each of them may have the newest.
    let must_answer = |look: &&Look| matches!(look.role, Role::Frontend | Role::Signer);
    for look in scan.looks.iter().filter(must_answer) {
        if let Err(why) = &look.answer {
            return Err(NoPlan::Unreachable { node: look.node.clone(), why: why.clone() });
        }
    }
    let sth = scan.newest_sth(key).ok_or(NoPlan::Unpublished)?.sth().clone();
    let term = next_term(guard, scan).max(begun.unwrap_or(Term::ZERO).plus(1));
    let (mut joining, mut holders, mut gone) = (Vec::new(), Vec::new(), Vec::new());
    for look in scan.looks.iter().filter(|look| look.role == Role::Merge) {
        let answer = look.answer.as_ref().map(|status| &status.detail);
        if let (Ok(Detail::Merge { incarnation, accepted, .. }), Some(key)) = (answer, keys.get(&look.node)) {
            let (name, key, incarnation) = (look.node.clone(), *key, *incarnation);
            if (accepted.size, accepted.root) == (sth.head.tree_size, sth.head.root_hash) {
                holders.push((name.clone(), *accepted));
            }
            joining.push(Voter { name, key, incarnation, joining_term: term });
        }
    }
    for voter in body.voters.iter().filter(|voter| joining.iter().all(|joins| joins.name != voter.name)) {
        let look = scan.looks.iter().find(|look| look.node == voter.name);
        let why = look.and_then(|look| look.answer.as_ref().err());
        let why = why.map_or("cluster.toml does not list it", String::as_str);
        gone.push(format!("{}: {why}", voter.name));
    }
    let storages = scan.looks.iter().filter(|look| look.role == Role::Storage);
    let silent = storages.filter_map(|look| Some(format!("{}: {}", look.node, look.answer.as_ref().err()?)));
    let silent = silent.collect();
    let (size, root) = (sth.head.tree_size.get(), sth.head.root_hash);
    let holder = holders.into_iter().min_by(|(one, _), (other, _)| one.cmp(other));
    let (primary, start) = holder.ok_or(NoPlan::NobodyHolds { size, root })?;
    // Names in a configuration are unique, and there is a holder.
    let voters = Voters::new(joining).map_err(|error| NoPlan::Impossible { error: error.into() })?;
    Ok(Continuation { sth, from: body.term, term, start, primary, voters, gone, silent })
}

impl Continuation {
    /// The run that installs it, with the certificate that the repair key and the operator sign.
    ///
    /// # Errors
    /// What is wrong with the certificate: the key is no operator's.
    pub fn sign(
        &self,
        (guard, id, now): (&Guard, RunId, Timestamp),
        repair: &NodeSigningKey,
        operator: &NodeSigningKey,
    ) -> Result<(TermCertificate, Run), CertificateError> {
        let before = guard.certificate();
        let change = |word| Change::FromFrontends { voters: self.voters.clone(), word };
        let chosen = (self.primary.clone(), self.start);
        let body = before.successor(id, self.term, change(None), chosen, Vec::new())?;
        let word = OperatorWord::sign(&body, operator);
        let change = change(Some(Box::new(word)));
        let certificate = TermCertificate::sign(TermBody { change: change.clone(), ..body }, repair);
        // What we would not believe ourselves is not handed out.
        let adopted = guard.adopt(certificate)?.ok_or(CertificateError::Twin(self.term))?;
        let certificate = adopted.certificate().clone();
        let plan = Plan {
            cause: Cause::Person,
            from: self.from,
            old_primary: before.body.primary.clone(),
            term: self.term,
            stop: Vec::new(),
            start: self.start,
            primary: self.primary.clone(),
            change,
            newest_sth: Some(self.sth.clone()),
            complaints: BTreeMap::new(),
        };
        let stage = Stage::Installing { certificate: Box::new(certificate.clone()) };
        Ok((certificate, Run { id, began: now, plan, left_out: None, stage }))
    }
}

impl fmt::Display for Continuation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = &self.sth.head;
        let names: Vec<&str> = self.voters.iter().map(|voter| voter.name.as_str()).collect();
        let majority = self.voters.majority();
        writeln!(f, "no majority of voters has its state; term {} is in force", self.from)?;
        writeln!(
            f,
            "newest tree head of all frontends and signers: size {}, signed at {}, root {}",
            head.tree_size, head.timestamp, head.root_hash
        )?;
        writeln!(f, "1. go on from exactly that in term {}, with {} as primary", self.term, self.primary)?;
        writeln!(
            f,
            "2. from then on vote {}, with the states that they have now; the log goes on while {majority} of them are there",
            names.join(", ")
        )?;
        for gone in &self.gone {
            writeln!(f, "   no more votes {gone}")?;
        }
        for silent in &self.silent {
            writeln!(f, "   not heard: {silent}; should it know of a later change, it has to be made anew")?;
        }
        write!(f, "What merge nodes had ordered beyond that tree is collected from storage nodes again.")
    }
}
