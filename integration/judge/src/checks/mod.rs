//! The checks, numbered as in the table that the project keeps of them.

mod edges;
mod entries;
mod heads;
mod malformed;
mod overload;
mod policy;
mod proofs;
mod refusal;
mod routing;
mod submission;

use crate::error::Result;
use crate::session::Session;

/// Which log of a cluster a check wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wants {
    /// One that accepts any notAfter.
    AnyTime,
    /// One with a temporal interval.
    Window,
}

/// One check.
pub struct Check {
    /// Its number.
    pub number: u8,
    /// What it is about.
    pub title: &'static str,
    /// Which log it wants.
    pub wants: Wants,
    /// Does the work.
    pub run: fn(&Session) -> Result<()>,
}

const fn check(number: u8, title: &'static str, run: fn(&Session) -> Result<()>) -> Check {
    Check { number, title, wants: Wants::AnyTime, run }
}

const fn windowed(number: u8, title: &'static str, run: fn(&Session) -> Result<()>) -> Check {
    Check { number, title, wants: Wants::Window, run }
}

/// All checks, in order.
pub const CHECKS: [Check; 27] = [
    check(1, "add-chain gives a complete SCT that verifies", submission::chain),
    check(2, "a chain without its root is accepted and stored with it", submission::without_root),
    check(3, "twenty resubmissions at once give provable SCTs", submission::resubmission),
    check(4, "add-pre-chain signs the TBSCertificate without poison", submission::precertificate),
    check(
        5,
        "the final certificate is an entry of its own and its embedded SCT verifies",
        submission::final_certificate,
    ),
    check(6, "a Precertificate Signing Certificate is looked through", submission::precert_signing),
    check(7, "precertificate and certificate are not mixed up", refusal::mix_up),
    check(8, "malformed poison is refused", refusal::malformed_poison),
    check(9, "a flipped signature bit is refused", refusal::flipped_signature),
    check(10, "a chain that does not reach an accepted root is refused", refusal::unknown_root),
    check(11, "shuffled, duplicate and unrelated certificates are refused", refusal::misordered),
    windowed(12, "the first and the last notAfter of the window are accepted", policy::inside_window),
    windowed(13, "a notAfter just outside the window is refused", policy::outside_window),
    check(14, "misissued certificates are logged", policy::misissued),
    check(15, "a SHA-1 chain is accepted", policy::sha1),
    check(16, "malformed submissions get 400", malformed::bodies),
    check(17, "oversized, deep and slow bodies do no harm", overload::bodies),
    check(18, "wrong methods and paths get 405 and 404", routing::methods_and_paths),
    check(19, "an idle log re-signs its tree head within the MMD", heads::idle),
    check(20, "all tree heads seen are consistent", heads::consistency),
    check(21, "bad consistency ranges get 400", heads::bad_ranges),
    check(22, "every SCT has a proof at a stable index", proofs::by_hash),
    check(23, "get-proof-by-hash refuses what it cannot prove", proofs::unprovable),
    check(24, "the whole log rebuilds the root and every chain ends in an accepted root", entries::whole_log),
    check(25, "get-entries ends at the tree and begins where asked", edges::partial),
    check(26, "bad get-entries ranges get 400, never an empty list", edges::bad_ranges),
    check(
        27,
        "get-entry-and-proof verifies for every index, get-roots is complete",
        entries::entry_and_proof_and_roots,
    ),
];
