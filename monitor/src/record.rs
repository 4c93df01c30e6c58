//! The lines that a monitor writes: one JSON object each, with the same fields in the same order in every run over the same
//! log, so that runs can be compared byte for byte.

use crate::certificate::Certificate;
use crate::finding::Finding;
use crate::moment;
use crate::names::{HostName, Pattern};
use client::Log;
use ct::entry::{EntryType, SignedEntry};
use ct::hash::{Base64, Fingerprint, LeafHash};
use ct::index::LeafIndex;
use ct::time::Timestamp;
use serde::Serialize;

/// What the lines call a log.
#[derive(Debug, Clone, Serialize)]
pub struct Label {
    log: String,
    log_id: Base64,
}

impl Label {
    /// Of this log.
    pub fn new(log: &Log) -> Self {
        Self { log: log.name().to_owned(), log_id: Base64(log.log_id().as_ref().to_vec()) }
    }
}

/// What a line is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    /// A certificate for a watched name.
    Match,
    /// An entry that may hold a watched name, and cannot be read.
    Unreadable,
    /// Something is wrong with the log.
    Finding,
}

/// A line about an entry.
#[derive(Debug, Serialize)]
pub struct EntryLine<'a> {
    kind: Kind,
    #[serde(flatten)]
    label: &'a Label,
    index: LeafIndex,
    leaf_hash: Base64,
    #[serde(skip_serializing_if = "Option::is_none")]
    gap: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", flatten)]
    leaf: Option<LeafPart<'a>>,
}

/// What is known if at least the leaf can be read.
#[derive(Debug, Serialize)]
pub struct LeafPart<'a> {
    timestamp: Timestamp,
    entry_type: &'static str,
    #[serde(flatten)]
    certificate: Option<CertificatePart<'a>>,
    /// Of the certificate or precertificate as it was submitted.
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<Fingerprint>,
    #[serde(skip_serializing_if = "Option::is_none")]
    der: Option<Base64>,
    /// Why what was submitted is not shown: it is not under the log's signature, and does not fit what is.
    #[serde(skip_serializing_if = "Option::is_none")]
    misfit: Option<String>,
}

#[derive(Debug, Serialize)]
struct CertificatePart<'a> {
    watched: Vec<String>,
    names: Vec<&'a str>,
    addresses: Vec<String>,
    subject: &'a str,
    issuer: &'a str,
    serial: &'a str,
    not_before: Option<String>,
    not_after: Option<String>,
}

impl<'a> EntryLine<'a> {
    /// An entry that cannot be read, or not to its end.
    pub fn unreadable(label: &'a Label, index: LeafIndex, leaf: LeafHash, why: &impl ToString) -> Self {
        let gap = Some(why.to_string());
        Self { kind: Kind::Unreadable, label, index, leaf_hash: base64(leaf), gap, leaf: None }
    }

    /// An entry about a watched name.
    pub fn about(label: &'a Label, index: LeafIndex, leaf: LeafHash) -> Self {
        Self { kind: Kind::Match, label, index, leaf_hash: base64(leaf), gap: None, leaf: None }
    }

    /// What the leaf says.
    #[must_use]
    pub fn with(self, leaf: LeafPart<'a>) -> Self {
        Self { leaf: Some(leaf), ..self }
    }

    /// That there may be more names.
    #[must_use]
    pub fn with_gap(self, gap: Option<String>) -> Self {
        Self { gap: gap.or(self.gap), ..self }
    }

    /// The line, without its end.
    pub fn to_line(&self) -> String {
        line(self)
    }
}

impl<'a> LeafPart<'a> {
    /// A leaf of this time and kind.
    pub const fn new(timestamp: Timestamp, entry: &SignedEntry) -> Self {
        let entry_type = match entry.entry_type() {
            EntryType::X509 => "x509",
            EntryType::Precert => "precert",
        };
        Self { timestamp, entry_type, certificate: None, sha256: None, der: None, misfit: None }
    }

    /// What it certifies, and which patterns that hits.
    #[must_use]
    pub fn with_certificate(self, certificate: &'a Certificate, hits: &[&Pattern]) -> Self {
        let time = |at: Option<Timestamp>| at.map(moment::show);
        let certificate = CertificatePart {
            watched: hits.iter().map(ToString::to_string).collect(),
            names: certificate.names.iter().map(HostName::as_str).collect(),
            addresses: certificate.addresses.iter().map(ToString::to_string).collect(),
            subject: &certificate.subject,
            issuer: &certificate.issuer,
            serial: &certificate.serial,
            not_before: time(certificate.not_before),
            not_after: time(certificate.not_after),
        };
        Self { certificate: Some(certificate), ..self }
    }

    /// What was submitted, DER, or why it cannot be what the leaf was made of.
    #[must_use]
    pub fn with_submitted(self, submitted: Result<&ct::x509::Certificate, String>) -> Self {
        match submitted {
            Ok(found) => {
                Self { sha256: Some(found.fingerprint()), der: Some(Base64(found.der().to_vec())), ..self }
            }
            Err(why) => Self { misfit: Some(why), ..self },
        }
    }
}

/// A line about a log.
#[derive(Debug, Serialize)]
struct FindingLine<'a> {
    kind: Kind,
    #[serde(flatten)]
    label: &'a Label,
    name: &'static str,
    text: &'a str,
    evidence: Option<String>,
}

/// The line of a finding, without its end.
pub fn finding_line(label: &Label, finding: &Finding) -> String {
    let evidence = finding.evidence.as_ref().map(|path| path.display().to_string());
    line(&FindingLine { kind: Kind::Finding, label, name: finding.name, text: &finding.text, evidence })
}

fn base64(leaf: LeafHash) -> Base64 {
    Base64(leaf.as_ref().to_vec())
}

fn line(value: &impl Serialize) -> String {
    // No map with keys other than text is in them, which is all that can fail.
    serde_json::to_string(value).expect("lines are plain JSON")
}
