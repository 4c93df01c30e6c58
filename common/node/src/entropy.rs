//! Randomness, from the operating system through ring. Whatever needs some gets an [`Entropy`], so that a test can
//! repeat itself.

use ring::rand::{SecureRandom as _, SystemRandom};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Gives random bytes.
pub trait Entropy: Send + Sync {
    /// Fills `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}

/// The operating system's randomness: fit for keys.
pub struct SystemEntropy(SystemRandom);

impl SystemEntropy {
    /// The source.
    pub fn new() -> Self {
        Self(SystemRandom::new())
    }
}

impl Default for SystemEntropy {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for SystemEntropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SystemEntropy")
    }
}

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        // It fails only where the system has no getrandom(2); a node that went on with fewer random bytes than it
        // believes would be worse than one that stops.
        self.0.fill(bytes).expect("the operating system gives random bytes");
    }
}

/// A repeatable sequence for tests (SplitMix64). Never for keys of a running log.
#[derive(Debug)]
pub struct SeededEntropy(AtomicU64);

impl SeededEntropy {
    /// The sequence that `seed` begins.
    pub fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    fn next(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut z = self.0.fetch_add(STEP, Ordering::SeqCst).wrapping_add(STEP);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes()[..chunk.len()]);
        }
    }
}

/// `N` bytes of `source`.
pub fn random_from<const N: usize>(source: &dyn Entropy) -> [u8; N] {
    let mut bytes = [0; N];
    source.fill(&mut bytes);
    bytes
}

/// `N` random bytes of the operating system.
pub fn random<const N: usize>() -> [u8; N] {
    random_from(&SystemEntropy::new())
}

/// A span between `least` and twice `least`, so that many nodes that start to wait together do not end together.
pub fn jitter(source: &dyn Entropy, least: Duration) -> Duration {
    let fraction = u32::from_le_bytes(random_from(source));
    least + least.mul_f64(f64::from(fraction) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_one_sequence() {
        let draw = |seed| random_from::<20>(&SeededEntropy::new(seed));
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
        assert_ne!(random::<32>(), random::<32>());
    }

    #[test]
    fn jitter_stays_between_once_and_twice() {
        let source = SeededEntropy::new(1);
        let least = Duration::from_millis(100);
        let spans: Vec<Duration> = (0..100).map(|_| jitter(&source, least)).collect();
        assert!(spans.iter().all(|span| (least..=2 * least).contains(span)));
        assert!(spans.iter().any(|span| *span != spans[0]));
        assert_eq!(jitter(&source, Duration::ZERO), Duration::ZERO);
    }
}
