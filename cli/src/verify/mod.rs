//! `wolffish verify`: checks what a log signed and proved, from files and keys alone, and says why it holds or not.

mod consistency;
mod evidence;
mod head;
mod inclusion;
mod issuer;
mod keys;
mod report;
mod sct;

use crate::decode::{Fault, Input, read};
use crate::failure::Failure;
use clap::Subcommand;
use ct::time::Timestamp;
use keys::{KeyArgs, KnownLogs};
use node::clock::{Clock as _, SystemClock};
use report::{Checked, Report};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Check what a log signed or proved, offline
#[derive(Debug, Clone, Subcommand)]
pub enum VerifyCommand {
    /// SCTs: those in a certificate, or by themselves with --chain
    Sct(sct::SctArgs),
    /// Signed tree heads, as get-sth or `wolffish get sth --json` gives them
    Sth(Common),
    /// That an entry is in a signed tree, as `wolffish get proof --json` or `wolffish get entries --json` gives it
    Inclusion(Common),
    /// That a signed tree extends another, as `wolffish get consistency --json` gives it, or of two STHs
    Consistency(Common),
    /// Evidence against a log: whether the file proves what it is about
    Evidence(Common),
}

/// What all of them are told.
#[derive(Debug, Clone, clap::Args)]
pub struct Common {
    /// What is checked; - for standard input
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    #[command(flatten)]
    pub keys: KeyArgs,
    /// One JSON object for each check
    #[arg(long)]
    pub json: bool,
}

/// Checks every file; a failure if one check does not hold.
pub fn run(command: VerifyCommand) -> Result<(), Failure> {
    match command {
        VerifyCommand::Sct(args) => sct::run(&args),
        VerifyCommand::Sth(args) => each_value(&args, "STH", head::check),
        VerifyCommand::Inclusion(args) => each_value(&args, "inclusion", inclusion::check),
        VerifyCommand::Consistency(args) => each_value(&args, "consistency", consistency::check),
        VerifyCommand::Evidence(args) => evidence::run(&args),
    }
}

/// What a check may look at besides the file.
struct Scene {
    known: KnownLogs,
    now: Timestamp,
}

impl Scene {
    fn new(keys: &KeyArgs) -> Result<Self, Failure> {
        Ok(Self { known: keys.load()?, now: SystemClock.now() })
    }
}

/// Checks every JSON value of every file.
fn each_value(
    args: &Common,
    what: &'static str,
    check: fn(&Value, &Scene) -> Checked,
) -> Result<(), Failure> {
    let scene = Scene::new(&args.keys)?;
    let mut report = Report::new(args.json);
    for file in &args.files {
        match values(file)? {
            Ok(values) => values.iter().for_each(|value| report.add(file, check(value, &scene))),
            Err(fault) => report.add(file, Checked::unread(what, fault)),
        }
    }
    report.finish()
}

/// The JSON values of a file.
fn values(file: &Path) -> Result<Result<Vec<Value>, Fault>, Failure> {
    Ok(match Input::new(read(file)?) {
        Ok(Input::Json(values)) => Ok(values),
        Ok(Input::Certificates(_) | Input::Bytes(_)) => Err(Fault::new("not JSON")),
        Err(fault) => Err(fault),
    })
}

/// A JSON value as what it should be.
fn shape<T: DeserializeOwned>(value: &Value) -> Result<T, String> {
    T::deserialize(value).map_err(|error| error.to_string())
}
