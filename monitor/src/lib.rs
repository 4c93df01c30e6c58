//! Follows RFC 6962 logs: every head, every proof, every entry; tells which names were certified.

pub mod certificate;
mod claims;
mod command;
pub mod finding;
mod follow;
pub mod growth;
pub mod heads;
pub mod loglist;
mod moment;
pub mod names;
mod news;
pub mod pace;
pub mod plan;
pub mod reading;
pub mod record;
mod run;
mod settings;
pub mod state;
mod store;
#[cfg(test)]
mod testing;

pub use claims::{Claim, Claims};
pub use command::{Command, CommandFailure};
pub use follow::Ending;
pub use news::{News, Observer, Silent};
pub use run::{Monitor, MonitorError, Orders, Subject, Summary};
pub use settings::{Settings, Start, Stride, Until};
