//! Repair in the simulator: the machine of the repair process, with a disk of its own, crashing at its writes like every
//! other node. What it sees of the others when it plans is what they would say at that moment.

use super::world::{Origin, Process, World, name};
use ct::names::{NodeName, Role};
use ct::term::{Guard, RunId};
use ct::time::Timestamp;
use ct::wire::status::{Detail, Status};
use merge::message::{Act, Event, Request};
use merge_repair::machine::{self, Machine, Settings, Write};
use merge_repair::plan::{Cause, plan};
use merge_repair::run::{Outcome, Run};
use merge_repair::scan::{Look, Scan};
use std::time::Duration;

/// The repair process; its disk holds the run.
pub type Repair = Process<Machine, Option<Run>>;

/// Its name.
pub fn repair_name() -> NodeName {
    name("merge-repair", 1)
}

/// A person allows a new run and asks for one. Nothing happens while a run is under way, or if nothing can be planned.
pub fn repair(world: &mut World) {
    let under_way = |run: &Run| run.outcome().is_none();
    if world.repair.disk.as_ref().is_some_and(under_way) {
        return;
    }
    let (guard, scan) = (world.repair.guard.clone(), scan(world));
    let Ok(plan) = plan(Cause::Person, &guard, world.log_key.public(), &scan) else { return };
    let run = RunId::new(world.rng.u128(..).to_be_bytes());
    let (settings, now) = (settings(world), Timestamp::from_millis(world.now));
    let mut fx = machine::Fx::new();
    world.repair.machine = Some(Machine::begin(settings, guard, plan, run, now, &mut fx));
    world.faults.repairs += 1;
    commit_and_act(world, fx);
}

/// Starts the process: it goes on with a run that is under way.
pub fn start(world: &mut World) {
    world.repair.epoch += 1;
    let (settings, now) = (settings(world), Timestamp::from_millis(world.now));
    let process = &mut world.repair;
    process.machine = match &process.disk {
        Some(run) if run.outcome().is_none() => {
            Some(Machine::recover(settings, process.guard.clone(), run.clone(), now))
        }
        _ => None,
    };
}

/// One step of a run that is under way.
pub fn step(world: &mut World, event: machine::Event) {
    let now = Timestamp::from_millis(world.now);
    let Some(machine) = &mut world.repair.machine else { return };
    let mut fx = machine::Fx::new();
    machine.step(now, event, &mut fx);
    commit_and_act(world, fx);
}

/// Time passes; and it sees what the frontends show.
pub fn tick(world: &mut World) {
    if world.repair.machine.is_none() {
        return;
    }
    step(world, machine::Event::Tick);
    let shown = world.frontends.values().filter(|process| process.machine.is_some()).filter_map(|process| {
        let sth = process.disk.published.clone()?;
        Some((process.guard.term(), Box::new(sth)))
    });
    for (term, sth) in shown.collect::<Vec<_>>() {
        step(world, machine::Event::Shown(term, sth));
    }
}

fn settings(world: &mut World) -> Settings {
    let others = world.storages.keys().chain(world.frontends.keys()).cloned();
    // Half of the runs wait for nobody beyond a majority.
    let grace = Duration::from_millis(if world.rng.bool() { 0 } else { 300 });
    Settings {
        key: world.repair_key.clone(),
        log_key: world.log_key.public().clone(),
        grace,
        patience: Duration::from_secs(2),
        publication: Duration::from_secs(20),
        others: others.chain([name("signer", 1)]).collect(),
    }
}

fn commit_and_act(world: &mut World, fx: machine::Fx) {
    let crash = if fx.writes.is_empty() { None } else { world.crash_repair() };
    if crash != Some(false) {
        for write in fx.writes {
            match write {
                Write::Run(run) => world.repair.disk = Some(*run),
                Write::Certificate(certificate) => {
                    if certificate.term() > world.newest.term() {
                        world.newest = (*certificate).clone();
                    }
                    world.repair.guard = Guard::new(world.trust.clone(), *certificate);
                }
            }
        }
    }
    if crash.is_some() {
        return;
    }
    for act in fx.acts {
        match act {
            machine::Act::Call(call, to, what) => world.send_repair(to, call, what),
            machine::Act::Report(report) => {
                world.trace(report.to_string().len() as u64);
                match report.outcome {
                    Some(Outcome::Evidence { reason, .. }) => {
                        world.check.stuck(format!("repair has evidence of what cannot be: {reason}"));
                    }
                    Some(Outcome::Repaired { .. }) => world.faults.repaired += 1,
                    _ => {}
                }
            }
        }
    }
    if world.repair.disk.as_ref().is_some_and(|run| run.outcome().is_some()) {
        world.repair.machine = None;
    }
}

/// What every node says at this moment, if it runs.
fn scan(world: &World) -> Scan {
    let mut looks = Vec::new();
    let mut look = |node: &NodeName, role, guard: &Guard, detail: Option<Detail>| {
        let status = |detail| Status {
            node: node.clone(),
            role,
            log: "simulated".parse().expect("it is a name"),
            now: Timestamp::from_millis(world.now),
            term: guard.term(),
            primary: guard.certificate().body.primary.clone(),
            config_hash: String::new(),
            not_ready: Vec::new(),
            scrub: None,
            detail,
        };
        let answer = detail.map(status).ok_or_else(|| "down".to_owned());
        looks.push(Look { node: node.clone(), role, answer });
    };
    for (node, process) in &world.frontends {
        let published = process.disk.published.clone();
        let detail = process.machine.as_ref().map(|machine| Detail::Frontend {
            held: machine.held().map(|sth| sth.head().tree_size).unwrap_or_default(),
            published,
            closed: None,
        });
        look(node, Role::Frontend, &process.guard, detail);
    }
    for (node, process) in &world.merges {
        let detail = process.machine.as_ref().map(|machine| Detail::Merge {
            incarnation: machine.incarnation(),
            len: machine.accepted().head.size,
            accepted_term: machine.accepted().term,
            accepted: machine.accepted().head,
            newest_sth: machine.newest_sth().map(|sth| sth.sth().clone()),
            stopped: machine.stopped().map(|stopped| stopped.term),
            waiting: None,
            waits_for: None,
            polled_through: None,
        });
        look(node, Role::Merge, &process.guard, detail);
    }
    Scan { now: Timestamp::from_millis(world.now), looks }
}

/// Hands a request to a running merge node, commits what it writes, performs its acts, and returns what it answers.
pub fn deliver(world: &mut World, node: &NodeName, request: Request) -> Vec<Act> {
    let now = Timestamp::from_millis(world.now);
    let Some(process) = world.merges.get_mut(node) else { return Vec::new() };
    let Some(machine) = process.machine.take() else { return Vec::new() };
    let mut fx = ct::machine::Effects::new();
    match machine.step(now, Event::Request(0, repair_name(), request), &process.disk.log, &mut fx) {
        Ok(machine) => process.machine = Some(machine),
        Err(halt) => {
            world.halted.push(format!("{node}: {halt}"));
            return Vec::new();
        }
    }
    world.commit_merge(node, fx.writes);
    let (answers, others): (Vec<_>, Vec<_>) =
        fx.acts.into_iter().partition(|act| matches!(act, Act::Respond(..)));
    world.act_merge(node, others, Origin::Nobody);
    answers
}
