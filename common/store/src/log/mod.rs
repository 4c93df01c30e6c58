//! What a merge node and a frontend keep: entries, their order, the tree over them.
//!
//! * Entry copies are records of [segments](crate::segment), *staged* until the order names them; when a run of
//!   65,536 entries is published it is sealed into one compressed file and its raw copies go.
//! * `log.db` has the order, both indexes, issuers and the node's state: what must change in one step.
//! * `tiles` has the public tree, 256 leaves and all nodes above them a page; `tile-roots` has, for each such page, its
//!   root and the root over the same 256 order records. Nodes above are in memory: a quarter of a byte a leaf and tree.
//!
//! There is one [`Writer`]; [`Reader`]s are cheap to clone and read from any thread meanwhile.
//!
//! # Crash contract
//!
//! * [`Writer::commit`] that returned `Ok` survives; one that did not left the old state or the new one, of order,
//!   indexes, tree and state alike.
//! * Entries staged with [`Writer::put`] and not ordered by a commit are garbage after a restart.
//! * Pages of `tiles` and rows of `tile-roots` count only up to a number in `log.db`; what is missing or damaged below
//!   it is made again from the order, and compared with what is known of it.
//! * A sealed run counts once `log.db` says so; before that its file is replaced, after that it never changes.

mod batch;
mod check;
mod commit;
mod copy;
mod find;
mod growth;
mod index;
mod mend;
mod open;
mod options;
mod prove;
mod raw;
mod reader;
mod roots;
mod rows;
mod run;
mod scrub;
mod scts;
mod seal;
mod sealed;
mod serve;
mod shared;
mod staged;
mod tile;
mod tiles;
mod view;
mod work;
mod writer;

pub use check::{ClosedLog, Damage, Known, LogCheck};
pub use commit::{Append, Commit};
pub use mend::make_openable;
pub use options::StoreOptions;
pub use reader::Reader;
pub use scrub::Scrubbed;
pub use seal::{SealJob, SealedRun};
pub use serve::Served;
pub use view::StepView;
pub use writer::Writer;
