//! The recursion of RFC 6962 §2.1, written as it stands there: slow, and the judge of everything else here.

use super::{EMPTY_ROOT, node_hash};
use crate::hash::NodeHash;

fn k(n: usize) -> usize {
    let mut k = 1;
    while k * 2 < n {
        k *= 2;
    }
    k
}

pub fn mth(d: &[NodeHash]) -> NodeHash {
    match d.len() {
        0 => EMPTY_ROOT.into(),
        1 => d[0],
        n => node_hash(&mth(&d[..k(n)]), &mth(&d[k(n)..])),
    }
}

pub fn path(m: usize, d: &[NodeHash]) -> Vec<NodeHash> {
    let n = d.len();
    if n <= 1 {
        return vec![];
    }
    let k = k(n);
    let (mut rest, sibling) =
        if m < k { (path(m, &d[..k]), mth(&d[k..])) } else { (path(m - k, &d[k..]), mth(&d[..k])) };
    rest.push(sibling);
    rest
}

pub fn proof(m: usize, d: &[NodeHash]) -> Vec<NodeHash> {
    if m == 0 { vec![] } else { subproof(m, d, true) }
}

fn subproof(m: usize, d: &[NodeHash], whole: bool) -> Vec<NodeHash> {
    let n = d.len();
    if m == n {
        return if whole { vec![] } else { vec![mth(d)] };
    }
    let k = k(n);
    let (mut rest, sibling) = if m <= k {
        (subproof(m, &d[..k], whole), mth(&d[k..]))
    } else {
        (subproof(m - k, &d[k..], false), mth(&d[..k]))
    };
    rest.push(sibling);
    rest
}
