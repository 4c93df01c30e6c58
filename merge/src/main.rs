//! The merge node's own binary; `wolffish run merge` is the same.

use std::process::ExitCode;

fn main() -> ExitCode {
    node::host::role_main("wolffish-merge", "Orders entries and keeps the tree of Wolffish logs", merge::run)
}
