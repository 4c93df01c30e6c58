//! Building DER bottom-up: each function returns a whole element.

use super::tag;

/// An element with this tag and these contents, lengths minimal.
pub fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let length = content.len();
    if length < 0x80 {
        out.push(length as u8);
    } else {
        let octets = length.to_be_bytes();
        let skip = octets.iter().take_while(|octet| **octet == 0).count();
        out.push(0x80 | (octets.len() - skip) as u8);
        out.extend_from_slice(&octets[skip..]);
    }
    out.extend_from_slice(content);
    out
}

/// SEQUENCE of the given elements.
pub fn sequence<P: AsRef<[u8]>>(parts: &[P]) -> Vec<u8> {
    tlv(tag::SEQUENCE, &joined(parts))
}

/// SET of the given elements; the caller keeps them in DER order.
pub fn set<P: AsRef<[u8]>>(parts: &[P]) -> Vec<u8> {
    tlv(tag::SET, &joined(parts))
}

/// `[number]` EXPLICIT.
pub fn explicit(number: u8, element: &[u8]) -> Vec<u8> {
    tlv(tag::CONTEXT + number, element)
}

/// `[number]` IMPLICIT of a primitive type.
pub fn implicit(number: u8, content: &[u8]) -> Vec<u8> {
    tlv(tag::CONTEXT_PRIMITIVE + number, content)
}

/// INTEGER with the given contents octets (two's complement), as they are.
pub fn integer(content: &[u8]) -> Vec<u8> {
    tlv(tag::INTEGER, content)
}

/// INTEGER from big-endian unsigned bytes.
pub fn unsigned(bytes: &[u8]) -> Vec<u8> {
    let skip = bytes.iter().take_while(|byte| **byte == 0).count();
    let mut content = bytes[skip..].to_vec();
    if content.first().is_none_or(|byte| byte & 0x80 != 0) {
        content.insert(0, 0);
    }
    integer(&content)
}

/// BIT STRING without unused bits.
pub fn bit_string(bytes: &[u8]) -> Vec<u8> {
    let mut content = vec![0];
    content.extend_from_slice(bytes);
    tlv(tag::BIT_STRING, &content)
}

/// OCTET STRING.
pub fn octet_string(bytes: &[u8]) -> Vec<u8> {
    tlv(tag::OCTET_STRING, bytes)
}

/// OBJECT IDENTIFIER from its contents octets.
pub fn oid(content: &[u8]) -> Vec<u8> {
    tlv(tag::OID, content)
}

/// BOOLEAN.
pub fn boolean(value: bool) -> Vec<u8> {
    tlv(tag::BOOLEAN, &[if value { 0xff } else { 0 }])
}

/// NULL.
pub fn null() -> Vec<u8> {
    tlv(tag::NULL, &[])
}

/// UTF8String.
pub fn utf8(text: &str) -> Vec<u8> {
    tlv(tag::UTF8_STRING, text.as_bytes())
}

/// PrintableString.
pub fn printable(text: &str) -> Vec<u8> {
    tlv(tag::PRINTABLE_STRING, text.as_bytes())
}

fn joined<P: AsRef<[u8]>>(parts: &[P]) -> Vec<u8> {
    parts.iter().flat_map(|part| part.as_ref().iter().copied()).collect()
}
