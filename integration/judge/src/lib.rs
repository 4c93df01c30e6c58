//! An independent conformance judge for Certificate Transparency logs (RFC 6962).
//!
//! The judge talks to a log only through its public endpoints and shares no code with any log: it has its own
//! Merkle trees, its own TLS structures, its own surgery on TBSCertificates and its own certificate factory. It
//! knows one secret, the key of a test CA that the log accepts, and issues proper and improper chains from it.
//! Where RFC 6962 leaves the answer open, in status codes above all, it expects what CTFE does.
//!
//! [`run()`] judges one log, [`run_cluster`] the fitting logs of a cluster described by an [`UpFile`].

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod api;
pub mod cert;
pub mod checks;
pub mod der;
pub mod error;
pub mod http;
mod json;
pub mod lab;
pub mod limits;
pub mod logkey;
pub mod merkle;
pub mod pem;
pub mod report;
pub mod run;
pub mod session;
pub mod target;
pub mod time;
pub mod tls;

pub use error::JudgeError;
pub use limits::Limits;
pub use report::{Finding, Outcome, Report};
pub use run::{Selection, run, run_cluster, run_with};
pub use target::{Target, TemporalInterval, UpFile};
