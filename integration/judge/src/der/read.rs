//! A pull reader over DER elements.

use super::tag;
use crate::error::{JudgeError, Result};

/// One element: its tag octet, its contents, and both with the header as they stood in the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element<'a> {
    /// The identifier octet.
    pub tag: u8,
    /// The contents octets.
    pub content: &'a [u8],
    /// Header and contents.
    pub raw: &'a [u8],
}

/// Reads elements one after another.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads from the start of `input`.
    pub fn new(input: &'a [u8]) -> Self {
        Self { rest: input }
    }

    /// Whether everything has been read.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The tag of the element that comes next.
    pub fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// The next element, whatever its tag.
    pub fn any(&mut self, what: &str) -> Result<Element<'a>> {
        let (tag, header, length) = header(self.rest).ok_or_else(|| malformed(what, "a DER header"))?;
        let end = header.checked_add(length).ok_or_else(|| malformed(what, "a length below 2^32"))?;
        let raw = self.rest.get(..end).ok_or_else(|| malformed(what, "as many octets as the length says"))?;
        self.rest = &self.rest[end..];
        Ok(Element { tag, content: &raw[header..], raw })
    }

    /// The next element, which must have this tag.
    pub fn expect(&mut self, wanted: u8, what: &str) -> Result<Element<'a>> {
        let element = self.any(what)?;
        if element.tag != wanted {
            return Err(JudgeError::wrong(
                format!("tag of {what}"),
                format!("{wanted:#04x}"),
                format!("{:#04x}", element.tag),
            ));
        }
        Ok(element)
    }

    /// The next element if it has this tag.
    pub fn optional(&mut self, wanted: u8, what: &str) -> Result<Option<Element<'a>>> {
        if self.peek() == Some(wanted) { self.any(what).map(Some) } else { Ok(None) }
    }

    /// A reader over the contents of the next element, a SEQUENCE.
    pub fn sequence(&mut self, what: &str) -> Result<Reader<'a>> {
        Ok(Reader::new(self.expect(tag::SEQUENCE, what)?.content))
    }

    /// Fails if anything is left.
    pub fn finish(&self, what: &str) -> Result<()> {
        if self.rest.is_empty() {
            return Ok(());
        }
        Err(JudgeError::wrong(
            format!("octets after {what}"),
            "none",
            format!("{} trailing bytes", self.rest.len()),
        ))
    }
}

/// Tag, length of the header, length of the contents.
fn header(input: &[u8]) -> Option<(u8, usize, usize)> {
    let tag = *input.first()?;
    // Tag numbers above 30 take several octets; no part of a certificate we look into has one.
    if tag & 0x1f == 0x1f {
        return None;
    }
    let first = *input.get(1)?;
    if first < 0x80 {
        return Some((tag, 2, usize::from(first)));
    }
    let count = usize::from(first & 0x7f);
    if count == 0 || count > 4 {
        return None;
    }
    let octets = input.get(2..2 + count)?;
    let length = octets.iter().fold(0usize, |length, octet| length << 8 | usize::from(*octet));
    Some((tag, 2 + count, length))
}

fn malformed(what: &str, expected: &str) -> JudgeError {
    JudgeError::wrong(what, expected, "something else or the end of input")
}
