//! The TLS presentation language (RFC 5246 §4) as far as RFC 6962 uses it: big-endian integers and vectors with a
//! length prefix of one, two or three bytes.

/// Why bytes are not the structure that was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The bytes end inside a field.
    #[error("{field}: needs {needed} bytes at offset {at}, {left} are left")]
    Short {
        /// The field.
        field: &'static str,
        /// Offset at which it begins.
        at: usize,
        /// Its length.
        needed: usize,
        /// Bytes left.
        left: usize,
    },
    /// Bytes follow the structure.
    #[error("{field}: {extra} bytes follow at offset {at}")]
    Trailing {
        /// The structure.
        field: &'static str,
        /// Offset of the first byte too many.
        at: usize,
        /// How many.
        extra: usize,
    },
    /// A field has a value outside its range.
    #[error("{field}: {found} is not allowed (at offset {at})")]
    Value {
        /// The field.
        field: &'static str,
        /// Offset.
        at: usize,
        /// The value.
        found: u64,
    },
}

impl DecodeError {
    /// The same error about a structure that lies `base` bytes further on.
    #[must_use]
    pub const fn shifted(self, base: usize) -> Self {
        match self {
            Self::Short { field, at, needed, left } => Self::Short { field, at: at + base, needed, left },
            Self::Trailing { field, at, extra } => Self::Trailing { field, at: at + base, extra },
            Self::Value { field, at, found } => Self::Value { field, at: at + base, found },
        }
    }

    /// The field, and the offset at which it is wrong.
    pub const fn place(&self) -> (&'static str, usize) {
        match self {
            Self::Short { field, at, .. }
            | Self::Trailing { field, at, .. }
            | Self::Value { field, at, .. } => (field, *at),
        }
    }
}

/// A vector longer than its length prefix can say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {len} bytes, the limit is {limit}")]
pub struct TooLong {
    /// The field.
    pub field: &'static str,
    /// Its length.
    pub len: usize,
    /// The greatest length.
    pub limit: usize,
}

/// Reads a structure from the front of a slice.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// Begins at the first byte.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }
    /// Offset of the next byte.
    pub const fn offset(&self) -> usize {
        self.at
    }
    /// Whether all was read.
    pub const fn is_empty(&self) -> bool {
        self.at == self.bytes.len()
    }
    /// The next `len` bytes.
    pub fn take(&mut self, field: &'static str, len: usize) -> Result<&'a [u8], DecodeError> {
        let left = self.bytes.len() - self.at;
        if left < len {
            return Err(DecodeError::Short { field, at: self.at, needed: len, left });
        }
        let slice = &self.bytes[self.at..self.at + len];
        self.at += len;
        Ok(slice)
    }
    /// The next `N` bytes as an array.
    pub fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], DecodeError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(field, N)?);
        Ok(array)
    }
    /// A big-endian integer of `width` ≤ 8 bytes.
    pub fn uint(&mut self, field: &'static str, width: usize) -> Result<u64, DecodeError> {
        Ok(self.take(field, width)?.iter().fold(0, |value, byte| value << 8 | u64::from(*byte)))
    }
    /// A vector whose length prefix has `width` bytes.
    pub fn vector(&mut self, field: &'static str, width: usize) -> Result<&'a [u8], DecodeError> {
        let len = self.uint(field, width)?;
        self.take(field, len as usize)
    }
    /// An error at the current offset for a value just read of `width` bytes.
    pub fn refuse(&self, field: &'static str, width: usize, found: u64) -> DecodeError {
        DecodeError::Value { field, at: self.at - width, found }
    }
    /// Demands that nothing is left.
    pub fn finish(self, field: &'static str) -> Result<(), DecodeError> {
        let extra = self.bytes.len() - self.at;
        if extra == 0 { Ok(()) } else { Err(DecodeError::Trailing { field, at: self.at, extra }) }
    }
}

/// Appends `value` as a big-endian integer of `width` ≤ 8 bytes; the caller knows that it fits.
pub fn put_uint(out: &mut Vec<u8>, width: usize, value: u64) {
    out.extend_from_slice(&value.to_be_bytes()[8 - width..]);
}

/// Appends a vector with a length prefix of `width` bytes.
pub fn put_vector(out: &mut Vec<u8>, field: &'static str, width: usize, bytes: &[u8]) -> Result<(), TooLong> {
    let limit = (1usize << (8 * width)) - 1;
    if bytes.len() > limit {
        return Err(TooLong { field, len: bytes.len(), limit });
    }
    put_uint(out, width, bytes.len() as u64);
    out.extend_from_slice(bytes);
    Ok(())
}
