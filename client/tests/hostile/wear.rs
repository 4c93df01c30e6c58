//! Logs that try to wear a client out by time: slow drips, silence.

use super::{client_with, hasty};
use client::ClientError;
use liar::{Liar, Lie, Setup};
use std::time::Duration;

#[tokio::test]
async fn a_log_that_never_comes_to_an_end_is_called_slow() {
    let liar = Liar::with(Setup { entries: 3, drip: Duration::from_millis(20), ..Setup::default() });
    let client = client_with(&liar, hasty());
    for lie in [Lie::BodyDrips, Lie::HeadDrips, Lie::NeverAnswered] {
        liar.tell(lie);
        let told = client.frontend(0).sth().await.unwrap_err();
        assert_eq!(told.name(), "slow", "{lie:?}: {told}");
        let ClientError::Slow { received, .. } = told else { panic!("{told}") };
        // A drip gets some bytes through, and still no further.
        assert_eq!(received > 0, lie == Lie::BodyDrips, "{lie:?}: {received} bytes");
    }
}

#[tokio::test]
async fn one_frontend_that_drips_does_not_keep_a_reader_from_the_other() {
    let liar = Liar::with(Setup { entries: 3, frontends: 2, ..Setup::default() });
    liar.frontend(0).tell(Lie::BodyDrips);
    let client = client_with(&liar, hasty());
    assert!(client.reader().sth().await.is_ok());
}
