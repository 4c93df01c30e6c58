//! Each lie of an answer is named for what it is, and nothing of the answer gets through.

use super::client_of;
use client::{Client, ClientError};
use ct::index::{LeafIndex, TreeSize};
use ct::sth::TreeHead;
use liar::{Gap, Liar, Lie, LogKeyKind, Setup};

const SIZE: usize = 11;

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ask {
    Sth,
    Extends,
    Find,
    Entry,
    Run,
    Roots,
}

/// Two heads that the log signed when it was honest, and a leaf of both.
struct Known {
    first: TreeHead,
    second: TreeHead,
    leaf: ct::hash::LeafHash,
}

async fn learn(liar: &Liar, client: &Client) -> Known {
    let reader = client.reader();
    let first = *reader.sth().await.unwrap().head();
    liar.append(10);
    liar.publish();
    let second = *reader.sth().await.unwrap().head();
    assert_eq!((first.tree_size, second.tree_size), (TreeSize::of(SIZE), TreeSize::of(SIZE + 10)));
    let leaf = reader.entry(LeafIndex::of(4), &second).await.unwrap().leaf_hash();
    Known { first, second, leaf }
}

async fn ask(client: &Client, known: &Known, what: Ask) -> Result<(), ClientError> {
    let reader = client.frontend(0);
    match what {
        Ask::Sth => reader.sth().await.map(drop),
        Ask::Extends => reader.extends(&known.first, &known.second).await.map(drop),
        Ask::Find => reader.find(known.leaf, &known.second).await.map(drop),
        Ask::Entry => reader.entry(LeafIndex::of(4), &known.second).await.map(drop),
        Ask::Run => reader.run(LeafIndex::of(2), LeafIndex::of(9)).await.map(drop),
        Ask::Roots => reader.roots().await.map(drop),
    }
}

#[tokio::test]
async fn an_honest_log_is_believed_whatever_its_kind_of_key() {
    for log_key in [LogKeyKind::P256, LogKeyKind::Rsa2048] {
        let liar = Liar::with(Setup { entries: SIZE as u64, log_key, ..Setup::default() });
        let client = client_of(&liar);
        let known = learn(&liar, &client).await;
        for what in [Ask::Sth, Ask::Extends, Ask::Find, Ask::Entry, Ask::Run, Ask::Roots] {
            assert_eq!(ask(&client, &known, what).await, Ok(()), "{what:?}");
        }
    }
}

#[tokio::test]
async fn every_lie_has_its_name() {
    let liar = Liar::with_entries(SIZE as u64);
    let client = client_of(&liar);
    let known = learn(&liar, &client).await;
    let cases = [
        (Lie::SthSignatureBroken, Ask::Sth, "bad-signature"),
        (Lie::SthSignedByAnother, Ask::Sth, "bad-signature"),
        (Lie::RootHashShort, Ask::Sth, "malformed"),
        (Lie::NumbersQuoted, Ask::Sth, "malformed"),
        (Lie::Base64Invalid, Ask::Sth, "malformed"),
        (Lie::JsonDeep, Ask::Sth, "malformed"),
        (Lie::HtmlIs200, Ask::Sth, "malformed"),
        (Lie::ConsistencyWrong, Ask::Extends, "wrong-proof"),
        (Lie::ConsistencyReversed, Ask::Extends, "wrong-proof"),
        (Lie::ForkJunkProof, Ask::Extends, "wrong-proof"),
        (Lie::ProofsTooLong(64), Ask::Extends, "wrong-proof"),
        (Lie::ProofsTooLong(65), Ask::Extends, "malformed"),
        (Lie::NodesLong, Ask::Extends, "malformed"),
        (Lie::InclusionWrong, Ask::Find, "wrong-proof"),
        (Lie::ProofIndexOff, Ask::Find, "wrong-proof"),
        (Lie::ProofReversed, Ask::Find, "wrong-proof"),
        (Lie::ProofsTooLong(100_000), Ask::Find, "too-large"),
        (Lie::InclusionWrong, Ask::Entry, "wrong-proof"),
        (Lie::EntryProofOfNeighbour, Ask::Entry, "wrong-proof"),
        (Lie::EntryMissing(2, Gap::Empty), Ask::Run, "wrong-count"),
        (Lie::EntryMissing(2, Gap::BadRequest), Ask::Run, "status"),
        (Lie::EntryMissing(2, Gap::NotFound), Ask::Run, "status"),
        (Lie::EntriesTooMany, Ask::Run, "wrong-count"),
        (Lie::Base64Invalid, Ask::Run, "malformed"),
        (Lie::JsonDeep, Ask::Roots, "malformed"),
        (Lie::HungUp, Ask::Sth, "unreachable"),
        (Lie::BodyCut, Ask::Run, "cut-short"),
        (Lie::RedirectLoop, Ask::Sth, "redirects"),
        (Lie::RedirectToOtherHost, Ask::Sth, "redirects"),
        (Lie::RedirectToOtherScheme, Ask::Sth, "unreachable"),
        (Lie::BodyEndless, Ask::Sth, "too-large"),
        (Lie::BodyClaimsHuge, Ask::Sth, "too-large"),
        (Lie::BodyEndless, Ask::Run, "too-large"),
        (Lie::BodyClaimsHuge, Ask::Run, "too-large"),
    ];
    for (lie, what, name) in cases {
        liar.tell(lie);
        let told = ask(&client, &known, what).await.unwrap_err();
        assert_eq!(told.name(), name, "{lie:?}: {told}");
        liar.be_honest();
        assert_eq!(ask(&client, &known, what).await, Ok(()), "after {lie:?}");
    }
}

#[tokio::test]
async fn an_error_names_where_what_and_how_much() {
    let liar = Liar::with_entries(SIZE as u64);
    let client = client_of(&liar);
    let known = learn(&liar, &client).await;
    let text = async |lie: Lie, what: Ask| {
        liar.tell(lie);
        ask(&client, &known, what).await.unwrap_err().to_string()
    };
    let (url, run) = (liar.url(), Ask::Run);
    assert_eq!(
        text(Lie::EntriesTooMany, run).await,
        format!("{url}/ct/v1/get-entries: 9 entries, asked for 1 to 8")
    );
    let huge = text(Lie::BodyClaimsHuge, Ask::Sth).await;
    assert_eq!(huge, format!("{url}/ct/v1/get-sth: the answer is longer than 1048576 bytes"));
    let long = text(Lie::ProofsTooLong(65), Ask::Find).await;
    assert!(long.ends_with("a proof of 65 nodes, no tree needs more than 64"), "{long}");
    let cut = text(Lie::BodyCut, Ask::Sth).await;
    assert!(
        cut.contains("the answer ended after ") && cut.contains(" bytes, its Content-Length says "),
        "{cut}"
    );
    let busy = text(Lie::Busy { requests: 1, seconds: 3600 }, Ask::Sth).await;
    assert!(busy.contains("status 503, to be asked again in 3600s: "), "{busy}");
    let signature = text(Lie::SthSignatureBroken, Ask::Sth).await;
    assert!(signature.ends_with("STH: the signature does not verify under the log's key"), "{signature}");
}
