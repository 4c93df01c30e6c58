//! PEM (RFC 7468): blocks of base64 between BEGIN and END lines, with any text around them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// One block.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// 1-based, in the order of the file.
    pub(crate) number: usize,
    /// 1-based line of its BEGIN.
    pub(crate) line: usize,
    /// What it says that it is.
    pub(crate) label: String,
    pub(crate) der: Vec<u8>,
}

/// A block that cannot be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("block {number} (line {line}): {why}")]
pub(crate) struct BadBlock {
    pub(crate) number: usize,
    pub(crate) line: usize,
    pub(crate) why: String,
}

/// Whether these bytes are meant to be PEM.
pub(crate) fn is_pem(bytes: &[u8]) -> bool {
    bytes.windows(11).any(|window| window == b"-----BEGIN ")
}

/// Every block, or for a bad one what is wrong with it.
pub(crate) fn blocks(bytes: &[u8]) -> Vec<Result<Block, BadBlock>> {
    let text = String::from_utf8_lossy(bytes);
    let mut found = Vec::new();
    let mut lines = text.lines().enumerate().peekable();
    while let Some((at, line)) = lines.next() {
        let Some(label) = marker(line, "BEGIN") else { continue };
        let (number, line) = (found.len() + 1, at + 1);
        let bad = |why: String| BadBlock { number, line, why };
        // The block may be a private key.
        let mut body = Zeroizing::new(String::new());
        let mut end = None;
        while let Some((_, line)) = lines.next_if(|(_, line)| marker(line, "BEGIN").is_none()) {
            end = marker(line, "END");
            if end.is_some() {
                break;
            }
            body.extend(line.chars().filter(|c| !c.is_whitespace()));
        }
        found.push(match end {
            None => Err(bad(format!("BEGIN {label} without END"))),
            Some(end) if end != label => Err(bad(format!("BEGIN {label} ends as {end}"))),
            Some(_) => match STANDARD.decode(body.as_bytes()) {
                Ok(der) => Ok(Block { number, line, label: label.to_owned(), der }),
                Err(e) => Err(bad(format!("{label} is not base64: {e}"))),
            },
        });
    }
    found
}

/// The label of a `-----BEGIN label-----` or END line.
fn marker<'a>(line: &'a str, kind: &str) -> Option<&'a str> {
    line.trim().strip_prefix("-----")?.strip_prefix(kind)?.strip_prefix(' ')?.strip_suffix("-----")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One block as text, 64 characters to a line.
    fn encode(label: &str, der: &[u8]) -> String {
        let body = STANDARD.encode(der);
        let mut text = format!("-----BEGIN {label}-----\n");
        for (at, character) in body.chars().enumerate() {
            if at != 0 && at % 64 == 0 {
                text.push('\n');
            }
            text.push(character);
        }
        text.push_str(&format!("\n-----END {label}-----\n"));
        text
    }

    #[test]
    fn reads_what_it_writes_between_other_text() {
        let der: Vec<u8> = (0..=200).collect();
        let text = format!("# first\n{}\nother\n{}", encode("A B", &der), encode("C", b"x"));
        let blocks: Vec<_> = blocks(text.as_bytes()).into_iter().map(Result::unwrap).collect();
        assert_eq!(blocks[0], Block { number: 1, line: 2, label: "A B".to_owned(), der });
        assert_eq!((blocks[1].number, blocks[1].line, blocks[1].der.as_slice()), (2, 11, b"x".as_slice()));
        assert!(text.lines().all(|line| line.len() <= 64));
    }

    #[test]
    fn bad_blocks_are_named_and_good_ones_survive() {
        let text = format!(
            "-----BEGIN A-----\n!!\n-----END A-----\n-----BEGIN A-----\nAAAA\n-----END B-----\n\
             -----BEGIN A-----\nAAAA\n{}-----BEGIN A-----\n",
            encode("A", b"good")
        );
        let found: Vec<_> = blocks(text.as_bytes())
            .into_iter()
            .map(|block| block.map(|b| b.number).map_err(|e| e.to_string()))
            .collect();
        let error = |at: usize| found[at].as_ref().unwrap_err().as_str();
        assert!(error(0).starts_with("block 1 (line 1): A is not base64"), "{}", error(0));
        assert_eq!(error(1), "block 2 (line 4): BEGIN A ends as B");
        assert_eq!(error(2), "block 3 (line 7): BEGIN A without END");
        assert_eq!(found[3], Ok(4));
        assert_eq!(error(4), "block 5 (line 12): BEGIN A without END");
    }
}
