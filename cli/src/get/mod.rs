//! `wolffish get`: reads a log and verifies what it reads.

mod consistency;
mod entries;
mod entry;
mod proof;
mod sth;

use crate::failure::Failure;
use crate::target::TargetArgs;
use clap::Subcommand;
use client::Reader;

/// Fetch something from a log, and verify it
#[derive(Debug, Clone, Subcommand)]
pub enum GetCommand {
    /// The newest signed tree head
    Sth(Common),
    /// Entries START to END, both included, proved to be in the newest signed tree
    Entries(entries::EntriesArgs),
    /// The proof that a leaf is in the newest signed tree
    Proof(proof::ProofArgs),
    /// The proof that the tree of SECOND entries extends that of FIRST, both tied to the newest signed tree head
    Consistency(consistency::ConsistencyArgs),
}

/// What all of them are told.
#[derive(Debug, Clone, clap::Args)]
pub struct Common {
    #[command(flatten)]
    pub target: TargetArgs,
    /// JSON
    #[arg(long)]
    pub json: bool,
}

impl Common {
    fn reader(&self) -> Result<Reader, Failure> {
        Ok(self.target.resolve()?.client()?.reader())
    }
}

/// Fetches, verifies, prints.
pub async fn run(command: GetCommand) -> Result<(), Failure> {
    match command {
        GetCommand::Sth(common) => sth::run(&common).await,
        GetCommand::Entries(args) => entries::run(args).await,
        GetCommand::Proof(args) => proof::run(args).await,
        GetCommand::Consistency(args) => consistency::run(args).await,
    }
}
