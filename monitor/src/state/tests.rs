//! What is on disk after every kind of end.

use super::*;
use crate::heads::Around;
use client::evidence::Served;
use ct::hash::{NodeHash, RootHash};
use ct::index::TreeSize;
use ct::key::LogSigningKey;
use ct::merkle::compact::Compact;
use ct::sth::TreeHead;
use ct::time::Timestamp;
use std::fs;

fn key(seed: u8) -> LogSigningKey {
    LogSigningKey::from_scalar(&[seed; 32]).unwrap()
}

fn log(seed: u8) -> Log {
    let url = client::log::base_url("https://ct.example/").unwrap();
    Log::new(format!("log {seed}"), vec![url], key(seed).public().clone()).unwrap()
}

fn served(size: usize, at: u64) -> Served {
    let root_hash = RootHash::new([size as u8; 32]);
    let head = TreeHead { timestamp: Timestamp::from_millis(at), tree_size: TreeSize::of(size), root_hash };
    let sth = key(1).sign_head(head).sth().clone();
    Served { sth, url: "https://ct.example/".to_owned(), received: Timestamp::from_millis(at + 1) }
}

fn state(dir: &Path) -> State {
    let mut state = State::open(dir, Output::to_file(&dir.join("out.jsonl")).unwrap()).unwrap();
    state.register(&log(1)).unwrap();
    state
}

fn step(size: usize, lines: &[&str]) -> Commit {
    let mut tree = Compact::empty();
    (0..size).for_each(|n| tree.append(NodeHash::new([n as u8; 32])));
    let tally = Tally { entries: size as u64, matches: lines.len() as u64, unreadable: 0 };
    let lines = lines.iter().map(|line| (*line).to_owned()).collect();
    Commit { position: Position { tree, begun: TreeSize::ZERO, tally }, lines }
}

#[test]
fn a_position_comes_back_as_it_was_for_every_shape_of_tree() {
    let dir = tempfile::tempdir().unwrap();
    let id = log(1).log_id();
    assert_eq!(state(dir.path()).position(id).unwrap(), None);
    for size in 0..40 {
        let step = step(size, &[]);
        state(dir.path()).commit(id, &step).unwrap();
        assert_eq!(state(dir.path()).position(id).unwrap(), Some(step.position), "{size}");
    }
}

#[test]
fn what_a_killed_process_wrote_beyond_its_position_is_cut_off() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out.jsonl");
    let id = log(1).log_id();
    fs::write(&out, "mine\n").unwrap();
    state(dir.path()).commit(id, &step(1, &["a", "b"])).unwrap();
    // As if it was killed between the write of the next lines and that of the position.
    let mut text = fs::read_to_string(&out).unwrap();
    assert_eq!(text, "mine\na\nb\n");
    text.push_str("c\nhalf a li");
    fs::write(&out, text).unwrap();
    let mut again = state(dir.path());
    assert_eq!(fs::read_to_string(&out).unwrap(), "mine\na\nb\n");
    again.commit(id, &step(2, &["c"])).unwrap();
    again.tell("finding".to_owned()).unwrap();
    drop(again);
    drop(state(dir.path()));
    assert_eq!(fs::read_to_string(&out).unwrap(), "mine\na\nb\nc\nfinding\n");
}

#[test]
fn killed_before_its_first_commit_it_leaves_the_file_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out.jsonl");
    fs::write(&out, "mine\n").unwrap();
    drop(state(dir.path()));
    fs::write(&out, "mine\nnever committed\n").unwrap();
    drop(state(dir.path()));
    assert_eq!(fs::read_to_string(&out).unwrap(), "mine\n");
}

#[test]
fn a_file_that_was_taken_away_is_begun_anew() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out.jsonl");
    let id = log(1).log_id();
    state(dir.path()).commit(id, &step(1, &["a"])).unwrap();
    fs::rename(&out, dir.path().join("old.jsonl")).unwrap();
    state(dir.path()).commit(id, &step(2, &["b"])).unwrap();
    assert_eq!(fs::read_to_string(&out).unwrap(), "b\n");
}

#[test]
fn two_writers_of_one_file_are_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let mut state = state(dir.path());
    fs::write(dir.path().join("out.jsonl"), "other\n").unwrap();
    let error = state.commit(log(1).log_id(), &step(1, &["a"])).unwrap_err().to_string();
    assert!(error.contains("somebody else"), "{error}");
}

#[test]
fn a_directory_has_one_owner() {
    let dir = tempfile::tempdir().unwrap();
    let first = state(dir.path());
    let second = State::open(dir.path(), Output::None).unwrap_err();
    assert!(matches!(second, StateError::Locked { .. }), "{second}");
    drop(first);
    assert!(State::open(dir.path(), Output::None).is_ok());
}

#[test]
fn a_database_of_another_kind_or_version_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    drop(state(dir.path()));
    let database = dir.path().join(DATABASE);
    let set = |name: &str, value: i32| {
        Connection::open(&database).unwrap().pragma_update(None, name, value).unwrap();
    };
    set("user_version", VERSION + 1);
    let error = State::open(dir.path(), Output::None).unwrap_err().to_string();
    assert!(error.contains("state of version 2, expected 1"), "{error}");
    set("application_id", 7);
    let error = State::open(dir.path(), Output::None).unwrap_err().to_string();
    assert!(error.contains("application id 7"), "{error}");
    fs::write(&database, "no database").unwrap();
    assert!(State::open(dir.path(), Output::None).is_err());
}

#[test]
fn a_position_that_this_program_did_not_write_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let mut state = state(dir.path());
    let id = log(1).log_id();
    state.commit(id, &step(3, &[])).unwrap();
    for sql in [
        "UPDATE log SET peaks = zeroblob(32)",
        "UPDATE log SET peaks = zeroblob(65)",
        "UPDATE log SET size = -1",
    ] {
        state.connection.execute(sql, []).unwrap();
        let error = state.position(id).unwrap_err().to_string();
        assert!(error.contains("position"), "{sql}: {error}");
    }
}

#[test]
fn a_tree_that_is_not_the_one_of_the_signed_head_of_its_size_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let mut state = state(dir.path());
    let id = log(1).log_id();
    let step = step(2, &[]);
    let head = TreeHead { root_hash: step.position.tree.root(), ..served(2, 10).sth.head };
    let signed = Served { sth: key(1).sign_head(head).sth().clone(), ..served(2, 10) };
    state.record(id, &signed, Standing::Agreed, None).unwrap();
    state.commit(id, &step).unwrap();
    assert_eq!(state.position(id).unwrap(), Some(step.position));
    state.connection.execute("UPDATE log SET peaks = zeroblob(32)", []).unwrap();
    let error = state.position(id).unwrap_err().to_string();
    assert!(error.contains("at 2 entries") && error.contains(&head.root_hash.to_string()), "{error}");
}

#[test]
fn heads_are_found_by_their_neighbours_and_stand_where_they_were_put() {
    let dir = tempfile::tempdir().unwrap();
    let (one, other) = (log(1).log_id(), log(2).log_id());
    let mut state = state(dir.path());
    state.register(&log(2)).unwrap();
    for (size, at) in [(3, 10), (3, 12), (5, 20), (9, 30), (9, 35)] {
        state.record(one, &served(size, at), Standing::Agreed, None).unwrap();
    }
    state.record(one, &served(6, 25), Standing::Waiting, None).unwrap();
    state.record(other, &served(7, 26), Standing::Agreed, None).unwrap();
    let proof = Path::new("evidence.json");
    state.record(one, &served(8, 29), Standing::Disputed, Some(proof)).unwrap();
    drop(state);

    let mut state = self::state(dir.path());
    // Earlier than all that wait and smaller, or later and larger.
    let around = |state: &State, size: usize| {
        let head = served(size, if size > 6 { 100 } else { 0 }).sth.head;
        state.around(one, &head).unwrap()
    };
    let expected = |at, below, above| Around { at, below, above, unproven: None };
    assert_eq!(around(&state, 3), expected(Some(served(3, 12)), None, Some(served(5, 20))));
    assert_eq!(around(&state, 4), expected(None, Some(served(3, 12)), Some(served(5, 20))));
    assert_eq!(around(&state, 7), expected(None, Some(served(5, 20)), Some(served(9, 30))));
    assert_eq!(around(&state, 10), expected(None, Some(served(9, 35)), None));
    assert_eq!(state.newest(one).unwrap(), Some(served(9, 35)));
    assert_eq!(state.newest(other).unwrap(), Some(served(7, 26)));
    assert_eq!(state.disputed(one, 10).unwrap(), [(TreeSize::of(8), Some(proof.to_owned()))]);

    // Another root, a smaller one that is not earlier, a larger one that is not later.
    let of = |size, at, root| TreeHead {
        timestamp: Timestamp::from_millis(at),
        tree_size: TreeSize::of(size),
        root_hash: RootHash::new([root; 32]),
    };
    for (head, contradicts) in [
        (of(6, 40, 7), true),
        (of(6, 40, 6), false),
        (of(5, 25, 5), true),
        (of(5, 24, 5), false),
        (of(7, 25, 7), true),
        (of(7, 26, 7), false),
    ] {
        let found = state.around(one, &head).unwrap().unproven;
        assert_eq!(found, contradicts.then(|| served(6, 25)), "{head:?}");
    }

    let waiting = served(6, 25);
    let standing = |state: &State| state.standing(one, &waiting.sth.head).unwrap();
    assert_eq!(standing(&state), Some((Standing::Waiting, None)));
    state.record(one, &waiting, Standing::Agreed, None).unwrap();
    assert_eq!(standing(&state), Some((Standing::Agreed, None)));
    assert_eq!(around(&state, 7).below, Some(waiting.clone()));
    assert_eq!(state.standing(one, &served(6, 24).sth.head).unwrap(), None);
}
