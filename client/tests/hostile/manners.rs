//! What a log sees of a client: who it is, and that it comes back when it was told to.

use super::{client_of, client_with};
use client::{ClientError, Manners, Patience, UserAgent};
use liar::{Liar, Lie, Setup};
use std::time::Duration;

/// Pauses of no length, so that nothing is waited for that the log did not ask for.
fn prompt() -> Patience {
    Patience { pause: Duration::ZERO, longest_pause: Duration::ZERO, ..Patience::default() }
}

#[tokio::test]
async fn a_log_knows_whom_to_write_to() {
    let liar = Liar::with_entries(1);
    let user_agent = UserAgent::with_contact("ct@example.org").unwrap();
    client_with(&liar, Manners { user_agent, ..Manners::default() }).reader().sth().await.unwrap();
    let requests = liar.requests();
    let agent = requests[0].header("user-agent").unwrap();
    assert!(agent.starts_with("wolffish/") && agent.ends_with("(+ct@example.org)"), "{agent}");
}

#[tokio::test]
async fn a_log_that_asks_for_a_pause_gets_it() {
    let liar = Liar::with_entries(1);
    let client = client_with(&liar, Manners { patience: prompt(), ..Manners::default() });
    liar.tell(Lie::Busy { requests: 1, seconds: 1 });
    client.reader().sth().await.unwrap();
    let requests = liar.requests();
    assert_eq!(requests.len(), 2);
    assert!(requests[1].at.duration_since(requests[0].at) >= Duration::from_secs(1));
}

#[tokio::test]
async fn a_log_that_asks_for_too_long_a_pause_is_left_alone() {
    let liar = Liar::with_entries(1);
    let client = client_with(&liar, Manners { patience: prompt(), ..Manners::default() });
    for lie in [Lie::Busy { requests: 1, seconds: 7200 }, Lie::BusyUntil { requests: 1, seconds: 7200 }] {
        liar.forget_requests();
        liar.tell(lie);
        let told = client.reader().sth().await.unwrap_err();
        let asked = told.retry_after().unwrap();
        assert!(asked > Duration::from_secs(7190) && asked <= Duration::from_secs(7200), "{told}");
        assert_eq!(liar.requests().len(), 1);
    }
}

#[tokio::test]
async fn tries_end() {
    let liar = Liar::with(Setup { entries: 1, frontends: 2, ..Setup::default() });
    liar.tell(Lie::Busy { requests: 1000, seconds: 0 });
    let client = client_with(&liar, Manners { patience: prompt(), ..Manners::default() });
    let told = client.reader().sth().await.unwrap_err();
    assert!(matches!(told, ClientError::Status { status: 503, .. }), "{told}");
    assert_eq!(liar.requests().len(), 2 * prompt().rounds as usize);
}

#[tokio::test]
async fn what_the_log_refuses_for_good_is_asked_once() {
    let liar = Liar::with_entries(3);
    let client = client_of(&liar);
    let head = *client.reader().sth().await.unwrap().head();
    liar.forget_requests();
    let told = client.reader().find(ct::hash::LeafHash::new([1; 32]), &head).await.unwrap_err();
    assert!(told.is_not_found(), "{told}");
    assert_eq!(liar.requests().len(), 1);
}

#[tokio::test]
async fn a_reader_stays_with_the_frontend_that_answers() {
    let liar = Liar::with(Setup { entries: 1, frontends: 2, ..Setup::default() });
    let client = client_with(&liar, Manners { patience: prompt(), ..Manners::default() });
    liar.frontend(0).tell(Lie::HungUp);
    for _ in 0..3 {
        client.reader().sth().await.unwrap();
    }
    let asked: Vec<usize> = liar.requests().iter().map(|request| request.frontend).collect();
    assert_eq!(asked, [0, 1, 1, 1]);
}
