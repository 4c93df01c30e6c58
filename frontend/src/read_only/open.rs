//! Opening the copy to serve it.

use super::ReadOnlyError;
use super::rows::{self, Whose};
use crate::heads::SharedHeads;
use crate::internal::options;
use ct::entry::LogKind;
use ct::index::TreeSize;
use ct::key::LogKey;
use ct::sth::Sth;
use std::path::Path;
use std::sync::{Arc, Mutex};
use store::StoreError;
use store::log::{Reader, Writer};

/// A copy that is served.
pub(crate) struct Opened {
    /// What may be seen of it: one STH, for as long as it is open.
    pub(crate) heads: Arc<SharedHeads>,
    /// The copy.
    pub(crate) reader: Reader,
    /// The STH.
    pub(crate) sth: Sth,
    /// The accepted roots that the log had, as far as they were saved.
    pub(crate) roots: Vec<Vec<u8>>,
    /// Nobody writes; but as long as this is held, no import does either.
    pub(crate) lock: Mutex<Writer>,
}

/// Opens the copy of the log of this key. One whose import never came to its end is refused.
pub(crate) fn open(dir: &Path, key: &LogKey) -> Result<Opened, ReadOnlyError> {
    let unfinished = |held, of| ReadOnlyError::Unfinished { dir: dir.to_owned(), held, of };
    let writer = match Writer::open(dir, &options(LogKind::Rfc6962)) {
        Err(StoreError::Missing { .. }) => return Err(unfinished(TreeSize::ZERO, None)),
        opened => opened?,
    };
    let reader = writer.reader();
    if rows::whose(&reader, dir, key)? == Whose::Nobodys {
        return Err(unfinished(writer.len(), None));
    }
    let Some(shown) = rows::read_shown(&reader, dir, key)? else {
        let target = rows::read_target(&reader, dir, key)?;
        return Err(unfinished(writer.len(), target.map(|sth| sth.head().tree_size)));
    };
    let head = shown.head();
    let computed = reader.roots_at(head.tree_size)?.0;
    if computed != head.root_hash {
        return Err(ReadOnlyError::Root { size: head.tree_size, computed, signed: head.root_hash });
    }
    let (heads, sth) = (Arc::new(SharedHeads::default()), shown.sth().clone());
    heads.hold(sth.clone());
    heads.publish(sth.clone());
    let roots = rows::read_roots(&reader, dir)?;
    Ok(Opened { heads, reader, sth, roots, lock: Mutex::new(writer) })
}
