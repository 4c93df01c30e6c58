//! `wolffish-signer`: a signer.

use std::process::ExitCode;

fn main() -> ExitCode {
    node::host::role_main("wolffish-signer", "A signer of a Wolffish cluster", signer::run)
}
