//! The end of all faults, and what is demanded then.

use super::*;
use ct::replica::View;
use std::time::Duration;

impl World {
    /// A planned history from beginning to end: submissions and faults, then healing, then what must have become of it all.
    pub fn live_through(seed: u64, options: Options) -> Self {
        let span = options.span;
        let mut world = Self::new(seed, options);
        world.plan();
        let until = world.now + span;
        world.run_until(until);
        world.heal(12_000);
        if world.check.broken.is_none() {
            world.demand_convergence();
        }
        world
    }

    /// Ends all faults, starts whatever is down, and lets the cluster go on for `span` milliseconds.
    pub fn heal(&mut self, span: u64) {
        let healed = self.end_faults();
        self.run_until(healed + span);
    }

    /// The same, but only until all nodes have come to the same, and something was signed after that.
    pub fn settle(&mut self, span: u64) {
        let healed = self.end_faults();
        let mut at = healed;
        while at < healed + span && self.check.broken.is_none() {
            at += 500;
            self.run_until(at);
            if self.apart().is_empty() && self.repair_under_way().is_none() {
                return;
            }
        }
    }

    /// Ends all faults; says from when on everybody is healthy.
    fn end_faults(&mut self) -> u64 {
        self.note(format_args!("all is healed"));
        self.stormy = false;
        let names = self.all_names();
        for node in &names {
            self.set_clock_right(node);
            self.repair_copies(node);
            if !self.runs(node) {
                self.start(node);
            }
        }
        for node in self.repairs.keys().cloned().collect::<Vec<_>>() {
            if self.repairs[&node].machine.is_none() {
                crate::sim::repair::start(self, &node);
            }
        }
        if self.signer.disk.memory.is_none() {
            self.make_signer();
        }
        self.at(100, Happening::LookAfterMerges);
        // A process that stands still goes on when it does; it is healthy from then on.
        let busy = names.iter().filter_map(|node| self.body(node)).map(|body| body.busy).max();
        let healed = self.now.max(busy.unwrap_or_default());
        self.healed = Some(healed);
        healed
    }

    /// A person has the damaged part of a log copied from another node.
    fn repair_copies(&mut self, node: &NodeName) {
        let log = match (self.merges.get_mut(node), self.frontends.get_mut(node)) {
            (Some(process), _) => &mut process.disk.log,
            (_, Some(process)) => &mut process.disk.log,
            _ => return,
        };
        let ordered: Vec<_> =
            log.damaged.iter().filter(|name| log.index_of_name(name).is_some()).copied().collect();
        for name in ordered {
            log.damaged.remove(&name);
        }
    }

    /// Demands that every promise is kept on every frontend.
    pub fn demand_convergence(&mut self) {
        let healed = Timestamp::from_millis(self.healed.unwrap_or(self.now));
        self.check.demand_kept(healed, Duration::from_millis(self.options.mmd));
        let under_way = |run: &merge_repair::run::Run| run.outcome().is_none();
        let run =
            self.repairs.values().filter_map(|process| process.disk.as_ref()).find(|run| under_way(run));
        if let Some(term) = run.map(|run| run.plan.term) {
            return self.check.stuck(format!("the repair for term {term} goes on and on"));
        }
        let mut behind = None;
        for (node, process) in &self.frontends {
            let published = process.disk.published.as_ref().map(|sth| sth.head.tree_size).unwrap_or_default();
            let kept = |name: &ct::hash::Name| {
                process.disk.log.index_of_name(name).is_some_and(|index| published.contains(index))
            };
            let unkept = self.check.promises.keys().filter(|name| !kept(name)).count();
            if unkept > 0 {
                let halted = self.halted.join("; ");
                behind =
                    Some(format!("{unkept} promises unkept at {node}, size {published}; halted: {halted}"));
                break;
            }
        }
        if let Some(why) = behind {
            self.check.stuck(why);
        }
    }

    /// Demands, of a healed cluster, that all its nodes have come to the same, and go on.
    pub fn demand_healed(&mut self) {
        self.demand_convergence();
        let mut apart = self.apart();
        if !apart.is_empty() {
            apart.extend(self.halted.iter().map(|halt| format!("halted: {halt}")));
            self.check.stuck(apart.join("; "));
        }
    }

    fn repair_under_way(&self) -> Option<Term> {
        let runs = self.repairs.values().filter_map(|process| process.disk.as_ref());
        runs.filter(|run| run.outcome().is_none()).map(|run| run.plan.term).next()
    }

    /// In what the nodes of a healed cluster differ.
    fn apart(&self) -> Vec<String> {
        let healed = Timestamp::from_millis(self.healed.unwrap_or_default());
        let Some(last) = self.check.signed.last().copied() else {
            return vec!["nothing was ever signed".to_owned()];
        };
        let mut apart = Vec::new();
        if last.timestamp <= healed {
            apart.push(format!("nothing was signed since {healed}"));
        }
        apart.extend(
            self.all_names().iter().filter(|node| !self.runs(node)).map(|node| format!("{node} is down")),
        );
        for (node, process) in &self.merges {
            let accepted = process.disk.durable.accepted.head;
            if accepted.size != last.tree_size || accepted.root != last.root_hash {
                let (size, signed) = (accepted.size, last.tree_size);
                apart.push(format!("{node} accepts size {size}, signed is {signed}"));
            }
        }
        for (node, process) in &self.frontends {
            let shown = process.disk.published.as_ref().map(|sth| sth.head);
            if shown.is_none_or(|shown| shown.tree_size != last.tree_size || shown.timestamp <= healed) {
                apart.push(format!("{node} shows {shown:?}, signed is {last:?}"));
            }
            if process.disk.log.len() < last.tree_size {
                apart.push(format!("{node} has a log of size {}", process.disk.log.len()));
            }
        }
        for (node, process) in &self.storages {
            let (start, end) = (process.disk.start, process.disk.entries.len());
            // An entry that two wrong clocks dated ahead holds the list's start until it is due.
            let next = process.disk.entries.get(start.as_usize());
            let waits = next.is_some_and(|entry| entry.timestamp() > Timestamp::from_millis(self.now));
            if start.as_usize() != end && !waits {
                apart.push(format!("the list of {node} starts at {start} and ends at {end}"));
            }
        }
        apart
    }
}
