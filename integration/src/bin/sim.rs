//! Runs simulated histories (docs/simulation.md): one to read, or many to find the one that breaks a property.

use clap::Parser;
use integration::sim::World;
use integration::sim::check::Broken;
use integration::sim::fault::Coverage;
use integration::sim::history::{History, Summary};
use integration::sim::trace::Keep;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// How many lines of a broken history are printed.
const LAST_LINES: usize = 60;

/// Runs the machines of a whole cluster through simulated histories, and checks every property that they promise.
#[derive(Debug, Parser)]
struct Arguments {
    /// Decides everything that happens.
    #[arg(long)]
    seed: u64,
    /// Events of the phase in which faults happen, at least.
    #[arg(long, default_value_t = 2000)]
    steps: u64,
    /// Print every event.
    #[arg(long)]
    trace: bool,
    /// Run so many seeds, from this one on, on all cores.
    #[arg(long, default_value_t = 1)]
    count: u64,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.count == 1 { one(&arguments) } else { many(&arguments) }
}

fn one(arguments: &Arguments) -> ExitCode {
    let history = History { seed: arguments.seed, steps: arguments.steps };
    let keep = if arguments.trace { Keep::All } else { Keep::Last(LAST_LINES) };
    let world = history.run(keep);
    if arguments.trace {
        world.trace.lines().for_each(|line| println!("{line}"));
    }
    let Some(failure) = Failure::of(history, &world) else {
        println!("{}", Summary::of(history.seed, &world));
        return ExitCode::SUCCESS;
    };
    if !arguments.trace {
        failure.lines.iter().for_each(|line| println!("{line}"));
    }
    failure.tell()
}

/// A history that broke a property.
#[derive(Debug)]
struct Failure {
    history: History,
    lines: Vec<String>,
    summary: Summary,
    broken: Broken,
}

impl Failure {
    fn of(history: History, world: &World) -> Option<Self> {
        let broken = world.check.broken.clone()?;
        let lines = world.trace.lines().map(str::to_owned).collect();
        Some(Self { history, lines, summary: Summary::of(history.seed, world), broken })
    }

    fn tell(&self) -> ExitCode {
        println!("{}", self.summary);
        println!("seed {}: {}", self.history.seed, self.broken);
        println!("replay: {}", self.history.replay());
        ExitCode::FAILURE
    }
}

/// What all histories together were made of.
#[derive(Debug, Default)]
struct Total {
    histories: u64,
    events: u64,
    promises: u64,
    repaired: u64,
    /// Histories with a full measure of everything.
    full: u64,
    coverage: Coverage,
}

impl Total {
    fn add(&mut self, summary: &Summary) {
        let faults = summary.coverage.by_fault();
        let enough = faults.len() >= 3 && faults.values().sum::<u64>() >= 5;
        self.histories += 1;
        self.events += summary.events;
        self.promises += summary.promises;
        self.repaired += u64::from(summary.repairs > 0);
        self.full += u64::from(enough && summary.events >= 2_000 && summary.promises >= 50);
        self.coverage.add(&summary.coverage);
    }
}

fn many(arguments: &Arguments) -> ExitCode {
    let next = AtomicU64::new(0);
    let total = Mutex::new(Total::default());
    let broken: Mutex<Option<Failure>> = Mutex::new(None);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    if at >= arguments.count || lock(&broken).is_some() {
                        return;
                    }
                    let history = History { seed: arguments.seed + at, steps: arguments.steps };
                    let world = history.run(Keep::Last(LAST_LINES));
                    let mut total = lock(&total);
                    total.add(&Summary::of(history.seed, &world));
                    if total.histories % 1000 == 0 {
                        println!("{} of {} histories", total.histories, arguments.count);
                    }
                    if let Some(failure) = Failure::of(history, &world) {
                        lock(&broken).get_or_insert(failure);
                    }
                }
            });
        }
    });
    if let Some(failure) = lock(&broken).take() {
        failure.lines.iter().for_each(|line| println!("{line}"));
        return failure.tell();
    }
    report(&lock(&total))
}

fn report(total: &Total) -> ExitCode {
    let Total { histories, events, promises, repaired, full, coverage } = total;
    println!("{coverage}");
    println!("{histories} histories, {events} events, {promises} promises; {repaired} with a repair");
    println!("{full} with 2000 events, 50 promises and 5 faults of 3 kinds, or more");
    let empty = coverage.empty();
    if empty.is_empty() {
        return ExitCode::SUCCESS;
    }
    for (fault, role, stage) in empty {
        println!("never happened: {fault}, {} in the stage \"{stage}\"", role.as_str());
    }
    ExitCode::FAILURE
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
