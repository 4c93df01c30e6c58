//! Just enough DER to take certificates apart and to make odd ones.
//!
//! Reading keeps the raw bytes of each element, because RFC 6962 hashes and signs bytes, not values:
//! whatever is not deliberately changed must come out as it went in.

mod read;
mod write;

pub use read::{Element, Reader};
pub use write::{
    bit_string, boolean, explicit, implicit, integer, null, octet_string, oid, printable, sequence, set, tlv,
    unsigned, utf8,
};

/// Universal and context tags that certificates use.
pub mod tag {
    #![allow(missing_docs)]
    pub const BOOLEAN: u8 = 0x01;
    pub const INTEGER: u8 = 0x02;
    pub const BIT_STRING: u8 = 0x03;
    pub const OCTET_STRING: u8 = 0x04;
    pub const NULL: u8 = 0x05;
    pub const OID: u8 = 0x06;
    pub const UTF8_STRING: u8 = 0x0c;
    pub const PRINTABLE_STRING: u8 = 0x13;
    pub const UTC_TIME: u8 = 0x17;
    pub const GENERALIZED_TIME: u8 = 0x18;
    pub const SEQUENCE: u8 = 0x30;
    pub const SET: u8 = 0x31;
    /// `[n]`, constructed: add n.
    pub const CONTEXT: u8 = 0xa0;
    /// `[n]` IMPLICIT of a primitive type: add n.
    pub const CONTEXT_PRIMITIVE: u8 = 0x80;
}
