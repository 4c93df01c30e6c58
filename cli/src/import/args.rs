//! What `import` is told.

use crate::target::TargetArgs;
use crate::{moment, span};
use clap::Args;
use client::UserAgent;
use ct::names::{LogName, NodeName};
use ct::time::Timestamp;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// Copy a log into a read-only log of a cluster: entries, order and timestamps, verified against its signed tree head
#[derive(Debug, Clone, Args)]
pub struct ImportArgs {
    /// The log to copy
    #[command(flatten, next_help_heading = "Which log")]
    pub source: TargetArgs,
    #[command(flatten, next_help_heading = "Where to")]
    pub to: To,
    #[command(flatten, next_help_heading = "Facts that the copy publishes, with --into")]
    pub facts: FactArgs,
    /// E-mail address or URL at which the log's operator reaches you, sent with every request
    #[arg(long, value_name = "TEXT", value_parser = UserAgent::with_contact)]
    pub contact: Option<UserAgent>,
    /// One JSON object at the end
    #[arg(long)]
    pub json: bool,
}

/// Where the copy goes.
#[derive(Debug, Clone, Args)]
pub struct To {
    /// What the log is called there
    #[arg(long = "as", value_name = "NAME")]
    pub name: LogName,
    /// Directory of a `wolffish up` that is not running: each frontend gets the copy, cluster.toml the log
    #[arg(long, value_name = "DIR", required_unless_present = "cluster", conflicts_with = "cluster")]
    pub into: Option<PathBuf>,
    /// The cluster.toml of a cluster that is spread over machines, which names the log; run it once for each frontend
    #[arg(long, value_name = "FILE", requires_all = ["node", "state"])]
    pub cluster: Option<PathBuf>,
    /// The frontend that gets the copy; it is not running
    #[arg(long, value_name = "NAME", requires = "cluster", conflicts_with = "into")]
    pub node: Option<NodeName>,
    /// State directory of that frontend
    #[arg(long, value_name = "DIR", requires = "cluster", conflicts_with = "into")]
    pub state: Option<PathBuf>,
}

/// What the public is told of the original log.
#[derive(Debug, Clone, Args)]
pub struct FactArgs {
    /// Its maximum merge delay, in whole seconds [default: what --dir knows, or 24h]
    #[arg(long, value_parser = span::parse, conflicts_with = "cluster")]
    pub mmd: Option<Duration>,
    /// Which notAfter it accepted, such as 2024-01-01..2025-01-01 [default: what --dir knows]
    #[arg(long, value_name = "START..END", conflicts_with = "cluster")]
    pub window: Option<Interval>,
}

/// A window of notAfter: the first moment inside, the first after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    /// The first moment inside.
    pub start: Timestamp,
    /// The first moment after it.
    pub end: Timestamp,
}

impl FromStr for Interval {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (start, end) = text.split_once("..").ok_or("expected START..END")?;
        Ok(Self { start: moment::parse(start)?, end: moment::parse(end)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Command {
        #[command(flatten)]
        args: ImportArgs,
    }

    fn parse(text: &str) -> Result<ImportArgs, String> {
        let words = std::iter::once("import").chain(text.split_whitespace());
        Command::try_parse_from(words).map(|command| command.args).map_err(|error| error.to_string())
    }

    #[test]
    fn a_copy_goes_to_one_kind_of_place() {
        let args =
            parse("--url http://h/a --key k --into d --as old --window 2024-01-01..2025-01-01").unwrap();
        assert_eq!(args.to.name.as_str(), "old");
        assert_eq!(moment::show(args.facts.window.unwrap().end), "2025-01-01T00:00:00Z");
        assert!(parse("--dir a --log b --cluster c --node frontend-1 --state s --as old").is_ok());
        for wrong in [
            "--into d",
            "--as old",
            "--as old --into d --cluster c --node n --state s",
            "--as old --cluster c --node n",
            "--as old --into d --node n --state s",
            "--as old --cluster c --node n --state s --mmd 24h",
            "--as Old --into d",
            "--as old --into d --window 2024-01-01",
            "--as old --into d --contact a(b",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
