//! The side that other nodes see: the copy of the log, brought up to date by the primary.

mod create;
mod keeper;
mod rows;
mod service;
mod start;

#[cfg(test)]
pub(crate) mod tests;

pub(crate) use create::options;
pub use create::{CreateError, create};
pub(crate) use keeper::{Job, KeeperError};
pub use rows::RowsError;
pub(crate) use rows::{CERTIFICATE, PUBLISHED, read, row};
pub(crate) use service::FrontendService;
#[cfg(test)]
pub(crate) use service::answer;
pub use start::StartLogError;
pub(crate) use start::{StartedLog, Wanted, start_log};
