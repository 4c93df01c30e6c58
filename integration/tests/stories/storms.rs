//! That the storms really blow: a history without faults tests nothing, however many seeds it has.

use integration::sim::options::Faults;
use integration::sim::{Options, World};

/// Everything that may go wrong went wrong, often, and each time the log went on. Printed as a table (`--nocapture`).
#[test]
fn faults_really_happen() {
    let mut sum = Faults::default();
    let (mut alarms, mut signed, mut terms) = (0, 0, 0);
    println!("seed  crash   lost  twice  damage  certs  promised  adopted  failed  alarms  signed  term");
    for seed in 50_000..50_060 {
        let options = Options { repairs: 1 + (seed % 3) as usize, ..Options::stormy() };
        let world = World::live_through(seed, options);
        assert_eq!(world.check.broken, None, "seed {seed}: {:?} {:?}", world.halted, world.alarms);
        assert_eq!(world.halted, Vec::<String>::new(), "seed {seed}: no fault here is a reason to halt");
        let f = world.faults;
        println!(
            "{seed} {:6} {:6} {:6} {:7} {:6} {:9} {:8} {:7} {:7} {:7} {:5}",
            f.crashes,
            f.lost,
            f.repeated,
            f.damaged,
            f.certificates,
            f.promises,
            f.adoptions,
            f.failures,
            world.alarms.len(),
            world.check.signed.len(),
            world.newest.term()
        );
        sum.crashes += f.crashes;
        sum.lost += f.lost;
        sum.repeated += f.repeated;
        sum.damaged += f.damaged;
        sum.certificates += f.certificates;
        sum.promises += f.promises;
        sum.adoptions += f.adoptions;
        sum.failures += f.failures;
        sum.repairs += f.repairs;
        sum.repaired += f.repaired;
        sum.repair_crashes += f.repair_crashes;
        alarms += world.alarms.len();
        signed += world.check.signed.len();
        terms += world.newest.term().get();
    }
    println!("sum {sum:?}, {alarms} alarms, {signed} heads signed, {terms} terms");
    for (what, found, least) in [
        ("crashes", sum.crashes, 100),
        ("messages lost", sum.lost, 1_500),
        ("messages repeated", sum.repeated, 1_000),
        ("copies damaged", sum.damaged, 5),
        ("certificates adopted", sum.certificates, 300),
        ("promises", sum.promises, 1_000),
        ("adoptions", sum.adoptions, 50),
        ("submissions without a promise", sum.failures, 20),
        ("repairs", sum.repairs, 60),
        ("repairs that ended with a tree head", sum.repaired, 50),
        ("crashes of repair", sum.repair_crashes, 30),
        ("alarms", alarms as u64, 5),
        ("heads signed", signed as u64, 300),
        ("terms", terms, 120),
    ] {
        assert!(found >= least, "{what}: {found}, at least {least} were to be expected");
    }
}
