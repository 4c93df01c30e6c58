//! The contents of one simulated file: as programs see it, and as the disk has it.

/// A small seeded generator (splitmix64); the quality of its bits hardly matters here.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// Begins a sequence.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`, which is not 0.
    pub const fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

#[derive(Debug, Clone)]
enum Pending {
    Write(u64, Vec<u8>),
    Truncate(u64),
}

#[derive(Debug, Default)]
pub(super) struct Inode {
    seen: Vec<u8>,
    durable: Vec<u8>,
    pending: Vec<Pending>,
}

fn write(contents: &mut Vec<u8>, offset: u64, bytes: &[u8]) {
    let (begin, end) = (offset as usize, offset as usize + bytes.len());
    if contents.len() < end {
        contents.resize(end, 0);
    }
    contents[begin..end].copy_from_slice(bytes);
}

impl Pending {
    fn apply(&self, contents: &mut Vec<u8>) {
        match self {
            Pending::Write(offset, bytes) => write(contents, *offset, bytes),
            Pending::Truncate(len) => contents.resize(*len as usize, 0),
        }
    }
}

impl Inode {
    pub(super) fn len(&self) -> u64 {
        self.seen.len() as u64
    }

    pub(super) fn read(&self, offset: u64, buffer: &mut [u8]) -> usize {
        let rest = self.seen.get(offset as usize..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        count
    }

    pub(super) fn write(&mut self, offset: u64, bytes: &[u8]) {
        write(&mut self.seen, offset, bytes);
        self.pending.push(Pending::Write(offset, bytes.to_vec()));
    }

    pub(super) fn truncate(&mut self, len: u64) {
        self.seen.resize(len as usize, 0);
        self.pending.push(Pending::Truncate(len));
    }

    pub(super) fn sync(&mut self) {
        for pending in self.pending.drain(..) {
            pending.apply(&mut self.durable);
        }
    }

    /// What a failed sync does: the pages count as clean, though no disk has them.
    pub(super) fn forget(&mut self) {
        self.pending.clear();
    }

    pub(super) fn flip(&mut self, offset: u64, bit: u8) {
        for contents in [&mut self.seen, &mut self.durable] {
            if let Some(byte) = contents.get_mut(offset as usize) {
                *byte ^= 1 << (bit & 7);
            }
        }
    }

    pub(super) fn crash(&mut self, random: Option<&mut Random>) {
        let pending = std::mem::take(&mut self.pending);
        if let Some(random) = random {
            for pending in pending {
                match (random.below(3), pending) {
                    (0, _) => {}
                    (1, Pending::Write(offset, bytes)) => {
                        let kept = random.below(bytes.len() as u64 + 1) as usize;
                        write(&mut self.durable, offset, &bytes[..kept]);
                    }
                    (_, pending) => pending.apply(&mut self.durable),
                }
            }
        }
        self.seen = self.durable.clone();
    }
}
