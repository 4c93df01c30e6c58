//! `wolffish run ROLE`: one node, in this process.

use crate::out;
use clap::ValueEnum;
use node::exit::Exit;
use node::host::{RunArgs, main_exit};
use rustix::process::{Signal, getpid, kill_process};
use std::io::{ErrorKind, Read as _};
use std::process::ExitCode;
use std::time::Duration;

/// How long a node may take to end in good order once nobody holds its standard input open.
const GRACE: Duration = Duration::from_secs(20);

/// Run one node of a cluster in this process
#[derive(Debug, Clone, clap::Args)]
pub struct RunCommand {
    /// Which role the node has
    pub role: RunRole,
    #[command(flatten)]
    pub args: RunArgs,
    /// End when standard input closes: the node then never outlives who started it
    #[arg(long)]
    pub exit_on_stdin_close: bool,
}

/// The roles that have a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RunRole {
    /// Answers the public
    Frontend,
    /// Keeps submissions until they are published
    Storage,
    /// Holds the log's key
    Signer,
    /// Orders entries and keeps the tree
    Merge,
    /// Watches, and appoints another primary when nothing is published any more
    MergeRepair,
}

/// Runs until the node ends.
pub async fn run(command: RunCommand) -> ExitCode {
    if command.exit_on_stdin_close {
        let watch = std::thread::Builder::new().name("stdin".to_owned()).spawn(end_with_stdin);
        if let Err(error) = watch {
            out::note(format_args!("error: cannot watch standard input: {error}"));
            return Exit::Io.into();
        }
    }
    match command.role {
        RunRole::Frontend => main_exit(frontend::run(command.args).await),
        RunRole::Storage => main_exit(storage::run(command.args).await),
        RunRole::Signer => main_exit(signer::run(command.args).await),
        RunRole::Merge => main_exit(merge::run(command.args).await),
        RunRole::MergeRepair => main_exit(merge_repair::run(command.args).await),
    }
}

/// Waits for the end of standard input, then asks this very process to stop, as an operator would.
fn end_with_stdin() {
    let mut input = std::io::stdin().lock();
    let mut bytes = [0; 64];
    loop {
        match input.read(&mut bytes) {
            Ok(0) => break,
            Err(error) if error.kind() != ErrorKind::Interrupted => break,
            Ok(_) | Err(_) => {}
        }
    }
    // It cannot fail: a process may signal itself.
    let _ = kill_process(getpid(), Signal::TERM);
    std::thread::sleep(GRACE);
    std::process::exit(i32::from(Exit::Internal.code()));
}
