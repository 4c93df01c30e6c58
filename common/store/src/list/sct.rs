//! The record of an SCT that came after its entry: position u64 (little-endian), then the signature as in TLS.

use ct::index::Position;
use ct::sct::DigitallySigned;

pub(super) fn encode(position: Position, sct: &DigitallySigned) -> Vec<u8> {
    let mut payload = position.get().to_le_bytes().to_vec();
    payload.extend_from_slice(&sct.encode());
    payload
}

/// The position and the SCT, if both can be read.
pub(super) fn decode(payload: &[u8]) -> Option<(u64, DigitallySigned)> {
    let position = u64::from_le_bytes(*payload.first_chunk::<8>()?);
    Some((position, DigitallySigned::decode(payload.get(8..)?).ok()?))
}
