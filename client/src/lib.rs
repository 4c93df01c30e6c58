//! A typed client of RFC 6962 logs that believes nothing it has not verified.
//!
//! It knows a log by its URLs and its key, no more; a log may be hostile. Every answer is bounded in bytes and in time,
//! every number in it is checked against what was asked, every signature and proof is verified before the caller sees
//! it, and every way in which a log can fail or lie has a name ([`ClientError::name`]). Tries, pauses and Retry-After
//! are decided in one place ([`Patience`]).
//!
//! ```text
//! Log (URLs, key) + Manners (limits, patience, who asks) ──► Client
//!     client.frontend(n)  one try at one frontend          ┐
//!     client.reader()     patient, any frontend that answers ├─► Reader: sth, extends, find, entry, run, roots
//!     client.submit(…)    patient, an SCT yet to be verified ──► Expected::verify ──► Promise
//! ```

mod answers;
mod attempt;
#[allow(clippy::module_inception, reason = "the crate's main type in a file of its own name")]
mod client;
pub mod entry;
mod error;
pub mod evidence;
pub mod log;
mod manners;
mod patience;
mod reader;
pub mod submission;

pub use answers::{AddChain, EntryBody, GetSth};
pub use client::{Client, SetupError};
pub use error::ClientError;
pub use log::Log;
pub use manners::{Limits, Manners, UserAgent};
pub use patience::Patience;
pub use reader::{Included, Reader};
