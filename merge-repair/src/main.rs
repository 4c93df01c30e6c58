//! The repair node's own binary; `wolffish run merge-repair` is the same.

use std::process::ExitCode;

fn main() -> ExitCode {
    let about = "Appoints another primary of Wolffish logs when nothing is published any more";
    node::host::role_main("wolffish-merge-repair", about, merge_repair::run)
}
