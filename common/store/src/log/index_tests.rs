use super::*;
use crate::sim::Random;

fn tables() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(include_str!("schema.sql")).unwrap();
    connection
}

/// Hashes of which many begin alike, some next to the end of the slots.
fn key(random: &mut Random) -> [u8; 32] {
    let mut key = [0xff; 32];
    if random.below(3) == 0 {
        key[..8].copy_from_slice(&(random.below(5) << 40).to_be_bytes());
        key[8..16].copy_from_slice(&random.below(3).to_be_bytes());
        return key;
    }
    key[0] = 0x7f;
    key[7] = 0xfc + random.below(4) as u8;
    key[8..16].copy_from_slice(&random.below(40).to_be_bytes());
    key
}

/// Keys that crowd into few slots, added and cut at random, are found where a plain scan finds them.
#[test]
fn crowded_slots_find_what_a_scan_finds_through_cuts() {
    let mut random = Random::new(7);
    let mut connection = tables();
    let mut order: Vec<[u8; 32]> = Vec::new();
    let path = Path::new("x");
    for _ in 0..300 {
        let tx = connection.transaction().unwrap();
        if random.below(4) == 0 {
            let base = random.below(order.len() as u64 + 1);
            for index in (base..order.len() as u64).rev() {
                NAMES.remove(&tx, path, &order[index as usize], index).unwrap();
            }
            order.truncate(base as usize);
        } else {
            let first = order.len() as u64;
            order.extend((0..random.below(6)).map(|_| key(&mut random)));
            let new: Vec<_> = order[first as usize..].iter().copied().zip(first..).collect();
            NAMES.insert(&tx, path, &new, |key, at| order[at as usize] == *key).unwrap();
        }
        tx.commit().unwrap();
        let wanted = key(&mut random);
        let found = NAMES.find(&connection, path, &wanted, |at| Ok(order[at as usize] == wanted)).unwrap();
        assert_eq!(found, order.iter().position(|key| *key == wanted).map(|at| at as u64));
    }
    let rows: i64 = connection.query_row("SELECT count(*) FROM name_index", [], |row| row.get(0)).unwrap();
    let distinct: std::collections::BTreeSet<_> = order.iter().collect();
    assert_eq!(rows as usize, distinct.len(), "no row is left behind, none is double");
}

#[test]
fn a_sweep_removes_what_a_cut_cannot_name() {
    let mut connection = tables();
    let tx = connection.transaction().unwrap();
    let keys: Vec<_> = (0..10).map(|index| ([index as u8; 32], index)).collect();
    IDENTITIES.insert(&tx, Path::new("x"), &keys, |_, _| false).unwrap();
    IDENTITIES.sweep(&tx, Path::new("x"), 4).unwrap();
    tx.commit().unwrap();
    let rows: i64 =
        connection.query_row("SELECT count(*) FROM identity_index", [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 4);
}
