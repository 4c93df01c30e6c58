//! Files as they come: PEM, JSON, text that stands for bytes, or bytes.

use super::fault::Fault;
use crate::failure::Failure;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ct::x509::pem::{certificates, is_pem};
use serde_json::Value;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Greatest file, in bytes: a get-entries answer of a thousand large chains fits.
pub const MAX_INPUT: u64 = 256 << 20;

/// What a file holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// The CERTIFICATE blocks of a PEM file.
    Certificates(Vec<Vec<u8>>),
    /// One or more JSON values.
    Json(Vec<Value>),
    /// Bytes, as they were or as base64 or hexadecimal.
    Bytes(Vec<u8>),
}

/// Reads a file, or standard input for `-`.
pub fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let read = if path == Path::new("-") {
        bounded(std::io::stdin().lock())
    } else {
        File::open(path).and_then(bounded)
    };
    let bytes = read.map_err(Failure::io(format_args!("read {}", path.display())))?;
    if bytes.len() as u64 > MAX_INPUT {
        return Err(Failure::Usage(format!("{}: more than {MAX_INPUT} bytes", path.display())));
    }
    Ok(bytes)
}

fn bounded(source: impl Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(MAX_INPUT + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

impl Input {
    /// Finds out what the bytes of a file are.
    pub fn new(bytes: Vec<u8>) -> Result<Self, Fault> {
        if is_pem(&bytes) {
            let blocks = certificates(&String::from_utf8_lossy(&bytes))?;
            return Ok(Input::Certificates(blocks.into_iter().map(|(_, der)| der).collect()));
        }
        let Ok(text) = std::str::from_utf8(&bytes) else { return Ok(Input::Bytes(bytes)) };
        if text.trim_start().starts_with(['{', '[']) {
            let values = serde_json::Deserializer::from_str(text).into_iter();
            return Ok(Input::Json(values.collect::<Result<_, _>>()?));
        }
        Ok(Input::Bytes(hexadecimal(text).or_else(|| base64(text)).unwrap_or(bytes)))
    }
}

/// The bytes of hexadecimal digits, in any groups.
fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    let digit = |c: char| c.to_digit(16).map(|digit| digit as u8);
    let text = text.trim().strip_prefix("0x").unwrap_or(text);
    let digits: Vec<u8> =
        text.chars().filter(|c| !c.is_whitespace() && *c != ':').map(digit).collect::<Option<_>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    let whole = rest.is_empty() && !pairs.is_empty();
    whole.then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

/// The bytes of base64, in lines of any length.
fn base64(text: &str) -> Option<Vec<u8>> {
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    STANDARD.decode(text).ok().filter(|bytes| !bytes.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_known() {
        let bytes = |text: &[u8]| Input::new(text.to_vec()).unwrap();
        let expected = Input::Bytes(vec![0, 1, 0xab]);
        for text in
            [&b"0001ab"[..], b"0x0001AB\n", b"00:01:ab", b" 00 01\n ab", b"AAGr", b"AA\nGr\n", &[0, 1, 0xab]]
        {
            assert_eq!(bytes(text), expected, "{text:?}");
        }
        assert_eq!(bytes(b"no, neither"), Input::Bytes(b"no, neither".to_vec()));
        assert_eq!(bytes(b""), Input::Bytes(Vec::new()));
        let values = vec![serde_json::json!({"a": 1}), serde_json::json!([2])];
        assert_eq!(bytes(b" {\"a\": 1}\n[2]"), Input::Json(values));
        let pem = b"text\n-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
        assert_eq!(bytes(pem), Input::Certificates(vec![vec![0x30, 0]]));
        assert!(Input::new(b"{\"a\": 1".to_vec()).unwrap_err().to_string().contains("EOF"));
        assert!(Input::new(pem[..40].to_vec()).unwrap_err().to_string().contains("line 2"));
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let error = read(Path::new("/none/of/this")).unwrap_err();
        assert!(matches!(&error, Failure::Io(text) if text.contains("/none/of/this")));
    }
}
