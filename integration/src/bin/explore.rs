//! Explores every order of events within bounds (docs/model.md): wider ones than the tests have the time for.

use clap::Parser;
use integration::model::{Bounds, Honesty, Plant, Wanted, explore};
use std::process::ExitCode;

/// Takes the machines of merge nodes, signers and repair through every order of events within these bounds.
#[derive(Debug, Parser)]
struct Arguments {
    /// The highest term.
    #[arg(long, default_value_t = 2)]
    terms: u64,
    /// The longest log.
    #[arg(long, default_value_t = 1)]
    entries: u64,
    /// Proposals in all.
    #[arg(long, default_value_t = 3)]
    proposals: u8,
    /// Runs of repair, which may overlap: one for each thing that is wanted.
    #[arg(long, value_delimiter = ',')]
    runs: Vec<Wanted>,
    /// Disks of merge nodes that are lost.
    #[arg(long, default_value_t = 0)]
    wipes: u8,
    /// Steps of clocks.
    #[arg(long, default_value_t = 0)]
    clock_steps: u8,
    /// What the first primary is.
    #[arg(long, default_value = "honest")]
    first_primary: Honesty,
    /// A fault beyond what the design bears, to see a property break.
    #[arg(long)]
    plant: Option<Plant>,
}

fn main() -> ExitCode {
    let Arguments { terms, entries, proposals, runs, wipes, clock_steps, first_primary, plant } =
        Arguments::parse();
    let signers = if runs.contains(&Wanted::MoveSigner) { 2 } else { 1 };
    let runs = Vec::leak(runs);
    let found = explore(Bounds {
        terms,
        entries,
        proposals,
        signers,
        runs,
        wipes,
        clock_steps,
        first_primary,
        plant,
    });
    println!("{found}");
    if found.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
