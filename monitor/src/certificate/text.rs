//! Text of certificates, for people: nothing in it may command a terminal.

use ct::x509::der::Element;
use x509_parser::prelude::FromDer as _;
use x509_parser::x509::X509Name;

/// BMPString: UTF-16, high byte first.
const BMP_STRING: u8 = 0x1e;

/// A Name (RFC 5280 §4.1.2.4) as text; `?` if it is too odd.
pub(super) fn name(der: &[u8]) -> String {
    let text = X509Name::from_der(der).map_or_else(|_| "?".to_owned(), |(_, name)| name.to_string());
    text.replace(char::is_control, "?")
}

/// An ASN.1 string, whatever its kind. What is not UTF-8 loses the characters that are not.
pub(super) fn string(element: &Element<'_>) -> String {
    if element.tag == BMP_STRING {
        let units = element.value().chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
        return char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    }
    String::from_utf8_lossy(element.value()).into_owned()
}
