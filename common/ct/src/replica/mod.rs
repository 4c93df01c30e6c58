//! What merge nodes and frontends share: a copy of the log that a primary brings up to date.

mod placed;
mod staging;
mod view;

pub use placed::Placed;
pub use staging::{MAX_STAGED, Staging};
pub use view::{CopyFault, DiskFault, ReadBack, View, good_copy, keep_complete};
