//! Base64 as the log's API has it (RFC 4648 §4, padded): vectorised on the way out; on the way in as Go's decoder reads
//! it, which skips line ends and does not look at the unused bits before the padding.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64_simd::{AsOut as _, STANDARD};

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

/// The bytes that a text stands for.
pub fn decode(text: &[u8]) -> Option<Vec<u8>> {
    if let Ok(bytes) = STANDARD.decode_to_vec(text) {
        return Some(bytes);
    }
    // Nearly no client comes here: the fast decoder took the text unless it is broken or has line ends in it.
    let kept: Vec<u8> = text.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    LENIENT.decode(kept).ok()
}

/// Appends the text for `bytes`.
pub fn encode_to(out: &mut Vec<u8>, bytes: &[u8]) {
    let (begin, len) = (out.len(), STANDARD.encoded_length(bytes.len()));
    out.resize(begin + len, 0);
    let _ = STANDARD.encode(bytes, out[begin..].as_out());
}

/// The text for `bytes`.
pub fn encode(bytes: &[u8]) -> String {
    STANDARD.encode_to_string(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_decodes() {
        for len in [0, 1, 2, 3, 31, 32, 33, 1000] {
            let bytes: Vec<u8> = (0..len).map(|at| (at * 7) as u8).collect();
            let mut text = b"before".to_vec();
            encode_to(&mut text, &bytes);
            assert_eq!(text[6..], *encode(&bytes).as_bytes());
            assert_eq!(decode(&text[6..]), Some(bytes));
        }
    }

    #[test]
    fn line_ends_and_stray_bits_are_passed_over_as_go_does() {
        for text in ["AAAB", "AA\nAB", "\r\nAAAB\n"] {
            assert_eq!(decode(text.as_bytes()), Some(vec![0, 0, 1]), "{text:?}");
        }
        assert_eq!(decode(b"AAB="), Some(vec![0, 0]), "the last two bits are not looked at");
        for broken in ["A", "AA", "AAA", "AAAB=", "AA==A", "AA A", "-_-_", "AA==AA==", "=AAA"] {
            assert_eq!(decode(broken.as_bytes()), None, "{broken:?}");
        }
    }
}
