//! The pure core of Wolffish, a Certificate Transparency log.
//!
//! Everything that decides what the log accepts, orders, signs or believes is here, and nothing here can read a clock,
//! a file, a socket or a source of randomness: the manifest has no crate that could. The numbered rules that comments
//! cite (such as "O3") stand in docs/protocol.md.

pub mod archive;
pub mod entry;
pub mod hash;
pub mod index;
pub mod key;
pub mod limits;
pub mod machine;
pub mod merkle;
pub mod names;
pub mod node_key;
pub mod order;
pub mod replica;
pub mod sct;
pub mod sth;
pub mod term;
pub mod time;
pub mod tls;
#[cfg(test)]
mod vectors;
pub mod wire;
pub mod x509;
