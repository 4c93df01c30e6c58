//! A client of a log's public API (RFC 6962 §4) that believes nothing it has not verified.

mod answers;
mod error;
mod http;
mod reader;
mod target;

pub use answers::{AddChain, EntryBody};
pub use error::ClientError;
pub use http::LogClient;
pub use reader::{Included, LogReader};
pub use target::{Target, TargetArgs, TestCa};
