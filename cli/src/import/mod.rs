//! `wolffish import`: an existing log, ours or not, copied into a read-only log of a cluster.
//!
//! The log's signed tree head comes first. Entries are fetched in order and committed as they come, into the copy of every
//! frontend; what is committed counts for nothing until, at the end, each copy's root was recomputed from its disk and is the
//! signed one. Then, and only then, the tree head is installed, and the log named in `cluster.toml`. An import that broke off
//! is run again, and goes on where it was.

mod args;
mod blame;
mod copies;
mod fetch;
mod fill;
mod place;
mod report;
mod source;

pub use args::ImportArgs;

use crate::failure::Failure;
use crate::out;
use crate::progress::Progress;
use crate::target::Target;
use client::ClientError;
use copies::Copies;
use ct::sth::VerifiedSth;
use place::Place;
use report::Report;
use source::Source;
use tokio::task::block_in_place;

/// Greatest roots that are saved, in bytes: those of all browsers together are a fiftieth of it.
const MAX_ROOTS: usize = 16 << 20;

/// Imports.
pub async fn run(args: ImportArgs) -> Result<(), Failure> {
    let target: Target = args.source.resolve()?;
    let place = Place::find(&args, &target)?;
    let (log, key) = (target.log.clone(), target.log.key().clone());
    let source = Source::new(target.log, args.contact.clone())?;
    let shown = source.sth().await?;
    let mut copies = block_in_place(|| Copies::begin(&place.destinations, &key))?;
    let sth = source.newest(copies.known(), shown).await?;
    block_in_place(|| copies.aim(&sth))?;
    let fetched = fill::fill(&source, &mut copies, sth.head()).await?;
    let roots = roots(&source).await;
    block_in_place(|| show(&mut copies, &sth, roots.as_deref()))?;
    let nodes = copies.nodes().cloned().collect();
    drop(copies);
    let added = place.finish()?;
    let report =
        Report { name: args.to.name, log, sth, fetched, roots: roots.map(|roots| roots.len()), nodes, added };
    report.print(args.json, args.to.into.as_deref());
    Ok(())
}

/// The roots that the log accepts: nice to have, and nothing that it signs.
async fn roots(source: &Source) -> Option<Vec<Vec<u8>>> {
    let missing = |why: String| {
        out::note(format_args!("get-roots will answer what it did before, or an empty list: {why}"))
    };
    match source.brief.roots().await {
        Ok(roots) if roots.iter().map(Vec::len).sum::<usize>() <= MAX_ROOTS => Some(roots),
        Ok(_) => {
            missing(format!("more than {MAX_ROOTS} bytes of roots"));
            None
        }
        Err(error) => {
            missing(ClientError::to_string(&error));
            None
        }
    }
}

/// Recomputes the root of each copy from its disk, and installs the tree head.
fn show(copies: &mut Copies, sth: &VerifiedSth, roots: Option<&[Vec<u8>]>) -> Result<(), Failure> {
    for copy in copies.each() {
        let mut progress = Progress::long("reading back", 0, sth.head().tree_size.get());
        let shown = copy.import.show(roots, &mut |at| progress.at(at.get()));
        let in_place = |error: frontend::read_only::ReadOnlyError| match Failure::from(error) {
            Failure::Check(text) => Failure::Check(format!("{}: {text}", copy.node)),
            other => other,
        };
        shown.map_err(in_place)?;
    }
    Ok(())
}
