//! Submitting to a log that signs something else than it should.

use super::client_of;
use client::ClientError;
use client::submission::{EntryMaker, Promise, body};
use ct::time::Timestamp;
use judge::lab::Lab;
use liar::{Liar, Lie, Publishing, Setup};
use std::time::{SystemTime, UNIX_EPOCH};

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp::from_millis(u64::try_from(since.as_millis()).unwrap())
}

async fn submit(liar: &Liar, chain: &[Vec<u8>]) -> Result<Promise, ClientError> {
    let client = client_of(liar);
    let expected = EntryMaker::new(client.reader()).expect(chain).await.unwrap();
    let answer = client.add(0, expected.endpoint, body(chain)).await?;
    expected.verify(answer, client.log(), now())
}

#[tokio::test]
async fn only_the_logs_own_promise_for_this_very_chain_counts() {
    let liar = Liar::with(Setup { publishing: Publishing::OnDemand, ..Setup::default() });
    let lab = Lab::new(&liar.target()).unwrap();
    let chain = || lab.root.issue_chain(&lab.leaf().unwrap()).unwrap();
    let honest = submit(&liar, &chain()).await.unwrap();
    let head = *client_of(&liar).reader().sth().await.unwrap().head();
    client_of(&liar).reader().find(honest.leaf, &head).await.unwrap();
    let cases = [
        (Lie::SctVersionOne, "malformed"),
        (Lie::SctWrongLogId, "wrong-log"),
        (Lie::SctPostDated, "future"),
        (Lie::SctSignatureOverOtherTime, "bad-signature"),
        (Lie::SctTimestampQuoted, "malformed"),
        (Lie::SctTrailingSignatureByte, "malformed"),
        (Lie::SctWithoutExtensions, "malformed"),
        (Lie::HtmlIs200, "malformed"),
        (Lie::RedirectLoop, "status"),
    ];
    for (lie, name) in cases {
        liar.tell(lie);
        let told = submit(&liar, &chain()).await.unwrap_err();
        assert_eq!(told.name(), name, "{lie:?}: {told}");
    }
}

#[tokio::test]
async fn a_busy_log_gets_the_chain_again() {
    let liar = Liar::with(Setup { publishing: Publishing::OnDemand, ..Setup::default() });
    let lab = Lab::new(&liar.target()).unwrap();
    let chain = lab.root.issue_chain(&lab.leaf().unwrap()).unwrap();
    liar.tell(Lie::Busy { requests: 2, seconds: 0 });
    let client = client_of(&liar);
    let expected = EntryMaker::new(client.reader()).expect(&chain).await.unwrap();
    let within = std::time::Duration::from_secs(60);
    let answer = client.submit(0, expected.endpoint, body(&chain), within).await.unwrap();
    assert!(expected.verify(answer, client.log(), now()).is_ok());
    assert_eq!(liar.requests().len(), 3);
}
