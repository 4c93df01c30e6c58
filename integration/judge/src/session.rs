//! One run against one log: what was submitted, what was promised, and which tree heads were seen.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::api::{Api, Entry, Proof, Sct, Sth, Submit, expect_status};
use crate::cert::{ParsedCertificate, precert_tbs};
use crate::error::{During, JudgeError, Result, expect_bytes, expect_equal};
use crate::lab::Lab;
use crate::limits::Limits;
use crate::merkle::{self, Hash, sha256};
use crate::target::Target;
use crate::time::now_millis;
use crate::tls::{self, SignedEntry, TimestampedEntry};

/// A chain to be submitted.
#[derive(Clone, Debug)]
pub struct Case {
    /// For messages.
    pub label: String,
    /// Where it goes.
    pub endpoint: Submit,
    /// As sent.
    pub submitted: Vec<Vec<u8>>,
    /// As the log must store it: leaf first, root last.
    pub chain: Vec<Vec<u8>>,
}

impl Case {
    /// A final certificate, root included.
    pub fn certificate(label: &str, chain: Vec<Vec<u8>>) -> Self {
        Self { label: label.to_owned(), endpoint: Submit::Chain, submitted: chain.clone(), chain }
    }

    /// A precertificate, root included.
    pub fn precertificate(label: &str, chain: Vec<Vec<u8>>) -> Self {
        Self { endpoint: Submit::PreChain, ..Self::certificate(label, chain) }
    }

    /// The same, sent without the root.
    #[must_use]
    pub fn without_root(mut self) -> Self {
        self.submitted.pop();
        self
    }

    /// What the SCT must sign (RFC 6962 §3.2).
    pub fn entry(&self) -> Result<SignedEntry> {
        if self.endpoint == Submit::Chain {
            return Ok(SignedEntry::X509(self.chain[0].clone()));
        }
        let parsed = |at: usize| {
            let short = || JudgeError::setup(self.label.clone(), "a longer chain", self.chain.len());
            ParsedCertificate::parse(self.chain.get(at).ok_or_else(short)?)
        };
        let signer = parsed(1)?;
        let issuer = if signer.signs_precertificates() { parsed(2)? } else { signer.clone() };
        let tbs = precert_tbs(&parsed(0)?, &signer)?;
        Ok(SignedEntry::Precert { issuer_key_hash: sha256(issuer.tbs.spki), tbs })
    }

    /// The `extra_data` the log must store.
    pub fn extra_data(&self) -> Vec<u8> {
        match self.endpoint {
            Submit::Chain => tls::x509_extra_data(&self.chain[1..]),
            Submit::PreChain => tls::precert_extra_data(&self.chain[0], &self.chain[1..]),
        }
    }
}

/// An accepted case with the promise the log made.
#[derive(Clone, Debug)]
pub struct Submission {
    /// What was submitted.
    pub case: Case,
    /// What came back.
    pub sct: Sct,
    /// What must end up in the tree.
    pub promised: TimestampedEntry,
}

impl Submission {
    /// Hash of the promised leaf.
    pub fn leaf_hash(&self) -> Hash {
        merkle::leaf_hash(&self.promised.merkle_tree_leaf())
    }
}

/// Where a submission was found in the tree.
#[derive(Clone, Debug)]
pub struct Included {
    /// Its position.
    pub leaf_index: u64,
    /// The head that covers it.
    pub sth: Sth,
}

#[derive(Default)]
struct Ledger {
    accepted: Vec<Submission>,
    submitted_leaves: HashSet<Vec<u8>>,
    refused_leaves: HashSet<Vec<u8>>,
    heads: BTreeMap<u64, Sth>,
}

/// A run against one log.
pub struct Session {
    /// The log.
    pub target: Target,
    /// Bounds on waiting and load.
    pub limits: Limits,
    /// The log's endpoints.
    pub api: Api,
    /// Where test chains come from.
    pub lab: Lab,
    ledger: Mutex<Ledger>,
}

impl Session {
    /// Reads keys and certificates; sends nothing yet.
    pub fn new(target: Target, limits: Limits) -> Result<Self> {
        let api = Api::new(&target, &limits)?;
        let lab = Lab::new(&target)?;
        Ok(Self { target, limits, api, lab, ledger: Mutex::new(Ledger::default()) })
    }

    /// Submits a case that must be accepted, and checks every field of the SCT.
    pub fn accept(&self, case: Case) -> Result<Submission> {
        let label = case.label.clone();
        self.try_accept(case).during(&label)
    }

    fn try_accept(&self, case: Case) -> Result<Submission> {
        let fresh = self.ledger().submitted_leaves.insert(case.chain[0].clone());
        let before = now_millis();
        let sct = self.api.submit(case.endpoint, &case.submitted)?;
        let after = now_millis();
        expect_equal("sct_version", 0, sct.version)?;
        expect_bytes("id (LogID)", &self.api.key.id(), &sct.log_id)?;
        let latest = after + self.limits.clock_ahead.as_millis() as u64;
        if sct.timestamp > latest {
            return Err(JudgeError::wrong(
                "SCT timestamp",
                format!("not in the future of {latest}"),
                sct.timestamp,
            ));
        }
        let earliest = before.saturating_sub(self.limits.sct_age.as_millis() as u64);
        if fresh && sct.timestamp < earliest {
            return Err(JudgeError::wrong(
                "SCT timestamp",
                format!("close to now, not before {earliest}"),
                sct.timestamp,
            ));
        }
        let promised = TimestampedEntry {
            timestamp: sct.timestamp,
            entry: case.entry()?,
            extensions: sct.extensions.clone(),
        };
        self.api.key.verify("SCT signature", &promised.sct_signed_data(), &sct.signature)?;
        let submission = Submission { case, sct, promised };
        self.ledger().accepted.push(submission.clone());
        Ok(submission)
    }

    /// Submits a chain that must be refused with 400, and remembers that its leaf must never be logged.
    pub fn refuse(&self, label: &str, endpoint: Submit, chain: &[Vec<u8>]) -> Result<()> {
        self.ledger().refused_leaves.extend(chain.first().cloned());
        let response = self.api.submit_raw(endpoint, chain).during(label)?;
        expect_status(&format!("POST {}", endpoint.path()), &[400], &response).during(label)
    }

    /// A plain accepted certificate, for checks that only need the tree to grow.
    pub fn grow(&self) -> Result<Submission> {
        self.accept(Case::certificate("plain certificate", self.lab.root.issue_chain(&self.lab.leaf()?)?))
    }

    /// The current head. Two heads of one size must have one root, whoever asked for them.
    pub fn sth(&self) -> Result<Sth> {
        let sth = self.api.sth()?;
        let known = self.ledger().heads.entry(sth.tree_size).or_insert_with(|| sth.clone()).root;
        expect_bytes(&format!("root of tree size {}", sth.tree_size), &known, &sth.root)?;
        Ok(sth)
    }

    /// Polls until the promise is kept or the time for it is over.
    pub fn included(&self, submission: &Submission) -> Result<Included> {
        self.try_included(submission).during(&submission.case.label)
    }

    fn try_included(&self, submission: &Submission) -> Result<Included> {
        let leaf_hash = submission.leaf_hash();
        let start = Instant::now();
        let mut asked = None;
        loop {
            let sth = self.sth()?;
            if sth.tree_size > 0 && asked != Some(sth.timestamp) {
                asked = Some(sth.timestamp);
                let response = self.api.proof_raw(&leaf_hash, sth.tree_size)?;
                if response.status != 404 {
                    let proof = self.api.proof(&leaf_hash, sth.tree_size)?;
                    check_inclusion(submission, &proof, &sth)?;
                    return Ok(Included { leaf_index: proof.leaf_index, sth });
                }
            }
            if start.elapsed() > self.limits.inclusion {
                return Err(JudgeError::Deadline {
                    event: "inclusion of the promised leaf".to_owned(),
                    limit: self.limits.inclusion,
                    found: format!("get-proof-by-hash still 404 at tree size {}", sth.tree_size),
                });
            }
            self.pause();
        }
    }

    /// Checks that the entry at this position is the promised one, with the whole chain stored.
    pub fn check_stored(&self, submission: &Submission, leaf_index: u64) -> Result<()> {
        let label = &submission.case.label;
        let entries = self.api.entries(leaf_index, leaf_index).during(label)?;
        // entries() has made sure that there is exactly one.
        expect_bytes("leaf_input", &submission.promised.merkle_tree_leaf(), &entries[0].leaf_input)
            .during(label)?;
        expect_bytes("extra_data", &submission.case.extra_data(), &entries[0].extra_data).during(label)
    }

    /// Calls `visit` for each entry from `start` up to `end`, not included.
    pub fn walk(&self, start: u64, end: u64, mut visit: impl FnMut(u64, Entry) -> Result<()>) -> Result<()> {
        const BATCH: u64 = 256;
        let mut next = start;
        while next < end {
            for entry in self.api.entries(next, end.min(next + BATCH) - 1)? {
                visit(next, entry).during(&format!("entry {next}"))?;
                next += 1;
            }
        }
        Ok(())
    }

    /// Whether this certificate was refused and so must not stand in the log.
    pub fn was_refused(&self, certificate: &[u8]) -> bool {
        self.ledger().refused_leaves.contains(certificate)
    }

    /// All accepted submissions so far.
    pub fn accepted(&self) -> Vec<Submission> {
        self.ledger().accepted.clone()
    }

    /// All heads seen so far, one per size, smallest first.
    pub fn heads(&self) -> Vec<Sth> {
        self.ledger().heads.values().cloned().collect()
    }

    /// Lets the log work between two looks at it.
    pub fn pause(&self) {
        std::thread::sleep(self.limits.poll_interval);
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        // Plain collections; a thread that died holding the lock leaves them whole.
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Checks an inclusion proof, and the index in the SCT's extension if the log puts one there.
pub(crate) fn check_inclusion(submission: &Submission, proof: &Proof, sth: &Sth) -> Result<()> {
    let leaf_hash = submission.leaf_hash();
    merkle::verify_inclusion(proof.leaf_index, sth.tree_size, &leaf_hash, &proof.audit_path, &sth.root)?;
    if let Some(promised) = tls::leaf_index_extension(&submission.sct.extensions) {
        expect_equal("leaf_index against the SCT extension", promised, proof.leaf_index)?;
    }
    if sth.timestamp < submission.sct.timestamp {
        let expected = format!("not before the SCT's {}", submission.sct.timestamp);
        return Err(JudgeError::wrong("timestamp of the STH that covers the entry", expected, sth.timestamp));
    }
    Ok(())
}
