//! What a signer shows of itself.

use ct::names::LogName;

/// Signatures were made, of SCTs or of an STH.
pub(crate) fn signed(log: &LogName, kind: &'static str, count: usize) {
    metrics::counter!("wolffish_signer_signatures_total", "log" => log.to_string(), "kind" => kind)
        .increment(count as u64);
}

/// Something was not signed; there are only so many reasons.
pub(crate) fn refused(log: &LogName, reason: &'static str) {
    metrics::counter!("wolffish_signer_refusals_total", "log" => log.to_string(), "reason" => reason)
        .increment(1);
}

/// Whether the signer is halted.
pub(crate) fn halted(log: &LogName, halted: bool) {
    metrics::gauge!("wolffish_signer_halted", "log" => log.to_string()).set(f64::from(u8::from(halted)));
}
