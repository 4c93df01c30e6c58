//! The 32 bytes that every file of our own begins with.
//!
//! `magic[6] · version u16 · a u64 · b u64 · salt u32 · crc32c u32`, little-endian; the checksum covers the 28 bytes
//! before it. What `a`, `b` and the salt mean is the format's own business.

use crate::crc::{crc, u32_at, u64_at};
use crate::error::{Result, StoreError};
use std::path::Path;

/// Length of a file header, in bytes.
pub(crate) const HEADER_LEN: usize = 32;

/// One of our file formats.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Format {
    pub name: &'static str,
    pub magic: &'static [u8; 6],
    pub version: u16,
}

/// The numbers in a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub a: u64,
    pub b: u64,
    pub salt: u32,
}

impl Header {
    pub(crate) fn encode(self, format: Format) -> [u8; HEADER_LEN] {
        let mut out = [0; HEADER_LEN];
        out[..6].copy_from_slice(format.magic);
        out[6..8].copy_from_slice(&format.version.to_le_bytes());
        out[8..16].copy_from_slice(&self.a.to_le_bytes());
        out[16..24].copy_from_slice(&self.b.to_le_bytes());
        out[24..28].copy_from_slice(&self.salt.to_le_bytes());
        let sum = crc(&[&out[..28]]);
        out[28..].copy_from_slice(&sum.to_le_bytes());
        out
    }

    /// Reads a header that stands at `offset` of the file at `path`.
    pub(crate) fn decode(bytes: &[u8], format: Format, path: &Path, offset: u64) -> Result<Self> {
        if bytes.len() < HEADER_LEN {
            let found = format!("{} bytes", bytes.len());
            return Err(StoreError::corrupt(path, offset, format.name, "a header of 32 bytes", found));
        }
        if bytes[..6] != *format.magic {
            let found = String::from_utf8_lossy(&bytes[..6]).into_owned();
            let expected = String::from_utf8_lossy(format.magic);
            return Err(StoreError::corrupt(path, offset, "magic", expected, found));
        }
        let version = u16::from_le_bytes([bytes[6], bytes[7]]);
        if version != format.version {
            return Err(StoreError::Version {
                path: path.to_owned(),
                format: format.name,
                found: version.into(),
                supported: format.version.into(),
            });
        }
        let (sum, found) = (crc(&[&bytes[..28]]), u32_at(bytes, 28));
        if sum != found {
            return Err(StoreError::corrupt(path, offset, "header checksum", sum, found));
        }
        Ok(Self { a: u64_at(bytes, 8), b: u64_at(bytes, 16), salt: u32_at(bytes, 24) })
    }
}
