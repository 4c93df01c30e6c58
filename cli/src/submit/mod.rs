//! `wolffish submit`: chains in, promises out, each promise verified, and with `--wait` seen kept.

mod post;
mod prove;
pub mod read;
mod report;

use crate::failure::Failure;
use crate::issue::issuer;
use crate::progress::Progress;
use crate::span;
use crate::target::{Target, TargetArgs};
use ct::x509::Endpoint;
use hammer::chains::{Issuer, KeyKind};
use post::{Outcome, Poster};
use read::Work;
use report::Report;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// Submit certificate chains, verify every SCT, and with --wait prove that each is in the log
#[derive(Debug, Clone, clap::Args)]
pub struct SubmitArgs {
    /// Chains: PEM (leaf first) or DER files, or directories of them. A precertificate is known by its poison
    #[arg(value_name = "FILE|DIR", required_unless_present = "new")]
    pub files: Vec<PathBuf>,
    #[command(flatten)]
    pub target: TargetArgs,
    /// Issue N certificates of mixed key types from the test CA of --dir, every other one a precertificate
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub new: u64,
    /// Wait until each is proved to be in a tree that the log signed
    #[arg(long)]
    pub wait: bool,
    /// How long to try again where the log is busy, and how long --wait waits
    #[arg(long, default_value = "120s", value_parser = span::parse)]
    pub timeout: Duration,
    /// Most requests at a time
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub concurrency: u16,
    /// One JSON object a line
    #[arg(long)]
    pub json: bool,
}

/// Submits everything; a failure if anything failed.
pub async fn run(args: SubmitArgs) -> Result<(), Failure> {
    let target = args.target.resolve()?;
    let issuer = if args.new > 0 { Some(Arc::new(test_issuer(&target)?)) } else { None };
    let files = read::expand(&args.files)?;
    let client = target.client()?;
    let poster = Arc::new(Poster::new(client.clone(), args.timeout));
    let work = files.into_iter().map(Work::File).chain((0..args.new).map(Work::New));
    let mut report = Report::new(args.json);
    submit_all(work, args.concurrency, &poster, issuer, &mut report).await?;
    if args.wait {
        let reader = client.reader();
        let bound = usize::from(args.concurrency);
        prove::all(&reader, report.leaves(), args.timeout, bound, &mut report).await?;
    }
    report.finish(args.wait)
}

fn test_issuer(target: &Target) -> Result<Issuer, Failure> {
    let Some(ca) = &target.test_ca else {
        let text = "--new needs the test CA of a running `wolffish up`: give its --dir";
        return Err(Failure::Usage(text.to_owned()));
    };
    issuer(target, ca, &KeyKind::ALL)
}

/// Keeps `bound` submissions under way until there are no more.
async fn submit_all(
    work: impl ExactTotal,
    bound: u16,
    poster: &Arc<Poster>,
    issuer: Option<Arc<Issuer>>,
    report: &mut Report,
) -> Result<(), Failure> {
    let mut progress = Progress::new("submitting", work.total());
    let mut running = JoinSet::new();
    for (number, work) in work.enumerate() {
        if running.len() >= usize::from(bound) {
            finish_one(&mut running, report, &mut progress).await?;
        }
        let (poster, issuer) = (Arc::clone(poster), issuer.clone());
        running.spawn(async move { one(number, work, &poster, issuer.as_deref()).await });
    }
    while !running.is_empty() {
        finish_one(&mut running, report, &mut progress).await?;
    }
    Ok(())
}

/// An iterator whose length is known, if only as the upper bound of its hint.
trait ExactTotal: Iterator<Item = Work> {
    fn total(&self) -> u64 {
        self.size_hint().1.unwrap_or(0) as u64
    }
}

impl<I: Iterator<Item = Work>> ExactTotal for I {}

async fn finish_one(
    running: &mut JoinSet<Outcome>,
    report: &mut Report,
    progress: &mut Progress,
) -> Result<(), Failure> {
    if let Some(done) = running.join_next().await {
        let outcome = done.map_err(|error| Failure::Internal(format!("a submission broke: {error}")))?;
        progress.around(|| report.submission(outcome));
        progress.step();
    }
    Ok(())
}

async fn one(number: usize, work: Work, poster: &Poster, issuer: Option<&Issuer>) -> Outcome {
    let source = work.source();
    let chain = match work {
        Work::File(path) => read::chain(&path),
        Work::New(number) => match issuer {
            Some(issuer) => new(number, issuer),
            None => Err("there is no test CA".to_owned()),
        },
    };
    let result = match chain {
        // In pairs, so that certificates and precertificates do not each have a frontend of their own.
        Ok(chain) => poster.submit(number / 2, &chain).await,
        Err(why) => Err(why),
    };
    Outcome { source, result }
}

/// A chain from the test CA: the even numbers are certificates, the odd ones precertificates.
fn new(number: u64, issuer: &Issuer) -> Result<Vec<Vec<u8>>, String> {
    let endpoint = if number.is_multiple_of(2) { Endpoint::AddChain } else { Endpoint::AddPreChain };
    let prepared = issuer.issue(number / 2, endpoint).map_err(|error| error.to_string())?;
    Ok(prepared.chain())
}
