use super::plan::NodeId;
use super::{compact::Compact, leaf_hash, plan, reference, verify};
use crate::hash::{LeafHash, NodeHash, RootHash};
use crate::index::{LeafIndex, TreeSize};
use std::convert::Infallible;

const SIZES: usize = 300;

pub(super) fn leaves(count: usize) -> Vec<NodeHash> {
    (0..count).map(|i| NodeHash::from(leaf_hash(&(i as u64).to_be_bytes()))).collect()
}

fn node(leaves: &[NodeHash]) -> impl Fn(NodeId) -> Result<NodeHash, Infallible> {
    |id| {
        let (begin, end) = ((id.index << id.level) as usize, ((id.index + 1) << id.level) as usize);
        Ok(reference::mth(&leaves[begin..end]))
    }
}

/// Nodes of all levels, computed once: the reference recursion would make the exhaustive tests quadratic.
struct Levels(Vec<Vec<NodeHash>>);

impl Levels {
    fn new(leaves: &[NodeHash]) -> Self {
        let mut levels = vec![leaves.to_vec()];
        while levels[levels.len() - 1].len() > 1 {
            let below = &levels[levels.len() - 1];
            levels.push(below.chunks_exact(2).map(|p| super::node_hash(&p[0], &p[1])).collect());
        }
        Self(levels)
    }
    fn fetch(&self, id: NodeId) -> Result<NodeHash, Infallible> {
        Ok(self.0[id.level as usize][id.index as usize])
    }
}

#[test]
fn roots_equal_the_recursion_for_all_sizes() {
    let all = leaves(SIZES);
    let mut tree = Compact::empty();
    for n in 0..=SIZES {
        let expected = RootHash::from(reference::mth(&all[..n]));
        assert_eq!(tree.root(), expected, "size {n}");
        if let Some(plan) = plan::root(TreeSize::of(n)) {
            assert_eq!(RootHash::from(plan.finish(node(&all[..n])).unwrap()[0]), expected, "plan, size {n}");
        }
        if n < SIZES {
            tree.append(all[n]);
        }
    }
}

#[test]
fn inclusion_proofs_equal_the_recursion_and_verify_for_all_sizes() {
    let all = leaves(SIZES);
    let levels = Levels::new(&all);
    for n in 1..=SIZES {
        let root = RootHash::from(reference::mth(&all[..n]));
        for m in 0..n {
            let (index, size) = (LeafIndex::of(m), TreeSize::of(n));
            let path = plan::inclusion(index, size).unwrap().finish(|id| levels.fetch(id)).unwrap();
            assert_eq!(path, reference::path(m, &all[..n]), "{m} in {n}");
            verify::inclusion(LeafHash::new(*all[m].as_bytes()), index, size, &path, root).unwrap();
        }
    }
}

#[test]
fn consistency_proofs_equal_the_recursion_and_verify_for_all_sizes() {
    let all = leaves(SIZES);
    let levels = Levels::new(&all);
    let roots: Vec<_> = (0..=SIZES).map(|n| RootHash::from(reference::mth(&all[..n]))).collect();
    for n in 0..=SIZES {
        for m in 0..=n {
            let (first, second) = (TreeSize::of(m), TreeSize::of(n));
            let path = plan::consistency(first, second).unwrap().finish(|id| levels.fetch(id)).unwrap();
            assert_eq!(path, reference::proof(m, &all[..n]), "{m} to {n}");
            verify::consistency(first, roots[m], second, roots[n], &path).unwrap();
        }
    }
}

/// Every way to spoil a proof: each bit of one byte, each node dropped, doubled, swapped; other places and sizes.
pub(super) fn mutants(path: &[NodeHash]) -> Vec<Vec<NodeHash>> {
    let mut mutants = vec![[path, &[NodeHash::new([7; 32])]].concat()];
    for at in 0..path.len() {
        let mut flipped = path.to_vec();
        let mut bytes = *flipped[at].as_bytes();
        bytes[at % 32] ^= 1 << (at % 8);
        flipped[at] = NodeHash::new(bytes);
        let mut dropped = path.to_vec();
        dropped.remove(at);
        let mut doubled = path.to_vec();
        doubled.insert(at, path[at]);
        mutants.extend([flipped, dropped, doubled]);
        if at > 0 {
            let mut swapped = path.to_vec();
            swapped.swap(at, at - 1);
            mutants.push(swapped);
        }
    }
    mutants
}

#[test]
fn mutated_inclusion_proofs_are_refused() {
    let all = leaves(70);
    for n in 1..=all.len() {
        let root = RootHash::from(reference::mth(&all[..n]));
        for m in 0..n {
            let leaf = LeafHash::new(*all[m].as_bytes());
            let path = reference::path(m, &all[..n]);
            let check = |leaf, m, n, path: &[NodeHash], root| {
                verify::inclusion(leaf, LeafIndex::of(m), TreeSize::of(n), path, root)
            };
            for mutant in mutants(&path) {
                assert!(check(leaf, m, n, &mutant, root).is_err(), "{m} in {n}");
            }
            assert!(check(LeafHash::new([9; 32]), m, n, &path, root).is_err());
            assert!(check(leaf, m, n, &path, RootHash::new([9; 32])).is_err());
            assert!(check(leaf, n, n, &path, root).is_err());
            assert!(n == 1 || check(leaf, (m + 1) % n, n, &path, root).is_err(), "another index, {m} in {n}");
        }
    }
}

#[test]
fn mutated_consistency_proofs_are_refused() {
    let all = leaves(70);
    let roots: Vec<_> = (0..=all.len()).map(|n| RootHash::from(reference::mth(&all[..n]))).collect();
    for n in 1..=all.len() {
        for m in 0..=n {
            let path = reference::proof(m, &all[..n]);
            let check = |m, root_m, n, root_n, path: &[NodeHash]| {
                verify::consistency(TreeSize::of(m), root_m, TreeSize::of(n), root_n, path)
            };
            for mutant in mutants(&path) {
                assert!(check(m, roots[m], n, roots[n], &mutant).is_err(), "{m} to {n}");
            }
            assert!(check(m, RootHash::new([9; 32]), n, roots[n], &path).is_err(), "{m} to {n}");
            assert!(m == 0 || check(m, roots[m], n, RootHash::new([9; 32]), &path).is_err(), "{m} to {n}");
            assert!(m == n || check(n, roots[n], m, roots[m], &path).is_err(), "{m} to {n}, backwards");
        }
    }
}

/// Roots and proofs over eight leaves that certificate-transparency implementations share.
#[test]
fn shared_vectors() {
    let inputs: [&[u8]; 8] = [
        &[],
        &[0],
        &[0x10],
        &[0x20, 0x21],
        &[0x30, 0x31],
        &[0x40, 0x41, 0x42, 0x43],
        &[0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
        &[0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f],
    ];
    let all: Vec<_> = inputs.iter().map(|leaf| NodeHash::from(leaf_hash(leaf))).collect();
    let mut tree = Compact::empty();
    let mut roots = vec![tree.root().to_string()];
    for leaf in &all {
        tree.append(*leaf);
        roots.push(tree.root().to_string());
    }
    assert_eq!(roots[0], "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_eq!(roots[1], "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
    assert_eq!(roots[3], "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77");
    assert_eq!(roots[7], "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c");
    assert_eq!(roots[8], "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328");
    let text = |path: Vec<NodeHash>| path.iter().map(NodeHash::to_string).collect::<Vec<_>>();
    let path = plan::inclusion(LeafIndex::of(5), TreeSize::of(7)).unwrap().finish(node(&all)).unwrap();
    assert_eq!(
        text(path),
        [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ]
    );
    let proof =
        |m, n| plan::consistency(TreeSize::of(m), TreeSize::of(n)).unwrap().finish(node(&all)).unwrap();
    let expected = [
        "0298d122906dcfc10892cb53a73992fc5b9f493ea4c9badb27b791b4127a7fe7",
        "07506a85fd9dd2f120eb694f86011e5bb4662e5c415a62917033d4a9624487e7",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "837dbb152e9b079010717e84e865da4ebc0fa198a806d59d31bf15accef22d0e",
    ];
    assert_eq!(text(proof(3, 7)), expected);
    assert_eq!(text(proof(4, 7)), expected[3..]);
}
