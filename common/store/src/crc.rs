//! CRC-32C over several parts.

/// The checksum of the concatenation of `parts`.
pub(crate) fn crc(parts: &[&[u8]]) -> u32 {
    parts.iter().fold(0, |sum, part| crc32c::crc32c_append(sum, part))
}

/// Reads a little-endian `u32` at `at`; the caller knows that it is there.
pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let mut array = [0; 4];
    array.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(array)
}

/// Reads a little-endian `u64` at `at`; the caller knows that it is there.
pub(crate) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let mut array = [0; 8];
    array.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(array)
}

/// Reads 32 bytes at `at`; the caller knows that they are there.
pub(crate) fn hash_at(bytes: &[u8], at: usize) -> [u8; 32] {
    let mut array = [0; 32];
    array.copy_from_slice(&bytes[at..at + 32]);
    array
}
