//! Wolffish on disk.
//!
//! A node keeps its certificates in append-only [segments](segment), its tree in packed tiles, and what must change in
//! one step in SQLite. Everything obeys one crash contract:
//!
//! * what a `sync` or a `commit` answered `Ok` for survives any crash;
//! * what was written but not answered for is either there or not, and never half there;
//! * a torn tail is cut when a store is opened, damage anywhere else is an error that names file and offset;
//! * after a failed write or sync a store takes no more writes ([`StoreError::Poisoned`]); it is opened anew.
//!
//! docs/formats.md has every file, byte by byte, with the measurements that chose the layout.

pub mod check;
pub mod conformance;
mod crc;
mod db;
mod disk;
mod error;
pub mod files;
mod finding;
mod header;
mod issuers;
pub mod list;
mod lock;
pub mod log;
pub mod node_state;
pub mod segment;
pub mod sim;
mod state_rows;

pub use error::{Result, StoreError};
pub use finding::{Finding, Place};
