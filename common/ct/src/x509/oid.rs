//! Object identifiers, as the content bytes of their DER encoding.

/// Poison of a precertificate, 1.3.6.1.4.1.11129.2.4.3 (RFC 6962 §3.1).
pub const POISON: &[u8] = b"\x2b\x06\x01\x04\x01\xd6\x79\x02\x04\x03";
/// Embedded SCT list, 1.3.6.1.4.1.11129.2.4.2 (RFC 6962 §3.3).
pub const SCT_LIST: &[u8] = b"\x2b\x06\x01\x04\x01\xd6\x79\x02\x04\x02";
/// Extended key usage of a Precertificate Signing Certificate, 1.3.6.1.4.1.11129.2.4.4 (RFC 6962 §3.1).
pub const PRECERT_SIGNING: &[u8] = b"\x2b\x06\x01\x04\x01\xd6\x79\x02\x04\x04";

/// keyUsage, 2.5.29.15 (RFC 5280 §4.2.1.3).
pub const KEY_USAGE: &[u8] = b"\x55\x1d\x0f";
/// basicConstraints, 2.5.29.19 (RFC 5280 §4.2.1.9).
pub const BASIC_CONSTRAINTS: &[u8] = b"\x55\x1d\x13";
/// authorityKeyIdentifier, 2.5.29.35 (RFC 5280 §4.2.1.1).
pub const AUTHORITY_KEY_ID: &[u8] = b"\x55\x1d\x23";
/// extKeyUsage, 2.5.29.37 (RFC 5280 §4.2.1.12).
pub const EXTENDED_KEY_USAGE: &[u8] = b"\x55\x1d\x25";
/// serverAuth purpose, 1.3.6.1.5.5.7.3.1 (RFC 5280 §4.2.1.12).
pub const SERVER_AUTH: &[u8] = b"\x2b\x06\x01\x05\x05\x07\x03\x01";

/// rsaEncryption, 1.2.840.113549.1.1.1 (RFC 8017 A.1).
pub const RSA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01";
/// sha1WithRSAEncryption, 1.2.840.113549.1.1.5.
pub const RSA_SHA1: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05";
/// The same under its OIW name, 1.3.14.3.2.29; some old roots use it.
pub const RSA_SHA1_OIW: &[u8] = b"\x2b\x0e\x03\x02\x1d";
/// sha256WithRSAEncryption, 1.2.840.113549.1.1.11.
pub const RSA_SHA256: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b";
/// sha384WithRSAEncryption, 1.2.840.113549.1.1.12.
pub const RSA_SHA384: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c";
/// sha512WithRSAEncryption, 1.2.840.113549.1.1.13.
pub const RSA_SHA512: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d";
/// id-RSASSA-PSS, 1.2.840.113549.1.1.10.
pub const RSA_PSS: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a";
/// id-mgf1, 1.2.840.113549.1.1.8.
pub const MGF1: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08";

/// id-sha256, 2.16.840.1.101.3.4.2.1.
pub const SHA256: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x02\x01";
/// id-sha384, 2.16.840.1.101.3.4.2.2.
pub const SHA384: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x02\x02";
/// id-sha512, 2.16.840.1.101.3.4.2.3.
pub const SHA512: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x02\x03";

/// id-ecPublicKey, 1.2.840.10045.2.1 (RFC 5480 §2.1.1).
pub const EC: &[u8] = b"\x2a\x86\x48\xce\x3d\x02\x01";
/// secp256r1, 1.2.840.10045.3.1.7.
pub const P256: &[u8] = b"\x2a\x86\x48\xce\x3d\x03\x01\x07";
/// secp384r1, 1.3.132.0.34.
pub const P384: &[u8] = b"\x2b\x81\x04\x00\x22";
/// secp521r1, 1.3.132.0.35.
pub const P521: &[u8] = b"\x2b\x81\x04\x00\x23";
/// ecdsa-with-SHA1, 1.2.840.10045.4.1.
pub const ECDSA_SHA1: &[u8] = b"\x2a\x86\x48\xce\x3d\x04\x01";
/// ecdsa-with-SHA256, 1.2.840.10045.4.3.2.
pub const ECDSA_SHA256: &[u8] = b"\x2a\x86\x48\xce\x3d\x04\x03\x02";
/// ecdsa-with-SHA384, 1.2.840.10045.4.3.3.
pub const ECDSA_SHA384: &[u8] = b"\x2a\x86\x48\xce\x3d\x04\x03\x03";
/// ecdsa-with-SHA512, 1.2.840.10045.4.3.4.
pub const ECDSA_SHA512: &[u8] = b"\x2a\x86\x48\xce\x3d\x04\x03\x04";
/// id-Ed25519, 1.3.101.112 (RFC 8410): both the key and the signature.
pub const ED25519: &[u8] = b"\x2b\x65\x70";

/// Most bytes of an identifier that are shown.
const MAX_SHOWN: usize = 40;

/// The dotted form, for messages. What is no identifier is shown as hexadecimal, what is too long is cut.
pub fn dotted(content: &[u8]) -> String {
    let shown = &content[..content.len().min(MAX_SHOWN)];
    let mut arcs: Vec<u64> = Vec::new();
    let mut arc = 0u64;
    for byte in shown {
        if arc >> 57 != 0 {
            return format!("0x{}", crate::hash::hex(shown));
        }
        arc = arc << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            if arcs.is_empty() {
                let first = (arc / 40).min(2);
                arcs.push(first);
                arc -= first * 40;
            }
            arcs.push(arc);
            arc = 0;
        }
    }
    arcs.iter().map(u64::to_string).collect::<Vec<_>>().join(".")
}
