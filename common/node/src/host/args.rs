//! From the arguments of a process to its last word.

use super::error::Fatal;
use crate::exit::Exit;
use crate::telemetry::LogFormat;
use clap::{Args, FromArgMatches as _};
use ct::names::NodeName;
use std::future::Future;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// How long threads may go on after the node has ended.
pub const LAST_GRACE: Duration = Duration::from_secs(1);

/// What every role is told when it is started.
#[derive(Args, Clone, Debug)]
pub struct RunArgs {
    /// The cluster's configuration, the same file on every machine
    #[arg(long, value_name = "FILE")]
    pub cluster: PathBuf,
    /// Which node of the cluster this process is
    #[arg(long, value_name = "NAME")]
    pub node: NodeName,
    /// The node's state directory, made by init
    #[arg(long, value_name = "DIR")]
    pub state: PathBuf,
    /// How log lines look: human or json
    #[arg(long, value_name = "FORMAT", default_value = "human", value_parser = str::parse::<LogFormat>)]
    pub log_format: LogFormat,
}

/// The whole of a role's `main`: reads the arguments, runs, and says why it ended.
pub fn role_main<F, Fut, E>(name: &'static str, about: &'static str, run: F) -> ExitCode
where
    F: FnOnce(RunArgs) -> Fut,
    Fut: Future<Output = Result<Exit, E>>,
    E: Fatal,
{
    let command = RunArgs::augment_args(clap::Command::new(name));
    let parsed = command.about(about).version(env!("CARGO_PKG_VERSION")).try_get_matches();
    let args = match parsed.and_then(|matches| RunArgs::from_arg_matches(&matches)) {
        Ok(args) => args,
        Err(error) => {
            // There is nobody to tell if this cannot be written.
            let _ = error.print();
            return if error.use_stderr() { Exit::Configuration.into() } else { Exit::Ok.into() };
        }
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("{name}: cannot start threads: {error}");
            return Exit::Io.into();
        }
    };
    let code = main_exit(runtime.block_on(run(args)));
    // A thread that hangs at a disk must not keep the process.
    runtime.shutdown_timeout(LAST_GRACE);
    code
}

/// A process's exit code; an error is told where its log lines go, or on standard error if there are none yet.
pub fn main_exit<E: Fatal>(result: Result<Exit, E>) -> ExitCode {
    match result {
        Ok(exit) => exit.into(),
        Err(error) => {
            if tracing::dispatcher::has_been_set() {
                tracing::error!(%error, "cannot start");
            } else {
                eprintln!("error: {error}");
            }
            error.exit().into()
        }
    }
}
