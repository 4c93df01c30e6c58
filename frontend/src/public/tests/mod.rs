//! The public API over loopback, on a real store: what docs/compatibility.md says of each difference from CTFE is shown by
//! a test of the name given there.

mod http;
mod overload;
mod reads;
mod submissions;

/// Below this path lies the lab's log.
const LOG: &str = "/lab/ct/v1/";

fn path(rest: &str) -> String {
    format!("{LOG}{rest}")
}
