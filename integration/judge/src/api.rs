//! The endpoints of RFC 6962 §4, as typed calls that already check the form of each answer.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::error::{JudgeError, Result};
use crate::http::{Client, Response};
use crate::json::Object;
use crate::limits::Limits;
use crate::logkey::LogKey;
use crate::merkle::{Hash, sha256};
use crate::target::Target;
use crate::tls;

/// The two ways of submitting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Submit {
    /// add-chain.
    Chain,
    /// add-pre-chain.
    PreChain,
}

impl Submit {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::Chain, Self::PreChain];

    /// The path below the base URL.
    pub fn path(self) -> &'static str {
        match self {
            Self::Chain => "/ct/v1/add-chain",
            Self::PreChain => "/ct/v1/add-pre-chain",
        }
    }
}

/// The answer to a submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sct {
    /// `sct_version`.
    pub version: u64,
    /// `id`.
    pub log_id: Hash,
    /// `timestamp`.
    pub timestamp: u64,
    /// `extensions`.
    pub extensions: Vec<u8>,
    /// `signature`, a DigitallySigned.
    pub signature: Vec<u8>,
}

/// A signed tree head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sth {
    /// `tree_size`.
    pub tree_size: u64,
    /// `timestamp`.
    pub timestamp: u64,
    /// `sha256_root_hash`.
    pub root: Hash,
    /// `tree_head_signature`, a DigitallySigned.
    pub signature: Vec<u8>,
}

/// An entry as get-entries gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// `leaf_input`.
    pub leaf_input: Vec<u8>,
    /// `extra_data`.
    pub extra_data: Vec<u8>,
}

/// The answer to get-proof-by-hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// `leaf_index`.
    pub leaf_index: u64,
    /// `audit_path`.
    pub audit_path: Vec<Hash>,
}

/// A log seen through its endpoints.
#[derive(Debug)]
pub struct Api {
    /// For requests outside the typed ones.
    pub http: Client,
    /// The log's key.
    pub key: LogKey,
}

impl Api {
    /// Connects nothing yet; reads the key and the URL.
    pub fn new(target: &Target, limits: &Limits) -> Result<Self> {
        Ok(Self {
            http: Client::new(&target.base_url, limits.request)?,
            key: LogKey::from_spki(&target.log_key_spki_der)?,
        })
    }

    /// Submits and returns whatever comes back.
    pub fn submit_raw(&self, endpoint: Submit, chain: &[Vec<u8>]) -> Result<Response> {
        self.http.post(endpoint.path(), &chain_body(chain))
    }

    /// Submits a chain that must be accepted. The signature is not checked here.
    pub fn submit(&self, endpoint: Submit, chain: &[Vec<u8>]) -> Result<Sct> {
        let response = self.submit_raw(endpoint, chain)?;
        let request = format!("POST {}", endpoint.path());
        expect_status(&request, &[200], &response)?;
        let object = Object::read(&request, &response)?;
        Ok(Sct {
            version: object.number("sct_version")?,
            log_id: object.hash("id")?,
            timestamp: object.number("timestamp")?,
            extensions: object.bytes("extensions")?,
            signature: object.bytes("signature")?,
        })
    }

    /// get-sth, signature checked.
    pub fn sth(&self) -> Result<Sth> {
        self.sth_at("/ct/v1/get-sth")
    }

    /// get-sth under a path that may carry a query.
    pub fn sth_at(&self, path: &str) -> Result<Sth> {
        let object = self.get_object(path)?;
        let sth = Sth {
            tree_size: object.number("tree_size")?,
            timestamp: object.number("timestamp")?,
            root: object.hash("sha256_root_hash")?,
            signature: object.bytes("tree_head_signature")?,
        };
        let signed = tls::sth_signed_data(sth.timestamp, sth.tree_size, &sth.root);
        self.key.verify("tree_head_signature", &signed, &sth.signature)?;
        if sth.tree_size == 0 && sth.root != sha256(b"") {
            return Err(JudgeError::wrong("root of the empty tree", "SHA-256 of nothing", "another hash"));
        }
        Ok(sth)
    }

    /// get-sth-consistency.
    pub fn consistency(&self, first: u64, second: u64) -> Result<Vec<Hash>> {
        self.get_object(&format!("/ct/v1/get-sth-consistency?first={first}&second={second}"))?
            .hashes("consistency")
    }

    /// get-proof-by-hash, as the log answers.
    pub fn proof_raw(&self, leaf_hash: &Hash, tree_size: u64) -> Result<Response> {
        self.http.get(&proof_path(leaf_hash, &tree_size.to_string()))
    }

    /// get-proof-by-hash for a hash that must be known.
    pub fn proof(&self, leaf_hash: &Hash, tree_size: u64) -> Result<Proof> {
        let object = self.get_object(&proof_path(leaf_hash, &tree_size.to_string()))?;
        Ok(Proof { leaf_index: object.number("leaf_index")?, audit_path: object.hashes("audit_path")? })
    }

    /// get-entries; both ends inclusive. At least one entry and no more than asked for.
    pub fn entries(&self, start: u64, end: u64) -> Result<Vec<Entry>> {
        let path = format!("/ct/v1/get-entries?start={start}&end={end}");
        let entries = self.get_object(&path)?.objects("entries")?;
        if entries.is_empty() || entries.len() as u64 > end - start + 1 {
            let expected = format!("1 to {} entries", end - start + 1);
            return Err(JudgeError::wrong(format!("GET {path}: entries"), expected, entries.len()));
        }
        entries
            .iter()
            .map(|entry| {
                Ok(Entry { leaf_input: entry.bytes("leaf_input")?, extra_data: entry.bytes("extra_data")? })
            })
            .collect()
    }

    /// get-entry-and-proof.
    pub fn entry_and_proof(&self, leaf_index: u64, tree_size: u64) -> Result<(Entry, Vec<Hash>)> {
        let path = format!("/ct/v1/get-entry-and-proof?leaf_index={leaf_index}&tree_size={tree_size}");
        let object = self.get_object(&path)?;
        let entry =
            Entry { leaf_input: object.bytes("leaf_input")?, extra_data: object.bytes("extra_data")? };
        Ok((entry, object.hashes("audit_path")?))
    }

    /// get-roots.
    pub fn roots(&self) -> Result<Vec<Vec<u8>>> {
        self.get_object("/ct/v1/get-roots")?.byte_strings("certificates")
    }

    /// GET that must answer with one of these statuses; a refusal must say why.
    pub fn get_expecting(&self, path: &str, statuses: &[u16]) -> Result<Response> {
        let response = self.http.get(path)?;
        expect_status(&format!("GET {path}"), statuses, &response)?;
        Ok(response)
    }

    fn get_object(&self, path: &str) -> Result<Object> {
        let response = self.get_expecting(path, &[200])?;
        Object::read(&format!("GET {path}"), &response)
    }
}

/// The path of get-proof-by-hash for a hash of any length and a tree size of any form.
pub fn proof_path(hash: &[u8], tree_size: &str) -> String {
    format!("/ct/v1/get-proof-by-hash?hash={}&tree_size={tree_size}", escaped_base64(hash))
}

/// The JSON body of a submission.
pub fn chain_body(chain: &[Vec<u8>]) -> Vec<u8> {
    let chain: Vec<String> = chain.iter().map(|certificate| STANDARD.encode(certificate)).collect();
    json!({ "chain": chain }).to_string().into_bytes()
}

/// Fails unless the status is one of those; a 4xx or 5xx must also have a body for the human reader.
pub fn expect_status(request: &str, statuses: &[u16], response: &Response) -> Result<()> {
    if !statuses.contains(&response.status) {
        let expected: Vec<String> = statuses.iter().map(u16::to_string).collect();
        return Err(JudgeError::Status {
            request: request.to_owned(),
            expected: expected.join(" or "),
            found: response.status,
            body: response.excerpt(),
        });
    }
    // The routing refusals (404, 405) may come from a layer that has nothing to say.
    if response.status == 400 && response.body.iter().all(u8::is_ascii_whitespace) {
        return Err(JudgeError::wrong(
            format!("{request}: body of the 400"),
            "a sentence for the reader",
            "nothing",
        ));
    }
    Ok(())
}

fn escaped_base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes).replace('+', "%2B").replace('/', "%2F").replace('=', "%3D")
}
