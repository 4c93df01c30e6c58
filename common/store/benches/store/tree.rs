//! Tiles: width, and whether a page has its interior nodes or they are hashed anew. One proof takes the nodes of one
//! page; those above are in memory in any layout.

use crate::measure;
use ct::hash::{NodeHash, sha256};
use ct::merkle::node_hash;
use std::fs::File;
use std::hint::black_box;
use std::os::unix::fs::FileExt;
use store::sim::Random;

const LEAVES: u64 = 1 << 20;
const PROOFS: u64 = 20_000;

/// All nodes of a tile, level by level.
fn nodes(leaves: &[NodeHash]) -> Vec<NodeHash> {
    let mut all = leaves.to_vec();
    let mut below = leaves.to_vec();
    while below.len() > 1 {
        below = below.as_chunks::<2>().0.iter().map(|[left, right]| node_hash(left, right)).collect();
        all.extend_from_slice(&below);
    }
    all
}

/// The hashes that an inclusion proof takes from a tile of `height` for leaf `at`.
fn path(height: u32, at: u64, node: impl Fn(usize) -> NodeHash) -> Vec<NodeHash> {
    let mut before = 0;
    (0..height)
        .map(|level| {
            let hash = node(before + (at >> level ^ 1) as usize);
            before += 1 << (height - level);
            hash
        })
        .collect()
}

fn hash_at(page: &[u8], i: usize) -> NodeHash {
    NodeHash::new(*page[32 * i..].first_chunk::<32>().unwrap())
}

fn bench(height: u32, interior: bool) {
    let dir = tempfile::tempdir().unwrap();
    let width = 1u64 << height;
    let kept = if interior { 2 * width } else { width };
    let file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(dir.path().join("t"))
        .unwrap();
    let ((), wrote) = measure(|| {
        for tile in 0..LEAVES / width {
            let leaf = |i: u64| NodeHash::new(sha256(&[&(tile * width + i).to_be_bytes()]));
            let leaves: Vec<_> = (0..width).map(leaf).collect();
            let all = if interior { nodes(&leaves) } else { leaves };
            let mut page: Vec<u8> = all.iter().flat_map(|hash| *hash.as_bytes()).collect();
            page.resize(kept as usize * 32, 0);
            file.write_all_at(&page, tile * kept * 32).unwrap();
        }
    });
    let mut random = Random::new(5);
    let ((), read) = measure(|| {
        for _ in 0..PROOFS {
            let index = random.below(LEAVES);
            let mut page = vec![0; kept as usize * 32];
            file.read_exact_at(&mut page, index / width * kept * 32).unwrap();
            black_box(crc32c::crc32c(&page));
            let within = index % width;
            black_box(if interior {
                path(height, within, |i| hash_at(&page, i))
            } else {
                let leaves: Vec<_> = (0..width as usize).map(|i| hash_at(&page, i)).collect();
                let all = nodes(&leaves);
                path(height, within, |i| all[i])
            });
        }
    });
    println!(
        "tree height {height:2} {:8}  page {:6} B  memory above {:.3} B/leaf  disk {:5.1} B/leaf  append {:.2} us CPU/leaf  part of a proof {:6.2} us CPU",
        if interior { "interior" } else { "rehash" },
        kept * 32,
        64.0 / width as f64,
        kept as f64 * 32.0 / width as f64,
        wrote.cpu_us(LEAVES),
        read.cpu_us(PROOFS)
    );
}

pub fn run() {
    println!("tree: {LEAVES} leaves, {PROOFS} proofs, hot");
    for height in [6, 7, 8, 9, 10] {
        bench(height, true);
        bench(height, false);
    }
}
