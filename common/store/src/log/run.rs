//! A sealed run on disk.
//!
//! File header (magic `WLFRUN`; a = run number, b = entries), then blocks, then the table, then the footer.
//! A block: raw length u32, crc32c u32 over run, block, raw length and compressed bytes, then zstd. Decompressed: the
//! lengths of its entries, u32 each, then the entries, encoded. The table: the offset of each block and of the table
//! itself, u64 each, then crc32c u32. The footer, 16 bytes: offset of the table u64, entries in a block u32, crc32c u32.

use super::options::BLOCK;
use crate::crc::{crc, u32_at, u64_at};
use crate::disk::Handle;
use crate::error::{Result, StoreError};
use crate::header::{Format, HEADER_LEN, Header};
use ct::archive::{MAX_ARCHIVED_BYTES, MAX_ARCHIVED_CHAIN};

pub(super) const RUN_FILE: Format = Format { name: "sealed run", magic: b"WLFRUN", version: 1 };
const BLOCK_HEADER: usize = 8;
const FOOTER: usize = 16;
/// Greatest decompressed block: 1 GiB, above any block of entries, be they the greatest of a read-only log.
const MAX_RAW: usize = 1 << 30;

const _: () = assert!(BLOCK * (MAX_ARCHIVED_BYTES + MAX_ARCHIVED_CHAIN * 32 + 1024) < MAX_RAW);

/// A decompressed block.
#[derive(Debug)]
pub(super) struct Block {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Block {
    /// The `i`-th entry.
    pub(super) fn entry(&self, i: usize) -> Option<&[u8]> {
        let begin = if i == 0 { self.ends.len() * 4 } else { *self.ends.get(i - 1)? };
        self.bytes.get(begin..*self.ends.get(i)?)
    }

    fn new(bytes: Vec<u8>, count: usize) -> Option<Self> {
        let mut end = count * 4;
        let mut ends = Vec::with_capacity(count);
        for i in 0..count {
            end += u32_at(bytes.get(i * 4..i * 4 + 4)?, 0) as usize;
            ends.push(end);
        }
        (end == bytes.len()).then_some(Self { bytes, ends })
    }
}

fn block_crc(run: u64, block: u64, raw_len: u32, compressed: &[u8]) -> u32 {
    crc(&[&run.to_le_bytes(), &block.to_le_bytes(), &raw_len.to_le_bytes(), compressed])
}

/// Writes a run, block by block.
pub(super) struct RunWriter<'a> {
    handle: &'a Handle,
    compressor: zstd::bulk::Compressor<'static>,
    number: u64,
    per_block: usize,
    end: u64,
    offsets: Vec<u64>,
}

impl<'a> RunWriter<'a> {
    pub(super) fn begin(
        handle: &'a Handle,
        number: u64,
        entries: u64,
        per_block: usize,
        level: i32,
    ) -> Result<Self> {
        let compressor =
            zstd::bulk::Compressor::new(level).map_err(StoreError::io("compress", handle.path()))?;
        handle.write(&Header { a: number, b: entries, salt: 0 }.encode(RUN_FILE), 0)?;
        Ok(Self { handle, compressor, number, per_block, end: HEADER_LEN as u64, offsets: Vec::new() })
    }

    /// Adds a block of encoded entries.
    pub(super) fn block(&mut self, entries: &[Vec<u8>]) -> Result<()> {
        let mut raw: Vec<u8> = entries.iter().flat_map(|entry| (entry.len() as u32).to_le_bytes()).collect();
        entries.iter().for_each(|entry| raw.extend_from_slice(entry));
        let compressed =
            self.compressor.compress(&raw).map_err(StoreError::io("compress", self.handle.path()))?;
        let raw_len = raw.len() as u32;
        let sum = block_crc(self.number, self.offsets.len() as u64, raw_len, &compressed);
        let mut block = Vec::with_capacity(BLOCK_HEADER + compressed.len());
        block.extend_from_slice(&raw_len.to_le_bytes());
        block.extend_from_slice(&sum.to_le_bytes());
        block.extend_from_slice(&compressed);
        self.handle.write(&block, self.end)?;
        self.offsets.push(self.end);
        self.end += block.len() as u64;
        Ok(())
    }

    /// Adds the table and the footer.
    pub(super) fn finish(mut self) -> Result<()> {
        let table_at = self.end;
        self.offsets.push(table_at);
        let mut tail: Vec<u8> = self.offsets.iter().flat_map(|offset| offset.to_le_bytes()).collect();
        tail.extend_from_slice(&crc(&[&tail]).to_le_bytes());
        let footer = tail.len();
        tail.extend_from_slice(&table_at.to_le_bytes());
        tail.extend_from_slice(&(self.per_block as u32).to_le_bytes());
        tail.extend_from_slice(&crc(&[&tail[footer..]]).to_le_bytes());
        self.handle.write(&tail, self.end)
    }
}

/// An open run: its table is in memory, 8 bytes a block.
pub(super) struct Run {
    handle: Handle,
    number: u64,
    entries: u64,
    per_block: usize,
    offsets: Vec<u64>,
}

impl Run {
    /// Opens a run and checks header, footer and table.
    pub(super) fn open(handle: Handle, number: u64, entries: u64) -> Result<Self> {
        let header = Header::decode(&handle.read_up_to(0, HEADER_LEN)?, RUN_FILE, handle.path(), 0)?;
        if (header.a, header.b) != (number, entries) {
            let found = format!("run {} of {} entries", header.a, header.b);
            let expected = format!("run {number} of {entries} entries");
            return Err(StoreError::corrupt(handle.path(), 8, "run header", expected, found));
        }
        let footer_at = handle.size()?.saturating_sub(FOOTER as u64);
        let bad =
            |offset, what| StoreError::corrupt(handle.path(), offset, what, "one that checks", "another");
        let footer = handle.read(footer_at, FOOTER, "run footer")?;
        if crc(&[&footer[..FOOTER - 4]]) != u32_at(&footer, FOOTER - 4) {
            return Err(bad(footer_at, "run footer"));
        }
        let (table_at, per_block) = (u64_at(&footer, 0), u32_at(&footer, 8) as usize);
        let table = handle.read(table_at, (footer_at - table_at) as usize, "run table")?;
        let (offsets, sum) = table.split_at(table.len() - 4);
        let blocks = entries.div_ceil(per_block as u64) as usize;
        if crc(&[offsets]) != u32_at(sum, 0) || offsets.len() != (blocks + 1) * 8 {
            return Err(bad(table_at, "run table"));
        }
        let offsets = offsets.chunks_exact(8).map(|bytes| u64_at(bytes, 0)).collect();
        Ok(Self { handle, number, entries, per_block, offsets })
    }

    /// The block with the `i`-th entry of the run, and the entry's place in it.
    pub(super) fn place(&self, i: u64) -> (u64, usize) {
        (i / self.per_block as u64, (i % self.per_block as u64) as usize)
    }

    /// Entries in a block.
    pub(super) fn per_block(&self) -> usize {
        self.per_block
    }

    /// Reads and decompresses a block.
    pub(super) fn block(&self, block: u64) -> Result<Block> {
        let (begin, end) = (self.offsets[block as usize], self.offsets[block as usize + 1]);
        let bytes = self.handle.read(begin, (end - begin) as usize, "block")?;
        let (raw_len, found) = (u32_at(&bytes, 0), u32_at(&bytes, 4));
        let compressed = &bytes[BLOCK_HEADER..];
        let sum = block_crc(self.number, block, raw_len, compressed);
        if sum != found || raw_len as usize > MAX_RAW {
            return Err(StoreError::corrupt(self.handle.path(), begin, "block checksum", sum, found));
        }
        let raw = zstd::bulk::decompress(compressed, raw_len as usize)
            .map_err(StoreError::io("decompress", self.handle.path()))?;
        let count = (self.entries - block * self.per_block as u64).min(self.per_block as u64);
        let bad = || StoreError::corrupt(self.handle.path(), begin, "block", "lengths that add up", "others");
        Block::new(raw, count as usize).ok_or_else(bad)
    }
}
