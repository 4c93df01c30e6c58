//! Sealed runs: entries in a block, and the zstd level.

use crate::measure;
use ct::entry::{Leaf, SignedEntry, StoredEntry};
use ct::hash::{Fingerprint, IssuerKeyHash, sha256};
use ct::sct::DigitallySigned;
use ct::time::Timestamp;
use std::hint::black_box;
use store::sim::Random;

/// Something of the size and the entropy of real leaves: what an issuer says in every certificate, names, a serial, a
/// key, two SCTs and a signature. About 1,150 bytes, 470 of them random.
pub fn certificate(n: u64) -> Vec<u8> {
    let mut random = Random::new(n);
    let issuer = random.below(10);
    let mut body = Vec::with_capacity(1200);
    let random_bytes = |random: &mut Random, len: usize, body: &mut Vec<u8>| {
        body.extend((0..len).map(|_| random.next() as u8));
    };
    let mut same = Random::new(issuer + 1_000_000);
    let constant = |same: &mut Random, len: usize, body: &mut Vec<u8>| {
        body.extend((0..len).map(|_| same.next() as u8));
    };
    constant(&mut same, 20, &mut body);
    random_bytes(&mut random, 16, &mut body);
    constant(&mut same, 180, &mut body);
    body.extend_from_slice(
        format!("{:013}Z{:013}Z", 2_611_210_000 + n / 50, 2_702_190_000 + n / 50).as_bytes(),
    );
    for part in 0..2 + random.below(3) {
        body.extend_from_slice(format!("www{part}.site-{:x}.example.com", random.below(1 << 36)).as_bytes());
    }
    random_bytes(&mut random, 64, &mut body);
    constant(&mut same, 330, &mut body);
    for _ in 0..2 {
        constant(&mut same, 47, &mut body);
        random_bytes(&mut random, 8 + 71, &mut body);
    }
    random_bytes(&mut random, 20 + 71 + 110, &mut body);
    body
}

/// An entry around such a certificate; a third are precertificates.
pub fn entry(n: u64) -> StoredEntry {
    let body = certificate(n);
    let chain: Vec<_> = (0..2u64).map(|i| Fingerprint::new(sha256(&[&(i + n % 5).to_be_bytes()]))).collect();
    let timestamp = Timestamp::from_millis(1_760_000_000_000 + n);
    let entry = if n.is_multiple_of(3) {
        let issuer_key_hash = IssuerKeyHash::new(sha256(&[&(n % 10).to_be_bytes()]));
        let poisoned = [&body[..300], b"the poison and", &body[300..], b"its signature, 71 bytes"].concat();
        let entry = SignedEntry::Precert { issuer_key_hash, tbs_certificate: body };
        StoredEntry::new(&Leaf::plain(timestamp, entry), Some(poisoned), chain)
    } else {
        StoredEntry::new(&Leaf::plain(timestamp, SignedEntry::X509 { certificate: body }), None, chain)
    };
    let mut random = Random::new(!n);
    let signature = (0..71).map(|_| random.next() as u8).collect();
    entry.unwrap().with_sct(DigitallySigned::ecdsa(signature).unwrap())
}

fn bench(entries: &[Vec<u8>], block: usize, level: i32) {
    let count = entries.len() as u64;
    let mut compressor = zstd::bulk::Compressor::new(level).unwrap();
    let (blocks, packed) = measure(|| {
        let pack = |part: &[Vec<u8>]| compressor.compress(&part.concat()).unwrap();
        entries.chunks(block).map(pack).collect::<Vec<_>>()
    });
    let raw: Vec<usize> = entries.chunks(block).map(|part| part.iter().map(Vec::len).sum()).collect();
    let ((), unpacked) = measure(|| {
        for (block, raw) in blocks.iter().zip(&raw) {
            black_box(zstd::bulk::decompress(block, *raw).unwrap());
        }
    });
    let bytes: usize = blocks.iter().map(Vec::len).sum();
    println!(
        "seal block {block:3} level {level:2}  {:6.1} B/entry  compress {:6.2} us CPU/entry  range read {:5.2} us CPU/entry  one entry {:6.1} us CPU",
        bytes as f64 / count as f64,
        packed.cpu_us(count),
        unpacked.cpu_us(count),
        unpacked.cpu_us(blocks.len() as u64)
    );
}

pub fn run() {
    let entries: Vec<_> = (0..32_768).map(|n| entry(n).encode().unwrap()).collect();
    let raw: usize = entries.iter().map(Vec::len).sum();
    println!("seal: {} entries, {} B each raw, SCT included", entries.len(), raw / entries.len());
    for block in [16, 64, 128, 256] {
        for level in [1, 3, 6, 9, 12] {
            bench(&entries, block, level);
        }
    }
}
