//! A client before logs that fail, lie or try to wear it out: it names what they do, bears it, and believes nothing.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod lies;
mod manners;
mod submissions;
mod wear;

use client::{Client, Limits, Log, Manners, Patience};
use liar::Liar;
use std::time::Duration;

/// A client that gives up at once, of all frontends of the log.
fn client_of(liar: &Liar) -> Client {
    let patience = Patience { rounds: 1, ..Patience::default() };
    client_with(liar, Manners { patience, ..Manners::default() })
}

fn client_with(liar: &Liar, manners: Manners) -> Client {
    // A client needs a TLS provider even if it never speaks TLS. It can only be there already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let urls = liar.urls().iter().map(|url| client::log::base_url(url).unwrap()).collect();
    let key = client::log::key(&liar.key_base64()).unwrap();
    Client::new(Log::new("liar".to_owned(), urls, key).unwrap(), manners).unwrap()
}

/// Waits for nothing longer than this.
fn hasty() -> Manners {
    let (silence, answer) = (Duration::from_millis(400), Duration::from_millis(500));
    let limits = Limits { silence, answer, ..Limits::default() };
    Manners { limits, patience: Patience { rounds: 1, ..Patience::default() }, ..Manners::default() }
}
