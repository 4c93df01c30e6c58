//! The frontend's own binary; `wolffish run frontend` is the same.

use std::process::ExitCode;

fn main() -> ExitCode {
    node::host::role_main("wolffish-frontend", "Answers the public about Wolffish logs", frontend::run)
}
