//! One record: `kind u8 · length u24 · synced u32 · crc32c(payload) u32 · check u32 · payload`, little-endian.
//!
//! `synced` is the length up to which the segment was durable when the record was written. `check` covers the 12 bytes
//! before it together with the record's place (the segment's random salt, its number, the offset), so that a record
//! cannot pass for one at another place, and no submitter can forge one inside of a certificate.

use crate::crc::{crc, u32_at};

/// Length of a record's header, in bytes.
pub(crate) const RECORD_HEADER: usize = 16;

/// Greatest payload of a record, in bytes.
pub const MAX_RECORD: usize = (1 << 24) - 1;

/// What a record holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Nothing: it tells how far the segment was synced.
    Mark,
    /// An encoded entry.
    Entry,
    /// An SCT that came after its entry.
    Sct,
}

impl Kind {
    const fn code(self) -> u8 {
        match self {
            Kind::Mark => 1,
            Kind::Entry => 2,
            Kind::Sct => 3,
        }
    }

    const fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(Kind::Mark),
            2 => Some(Kind::Entry),
            3 => Some(Kind::Sct),
            _ => None,
        }
    }
}

/// What binds a record to its segment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub salt: u32,
    pub segment: u32,
}

/// A header whose check held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RecordHeader {
    pub kind: Kind,
    pub len: usize,
    pub synced: u32,
    pub payload_crc: u32,
}

impl Place {
    fn check(self, offset: u32, fields: &[u8]) -> u32 {
        crc(&[&self.salt.to_le_bytes(), &self.segment.to_le_bytes(), &offset.to_le_bytes(), fields])
    }
}

/// Appends a record that will stand at `offset`. The caller keeps payloads within [`MAX_RECORD`].
pub(crate) fn encode(out: &mut Vec<u8>, place: Place, offset: u32, synced: u32, kind: Kind, payload: &[u8]) {
    let begin = out.len();
    let kind_and_len = u32::from(kind.code()) | (payload.len() as u32) << 8;
    out.extend_from_slice(&kind_and_len.to_le_bytes());
    out.extend_from_slice(&synced.to_le_bytes());
    out.extend_from_slice(&crc(&[payload]).to_le_bytes());
    let check = place.check(offset, &out[begin..]);
    out.extend_from_slice(&check.to_le_bytes());
    out.extend_from_slice(payload);
}

/// Reads the header at `offset` from at least 16 bytes; `None` if it is none, or belongs elsewhere.
pub(crate) fn decode(bytes: &[u8], place: Place, offset: u32) -> Option<RecordHeader> {
    let kind = Kind::from_code(bytes[0])?;
    if place.check(offset, &bytes[..12]) != u32_at(bytes, 12) {
        return None;
    }
    let len = (u32_at(bytes, 0) >> 8) as usize;
    Some(RecordHeader { kind, len, synced: u32_at(bytes, 4), payload_crc: u32_at(bytes, 8) })
}

impl RecordHeader {
    /// Whether `payload` is what was written.
    pub(crate) fn fits(&self, payload: &[u8]) -> bool {
        payload.len() == self.len && crc(&[payload]) == self.payload_crc
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_none_at_another_place() {
        let place = Place { salt: 7, segment: 3 };
        let mut bytes = Vec::new();
        encode(&mut bytes, place, 100, 64, Kind::Entry, b"payload");
        let header = decode(&bytes, place, 100).expect("it was written there");
        assert!(header.fits(b"payload") && !header.fits(b"payloaD") && header.synced == 64);
        assert_eq!(decode(&bytes, place, 101), None);
        assert_eq!(decode(&bytes, Place { segment: 4, ..place }, 100), None);
        assert_eq!(decode(&bytes, Place { salt: 8, ..place }, 100), None);
    }
}
