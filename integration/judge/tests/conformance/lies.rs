//! Each check is seen to fail: the log tells one lie, and the check in question must name what is wrong.

use std::sync::atomic::{AtomicUsize, Ordering};

use judge::{Outcome, Selection};
use liar::Lie;

use super::{judged, start, window};

/// Number of the check, the lie it must notice, and a part of the sentence it must say.
const LIES: &[(u8, Lie, &str)] = &[
    (1, Lie::SctVersionOne, "sct_version"),
    (1, Lie::SctWrongLogId, "LogID"),
    (1, Lie::SctPostDated, "SCT timestamp: expected not in the future"),
    (1, Lie::SctAncient, "SCT timestamp: expected close to now"),
    (1, Lie::SctSignatureOverOtherTime, "SCT signature"),
    (1, Lie::SctWithoutExtensions, "extensions: expected a base64 string, found no such field"),
    (1, Lie::SctTimestampQuoted, "timestamp: expected a plain integer"),
    (1, Lie::SctTrailingSignatureByte, "SCT signature: length"),
    (1, Lie::SctBase64Unpadded, "id: expected padded standard base64"),
    (2, Lie::RootlessRefused, "same without root: POST /ct/v1/add-chain: expected status 200"),
    (2, Lie::StoredWithoutRoot, "extra_data"),
    (2, Lie::PromisedButNeverLogged, "inclusion of the promised leaf"),
    (3, Lie::DuplicateUnlogged, "inclusion of the promised leaf"),
    (3, Lie::DuplicateRefused, "resubmission: POST /ct/v1/add-chain: expected status 200, found 409"),
    (4, Lie::PoisonLeftInTbs, "SCT signature"),
    (4, Lie::KeyHashOfLeaf, "SCT signature"),
    (5, Lie::FinalAnsweredWithPrecert, "final certificate: SCT signature"),
    (5, Lie::FinalRefusedAsKnown, "final certificate: POST /ct/v1/add-chain: expected status 200, found 409"),
    (6, Lie::PrecertSignerNotRewritten, "SCT signature"),
    (6, Lie::PrecertSignerKeyHash, "SCT signature"),
    (6, Lie::PrecertSignerRefused, "expected status 200, found 400"),
    (
        7,
        Lie::MixUpAccepted,
        "precertificate to add-chain: POST /ct/v1/add-chain: expected status 400, found 200",
    ),
    (7, Lie::RefusedButLogged, "none of a refused chain"),
    (8, Lie::PoisonNotCriticalAccepted, "poison not critical"),
    (8, Lie::PoisonValueIgnored, "poison empty"),
    (8, Lie::TwoPoisonsAccepted, "two poisons"),
    (9, Lie::SignatureUnchecked, "bit flipped"),
    (9, Lie::PolicyErrorIs500, "expected status 400, found 500"),
    (10, Lie::UnknownRootAccepted, "unknown root"),
    (10, Lie::LeafAloneAccepted, "unknown root left out"),
    (10, Lie::SignatureUnchecked, "another key"),
    (10, Lie::PolicyErrorIs500, "expected status 400, found 500"),
    (11, Lie::ShuffleRepaired, "intermediate after root"),
    (11, Lie::DuplicateCertificateAccepted, "root twice"),
    (11, Lie::ExtraCertificateIgnored, "unrelated certificate at the end"),
    (12, Lie::WindowStartExclusive, "notAfter = start_inclusive: POST"),
    (12, Lie::WindowEndADayEarly, "notAfter = end_exclusive - 1 s: POST"),
    (13, Lie::WindowIgnored, "notAfter = start_inclusive - 1 s: POST"),
    (13, Lie::WindowEndInclusive, "notAfter = end_exclusive: POST"),
    (14, Lie::ExpiredRefused, "expired: POST"),
    (14, Lie::CriticalExtensionRefused, "unknown critical extension: POST"),
    (14, Lie::NameConstraintsEnforced, "name constraint violated: POST"),
    (15, Lie::Sha1Refused, "sha1WithRSAEncryption certificate: POST"),
    (16, Lie::JunkIs500, "expected status 400, found 500"),
    (16, Lie::JunkRefusedSilently, "body of the 400"),
    (16, Lie::TrailingBytesAccepted, "certificate with trailing byte"),
    (16, Lie::UrlSafeAccepted, "URL-safe base64"),
    (17, Lie::HugeBodyIs400, "expected status 413, found 400"),
    (17, Lie::DeepJsonIs500, "expected status 400, found 500"),
    (17, Lie::DripNeverCut, "end of a dripping body"),
    (17, Lie::DripBlocksOthers, "beside a dripping body"),
    (18, Lie::WrongMethodIs404, "expected status 405, found 404"),
    (18, Lie::UnknownPathIs200, "expected status 404, found 200"),
    (18, Lie::AnyPrefixServed, "no-log-has-this-prefix"),
    (19, Lie::SthFrozen, "a newer STH timestamp without traffic"),
    (19, Lie::SthStale, "age of the STH"),
    (19, Lie::SthPostDated, "STH timestamp: expected not in the future"),
    (19, Lie::SthGoesBack, "STH timestamp: expected not before"),
    (19, Lie::SthShrinks, "tree_size: expected not below 1, found 0"),
    (19, Lie::TwoRootsOfOneSize, "root of tree size 1"),
    (19, Lie::SthSignatureBroken, "tree_head_signature"),
    (19, Lie::SthQueryRefused, "lone question mark"),
    (20, Lie::ConsistencyReversed, "computed from the consistency proof"),
    (20, Lie::ConsistencyNullForEmpty, "consistency: expected an array, found null"),
    (20, Lie::ConsistencyFromZeroRefused, "first=0"),
    (20, Lie::HistoryRewritten, "newer root (3) computed from the consistency proof"),
    (21, Lie::BadRangeIs200, "expected status 400, found 200"),
    (21, Lie::BadRangeIs500, "expected status 400, found 500"),
    (21, Lie::BeyondSizeIsEmptyProof, "second=10000"),
    (22, Lie::IndexInExtensionOff, "leaf_index against the SCT extension"),
    (22, Lie::ProofForgotten, "inclusion of the promised leaf"),
    (22, Lie::ProofIndexOff, "audit_path"),
    (22, Lie::ProofReversed, "audit_path"),
    (22, Lie::ProofIndexMoves, "leaf_index"),
    (23, Lie::UnknownHashIs400, "unknown hash"),
    (23, Lie::UnknownHashProved, "unknown hash"),
    (23, Lie::BeyondSizeProved, "beyond the tree"),
    (23, Lie::TreeSizeZeroIs404, "tree_size=0"),
    (24, Lie::EntryTampered(1), "root rebuilt"),
    (24, Lie::EntriesSwapped, "root rebuilt"),
    (24, Lie::ExtraDataTrailing, "extra_data: expected no trailing bytes"),
    (24, Lie::ExtraDataWithoutPrecert, "extra_data: expected"),
    (24, Lie::StoredWithoutRoot, "last certificate of extra_data"),
    (24, Lie::RootsUnrelatedToChains, "last certificate of extra_data"),
    (25, Lie::EntriesTooMany, "entries: expected 1 to 1 entries, found 2"),
    (25, Lie::EntriesFromElsewhere, "first entry of a large request"),
    (25, Lie::EntriesBeyondEndRefused, "expected status 200, found 400"),
    (26, Lie::EmptyEntriesAtEnd, "expected status 400, found 200"),
    (26, Lie::NegativeStartIsZero, "start=-1"),
    (26, Lie::MissingEndIsStart, "?start=0: expected status 400, found 200"),
    (27, Lie::EntryProofOfNeighbour, "audit_path"),
    (27, Lie::EntryExtraDataDiffers, "extra_data of entry 0"),
    (27, Lie::IndexAtSizeIs404, "expected status 400, found 404"),
    (27, Lie::SizeOnePathNull, "audit_path: expected an array, found null"),
    (27, Lie::TestCaMissingFromRoots, "get-roots"),
];

#[test]
fn each_lie_is_noticed_by_its_check() {
    let next = AtomicUsize::new(0);
    let complaints: Vec<String> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..4).map(|_| scope.spawn(|| work(&next))).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

fn work(next: &AtomicUsize) -> Vec<String> {
    let mut complaints = Vec::new();
    while let Some(&(number, lie, fragment)) = LIES.get(next.fetch_add(1, Ordering::Relaxed)) {
        complaints.extend(tell(number, lie, fragment));
    }
    complaints
}

/// None if the lie was noticed and named.
fn tell(number: u8, lie: Lie, fragment: &str) -> Option<String> {
    let report = judged(&start(lie, Some(window())), &Selection::Only(vec![number]));
    let outcome = &report.finding(number)?.outcome;
    let Outcome::Failed(error) = outcome else {
        return Some(format!("check {number} did not notice {lie:?}: {outcome:?}"));
    };
    let reason = error.to_string();
    (!reason.contains(fragment)).then(|| format!("check {number} on {lie:?}: no {fragment:?} in: {reason}"))
}

#[test]
fn every_check_has_a_lie() {
    for check in judge::checks::CHECKS {
        assert!(LIES.iter().any(|(number, _, _)| *number == check.number), "check {}", check.number);
    }
}
