//! The `wolffish` command: a whole log cluster on this machine, its nodes one by one, and tools to use and watch one.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that panics has failed"))]

mod ask;
mod check;
mod decode;
mod failure;
mod fsck;
mod get;
mod guest;
mod hammer;
mod import;
mod init;
mod issue;
mod loss;
mod moment;
mod monitor;
mod out;
mod progress;
mod repair;
mod run;
mod span;
mod status;
mod submit;
mod table;
mod target;
mod up;
mod upfile;
mod verify;

use clap::{Parser, Subcommand};
use failure::Failure;
use node::exit::Exit;
use std::process::ExitCode;

/// A Certificate Transparency log cluster
#[derive(Debug, Parser)]
#[command(name = "wolffish", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Up(up::UpArgs),
    Init(Box<init::InitArgs>),
    Import(Box<import::ImportArgs>),
    #[command(subcommand)]
    Config(check::ConfigCommand),
    Run(run::RunCommand),
    Submit(submit::SubmitArgs),
    #[command(subcommand)]
    Get(get::GetCommand),
    Status(status::StatusArgs),
    #[command(subcommand)]
    Verify(verify::VerifyCommand),
    Decode(decode::DecodeArgs),
    Hammer(Box<hammer::HammerArgs>),
    Monitor(Box<monitor::MonitorArgs>),
    Repair(repair::RepairArgs),
    Rejoin(repair::RejoinArgs),
    Members(repair::MembersArgs),
    AddNode(init::add::AddNodeArgs),
    InitNode(init::node::InitNodeArgs),
    AcceptLoss(loss::LossArgs),
    Fsck(Box<fsck::FsckArgs>),
}

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // There is nobody to tell if this cannot be written.
            let _ = error.print();
            return if error.use_stderr() { Exit::Configuration.into() } else { Exit::Ok.into() };
        }
    };
    // It can only be there already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            out::note(format_args!("error: cannot start threads: {error}"));
            return Exit::Io.into();
        }
    };
    let runs_a_node = matches!(arguments.command, Command::Run(_));
    let code = runtime.block_on(dispatch(arguments.command));
    if runs_a_node {
        // Its threads wait for jobs: a node that cannot listen would wait with them for ever.
        runtime.shutdown_timeout(node::host::LAST_GRACE);
    }
    code
}

async fn dispatch(command: Command) -> ExitCode {
    let result = match command {
        Command::Run(command) => return run::run(command).await,
        Command::Up(args) => up::run(args).await,
        Command::Init(args) => init::run(&args),
        Command::Import(args) => import::run(*args).await,
        Command::Config(command) => check::run(command),
        Command::Submit(args) => submit::run(args).await,
        Command::Get(command) => get::run(command).await,
        Command::Status(args) => status::run(args).await,
        Command::Monitor(args) => monitor::run(*args).await,
        Command::Verify(command) => verify::run(command),
        Command::Decode(args) => decode::run(&args),
        Command::Hammer(args) => hammer::run(*args).await,
        Command::Repair(args) => repair::run(args).await,
        Command::Rejoin(args) => repair::rejoin(args).await,
        Command::Members(args) => repair::members(args).await,
        Command::AddNode(args) => init::add::run(&args),
        Command::InitNode(args) => init::node::run(args).await,
        Command::AcceptLoss(args) => loss::run(args).await,
        Command::Fsck(args) => fsck::run(*args).await,
    };
    match result {
        Ok(()) => Exit::Ok.into(),
        Err(failure) => fail(&failure),
    }
}

fn fail(failure: &Failure) -> ExitCode {
    out::note(format_args!("error: {failure}"));
    failure.exit()
}
