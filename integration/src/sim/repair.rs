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
use merge_repair::wanted::Wanted;
use std::time::Duration;

/// The repair process; its disk holds the run.
pub type Repair = Process<Machine, Option<Run>>;

/// The name of a repair process: there are two, with one key and a disk each.
pub fn repair_name(number: usize) -> NodeName {
    name("merge-repair", number)
}

/// A person allows a new run of this process and asks for one. Nothing happens while its last run is under way, or if
/// nothing can be planned.
pub fn repair(world: &mut World, node: &NodeName) {
    // Who lost its vote gets it back first.
    let wanted = world.voteless().unwrap_or_else(|| world.another_primary());
    repair_wanting(world, node, &wanted);
}

/// The same, with a change.
pub fn repair_wanting(world: &mut World, node: &NodeName, wanted: &Wanted) {
    let under_way = |run: &Run| run.outcome().is_none();
    let Some(process) = world.repairs.get(node) else { return };
    if process.disk.as_ref().is_some_and(under_way) {
        return;
    }
    let (guard, scan) = (newest(world, process.guard.clone()), scan(world));
    let Ok(plan) = plan(Cause::Person, wanted, &guard, world.log_key.public(), &scan) else {
        return world.note(format_args!("{node} cannot plan a repair"));
    };
    world.note(format_args!("{node} begins a repair for term {}", plan.term));
    world.repair_begins(node);
    let run = RunId::new(world.rng.u128(..).to_be_bytes());
    let (settings, now) = (settings(world), Timestamp::from_millis(world.now));
    let mut fx = machine::Fx::new();
    let machine = Machine::begin(settings, guard, plan, run, now, &mut fx);
    commit_and_act(world, node, machine, fx);
}

/// The newest certificate that any merge node gives, if it proves itself: of a repair that this process does not remember.
fn newest(world: &World, mut guard: Guard) -> Guard {
    for (node, process) in &world.merges {
        if world.answers(node)
            && let Ok(Some(adopted)) = guard.adopt(process.guard.certificate().clone())
        {
            guard = adopted;
        }
    }
    guard
}

/// Starts the process: it goes on with a run that is under way.
pub fn start(world: &mut World, node: &NodeName) {
    let (settings, now) = (settings(world), Timestamp::from_millis(world.now));
    let Some(process) = world.repairs.get_mut(node) else { return };
    process.body.epoch += 1;
    process.machine = match &process.disk {
        Some(run) if run.outcome().is_none() => {
            Some(Machine::recover(settings, process.guard.clone(), run.clone(), now))
        }
        _ => None,
    };
}

/// One step of a run that is under way.
pub fn step(world: &mut World, node: &NodeName, event: machine::Event) {
    let now = Timestamp::from_millis(world.now);
    let taken = world.repairs.get_mut(node).and_then(|process| process.machine.take());
    let Some(mut machine) = taken else { return };
    let mut fx = machine::Fx::new();
    machine.step(now, event, &mut fx);
    commit_and_act(world, node, machine, fx);
}

/// Time passes; and they see what the frontends show.
pub fn tick(world: &mut World) {
    for node in world.repairs.keys().cloned().collect::<Vec<_>>() {
        if world.repairs[&node].machine.is_none() {
            continue;
        }
        step(world, &node, machine::Event::Tick);
        let running = world.frontends.iter().filter(|(name, _)| world.answers(name));
        let shown = running.filter_map(|(_, process)| {
            let sth = process.disk.published.clone()?;
            Some((process.guard.term(), Box::new(sth)))
        });
        for (term, sth) in shown.collect::<Vec<_>>() {
            step(world, &node, machine::Event::Shown(term, sth));
        }
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
        publication: Duration::from_secs(6),
        others: others.chain([name("signer", 1)]).collect(),
    }
}

fn commit_and_act(world: &mut World, node: &NodeName, machine: Machine, fx: machine::Fx) {
    let crash = if fx.writes.is_empty() { None } else { world.crash_repair(node) };
    let Some(process) = world.repairs.get_mut(node) else { return };
    if crash != Some(false) {
        for write in fx.writes {
            match write {
                Write::Run(run) => process.disk = Some(*run),
                Write::Certificate(certificate) => {
                    if certificate.term() > world.newest.term() {
                        world.newest = (*certificate).clone();
                    }
                    process.guard = Guard::new(world.trust.clone(), *certificate);
                }
            }
        }
    }
    if crash.is_some() {
        return;
    }
    let under_way = process.disk.as_ref().is_some_and(|run| run.outcome().is_none());
    process.machine = under_way.then_some(machine);
    for act in fx.acts {
        match act {
            machine::Act::Call(call, to, what) => world.send_repair(node, to, call, what),
            machine::Act::Report(report) => {
                world.note(format_args!("{node} reports: {}", report.to_string().replace('\n', "; ")));
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
}

/// What every node says at this moment, if it runs.
fn scan(world: &World) -> Scan {
    let mut looks = Vec::new();
    let mut look = |node: &NodeName, role, guard: &Guard, detail: Option<Detail>| {
        let status = |detail| Status {
            node: node.clone(),
            role,
            log: "simulated".parse().expect("it is a name"),
            now: world.clock(node),
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
    let answering = |node: &NodeName| world.answers(node);
    for (node, process) in &world.frontends {
        let published = process.disk.published.clone();
        let detail = process.machine.as_ref().filter(|_| answering(node)).map(|machine| Detail::Frontend {
            held: machine.held().map(|sth| sth.sth().clone()),
            published,
            closed: None,
        });
        look(node, Role::Frontend, &process.guard, detail);
    }
    for (node, process) in &world.merges {
        let detail = process.machine.as_ref().filter(|_| answering(node)).map(|machine| Detail::Merge {
            incarnation: machine.incarnation(),
            voting: machine.voting(),
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
    for node in &world.spare_signers {
        let detail = Detail::Signer { last: None, halted: None, refusals: 0, released: None };
        look(node, Role::Signer, &world.signer.guard, Some(detail));
    }
    Scan { now: Timestamp::from_millis(world.now), looks }
}

/// Hands a request to a running merge node, commits what it writes, performs its acts, and returns what it answers.
pub fn deliver(world: &mut World, node: &NodeName, request: Request) -> Vec<Act> {
    let now = Timestamp::from_millis(world.now);
    let Some(process) = world.merges.get_mut(node) else { return Vec::new() };
    let Some(machine) = process.machine.take() else { return Vec::new() };
    let mut fx = ct::machine::Effects::new();
    match machine.step(now, Event::Request(0, repair_name(1), request), &process.disk.log, &mut fx) {
        Ok(machine) => process.machine = Some(machine),
        Err(halt) => {
            world.halt(node, halt);
            return Vec::new();
        }
    }
    world.commit_merge(node, fx.writes);
    let (answers, others): (Vec<_>, Vec<_>) =
        fx.acts.into_iter().partition(|act| matches!(act, Act::Respond(..)));
    world.act_merge(node, others, Origin::Nobody);
    answers
}
