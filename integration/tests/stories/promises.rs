//! Promises: several frontends, several storage nodes, one certificate.

use crate::hand::*;
use ct::entry::StoredEntry;
use ct::hash::Name;
use ct::names::NodeName;
use ct::sct::DigitallySigned;
use ct::term::{Guard, Incarnation};
use ct::time::{ClockBound, Timestamp};
use frontend::promise::{Act, Event, Promise};
use integration::sim::world::name;
use integration::sim::{Options, World};
use std::collections::BTreeMap;
use std::time::Duration;
use storage::machine::{Durable, Machine, Put, Settings};

/// What is on its way.
#[derive(Debug)]
enum Message {
    Store(usize, usize, Box<StoredEntry>),
    Sign(usize, Box<StoredEntry>),
    Answer(usize, Event),
}

/// Two frontends that got the same certificate, and storage nodes that some of the messages reach.
struct Race {
    now: Timestamp,
    own: Vec<StoredEntry>,
    promises: Vec<Promise>,
    ended: Vec<Option<Result<(Name, DigitallySigned), String>>>,
    storage: Vec<Option<(Machine, Vec<StoredEntry>)>>,
    on_the_way: Vec<Message>,
}

fn storage_node(world: &World) -> Machine {
    let log_key = log_key().public().clone();
    let settings = Settings { clock: ClockBound::DEFAULT, backlog_limit: 100, log_key };
    let guard = Guard::new(world.trust.clone(), world.newest.clone());
    let start = ct::index::Position::ZERO;
    let durable = Durable {
        incarnation: Incarnation::new([200; 16]),
        completeness: ct::wire::storage::Completeness::Whole,
        guard,
        start,
        unmerged: Vec::new(),
    };
    Machine::recover(settings, durable)
}

impl Race {
    /// Storage nodes that run are `true`.
    fn begin(world: &World, running: [bool; 3]) -> Self {
        let storage = running.map(|runs| runs.then(|| (storage_node(world), Vec::new()))).into();
        let (promises, ended, on_the_way) = (Vec::new(), Vec::new(), Vec::new());
        Self { now: at(100), own: Vec::new(), promises, ended, storage, on_the_way }
    }

    /// The next frontend gets the certificate and makes this entry of it.
    fn submit(&mut self, own: StoredEntry) {
        let (promise, acts) = Promise::begin(own.clone(), self.storage.len(), 2, ClockBound::DEFAULT);
        self.promises.push(promise);
        self.own.push(own);
        self.ended.push(None);
        self.perform(self.promises.len() - 1, acts);
    }

    fn perform(&mut self, frontend: usize, acts: Vec<Act>) {
        for act in acts {
            match act {
                Act::Store(entry) => {
                    let to = 0..self.storage.len();
                    self.on_the_way.extend(to.map(|node| Message::Store(frontend, node, entry.clone())));
                }
                Act::Sign(entry) => self.on_the_way.push(Message::Sign(frontend, entry)),
                Act::Promise(entry, sct) => {
                    let name = entry.name();
                    let copies = self.storage.iter().flatten();
                    let copies = copies.filter(|(_, list)| list.iter().any(|held| held.name() == name));
                    assert!(copies.count() >= 2, "promised with too few copies");
                    self.ended[frontend] = Some(Ok((name, sct)));
                }
                Act::Fail(unable) => self.ended[frontend] = Some(Err(unable.to_string())),
            }
        }
    }

    fn deliver(&mut self, message: Message) {
        match message {
            Message::Answer(frontend, event) => {
                let acts = self.promises[frontend].step(self.now, event);
                self.perform(frontend, acts);
            }
            Message::Sign(frontend, entry) => {
                let sct = log_key().sign_leaf(entry.leaf_bytes());
                self.on_the_way.push(Message::Answer(frontend, Event::Signed(entry.name(), sct)));
            }
            Message::Store(frontend, node, entry) => {
                let event = self.store(node, *entry);
                self.on_the_way.push(Message::Answer(frontend, event));
            }
        }
    }

    fn store(&mut self, node: usize, entry: StoredEntry) -> Event {
        let (who, name) = (s(node + 1), entry.name());
        let Some((machine, list)) = &mut self.storage[node] else {
            return Event::NotStored(who, name, "down".to_owned());
        };
        let mut fx = ct::machine::Effects::new();
        let put = storage::machine::Event::Put(vec![(0, batch(&[entry]))]);
        machine.step(self.now, put, |_| false, &mut fx);
        for write in fx.writes {
            if let storage::machine::Write::Append(entry) = write {
                list.push(*entry);
            }
        }
        let [storage::machine::Act::Puts(_, puts)] = &fx.acts[..] else { panic!("{:?}", fx.acts) };
        match &puts[0] {
            Put::Stored(older) => {
                let older = older.map(|position| Box::new(list[position.as_usize()].clone()));
                Event::Stored(who, name, older)
            }
            other => Event::NotStored(who, name, format!("{other:?}")),
        }
    }

    /// Delivers everything, in an order that the generator chooses.
    fn run(&mut self, rng: &mut fastrand::Rng) {
        while !self.on_the_way.is_empty() {
            let next = self.on_the_way.swap_remove(rng.usize(0..self.on_the_way.len()));
            self.deliver(next);
        }
    }

    fn promised(&self) -> Vec<(Name, DigitallySigned)> {
        let all = self.ended.iter().enumerate();
        all.map(|(frontend, end)| match end {
            Some(Ok(promise)) => promise.clone(),
            other => panic!("frontend {frontend} is stuck: {other:?}"),
        })
        .collect()
    }
}

/// F8. Two frontends race the same certificate while one of three storage nodes is down. With "put if absent" by identity
/// one node had the one entry and the other the other, neither had two copies, and every retry was answered "exists" until
/// the end of time. By name both are stored; both frontends get a promise, in whatever order the messages arrive, and
/// where one saw the other's older entry in time they give the same SCT, byte for byte.
#[test]
fn f8_two_frontends_race_one_certificate_and_nobody_is_stuck() {
    let world = calm();
    let (older, newer) = (entry(1, 50), entry(1, 60));
    assert_eq!(older.identity(), newer.identity());
    let (mut adopted, mut both) = (0, 0);
    for seed in 0..300 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut running = [true; 3];
        running[seed as usize % 3] = false;
        let mut race = Race::begin(&world, running);
        race.submit(older.clone());
        race.submit(newer.clone());
        race.run(&mut rng);
        let promised = race.promised();
        assert_eq!(promised[0].0, older.name(), "seed {seed}: nobody adopts a newer one");
        if promised[0].0 == promised[1].0 {
            adopted += 1;
            assert_eq!(promised[0].1, promised[1].1, "seed {seed}: one SCT");
        } else {
            both += 1;
        }
    }
    assert!(adopted > 20 && both > 20, "{adopted} adopted, {both} with two leaves");
}

/// F8. Whoever comes later and sees an unmerged entry of the same certificate promises that one.
#[test]
fn f8_an_older_unmerged_entry_is_adopted() {
    let world = calm();
    let mut race = Race::begin(&world, [true; 3]);
    let mut rng = fastrand::Rng::with_seed(1);
    race.submit(entry(1, 50));
    race.run(&mut rng);
    race.submit(entry(1, 90));
    race.run(&mut rng);
    let promised = race.promised();
    assert_eq!(promised[0], promised[1]);
}

/// F8 and F15. Not every older entry can be adopted: one of another certificate would be a promise for something else, and
/// one whose time is near the signer's bound may be refused by it, just when the backlog is long. Then a frontend goes on
/// with its own; so also when the adopted one cannot be had.
#[test]
fn f8_a_frontend_goes_on_with_its_own_entry() {
    let own = entry(1, 0);
    let now = own.timestamp();
    let half = ClockBound::DEFAULT.behind / 2;
    let old = |millis: u64| {
        integration::sim::submit::entry(1, now.minus(half).minus(Duration::from_millis(millis)))
    };
    let adopts = |shown: StoredEntry| {
        let (mut promise, _) = Promise::begin(own.clone(), 3, 2, ClockBound::DEFAULT);
        let name = own.name();
        promise.step(now, Event::Stored(s(1), name, Some(Box::new(shown.clone()))));
        let acts = promise.step(now, Event::Stored(s(2), name, None));
        let asks = acts.contains(&Act::Store(Box::new(shown)));
        assert_eq!(asks, !acts.is_empty());
        (promise, asks)
    };
    assert!(adopts(old(0)).1, "at half the bound");
    assert!(!adopts(old(1)).1, "beyond it");
    let before = now.minus(Duration::from_millis(10));
    assert!(adopts(integration::sim::submit::entry(1, before)).1, "a little older");
    assert!(!adopts(integration::sim::submit::entry(2, before)).1, "of another certificate");
    assert!(!adopts(entry(1, 10)).1, "newer");
    let shown = old(0);
    let (mut promise, asks) = adopts(shown.clone());
    assert!(asks);
    let sct = log_key().sign_leaf(own.leaf_bytes());
    assert_eq!(
        promise.step(now, Event::Signed(own.name(), sct.clone())),
        Vec::new(),
        "it waits for that one"
    );
    let acts = promise.step(now, Event::NotSigned(shown.name(), "off the clock".to_owned()));
    assert_eq!(acts, vec![Act::Promise(Box::new(own.clone()), sct.clone())]);
    assert_eq!(promise.step(now, Event::Signed(own.name(), sct)), Vec::new(), "one promise");
}

/// F8, the whole way: two frontends race each of several certificates with one storage node down. All get their promises,
/// and every promised leaf is published: two leaves of one certificate are both merged, never one for the other.
#[test]
fn f8_every_promised_leaf_is_merged() {
    let mut two_leaves = 0;
    for seed in 0..6 {
        let mut world = World::new(seed, integration::sim::Options::healthy());
        world.kill(&s(1 + seed as usize % 3));
        for number in 0..8 {
            world.submit_at(&name("frontend", 1), number);
            run_for(&mut world, 1 + number * 7);
            world.submit_at(&name("frontend", 2), number);
        }
        run_for(&mut world, 6_000);
        world.demand_convergence();
        assert_eq!(world.check.broken, None, "seed {seed}");
        assert_eq!((world.faults.promises, world.faults.failures), (16, 0), "seed {seed}");
        let published = world.frontends.values().map(|f| f.disk.log.order.len()).min().unwrap();
        assert!(published >= world.check.promises.len());
        assert_eq!(world.check.promises.len() as u64 + world.faults.adoptions, 16, "seed {seed}");
        two_leaves += world.check.promises.len() - 8;
    }
    assert!(two_leaves > 0, "no certificate got two leaves");
}

/// Too few storage nodes: the frontend says so, and promises nothing.
#[test]
fn without_k_copies_there_is_no_promise() {
    let world = calm();
    let mut race = Race::begin(&world, [true, false, false]);
    race.submit(entry(1, 50));
    race.run(&mut fastrand::Rng::with_seed(1));
    assert!(matches!(&race.ended[0], Some(Err(_))), "{:?}", race.ended);
    // The copy that there is will be merged, though nobody was promised it.
    let nodes: BTreeMap<NodeName, usize> =
        (1..).zip(&race.storage).map(|(n, node)| (s(n), copies(node))).collect();
    assert_eq!(nodes.values().copied().collect::<Vec<_>>(), [1, 0, 0]);
}

fn copies(node: &Option<(Machine, Vec<StoredEntry>)>) -> usize {
    node.as_ref().map_or(0, |(_, list)| list.len())
}

/// A storage node takes an entry while no other one can be reached, and is never seen again.
fn taken_by_one_that_dies(quorum: usize) -> World {
    let mut world = World::new(7, Options { quorum, ..Options::healthy() });
    world.stormy = false;
    world.cut = Some(Box::new(|_, to, _| *to == s(2) || *to == s(3)));
    let merging = |node: &NodeName| node.as_str().starts_with("merge");
    world.submit(1);
    run_for(&mut world, 10);
    world.cut =
        Some(Box::new(move |from, to, _| *to == s(2) || *to == s(3) || (merging(from) && *to == s(1))));
    run_for(&mut world, 3_000);
    world.cut = Some(Box::new(|from, to, _| *from == s(1) || *to == s(1)));
    run_for(&mut world, 20_000);
    world
}

/// SM5. With k = 1 one dead storage node is one lost promise, and nothing else in the protocol makes up for it. With k = 2 there is
/// no promise before a second node has the entry; what was not promised may be lost. (Production refuses k = 1.)
#[test]
fn sm5_one_copy_is_no_promise() {
    let lost = taken_by_one_that_dies(1);
    let promised: Vec<Name> = lost.check.promises.keys().copied().collect();
    assert_eq!(promised.len(), 1, "k = 1: the one node is enough");
    assert!(!order(&lost, &m(1)).contains(&promised[0]), "and merging never sees it");
    let safe = taken_by_one_that_dies(2);
    assert!(
        safe.storages[&s(1)].disk.entries.len() == 1 && safe.check.promises.is_empty(),
        "k = 2: it promises nothing"
    );
}
