//! Every alarm, once, in an otherwise healthy cluster.

use super::*;
use config::Cluster;
use ct::hash::{InternalRoot, RootHash};
use ct::index::{Position, TreeSize};
use ct::order::LogHead;
use ct::sct::DigitallySigned;
use ct::sth::TreeHead;
use ct::term::Incarnation;
use ct::time::Timestamp;

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);
const ROOT: RootHash = RootHash::new([1; 32]);
const SIZE: TreeSize = TreeSize::of(10);

fn cluster() -> (tempfile::TempDir, Cluster) {
    use crate::up::testing::cluster;
    cluster()
}

fn published(size: TreeSize) -> Sth {
    let timestamp = NOW.minus(Duration::from_secs(5));
    let head = TreeHead { timestamp, tree_size: size, root_hash: ROOT };
    Sth { head, tree_head_signature: DigitallySigned::ecdsa(vec![1]).unwrap() }
}

fn detail(role: Role) -> Detail {
    let incarnation = Incarnation::new([0; 16]);
    match role {
        Role::Frontend => {
            Detail::Frontend { held: Some(published(SIZE)), published: Some(published(SIZE)), closed: None }
        }
        Role::Storage => Detail::Storage {
            completeness: ct::wire::storage::Completeness::Whole,
            incarnation,
            start: Position::of(7),
            end: Position::of(10),
            oldest_unpublished: Some(NOW.minus(Duration::from_secs(1))),
        },
        Role::Signer => {
            Detail::Signer { last: Some(published(SIZE)), halted: None, refusals: 0, released: None }
        }
        Role::Merge | Role::MergeRepair | Role::Operator => Detail::Merge {
            voting: ct::wire::tree::Voting::Votes,
            incarnation,
            len: SIZE,
            accepted_term: Term::FIRST,
            accepted: LogHead { size: SIZE, root: ROOT, internal_root: InternalRoot::new([2; 32]) },
            newest_sth: Some(published(SIZE)),
            stopped: None,
            waiting: None,
            waits_for: None,
            polled_through: Some(NOW),
        },
    }
}

/// A healthy cluster, as changed by `change`, and what is found wrong with it.
fn wrong(change: impl Fn(&mut Vec<NodeLook>)) -> LogReport {
    let (_dir, cluster) = cluster();
    let log = &cluster.logs()[0];
    let look = |node: &config::Node| NodeLook {
        node: node.name().clone(),
        role: node.role(),
        log: log.name().clone(),
        answer: Ok(Status {
            node: node.name().clone(),
            role: node.role(),
            log: log.name().clone(),
            now: NOW,
            term: Term::FIRST,
            primary: log.first_primary().clone(),
            config_hash: "same".to_owned(),
            not_ready: Vec::new(),
            scrub: None,
            detail: detail(node.role()),
        }),
    };
    let mut looks: Vec<_> =
        cluster.nodes().iter().filter(|node| node.address().is_some()).map(look).collect();
    change(&mut looks);
    assess(log, "same", looks)
}

fn status<'a>(looks: &'a mut [NodeLook], name: &str) -> &'a mut Status {
    let look = looks.iter_mut().find(|look| look.node.as_str() == name).unwrap();
    look.answer.as_mut().unwrap()
}

#[test]
fn a_healthy_cluster_has_no_problem() {
    let report = wrong(|_| {});
    assert_eq!(report.problems, Vec::<String>::new());
    assert_eq!((report.agreeing, report.voters), (3, 3));
    assert_eq!(report.sth_age, Some(Duration::from_secs(5)));
    assert_eq!(report.oldest_unpublished, Some(Duration::from_secs(1)));
    let reports = super::super::Reports { live: vec![report], read_only: Vec::new() };
    let text = super::super::show::text(&reports);
    for want in
        ["10 entries, STH 5.0 s old", "term 1, primary merge-1", "quorum 3 of 3", "7..10", "all is well"]
    {
        assert!(text.contains(want), "{want} in {text}");
    }
    let json = super::super::show::json(&reports);
    assert_eq!((&json["healthy"], &json["logs"][0]["nodes"][2]["backlog"]), (&true.into(), &3.into()));
}

#[test]
fn every_alarm_is_raised_and_names_its_node() {
    let case = |want: &str, change: &dyn Fn(&mut Vec<NodeLook>)| {
        let problems = wrong(change).problems;
        assert!(problems.iter().any(|problem| problem.contains(want)), "{want} in {problems:?}");
    };
    case("storage-2: no answer: gone", &|looks| {
        looks.iter_mut().find(|look| look.node.as_str() == "storage-2").unwrap().answer =
            Err("gone".to_owned());
    });
    case("merge-2: starting", &|looks| status(looks, "merge-2").not_ready.push("starting".to_owned()));
    case("merge-2: its cluster.toml", &|looks| status(looks, "merge-2").config_hash = "other".to_owned());
    case("merge-2: it is in term 1, others are in 2", &|looks| {
        for look in looks {
            if look.node.as_str() != "merge-2" {
                look.answer.as_mut().unwrap().term = Term::of(2);
            }
        }
    });
    case("frontend-1: it shows no tree head", &|looks| {
        status(looks, "frontend-1").detail =
            Detail::Frontend { held: Some(published(SIZE)), published: None, closed: None };
    });
    case("frontend-1: it takes no submissions: full", &|looks| {
        let (held, closed) = (Some(published(SIZE)), Some("full".to_owned()));
        status(looks, "frontend-1").detail = Detail::Frontend { published: held.clone(), held, closed };
    });
    case("signer-1: halted: fork", &|looks| {
        let halted = Some("fork".to_owned());
        status(looks, "signer-1").detail = Detail::Signer { last: None, halted, refusals: 1, released: None };
    });
}

fn merge(accepted: TreeSize, root: RootHash, polled_through: Timestamp) -> Detail {
    let mut made = detail(Role::Merge);
    if let Detail::Merge { accepted: head, polled_through: through, .. } = &mut made {
        (head.size, head.root, *through) = (accepted, root, Some(polled_through));
    }
    made
}

#[test]
fn merge_nodes_that_disagree_or_lag_are_an_alarm() {
    let with = |details: [Detail; 2]| {
        wrong(|looks| {
            status(looks, "merge-2").detail = details[0].clone();
            status(looks, "merge-3").detail = details[1].clone();
        })
    };
    let lag = merge(TreeSize::of(9), ROOT, NOW);
    let ahead = merge(TreeSize::of(11), RootHash::new([9; 32]), NOW);
    let fork = merge(SIZE, RootHash::new([9; 32]), NOW);
    let deaf = merge(SIZE, ROOT, NOW.minus(Duration::from_secs(86_400 / 4 + 1)));
    let report = with([lag.clone(), ahead]);
    assert_eq!((report.agreeing, report.problems.len()), (2, 0));
    let report = with([lag.clone(), lag]);
    assert!(report.problems[0].contains("1 of 3 merge nodes agree, a majority is 2"));
    let report = with([fork, deaf]);
    assert!(report.problems[0].contains("merge-2: its accepted head has another root"));
    assert!(report.problems[1].contains("merge-3: too few storage lists"));
}

#[test]
fn an_old_tree_head_and_an_old_promise_are_alarms() {
    let old = wrong(|looks| {
        for look in looks.iter_mut() {
            let answer = look.answer.as_mut().unwrap();
            match &mut answer.detail {
                Detail::Frontend { published: Some(sth), .. } => sth.head.timestamp = Timestamp::EPOCH,
                Detail::Signer { last, .. } => *last = None,
                Detail::Merge { newest_sth, .. } => *newest_sth = None,
                Detail::Storage { oldest_unpublished, .. } => *oldest_unpublished = Some(Timestamp::EPOCH),
                Detail::Frontend { .. } => {}
            }
        }
    });
    assert!(
        old.problems[0].contains("the newest tree head is") && old.problems[1].contains("a promise has been")
    );
    let none = wrong(|looks| looks.clear());
    assert!(none.problems[0].contains("no node shows a tree head"));
}
