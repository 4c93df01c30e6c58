//! Check 16: bodies that are not a submission at all.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use serde_json::json;

use crate::api::{Submit, chain_body, expect_status};
use crate::error::{During, JudgeError, Result};
use crate::session::Session;

/// Check 16.
pub(super) fn bodies(session: &Session) -> Result<()> {
    let cases = cases(session)?;
    for endpoint in Submit::BOTH {
        for (label, body) in &cases {
            let response = session.api.http.post(endpoint.path(), body).during(label)?;
            expect_status(&format!("POST {}", endpoint.path()), &[400], &response).during(label)?;
        }
    }
    Ok(())
}

fn cases(session: &Session) -> Result<Vec<(&'static str, Vec<u8>)>> {
    let root = &session.lab.root;
    let chain = root.issue_chain(&session.lab.leaf()?)?;
    let whole = chain_body(&chain);
    let mut trailing = chain.clone();
    trailing[0].push(0);
    let mut cut_short = chain.clone();
    cut_short[0].pop();
    let text = |body: &str| body.as_bytes().to_vec();
    Ok(vec![
        ("empty chain", text(r#"{"chain":[]}"#)),
        ("no chain", text("{}")),
        ("chain null", text(r#"{"chain":null}"#)),
        ("chain a string", text(r#"{"chain":"AAAA"}"#)),
        ("chain of numbers", text(r#"{"chain":[1,2]}"#)),
        ("chain of empty strings", text(r#"{"chain":["",""]}"#)),
        ("an array", text("[]")),
        ("null", text("null")),
        ("no body", Vec::new()),
        ("not JSON", text("MIIB is not JSON")),
        ("not even text", vec![0xff, 0xfe, 0x00, 0x80]),
        ("truncated JSON", whole[..whole.len() - 3].to_vec()),
        ("data after the JSON", [&whole[..], b" x"].concat()),
        ("raw newline in a string", text("{\"chain\":[\"AA\nAA\"]}")),
        ("not base64", text(r#"{"chain":["!!!not base64!!!"]}"#)),
        ("URL-safe base64", url_safe(session)?),
        (
            "base64 of junk",
            json!({ "chain": [STANDARD.encode(b"junk, but properly encoded")] }).to_string().into_bytes(),
        ),
        ("certificate with trailing byte", chain_body(&trailing)),
        ("certificate cut short", chain_body(&cut_short)),
    ])
}

/// A chain whose leaf, in the URL-safe alphabet, differs from the standard one: about one in a few leaves lacks
/// both characters in question, so several are tried.
fn url_safe(session: &Session) -> Result<Vec<u8>> {
    for _ in 0..20 {
        let chain = session.lab.root.issue_chain(&session.lab.leaf()?)?;
        let mut encoded: Vec<String> = chain.iter().map(|certificate| STANDARD.encode(certificate)).collect();
        encoded[0] = URL_SAFE.encode(&chain[0]);
        if encoded[0].contains(['-', '_']) {
            return Ok(json!({ "chain": encoded }).to_string().into_bytes());
        }
    }
    Err(JudgeError::setup("test leaf", "base64 with + or /", "neither in twenty leaves"))
}
