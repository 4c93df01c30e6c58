//! The tree, the promises and the heads of the toy log.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use judge::TemporalInterval;
use judge::cert::{KeyKind, KeyPair, ParsedCertificate, SignatureAlgorithm, oids};
use judge::merkle::{Hash, leaf_hash, root, sha256};
use judge::time::now_millis;
use judge::tls::{self, SignedEntry, TimestampedEntry};

use super::lie::Lie;
use super::policy::Accepted;

/// An idle log signs anew after this many milliseconds.
const RESIGN: u64 = 100;
const HOUR: u64 = 3_600_000;

pub struct Log {
    pub lie: Lie,
    pub window: Option<TemporalInterval>,
    pub roots: Vec<Vec<u8>>,
    key: KeyPair,
    state: Mutex<State>,
}

#[derive(Default)]
pub struct State {
    pub leaf_inputs: Vec<Vec<u8>>,
    pub extra_data: Vec<Vec<u8>>,
    pub hashes: Vec<Hash>,
    pub head: Option<Head>,
    pub heads_served: u64,
    promises: HashMap<Vec<u8>, u64>,
}

#[derive(Clone)]
pub struct Head {
    pub size: usize,
    pub timestamp: u64,
    pub root: Hash,
    pub signature: Vec<u8>,
}

pub struct Promise {
    pub timestamp: u64,
    pub extensions: Vec<u8>,
    pub signature: Vec<u8>,
}

impl Log {
    pub fn new(lie: Lie, window: Option<TemporalInterval>, roots: Vec<Vec<u8>>) -> Self {
        let key = KeyPair::generate(KeyKind::P256).unwrap();
        Self { lie, window, roots, key, state: Mutex::default() }
    }

    pub fn spki(&self) -> Vec<u8> {
        self.key.spki()
    }

    pub fn id(&self) -> Hash {
        sha256(&self.spki())
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sign(&self, data: &[u8]) -> Vec<u8> {
        let signature = self.key.sign(SignatureAlgorithm::EcdsaSha256, data).unwrap();
        let mut out = vec![4, 3, 0, signature.len() as u8];
        out.extend_from_slice(&signature);
        out
    }

    /// Promises to log an entry, and does so at once.
    pub fn promise(&self, accepted: Accepted) -> Result<Promise, &'static str> {
        let mut state = self.state();
        let identity = identity(&accepted.entry);
        let known = state.promises.get(&identity).copied();
        if known.is_some() && self.lie == Lie::DuplicateRefused {
            return Err("already logged");
        }
        let embedded = has_scts(&accepted.entry);
        if embedded && self.lie == Lie::FinalRefusedAsKnown {
            return Err("precertificate already logged");
        }
        let timestamp = match (known, self.lie) {
            (Some(earlier), Lie::DuplicateUnlogged) => earlier - 1,
            (Some(earlier), _) => earlier,
            (None, Lie::SctPostDated) => now_millis() + HOUR,
            (None, Lie::SctAncient) => now_millis() - HOUR,
            (None, _) => now_millis(),
        };
        let extensions = match (self.lie, known) {
            (Lie::IndexInExtension, None) => index_extension(state.hashes.len()),
            (Lie::IndexInExtension, Some(_)) => {
                state.position(timestamp, &accepted.entry).map_or(Vec::new(), index_extension)
            }
            (Lie::IndexInExtensionOff, None) => index_extension(state.hashes.len() + 1),
            _ => Vec::new(),
        };
        let leaf = TimestampedEntry { timestamp, entry: accepted.entry, extensions: extensions.clone() };
        if known.is_none() && !(embedded && self.lie == Lie::FinalAnsweredWithPrecert) {
            state.promises.insert(identity, timestamp);
            if self.lie != Lie::PromisedButNeverLogged {
                state.append(leaf.merkle_tree_leaf(), accepted.extra_data);
            }
            if self.lie == Lie::HistoryRewritten && state.hashes.len() == 3 {
                state.hashes[0] = [7; 32];
            }
        }
        Ok(Promise { timestamp, extensions, signature: self.sct_signature(leaf, embedded) })
    }

    fn sct_signature(&self, mut leaf: TimestampedEntry, embedded: bool) -> Vec<u8> {
        if self.lie == Lie::SctSignatureOverOtherTime {
            leaf.timestamp += 1;
        }
        if let (Lie::FinalAnsweredWithPrecert, true, SignedEntry::X509(certificate)) =
            (self.lie, embedded, &leaf.entry)
        {
            let tbs =
                judge::cert::tbs_without(&ParsedCertificate::parse(certificate).unwrap(), oids::SCT_LIST);
            leaf.entry = SignedEntry::Precert { issuer_key_hash: [0; 32], tbs };
        }
        let mut signature = self.sign(&leaf.sct_signed_data());
        if self.lie == Lie::SctTrailingSignatureByte {
            signature.push(0);
        }
        signature
    }

    /// Logs what was refused, for the log that does.
    pub fn log_refused(&self, accepted: Accepted) {
        let leaf =
            TimestampedEntry { timestamp: now_millis(), entry: accepted.entry, extensions: Vec::new() };
        self.state().append(leaf.merkle_tree_leaf(), accepted.extra_data);
    }

    /// The current head; a new one if there are new entries or the last is old.
    pub fn head(&self) -> Head {
        let mut state = self.state();
        state.heads_served += 1;
        let now = now_millis();
        let size = state.hashes.len();
        if let Some(head) = &state.head {
            let due =
                head.size < size || (now - head.timestamp.min(now) >= RESIGN && self.lie != Lie::SthFrozen);
            if !due || now <= head.timestamp {
                return self.dressed(head.clone(), &state);
            }
        }
        let head = self.signed_head(now, size, root(&state.hashes));
        state.head = Some(head.clone());
        self.dressed(head, &state)
    }

    fn signed_head(&self, timestamp: u64, size: usize, root: Hash) -> Head {
        let signature = self.sign(&tls::sth_signed_data(timestamp, size as u64, &root));
        Head { size, timestamp, root, signature }
    }

    /// The head as this log shows it.
    fn dressed(&self, head: Head, state: &State) -> Head {
        let every_other = state.heads_served.is_multiple_of(2);
        match self.lie {
            Lie::SthStale if state.heads_served > 1 => {
                self.signed_head(head.timestamp - HOUR, head.size, head.root)
            }
            Lie::SthPostDated => self.signed_head(head.timestamp + HOUR, head.size, head.root),
            Lie::SthGoesBack if every_other => self.signed_head(head.timestamp - 1000, head.size, head.root),
            Lie::SthShrinks if state.heads_served.is_multiple_of(3) && head.size > 0 => {
                self.signed_head(head.timestamp, head.size - 1, root(&state.hashes[..head.size - 1]))
            }
            Lie::TwoRootsOfOneSize if every_other && head.size > 0 => {
                self.signed_head(head.timestamp, head.size, [7; 32])
            }
            Lie::SthSignatureBroken => Head { root: [7; 32], ..head },
            _ => head,
        }
    }
}

impl State {
    fn append(&mut self, leaf_input: Vec<u8>, extra_data: Vec<u8>) {
        self.hashes.push(leaf_hash(&leaf_input));
        self.leaf_inputs.push(leaf_input);
        self.extra_data.push(extra_data);
    }

    /// Where this entry with this timestamp stands, index extension included.
    fn position(&self, timestamp: u64, entry: &SignedEntry) -> Option<usize> {
        (0..self.hashes.len()).find(|index| {
            let extensions = index_extension(*index);
            let leaf = TimestampedEntry { timestamp, entry: entry.clone(), extensions };
            leaf_hash(&leaf.merkle_tree_leaf()) == self.hashes[*index]
        })
    }

    /// How many entries are published.
    pub fn size(&self) -> usize {
        self.head.as_ref().map_or(0, |head| head.size)
    }
}

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
