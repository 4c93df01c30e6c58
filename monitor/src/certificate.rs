//! What an entry certifies: names first. A log may hold whatever a CA once signed, so everything here takes what it can
//! get, and says what it could not.

#[cfg(test)]
mod tests;
mod text;

use crate::names::HostName;
use ct::entry::SignedEntry;
use ct::time::Timestamp;
use ct::x509::der::{BOOLEAN, DerError, Element, OBJECT_ID, OCTET_STRING, Reader, SEQUENCE, context};
use ct::x509::validity::read_time;
use std::collections::BTreeSet;
use std::net::IpAddr;

/// Most names of one certificate that are looked at. The greatest seen in public logs have some thousand.
pub const MAX_NAMES: usize = 20_000;

/// SET OF, constructed.
const SET: u8 = 0x31;
/// `dNSName [2]` and `iPAddress [7]` of a GeneralName (RFC 5280 §4.2.1.6).
const DNS_NAME: u8 = 0x82;
const IP_ADDRESS: u8 = 0x87;
/// subjectAltName, 2.5.29.17.
const SUBJECT_ALT_NAME: &[u8] = b"\x55\x1d\x11";
/// commonName, 2.5.4.3.
const COMMON_NAME: &[u8] = b"\x55\x04\x03";

/// A certificate, or what a precertificate will become, as far as it can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// DNS names: those of subjectAltName, and common names that look like one. Sorted, each once.
    pub names: Vec<HostName>,
    /// IP addresses, from the same places.
    pub addresses: Vec<IpAddr>,
    /// The subject, as text.
    pub subject: String,
    /// The issuer, as text.
    pub issuer: String,
    /// The serial number, hexadecimal as encoded.
    pub serial: String,
    /// Start of validity.
    pub not_before: Option<Timestamp>,
    /// End of validity.
    pub not_after: Option<Timestamp>,
    /// Why there may be names that are not in [`Certificate::names`].
    pub gap: Option<Gap>,
}

/// Why names may have been missed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Gap {
    /// Where names are, something else is.
    #[error(transparent)]
    Der(#[from] DerError),
    /// There are too many.
    #[error("more than {MAX_NAMES} names")]
    TooMany,
}

impl Certificate {
    /// Reads what the log signed, not what it serves beside it. An error if not even the fields can be told apart.
    pub fn read(entry: &SignedEntry) -> Result<Self, DerError> {
        let tbs = match entry {
            SignedEntry::X509 { certificate } => Reader::new(certificate)
                .element("Certificate", SEQUENCE)?
                .reader()
                .element("tbsCertificate", SEQUENCE),
            SignedEntry::Precert { tbs_certificate, .. } => {
                Reader::new(tbs_certificate).element("tbsCertificate", SEQUENCE)
            }
        }?;
        let mut reader = tbs.reader();
        reader.optional("version", context(0))?;
        let serial = reader.any("serialNumber")?;
        reader.any("signature")?;
        let issuer = reader.any("issuer")?;
        let (not_before, not_after) = validity(&reader.any("validity")?);
        let subject = reader.any("subject")?;
        reader.any("subjectPublicKeyInfo")?;

        let mut names = Names::default();
        let found = names.of_subject(&subject).and_then(|()| names.of_extensions(reader));
        Ok(Self {
            names: names.hosts.into_iter().collect(),
            addresses: names.addresses.into_iter().collect(),
            subject: text::name(subject.whole()),
            issuer: text::name(issuer.whole()),
            serial: ct::hash::hex(serial.value()),
            not_before,
            not_after,
            gap: found.err(),
        })
    }
}

/// Both moments; none where there is no such moment.
fn validity(element: &Element<'_>) -> (Option<Timestamp>, Option<Timestamp>) {
    let mut times = element.reader();
    (read_time(&mut times, "notBefore").ok(), read_time(&mut times, "notAfter").ok())
}

/// Names as they are found.
#[derive(Debug, Default)]
struct Names {
    hosts: BTreeSet<HostName>,
    addresses: BTreeSet<IpAddr>,
    looked_at: usize,
}

impl Names {
    fn count(&mut self) -> Result<(), Gap> {
        self.looked_at += 1;
        if self.looked_at > MAX_NAMES { Err(Gap::TooMany) } else { Ok(()) }
    }

    /// Common names (RFC 5280 §4.1.2.6); browsers no longer read them, other programs do.
    fn of_subject(&mut self, subject: &Element<'_>) -> Result<(), Gap> {
        let mut sets = subject.reader();
        while !sets.is_empty() {
            let mut attributes = sets.element("relativeDistinguishedName", SET)?.reader();
            while !attributes.is_empty() {
                self.count()?;
                let mut attribute = attributes.element("attribute", SEQUENCE)?.reader();
                let kind = attribute.element("attribute type", OBJECT_ID)?;
                let value = attribute.any("attribute value")?;
                if kind.value() == COMMON_NAME {
                    self.common_name(&text::string(&value));
                }
            }
        }
        Ok(())
    }

    fn common_name(&mut self, text: &str) {
        let text = text.trim();
        if let Ok(address) = text.parse() {
            self.addresses.insert(address);
        } else if text.contains('.') && !text.contains(char::is_whitespace) {
            self.hosts.insert(HostName::certified(text));
        }
    }

    /// What follows the key: two unique identifiers, perhaps, and the extensions.
    fn of_extensions(&mut self, mut reader: Reader<'_>) -> Result<(), Gap> {
        while !reader.is_empty() {
            let field = reader.any("extensions")?;
            if field.tag != context(3) {
                continue;
            }
            let mut extensions = field.reader().element("extensions", SEQUENCE)?.reader();
            while !extensions.is_empty() {
                self.of_extension(&extensions.element("extension", SEQUENCE)?)?;
            }
        }
        Ok(())
    }

    fn of_extension(&mut self, extension: &Element<'_>) -> Result<(), Gap> {
        let mut reader = extension.reader();
        if reader.element("extnID", OBJECT_ID)?.value() != SUBJECT_ALT_NAME {
            return Ok(());
        }
        reader.optional("critical", BOOLEAN)?;
        let value = reader.element("extnValue", OCTET_STRING)?;
        let mut names = value.reader().element("subjectAltName", SEQUENCE)?.reader();
        while !names.is_empty() {
            self.count()?;
            let name = names.any("generalName")?;
            match name.tag {
                DNS_NAME => {
                    let text = String::from_utf8_lossy(name.value());
                    self.hosts.insert(HostName::certified(&text));
                }
                IP_ADDRESS => self.addresses.extend(address(name.value())),
                _ => {}
            }
        }
        Ok(())
    }
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let four = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    four.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()
}
