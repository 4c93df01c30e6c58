//! `wolffish-storage`: a storage node.

use std::process::ExitCode;

fn main() -> ExitCode {
    node::host::role_main("wolffish-storage", "A storage node of a Wolffish cluster", storage::run)
}
