//! DER as far as certificates need it (X.690 §8, §10): a reader that knows its offsets, and a writer for headers.
//!
//! The reader takes a length in more bytes than it needs, as some old certificates have; it refuses indefinite lengths and
//! tags of several bytes. What it returns always lies within the document it was given.

use std::ops::Range;

/// BOOLEAN.
pub const BOOLEAN: u8 = 0x01;
/// INTEGER.
pub const INTEGER: u8 = 0x02;
/// BIT STRING.
pub const BIT_STRING: u8 = 0x03;
/// OCTET STRING.
pub const OCTET_STRING: u8 = 0x04;
/// NULL.
pub const NULL: u8 = 0x05;
/// OBJECT IDENTIFIER.
pub const OBJECT_ID: u8 = 0x06;
/// SEQUENCE, constructed.
pub const SEQUENCE: u8 = 0x30;
/// UTCTime.
pub const UTC_TIME: u8 = 0x17;
/// GeneralizedTime.
pub const GENERALIZED_TIME: u8 = 0x18;

/// The constructed context tag `[number]`.
pub const fn context(number: u8) -> u8 {
    0xa0 | number
}

/// Why bytes are not the element that was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DerError {
    /// The bytes end inside the element.
    #[error("{field}: needs {needed} bytes at offset {at}, {left} are left")]
    Short {
        /// The element.
        field: &'static str,
        /// Offset at which bytes are missing.
        at: usize,
        /// Bytes needed.
        needed: usize,
        /// Bytes left.
        left: usize,
    },
    /// Another element stands there.
    #[error("{field}: tag {found:#04x} at offset {at}, expected {expected:#04x}")]
    Tag {
        /// The element.
        field: &'static str,
        /// Offset of the tag.
        at: usize,
        /// The tag that belongs there.
        expected: u8,
        /// The tag found.
        found: u8,
    },
    /// The tag has several bytes.
    #[error("{field}: a tag of several bytes at offset {at}")]
    LongTag {
        /// The element.
        field: &'static str,
        /// Offset of the tag.
        at: usize,
    },
    /// The length is indefinite, or has more than four bytes.
    #[error("{field}: length byte {found:#04x} at offset {at} is not allowed")]
    Length {
        /// The element.
        field: &'static str,
        /// Offset of the length.
        at: usize,
        /// Its first byte.
        found: u8,
    },
    /// Bytes follow where the structure ends.
    #[error("{field}: {extra} bytes follow at offset {at}")]
    Trailing {
        /// The structure.
        field: &'static str,
        /// Offset of the first byte too many.
        at: usize,
        /// How many.
        extra: usize,
    },
    /// The content is out of its range.
    #[error("{field}: its content at offset {at} is not allowed")]
    Content {
        /// The element.
        field: &'static str,
        /// Offset of the content.
        at: usize,
    },
}

impl DerError {
    /// The element, and the offset at which it is wrong.
    pub const fn place(&self) -> (&'static str, usize) {
        match self {
            Self::Short { field, at, .. }
            | Self::Tag { field, at, .. }
            | Self::LongTag { field, at }
            | Self::Length { field, at, .. }
            | Self::Trailing { field, at, .. }
            | Self::Content { field, at } => (field, *at),
        }
    }
}

/// One element: tag, length, content.
#[derive(Debug, Clone, Copy)]
pub struct Element<'a> {
    document: &'a [u8],
    /// Its tag byte.
    pub tag: u8,
    start: usize,
    body: usize,
    end: usize,
}

impl<'a> Element<'a> {
    /// Header and content.
    pub fn whole(&self) -> &'a [u8] {
        &self.document[self.start..self.end]
    }
    /// The content.
    pub fn value(&self) -> &'a [u8] {
        &self.document[self.body..self.end]
    }
    /// Where header and content are in the document.
    pub const fn span(&self) -> Range<usize> {
        self.start..self.end
    }
    /// Where the content is in the document.
    pub const fn value_span(&self) -> Range<usize> {
        self.body..self.end
    }
    /// Reads what is nested in the content.
    pub const fn reader(&self) -> Reader<'a> {
        Reader { document: self.document, at: self.body, end: self.end }
    }
    /// An error about the content.
    pub const fn refuse(&self, field: &'static str) -> DerError {
        DerError::Content { field, at: self.body }
    }
}

/// Reads elements one after another. Offsets count from the first byte of the document, however deep the reader is.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    document: &'a [u8],
    at: usize,
    end: usize,
}

impl<'a> Reader<'a> {
    /// Begins at the first byte of a document.
    pub const fn new(document: &'a [u8]) -> Self {
        Self { document, at: 0, end: document.len() }
    }
    /// Whether all was read.
    pub const fn is_empty(&self) -> bool {
        self.at == self.end
    }
    /// Offset of the next byte.
    pub const fn offset(&self) -> usize {
        self.at
    }
    /// The tag of the next element, if there is one.
    pub fn peek(&self) -> Option<u8> {
        self.document[self.at..self.end].first().copied()
    }

    fn byte(&self, field: &'static str, at: usize) -> Result<u8, DerError> {
        if at < self.end {
            return Ok(self.document[at]);
        }
        Err(DerError::Short { field, at, needed: 1, left: 0 })
    }

    fn length(&self, field: &'static str, at: usize) -> Result<(usize, usize), DerError> {
        let first = self.byte(field, at)?;
        match first {
            0..=0x7f => Ok((usize::from(first), at + 1)),
            0x81..=0x84 => {
                let width = usize::from(first & 0x0f);
                let mut length = 0usize;
                for i in 1..=width {
                    length = length << 8 | usize::from(self.byte(field, at + i)?);
                }
                Ok((length, at + 1 + width))
            }
            found => Err(DerError::Length { field, at, found }),
        }
    }

    /// The next element, whatever its tag.
    pub fn any(&mut self, field: &'static str) -> Result<Element<'a>, DerError> {
        let start = self.at;
        let tag = self.byte(field, start)?;
        if tag & 0x1f == 0x1f {
            return Err(DerError::LongTag { field, at: start });
        }
        let (length, body) = self.length(field, start + 1)?;
        let left = self.end - body;
        if left < length {
            return Err(DerError::Short { field, at: body, needed: length, left });
        }
        self.at = body + length;
        Ok(Element { document: self.document, tag, start, body, end: self.at })
    }

    /// The next element, which must have this tag.
    pub fn element(&mut self, field: &'static str, expected: u8) -> Result<Element<'a>, DerError> {
        let found = self.byte(field, self.at)?;
        if found != expected {
            return Err(DerError::Tag { field, at: self.at, expected, found });
        }
        self.any(field)
    }

    /// The next element if it has this tag.
    pub fn optional(&mut self, field: &'static str, tag: u8) -> Result<Option<Element<'a>>, DerError> {
        if self.peek() == Some(tag) { self.any(field).map(Some) } else { Ok(None) }
    }

    /// Demands that nothing is left.
    pub fn finish(&self, field: &'static str) -> Result<(), DerError> {
        let extra = self.end - self.at;
        if extra == 0 { Ok(()) } else { Err(DerError::Trailing { field, at: self.at, extra }) }
    }
}

/// Bytes of the shortest header for content of this length: tag and length.
pub const fn header_len(content: usize) -> usize {
    let mut width = 0;
    if content >= 0x80 {
        let mut rest = content;
        while rest > 0 {
            width += 1;
            rest >>= 8;
        }
    }
    2 + width
}

/// Appends the shortest header: a tag, and the length of the content that follows.
pub fn put_header(out: &mut Vec<u8>, tag: u8, content: usize) {
    out.push(tag);
    let width = header_len(content) - 2;
    if width == 0 {
        out.push(content as u8);
    } else {
        out.push(0x80 | width as u8);
        out.extend_from_slice(&content.to_be_bytes()[size_of::<usize>() - width..]);
    }
}

/// An element of these parts, one after another.
pub fn wrap(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.iter().map(|part| part.len()).sum();
    let mut out = Vec::with_capacity(header_len(content) + content);
    put_header(&mut out, tag, content);
    for part in parts {
        out.extend_from_slice(part);
    }
    out
}
