//! `judge UP_JSON [--check N]... [--log NAME]`: one line for each check, then a summary.

#![forbid(unsafe_code)]

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use judge::{Finding, JudgeError, Limits, Report, Selection, Target, UpFile};

const USAGE: &str = "usage: judge UP_JSON [--check N]... [--log NAME] [--frontend N] [--inclusion SECONDS] \
                     [--idle-sth SECONDS] [--drip SECONDS] [--expired-refused]";

#[derive(Default)]
struct Arguments {
    up_file: PathBuf,
    checks: Vec<u8>,
    log: Option<String>,
    frontend: usize,
    inclusion: Option<Duration>,
    idle_sth: Option<Duration>,
    drip: Option<Duration>,
    expired_refused: bool,
}

fn main() -> ExitCode {
    let Some(arguments) = parse(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match judge(&arguments) {
        Ok(report) => {
            println!("{}", report.summary());
            if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

fn judge(arguments: &Arguments) -> Result<Report, JudgeError> {
    let up = UpFile::load(&arguments.up_file)?;
    let selection =
        if arguments.checks.is_empty() { Selection::All } else { Selection::Only(arguments.checks.clone()) };
    let tell = &mut |finding: &Finding| println!("{finding}");
    if let Some(name) = &arguments.log {
        let target = up.target(name, arguments.frontend)?;
        return judge::run_with(&target, &selection, &limits(arguments, &target), tell);
    }
    let (general, windowed) = up.targets(arguments.frontend)?;
    judge::run_cluster((&general, windowed.as_ref()), &selection, |target| limits(arguments, target), tell)
}

fn limits(arguments: &Arguments, target: &Target) -> Limits {
    let mut limits = Limits::for_target(target);
    limits.inclusion = arguments.inclusion.unwrap_or(limits.inclusion);
    limits.idle_sth = arguments.idle_sth.unwrap_or(limits.idle_sth);
    limits.drip = arguments.drip.unwrap_or(limits.drip);
    limits.expired_refused = arguments.expired_refused;
    limits
}

fn parse(mut words: impl Iterator<Item = String>) -> Option<Arguments> {
    let mut arguments = Arguments { up_file: words.next()?.into(), ..Arguments::default() };
    let seconds = |word: Option<String>| Some(Duration::from_secs(word?.parse().ok()?));
    while let Some(word) = words.next() {
        match word.as_str() {
            "--check" => arguments.checks.push(words.next()?.parse().ok().filter(|n| (1..=27).contains(n))?),
            "--log" => arguments.log = Some(words.next()?),
            "--frontend" => arguments.frontend = words.next()?.parse().ok()?,
            "--inclusion" => arguments.inclusion = Some(seconds(words.next())?),
            "--idle-sth" => arguments.idle_sth = Some(seconds(words.next())?),
            "--drip" => arguments.drip = Some(seconds(words.next())?),
            "--expired-refused" => arguments.expired_refused = true,
            _ => return None,
        }
    }
    Some(arguments)
}
