//! The file `tiles`: page after page, 16 KiB each.

use super::tile::{PAGE, Page};
use crate::disk::{Disk, Handle};
use crate::error::Result;
use crate::files::Mode;
use std::path::Path;

/// The pages of full tiles.
#[derive(Clone)]
pub(super) struct Tiles {
    handle: Handle,
}

impl Tiles {
    /// Opens the file, or makes it: a missing one is filled again from the order.
    pub(super) fn open(disk: &Disk, dir: &Path) -> Result<Self> {
        let path = dir.join("tiles");
        let handle = match disk.open_if_there(&path, Mode::Write)? {
            Some(handle) => handle,
            None => {
                let handle = disk.open(&path, Mode::Create)?;
                disk.sync_dir(dir)?;
                handle
            }
        };
        Ok(Self { handle })
    }

    /// Whole pages in the file.
    pub(super) fn pages(&self) -> Result<u64> {
        Ok(self.handle.size()? / PAGE as u64)
    }

    pub(super) fn read(&self, number: u64) -> Result<Page> {
        let bytes = self.handle.read_up_to(number * PAGE as u64, PAGE)?;
        Page::check(bytes, number, self.handle.path())
    }

    /// Writes pages that follow on one another, without syncing.
    pub(super) fn write(&self, first: u64, pages: &[u8]) -> Result<()> {
        self.handle.write(pages, first * PAGE as u64)
    }

    pub(super) fn sync(&self) -> Result<()> {
        self.handle.sync()
    }
}
