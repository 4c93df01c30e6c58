//! A signal ends a node in good order. Alone in its process, since signals reach the whole of one.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use node::shutdown::on_signals;
use std::process::{Command, id};
use std::time::Duration;
use tokio::time::timeout;

#[tokio::test]
async fn sigterm_cancels_the_token() {
    let token = on_signals().unwrap();
    assert!(!token.is_cancelled());
    assert!(Command::new("kill").args(["-TERM", &id().to_string()]).status().unwrap().success());
    timeout(Duration::from_secs(20), token.cancelled()).await.unwrap();
}
