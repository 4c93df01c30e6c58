//! Promising to log an entry, and doing so at once.

use judge::cert::{ParsedCertificate, oids, tbs_without};
use judge::merkle::leaf_hash;
use judge::tls::{SignedEntry, TimestampedEntry};

use super::{Log, State};
use crate::lie::Lie;
use crate::tree::Entry;

const HOUR: u64 = 3_600_000;

/// A submission found good.
pub(crate) struct Accepted {
    pub(crate) entry: SignedEntry,
    pub(crate) extra_data: Vec<u8>,
}

/// What the log says of a submission.
pub(crate) struct Promise {
    pub(crate) timestamp: u64,
    pub(crate) extensions: Vec<u8>,
    pub(crate) signature: Vec<u8>,
}

impl Log {
    /// An SCT for this entry; the reason if there is none.
    pub(crate) fn promise(&self, accepted: Accepted, lie: Lie) -> Result<Promise, &'static str> {
        let mut state = self.state();
        let identity = identity(&accepted.entry);
        let known = state.promises.get(&identity).copied();
        if known.is_some() && lie == Lie::DuplicateRefused {
            return Err("already logged");
        }
        let embedded = has_scts(&accepted.entry);
        if embedded && lie == Lie::FinalRefusedAsKnown {
            return Err("precertificate already logged");
        }
        let now = self.clock.now();
        let timestamp = promised_time(known, now, lie);
        let extensions = extensions(&state, known.map(|_| (timestamp, &accepted.entry)), lie);
        let leaf = TimestampedEntry { timestamp, entry: accepted.entry, extensions: extensions.clone() };
        if known.is_none() && !(embedded && lie == Lie::FinalAnsweredWithPrecert) {
            state.promises.insert(identity, timestamp);
            if lie != Lie::PromisedButNeverLogged {
                let entry = Entry { leaf_input: leaf.merkle_tree_leaf(), extra_data: accepted.extra_data };
                state.append(entry, now);
            }
            if lie == Lie::HistoryRewritten && state.trunk.len() == 3 {
                state.trunk.rewrite_first();
            }
        }
        Ok(Promise { timestamp, extensions, signature: self.sct_signature(leaf, embedded, lie) })
    }

    fn sct_signature(&self, mut leaf: TimestampedEntry, embedded: bool, lie: Lie) -> Vec<u8> {
        match (lie, &leaf.entry) {
            (Lie::SctSignatureOverOtherTime, _) => leaf.timestamp += 1,
            (Lie::FinalAnsweredWithPrecert, SignedEntry::X509(certificate)) if embedded => {
                // It was parsed when it was accepted.
                let parsed = ParsedCertificate::parse(certificate).expect("an accepted certificate");
                let tbs = tbs_without(&parsed, oids::SCT_LIST);
                leaf.entry = SignedEntry::Precert { issuer_key_hash: [0; 32], tbs };
            }
            _ => {}
        }
        let signer = if lie == Lie::SctSignedByAnother { &self.stranger } else { &self.signer };
        let mut signature = signer.sign(&leaf.sct_signed_data());
        if lie == Lie::SctTrailingSignatureByte {
            signature.push(0);
        }
        signature
    }

    /// Logs what was refused, for the log that does.
    pub(crate) fn log_refused(&self, accepted: Accepted) {
        let timestamp = self.clock.now();
        let leaf = TimestampedEntry { timestamp, entry: accepted.entry, extensions: Vec::new() };
        let entry = Entry { leaf_input: leaf.merkle_tree_leaf(), extra_data: accepted.extra_data };
        self.state().append(entry, timestamp);
    }
}

/// The SCT's timestamp: `known` is that of an earlier one for the same entry.
fn promised_time(known: Option<u64>, now: u64, lie: Lie) -> u64 {
    match (known, lie) {
        (Some(earlier), Lie::DuplicateUnlogged) => earlier - 1,
        (Some(earlier), _) => earlier,
        (None, Lie::SctPostDated) => now + HOUR,
        (None, Lie::SctAncient) => now - HOUR,
        (None, _) => now,
    }
}

/// `CtExtensions` for an entry logged before, or for the next one.
fn extensions(state: &State, known: Option<(u64, &SignedEntry)>, lie: Lie) -> Vec<u8> {
    match (lie, known) {
        (Lie::IndexInExtension, None) => index_extension(state.trunk.len()),
        (Lie::IndexInExtension, Some((timestamp, entry))) => {
            position(state, timestamp, entry).map_or(Vec::new(), index_extension)
        }
        (Lie::IndexInExtensionOff, None) => index_extension(state.trunk.len() + 1),
        _ => Vec::new(),
    }
}

/// Where this entry with this timestamp stands, index extension included.
fn position(state: &State, timestamp: u64, entry: &SignedEntry) -> Option<usize> {
    (0..state.trunk.len()).find(|index| {
        let leaf = TimestampedEntry { timestamp, entry: entry.clone(), extensions: index_extension(*index) };
        leaf_hash(&leaf.merkle_tree_leaf()) == state.trunk.entry(*index).leaf_hash()
    })
}

/// The leaf index as static-ct-api puts it into `CtExtensions`.
fn index_extension(index: usize) -> Vec<u8> {
    [&[0, 0, 5], &(index as u64).to_be_bytes()[3..]].concat()
}

fn identity(entry: &SignedEntry) -> Vec<u8> {
    match entry {
        SignedEntry::X509(certificate) => [b"x", certificate.as_slice()].concat(),
        SignedEntry::Precert { issuer_key_hash, tbs } => [b"p", issuer_key_hash.as_slice(), tbs].concat(),
    }
}

fn has_scts(entry: &SignedEntry) -> bool {
    let SignedEntry::X509(certificate) = entry else { return false };
    ParsedCertificate::parse(certificate).is_ok_and(|parsed| parsed.tbs.extension(oids::SCT_LIST).is_some())
}
