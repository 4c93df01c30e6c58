//! A plain HTTP/1.1 client that sends exactly the bytes it is told to.
//!
//! A general client would tidy up just what the checks are about: a lone `?`, a body that never ends, an answer
//! that comes before the request is complete.

mod client;
mod response;
mod url;

pub use client::{Client, Drip};
pub use response::Response;
