//! A chain that is ready to be sent.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use ct::x509::Endpoint;
use std::sync::Arc;

/// The certificates above a leaf. Leaves of one issuer share them, in DER and as they stand in a request.
#[derive(Debug, PartialEq, Eq)]
pub struct Issuers {
    certificates: Vec<Vec<u8>>,
    text: String,
}

impl Issuers {
    /// From the issuer of the leaf up.
    pub fn new(certificates: Vec<Vec<u8>>) -> Self {
        let texts = certificates.iter().map(|der| format!(",\"{}\"", STANDARD.encode(der)));
        Self { text: texts.collect(), certificates }
    }
}

/// A chain, and where it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prepared {
    endpoint: Endpoint,
    leaf: Vec<u8>,
    issuers: Arc<Issuers>,
}

impl Prepared {
    /// A leaf, DER, below these.
    pub const fn new(endpoint: Endpoint, leaf: Vec<u8>, issuers: Arc<Issuers>) -> Self {
        Self { endpoint, leaf, issuers }
    }

    /// add-chain or add-pre-chain.
    pub const fn endpoint(&self) -> Endpoint {
        self.endpoint
    }

    /// The body of the request (RFC 6962 §4.1). All that is left to do is to encode the leaf.
    pub fn body(&self) -> Bytes {
        const HEAD: &str = "{\"chain\":[\"";
        const TAIL: &str = "]}";
        let len = HEAD.len() + self.leaf.len().div_ceil(3) * 4 + 1 + self.issuers.text.len() + TAIL.len();
        let mut body = String::with_capacity(len);
        body.push_str(HEAD);
        STANDARD.encode_string(&self.leaf, &mut body);
        body.push('"');
        body.push_str(&self.issuers.text);
        body.push_str(TAIL);
        body.into()
    }

    /// The chain, leaf first, DER.
    pub fn chain(&self) -> Vec<Vec<u8>> {
        std::iter::once(&self.leaf).chain(&self.issuers.certificates).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_is_what_the_client_would_send() {
        for issuers in [vec![], vec![vec![2; 10]], vec![vec![2; 10], vec![3; 11]]] {
            for length in [1, 2, 3, 100] {
                let issuers = Arc::new(Issuers::new(issuers.clone()));
                let prepared = Prepared::new(Endpoint::AddChain, vec![7; length], issuers);
                assert_eq!(prepared.body(), client::submission::body(&prepared.chain()));
            }
        }
    }
}
