//! Entries, issuers and signatures that are well formed and mean nothing.

use crate::sim::Random;
use ct::entry::{Leaf, SignedEntry, StoredEntry};
use ct::hash::{Fingerprint, IssuerKeyHash, sha256};
use ct::sct::DigitallySigned;
use ct::time::Timestamp;

/// How many different issuers entries name.
pub const ISSUERS: u64 = 5;

/// The certificate of issuer `n`, modulo [`ISSUERS`].
pub fn issuer(n: u64) -> Vec<u8> {
    let n = n % ISSUERS;
    format!("issuer {n} ").into_bytes().repeat(40 + n as usize)
}

/// Every issuer.
pub fn issuers() -> Vec<Vec<u8>> {
    (0..ISSUERS).map(issuer).collect()
}

/// The fingerprint of issuer `n`.
pub fn fingerprint(n: u64) -> Fingerprint {
    Fingerprint::new(sha256(&[&issuer(n)]))
}

/// Entry number `n`: a certificate or a precertificate, its body of `len` bytes that zstd can halve.
pub fn entry_of(n: u64, len: usize) -> StoredEntry {
    let mut random = Random::new(n);
    let mut body = n.to_be_bytes().to_vec();
    while body.len() < len {
        body.extend_from_slice(&random.next().to_be_bytes());
        body.extend_from_slice(b"a SAN...");
    }
    body.truncate(len.max(8));
    let chain = vec![fingerprint(n), fingerprint(n + 1)];
    let timestamp = Timestamp::from_millis(1_700_000_000_000 + n);
    let made = if n.is_multiple_of(3) {
        let issuer_key_hash = IssuerKeyHash::new(sha256(&[&issuer(n)]));
        let precertificate = [b"poisoned ".as_slice(), &body].concat();
        let entry = SignedEntry::Precert { issuer_key_hash, tbs_certificate: body };
        StoredEntry::new(&Leaf::plain(timestamp, entry), Some(precertificate), chain)
    } else {
        let entry = SignedEntry::X509 { certificate: body };
        StoredEntry::new(&Leaf::plain(timestamp, entry), None, chain)
    };
    made.expect("a sample is well formed")
}

/// Entry number `n`, 60 to 160 bytes.
pub fn entry(n: u64) -> StoredEntry {
    entry_of(n, 60 + (n % 101) as usize)
}

/// The same certificate as entry `n`, promised `later` milliseconds after it.
pub fn again(n: u64, later: u64) -> StoredEntry {
    let first = entry(n);
    let mut leaf = first.leaf();
    leaf.timestamp = Timestamp::from_millis(leaf.timestamp.millis() + later);
    StoredEntry::new(&leaf, first.precertificate().map(<[u8]>::to_vec), first.chain().to_vec())
        .expect("a sample is well formed")
}

/// The same leaf as entry `n`, with another chain.
pub fn other_chain(n: u64) -> StoredEntry {
    let first = entry(n);
    let chain = vec![fingerprint(n), fingerprint(n + 2), fingerprint(n + 3)];
    StoredEntry::new(&first.leaf(), first.precertificate().map(<[u8]>::to_vec), chain)
        .expect("a sample is well formed")
}

/// Something of the shape of a signature, different for each `n`.
pub fn sct(n: u64) -> DigitallySigned {
    let bytes = sha256(&[&n.to_be_bytes()]).repeat(2);
    DigitallySigned::ecdsa(bytes).expect("64 bytes are few")
}
