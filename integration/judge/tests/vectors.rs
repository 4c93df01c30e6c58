//! Known answers, so that judge and liar cannot be wrong together.
//!
//! The log key is the P-256 key with private scalar 1; signatures are deterministic (RFC 6979). The time is always
//! 1700000000000 ms.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use judge::cert::{KeyPair, SignatureAlgorithm};
use judge::logkey::LogKey;
use judge::merkle::{self, Hash, leaf_hash};
use judge::tls::{self, SignedEntry, TimestampedEntry};

const TIMESTAMP: u64 = 1_700_000_000_000;
const SPKI: &str = "3059301306072a8648ce3d020106082a8648ce3d030107034200046b17d1f2e12c4247f8bce6e563a440f277037d81\
                    2deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text.chars().filter_map(|digit| digit.to_digit(16)).collect();
    digits.chunks(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect()
}

fn hash(text: &str) -> Hash {
    unhex(text).try_into().unwrap()
}

fn key() -> KeyPair {
    let mut one = [0; 32];
    one[31] = 1;
    KeyPair::P256(p256::ecdsa::SigningKey::from_slice(&one).unwrap())
}

fn x509(extensions: &str) -> TimestampedEntry {
    let entry = SignedEntry::X509(unhex("3003020105"));
    TimestampedEntry { timestamp: TIMESTAMP, entry, extensions: unhex(extensions) }
}

fn precert() -> TimestampedEntry {
    let entry = SignedEntry::Precert { issuer_key_hash: [0xaa; 32], tbs: unhex("3003020106") };
    TimestampedEntry { timestamp: TIMESTAMP, entry, extensions: unhex("0000050000011171") }
}

#[test]
fn log_key_and_id() {
    assert_eq!(key().spki(), unhex(SPKI));
    let log_key = LogKey::from_spki(&unhex(SPKI)).unwrap();
    assert_eq!(log_key.id(), hash("5cd252fb0ce8932436faf8ccd1040981b89ee4ad6b9fe9e2a2b7e71aacb27cd3"));
    assert_eq!(STANDARD.encode(log_key.id()), "XNJS+wzokyQ2+vjM0QQJgbie5K1rn+niorfnGqyyfNM=");
}

#[test]
fn x509_leaf_and_sct() {
    let leaf = x509("0000050000011170");
    let bytes = unhex("00000000018bcfe568000000000005300302010500080000050000011170");
    assert_eq!(leaf.merkle_tree_leaf(), bytes);
    assert_eq!(leaf.sct_signed_data(), bytes);
    assert_eq!(TimestampedEntry::parse(&bytes).unwrap(), leaf);
    assert_eq!(leaf_hash(&bytes), hash("e7236f701dfa3d6cfeabffe63f8fafc51ea501317f24361d1080074198741fbd"));
    assert_eq!(tls::leaf_index_extension(&leaf.extensions), Some(70_000));

    let digitally_signed = unhex(
        "04030047304502201543ab2d71eea1fcd81c4335922d13851e2ac9648b92d8d69fb434cf79e6d08f022100c4f379c66f9ea79e\
         f9ae0c56f6bd70ac5c4e39c10843e33900c3553ddf9f27c0",
    );
    let log_key = LogKey::from_spki(&unhex(SPKI)).unwrap();
    log_key.verify("SCT", &bytes, &digitally_signed).unwrap();
    assert_eq!(key().sign(SignatureAlgorithm::EcdsaSha256, &bytes).unwrap(), digitally_signed[4..]);
    let sct = tls::serialized_sct(&log_key.id(), TIMESTAMP, &leaf.extensions, &digitally_signed);
    assert_eq!(sct.len(), 126);

    let mut longer = digitally_signed.clone();
    longer.push(0);
    assert!(log_key.verify("SCT", &bytes, &longer).is_err());
    let mut other = digitally_signed;
    other[1] = 1;
    assert!(log_key.verify("SCT", &bytes, &other).is_err());
}

#[test]
fn x509_leaf_without_extensions() {
    let leaf = x509("").merkle_tree_leaf();
    assert_eq!(leaf, unhex("00000000018bcfe56800000000000530030201050000"));
    assert_eq!(leaf_hash(&leaf), hash("491a0260f26671f3727a8f23cce19d1483b3b61b376f384c2c09efcb5b1c7056"));
}

#[test]
fn precert_leaf() {
    let leaf = precert().merkle_tree_leaf();
    let bytes = format!("00000000018bcfe568000001{}000005300302010600080000050000011171", "aa".repeat(32));
    assert_eq!(leaf, unhex(&bytes));
    assert_eq!(leaf_hash(&leaf), hash("216ff90bfb4aee78ce0738038e1ef9df3de6f4820cd33694c7232bbc41035026"));
    assert_eq!(TimestampedEntry::parse(&leaf).unwrap(), precert());
    assert!(TimestampedEntry::parse(&[leaf, vec![0]].concat()).is_err());
}

#[test]
fn extra_data() {
    let chain = [unhex("3003020107"), unhex("3003020108")];
    let x509 = unhex("00001000000530030201070000053003020108");
    assert_eq!(tls::x509_extra_data(&chain), x509);
    assert_eq!(tls::parse_x509_extra_data(&x509).unwrap(), chain);
    let precert = unhex("00000530030201070000080000053003020108");
    assert_eq!(tls::precert_extra_data(&chain[0], &chain[1..]), precert);
    assert_eq!(tls::parse_precert_extra_data(&precert).unwrap(), (chain[0].clone(), chain[1..].to_vec()));
    assert!(tls::parse_x509_extra_data(&[x509, vec![0]].concat()).is_err());
    assert!(tls::parse_precert_extra_data(&precert[..precert.len() - 1]).is_err());
}

#[test]
fn empty_tree_head() {
    let root = merkle::root(&[]);
    assert_eq!(STANDARD.encode(root), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    let signed = unhex(
        "00010000018bcfe568000000000000000000e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    );
    assert_eq!(tls::sth_signed_data(TIMESTAMP, 0, &root), signed);
    // Key ID and time of the checkpoint that carries this signature come first: 12 bytes.
    let blob = "DezLMwAAAYvP5WgABAMARzBFAiAEN93FOrRV5469rF/s/buVtdWoq+fqaJqIN+G0pcohPgIhAIGDds/dvXfRcmoH0tvZQU4K\
                XVpDB8Q+gmzzfmzXhNgi";
    let blob = STANDARD.decode(blob.replace(' ', "")).unwrap();
    LogKey::from_spki(&unhex(SPKI)).unwrap().verify("STH", &signed, &blob[12..]).unwrap();
}

fn leaves() -> Vec<Hash> {
    let data =
        ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
    data.iter().map(|leaf| leaf_hash(&unhex(leaf))).collect()
}

#[test]
fn merkle_roots() {
    let leaves = leaves();
    for (size, root) in [
        (1, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
        (3, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"),
        (7, "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"),
        (8, "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"),
    ] {
        assert_eq!(merkle::root(&leaves[..size]), hash(root), "size {size}");
    }
}

#[test]
fn merkle_audit_path() {
    let leaves = &leaves()[..7];
    let path = [
        hash("bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"),
        hash("b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f"),
        hash("d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"),
    ];
    assert_eq!(merkle::audit_path(5, leaves), path);
    merkle::verify_inclusion(5, 7, &leaves[5], &path, &merkle::root(leaves)).unwrap();
}

#[test]
fn merkle_consistency_proofs() {
    let leaves = leaves();
    let proof = [
        hash("0298d122906dcfc10892cb53a73992fc5b9f493ea4c9badb27b791b4127a7fe7"),
        hash("07506a85fd9dd2f120eb694f86011e5bb4662e5c415a62917033d4a9624487e7"),
        hash("fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"),
        hash("837dbb152e9b079010717e84e865da4ebc0fa198a806d59d31bf15accef22d0e"),
    ];
    let root = |size: usize| merkle::root(&leaves[..size]);
    assert_eq!(merkle::consistency_proof(3, &leaves[..7]), proof);
    merkle::verify_consistency(3, 7, &root(3), &root(7), &proof).unwrap();
    assert_eq!(merkle::consistency_proof(4, &leaves[..7]), proof[3..]);
    merkle::verify_consistency(4, 7, &root(4), &root(7), &proof[3..]).unwrap();
}

/// Recursive generators against iterative verifiers, for every small tree, and with every node falsified.
#[test]
fn merkle_proofs_of_all_small_trees() {
    let leaves: Vec<Hash> = (0..20u8).map(|number| leaf_hash(&[number])).collect();
    let root = |size: usize| merkle::root(&leaves[..size]);
    for size in 1..=leaves.len() {
        for index in 0..size {
            let mut path = merkle::audit_path(index, &leaves[..size]);
            let verify = |path: &[Hash]| {
                merkle::verify_inclusion(index as u64, size as u64, &leaves[index], path, &root(size))
            };
            verify(&path).unwrap();
            for place in 0..path.len() {
                path[place][0] ^= 1;
                assert!(verify(&path).is_err());
                path[place][0] ^= 1;
            }
            path.push([0; 32]);
            assert!(verify(&path).is_err());
        }
        for first in 1..=size {
            let mut proof = merkle::consistency_proof(first, &leaves[..size]);
            let verify = |proof: &[Hash]| {
                merkle::verify_consistency(first as u64, size as u64, &root(first), &root(size), proof)
            };
            verify(&proof).unwrap();
            for place in 0..proof.len() {
                proof[place][0] ^= 1;
                assert!(verify(&proof).is_err());
                proof[place][0] ^= 1;
            }
            proof.push([0; 32]);
            assert!(verify(&proof).is_err());
        }
    }
}
