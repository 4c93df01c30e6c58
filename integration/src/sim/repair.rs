//! A repair in one go, by the hand of the test: stop a majority, choose, certify, tell some of the nodes. The rest learns
//! of the new term from whoever knows it. (The repair process is another matter; here it is the terms that are tested.)

use super::world::{Origin, World};
use ct::index::Term;
use ct::names::NodeName;
use ct::term::{RunId, SignedStopReply, TermBody, TermCertificate};
use ct::time::Timestamp;
use merge::message::{Act, Answer, Event, Request};

/// Stops, chooses, certifies; does nothing if no majority runs.
pub fn repair(world: &mut World) {
    let running: Vec<NodeName> =
        world.merges.iter().filter(|(_, p)| p.machine.is_some()).map(|(name, _)| name.clone()).collect();
    let voters = world.newest.body.voters.clone();
    if running.len() < voters.majority() {
        return;
    }
    let term = world.newest.term().plus(1);
    let run = RunId::new(world.rng.u128(..).to_be_bytes());
    let mut stops = Vec::new();
    for node in world.rng_choose(running, voters.majority()) {
        stops.extend(stop(world, &node, term, run));
    }
    let Ok(choice) = world.newest.choose(run, term, &stops) else { return };
    let old = &world.newest.body.primary;
    let primary = choice.holders.iter().find(|holder| *holder != old).unwrap_or(&choice.holders[0]).clone();
    let body = TermBody { run, term, primary, start_head: choice.start, stops, ..world.newest.body.clone() };
    let certificate = TermCertificate::sign(body, &world.repair_key);
    world.newest = certificate.clone();
    let told = world.merges.keys().cloned().collect::<Vec<_>>();
    for node in told {
        // One in four does not hear of it, and learns it from a call; the primary always does.
        if node == certificate.body.primary || world.rng.u8(0..4) != 0 {
            deliver(world, &node, Request::SetPrimary(Box::new(certificate.clone())));
        }
    }
}

fn stop(world: &mut World, node: &NodeName, term: Term, run: RunId) -> Option<SignedStopReply> {
    deliver(world, node, Request::Stop(term, run)).into_iter().find_map(|act| match act {
        Act::Respond(_, Ok(Answer::Stopped(reply))) => Some(*reply),
        _ => None,
    })
}

/// Hands a request to a running merge node, commits what it writes, performs its acts, and returns what it answers.
pub fn deliver(world: &mut World, node: &NodeName, request: Request) -> Vec<Act> {
    let now = Timestamp::from_millis(world.now);
    let Some(process) = world.merges.get_mut(node) else { return Vec::new() };
    let Some(machine) = process.machine.take() else { return Vec::new() };
    let mut fx = ct::machine::Effects::new();
    let from: NodeName = "merge-repair-1".parse().expect("it is a name");
    match machine.step(now, Event::Request(0, from, request), &process.disk.log, &mut fx) {
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

impl World {
    /// `count` of these, in any order.
    fn rng_choose(&mut self, mut from: Vec<NodeName>, count: usize) -> Vec<NodeName> {
        self.rng.shuffle(&mut from);
        from.truncate(count);
        from
    }
}
