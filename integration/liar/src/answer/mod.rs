//! Answers, true ones and others.

mod entries;
mod form;
mod heads;
mod instead;
mod policy;
mod proofs;
mod submit;

use serde_json::{Value, json};

use crate::endpoint::Endpoint;
use crate::frontend::PREFIX;
use crate::http::Answer;
use crate::lie::Lie;
use crate::log::{Branch, Head, Log, State};
use crate::requests::Request;

/// Who answers one request: what it may know, and which lie it tells.
pub(crate) struct Teller<'a> {
    pub(crate) log: &'a Log,
    pub(crate) lie: Lie,
    /// How many requests to this endpoint have been answered with this lie, this one included.
    pub(crate) asked: u64,
    /// The tree in view.
    pub(crate) branch: Branch,
    /// The head in view, if it is not the tree's last one.
    pub(crate) frozen: Option<Head>,
}

/// A JSON object, or a refusal.
type Answered = Result<Value, Answer>;

fn no<T>(why: &str) -> Result<T, Answer> {
    Err(Answer::refused(400, why))
}

impl Teller<'_> {
    /// The whole answer to a request.
    pub(crate) fn answer(&self, request: &Request, body: &[u8]) -> Answer {
        if let Some(answer) = self.instead(request) {
            return answer;
        }
        match self.route(request, body) {
            Ok(value) => Answer::json(&self.reshaped(value)),
            Err(answer) => answer,
        }
    }

    fn route(&self, request: &Request, body: &[u8]) -> Answered {
        let Some(endpoint) = self.endpoint(request) else {
            return match self.lie {
                Lie::UnknownPathIs200 => Ok(json!({})),
                _ => Err(Answer::refused(404, "no such path")),
            };
        };
        if request.method != endpoint.method() {
            let status = if self.lie == Lie::WrongMethodIs404 { 404 } else { 405 };
            return Err(Answer::refused(status, "wrong method"));
        }
        match endpoint {
            Endpoint::AddChain | Endpoint::AddPreChain => self.add(endpoint, body),
            Endpoint::GetSth => self.get_sth(request),
            Endpoint::GetSthConsistency => self.get_sth_consistency(request),
            Endpoint::GetProofByHash => self.get_proof_by_hash(request),
            Endpoint::GetEntries => self.get_entries(request),
            Endpoint::GetEntryAndProof => self.get_entry_and_proof(request),
            Endpoint::GetRoots => Ok(self.get_roots()),
        }
    }

    fn endpoint(&self, request: &Request) -> Option<Endpoint> {
        let path = request.path();
        let own = path.starts_with(&format!("{PREFIX}/ct/v1/"));
        Endpoint::of_path(path).filter(|_| own || self.lie == Lie::AnyPrefixServed)
    }

    /// How many entries are in view.
    fn size(&self, state: &State) -> usize {
        match &self.frozen {
            Some(head) => head.size as usize,
            None => state.tree(self.branch).published(),
        }
    }
}

/// A parameter that must be there and be a plain decimal number.
fn number(request: &Request, name: &str) -> Result<usize, Answer> {
    let value = request.parameter(name).and_then(|value| value.parse::<usize>().ok());
    value.ok_or_else(|| Answer::refused(400, &format!("parameter '{name}' is missing or malformed")))
}
