//! Parts of an encoded entry, without decoding and hashing it: for answers that only copy bytes.

use ct::tls::{DecodeError, Reader};

/// The parts of [`ct::entry::StoredEntry::encode`], or of [`ct::archive::ArchivedEntry::encode`], that are served.
pub(super) struct Parts<'a> {
    pub leaf: &'a [u8],
    /// Empty for a certificate.
    pub precertificate: &'a [u8],
    /// Fingerprints, 32 bytes each.
    pub chain: &'a [u8],
    /// Empty if the SCT is not known.
    pub sct: &'a [u8],
}

/// Takes an encoded entry apart. The record that holds it was checked; who sent it was checked before.
pub(super) fn parts(bytes: &[u8]) -> Result<Parts<'_>, DecodeError> {
    let mut reader = Reader::new(bytes);
    reader.uint("entry format version", 1)?;
    let leaf = reader.vector("leaf", 3)?;
    let precertificate = reader.vector("pre_certificate", 3)?;
    let chain = reader.vector("chain", 2)?;
    let sct = reader.vector("sct", 2)?;
    reader.finish("entry")?;
    Ok(Parts { leaf, precertificate, chain, sct })
}
