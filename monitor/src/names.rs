//! Which names are watched, and whether a certificate is about one of them.

mod host;
mod list;
mod pattern;
#[cfg(test)]
mod tests;

pub use host::HostName;
pub use list::WatchList;
pub use pattern::{BadPattern, Pattern};
