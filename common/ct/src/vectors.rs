//! Vectors that do not come from this code: made by an independent implementation, with the P-256 key whose private
//! scalar is 1 and RFC 6979 signatures.

use crate::entry::{Leaf, SignedEntry, extra_data};
use crate::hash::{IssuerKeyHash, hex};
use crate::index::TreeSize;
use crate::key::{LogKey, LogSigningKey};
use crate::merkle::{EMPTY_ROOT, leaf_hash};
use crate::sct::{DigitallySigned, Sct};
use crate::sth::TreeHead;
use crate::time::Timestamp;

const AT: Timestamp = Timestamp::from_millis(1_700_000_000_000);
const SIGNATURE: &str = "04030047304502201543ab2d71eea1fcd81c4335922d13851e2ac9648b92d8d69fb434cf79e6d08f\
    022100c4f379c66f9ea79ef9ae0c56f6bd70ac5c4e39c10843e33900c3553ddf9f27c0";

fn key() -> LogSigningKey {
    let mut one = [0; 32];
    one[31] = 1;
    LogSigningKey::from_scalar(&one).unwrap()
}

fn certificate(der: &[u8], extensions: &[u8]) -> Leaf {
    let entry = SignedEntry::X509 { certificate: der.to_vec() };
    Leaf { timestamp: AT, entry, extensions: extensions.to_vec() }
}

const INDEX_70000: [u8; 8] = [0, 0, 5, 0, 0, 1, 0x11, 0x70];

#[test]
fn key_and_log_id() {
    let key = key();
    assert_eq!(
        hex(key.public().spki()),
        "3059301306072a8648ce3d020106082a8648ce3d030107034200046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0\
         f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
    );
    let id = "5cd252fb0ce8932436faf8ccd1040981b89ee4ad6b9fe9e2a2b7e71aacb27cd3";
    assert_eq!(key.public().log_id().to_string(), id);
    assert_eq!(LogKey::from_spki(key.public().spki()).unwrap().log_id().to_string(), id);
}

#[test]
fn a_certificate_leaf_its_hash_and_its_signature() {
    let leaf = certificate(&[0x30, 3, 2, 1, 5], &INDEX_70000).encode().unwrap();
    assert_eq!(hex(&leaf), "00000000018bcfe568000000000005300302010500080000050000011170");
    let hash = "e7236f701dfa3d6cfeabffe63f8fafc51ea501317f24361d1080074198741fbd";
    assert_eq!(leaf_hash(&leaf).to_string(), hash);
    let signature = key().sign_leaf(&leaf);
    assert_eq!(hex(&signature.encode()), SIGNATURE);
    assert_eq!(DigitallySigned::decode(&signature.encode()).unwrap(), signature);
    key().public().verify("SCT", &leaf, &signature).unwrap();
    assert!(key().public().verify("SCT", &leaf[1..], &signature).is_err());
    let sct =
        Sct { log_id: key().public().log_id(), timestamp: AT, extensions: INDEX_70000.to_vec(), signature };
    let bytes = sct.encode().unwrap();
    assert_eq!(bytes.len(), 126);
    assert_eq!(Sct::decode(&bytes).unwrap(), sct);
}

#[test]
fn a_certificate_leaf_without_extensions() {
    let leaf = certificate(&[0x30, 3, 2, 1, 5], &[]).encode().unwrap();
    assert_eq!(hex(&leaf), "00000000018bcfe56800000000000530030201050000");
    let hash = "491a0260f26671f3727a8f23cce19d1483b3b61b376f384c2c09efcb5b1c7056";
    assert_eq!(leaf_hash(&leaf).to_string(), hash);
    assert_eq!(Leaf::decode(&leaf).unwrap().encode().unwrap(), leaf);
}

#[test]
fn a_precertificate_leaf() {
    let entry = SignedEntry::Precert {
        issuer_key_hash: IssuerKeyHash::new([0xaa; 32]),
        tbs_certificate: vec![0x30, 3, 2, 1, 6],
    };
    let extensions = vec![0, 0, 5, 0, 0, 1, 0x11, 0x71];
    let leaf = Leaf { timestamp: AT, entry, extensions }.encode().unwrap();
    let expected =
        ["00000000018bcfe568000001", &"aa".repeat(32), "000005300302010600080000050000011171"].concat();
    assert_eq!(hex(&leaf), expected);
    let hash = "216ff90bfb4aee78ce0738038e1ef9df3de6f4820cd33694c7232bbc41035026";
    assert_eq!(leaf_hash(&leaf).to_string(), hash);
}

#[test]
fn extra_data_of_both_kinds() {
    let (seven, eight) = ([0x30, 3, 2, 1, 7], [0x30, 3, 2, 1, 8]);
    let x509 = extra_data(None, &[seven, eight]).unwrap();
    assert_eq!(hex(&x509), "00001000000530030201070000053003020108");
    let precert = extra_data(Some(&seven), &[eight]).unwrap();
    assert_eq!(hex(&precert), "00000530030201070000080000053003020108");
}

#[test]
fn the_signed_form_of_an_empty_tree() {
    let head = TreeHead { timestamp: AT, tree_size: TreeSize::ZERO, root_hash: EMPTY_ROOT };
    assert_eq!(
        hex(&head.input()),
        "00010000018bcfe568000000000000000000e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    );
    assert_eq!(TreeHead::from_input(&head.input()).unwrap(), head);
    let signed = key().sign_head(head);
    let verified = key().public().verify_sth(signed.sth().clone()).unwrap();
    assert_eq!(verified, signed);
    let mut other = signed.sth().clone();
    other.head.timestamp = Timestamp::from_millis(AT.millis() + 1);
    assert!(key().public().verify_sth(other).is_err());
}
