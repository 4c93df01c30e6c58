//! A log in memory that tells the lie it is asked to tell; shares no code with the cluster.
//!
//! For tests of whatever reads or judges a log: a whole RFC 6962 log (all eight endpoints, HTTP/1.1 with
//! keep-alive, on loopback, at ports that the system picks), honest until told otherwise. [`Liar`] runs it and
//! scripts it; [`Lie`] lists what it can be told to do wrong, each lie told the same way every time.
//!
//! ```
//! use liar::{Lie, Liar};
//!
//! let liar = Liar::with_entries(20);       // certificates and precertificates by turns; published
//! let url = liar.url();                    // http://127.0.0.1:<port>/liar, to be followed by /ct/v1/…
//! let key = liar.key_base64();             // the log's SubjectPublicKeyInfo, as log lists give it
//! // … a client reads the log and finds nothing wrong …
//! liar.append(5);
//! liar.publish();
//! liar.tell(Lie::ConsistencyWrong);
//! // … now it must notice …
//! liar.be_honest();
//! assert!(liar.requests().is_empty());     // nobody has asked yet: this is only an example
//! # let _ = (url, key);
//! ```
//!
//! # Entries and heads
//!
//! [`Liar::append`] adds synthetic entries: real certificates and precertificates under an intermediate of the
//! log's test CA, all with one subject key, named `n<number>.liar.test`. [`Liar::append_named`] chooses the
//! names, [`Liar::append_raw`] the bytes. Chains can also be submitted over HTTP; [`Liar::target`] has the test
//! CA's certificate and key.
//!
//! Nothing appended is visible before a head covers it. A log signs heads when [`Liar::publish`] says so
//! ([`Publishing::ByHand`], the default: nothing happens that the test has not asked for), or at each get-sth
//! that finds new entries or an old head ([`Publishing::OnDemand`], for tools that submit and wait).
//!
//! # Time
//!
//! SCTs, entries and heads bear the time of the log's own clock: the system's until [`Liar::set_time`] stops it;
//! [`Liar::pass`] puts it forward without waiting. A promise is kept too late like this: submit, `pass` more than the
//! MMD, `publish`.
//!
//! # Frontends
//!
//! [`Setup::frontends`] gives the log several base URLs. Each [`Frontend`] can be told a lie of its own, so that
//! two of them show two trees, or one of them is slow. A lie told to the [`Liar`] is told by all of them.
//! At one time a frontend tells one lie, everywhere ([`Frontend::tell`]) or at one endpoint
//! ([`Frontend::tell_at`]).
//!
//! # Forks
//!
//! A log that has been forked holds two trees of the same size at all times: the trunk, and a fork that has other
//! entries from [`Liar::fork_at`] on. Both get a head at each publication. [`Lie::Fork`] shows the fork with all
//! that belongs to it, entries and proofs included.
//!
//! ```
//! use liar::{Liar, Lie, Setup};
//!
//! // Two trees of one size, each with a valid signature, at the same time.
//! let liar = Liar::with(Setup { frontends: 2, entries: 10, ..Setup::default() });
//! liar.fork_at(6);
//! liar.frontend(1).tell(Lie::Fork);
//!
//! // A later, larger head whose tree is no extension of the earlier one.
//! let liar = Liar::with_entries(10);
//! // … a client sees the head of size 10 …
//! liar.fork_at(6);
//! liar.append(10);
//! liar.publish();
//! liar.tell(Lie::Fork);                    // or Lie::ForkJunkProof
//!
//! // A frontend that stays where it is, while another goes on along the fork.
//! let liar = Liar::with(Setup { frontends: 2, entries: 10, ..Setup::default() });
//! liar.frontend(0).serve_frozen();
//! liar.fork_at(6);
//! liar.append(10);
//! liar.publish();
//! liar.frontend(1).tell(Lie::Fork);
//! ```
//!
//! # End
//!
//! Dropping the [`Liar`] closes all connections, dripping ones too, and waits for all its threads.
//!
//! # Panics
//!
//! This is equipment for tests. What only a broken machine or a mistaken test can cause (no port, a frontend
//! that is not there) panics.

#![forbid(unsafe_code)]

mod answer;
mod ca;
mod clock;
mod endpoint;
mod frontend;
mod http;
mod liar;
mod lie;
mod log;
mod mint;
mod requests;
mod setup;
mod signer;
mod tree;

pub use endpoint::Endpoint;
pub use frontend::Frontend;
pub use judge::cert::KeyKind;
pub use judge::merkle::Hash;
pub use judge::{Target, TemporalInterval};
pub use liar::Liar;
pub use lie::{Gap, Lie};
pub use log::Head;
pub use requests::Request;
pub use setup::{LogKeyKind, Publishing, Setup};
pub use tree::Entry;
