//! The heads that a log on disk must have: what its node endorsed, holds and shows, as far as the log's key signed it.

use ct::key::LogKey;
use ct::order::LogHead;
use ct::sth::Sth;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use store::StoreError;
use store::log::{ClosedLog, Known};

/// State rows of merge nodes and frontends that hold an STH whose tree the node has.
const STHS: [(&str, &str); 3] = [
    ("newest-sth", "the newest signed tree head"),
    ("held", "the signed tree head that is held"),
    ("published", "the signed tree head that is shown"),
];

/// The state row of a merge node with the head that it endorsed last.
const ACCEPTED: &str = "accepted";

#[derive(Deserialize)]
struct AcceptedRow {
    accepted: AcceptedHead,
}

#[derive(Deserialize)]
struct AcceptedHead {
    head: LogHead,
}

/// What is known of a log, and what is wrong with it.
#[derive(Debug, Default)]
pub struct Heads {
    /// Each of them must be the log's.
    pub known: Vec<Known>,
    /// The signed ones among them.
    pub signed: Vec<Sth>,
    /// Rows that cannot be believed, and why.
    pub wrong: Vec<(&'static str, String)>,
}

/// Reads them; a row whose checksum is wrong is left to the check of all rows. Without a key signatures are not looked at.
pub fn read(log: &ClosedLog, key: Option<&LogKey>) -> Result<Heads, StoreError> {
    let mut heads = Heads::default();
    let accepted = row::<AcceptedRow>(log, ACCEPTED, &mut heads)?.map(|row| row.accepted.head);
    for (row_key, what) in STHS {
        let Some(sth) = row::<Sth>(log, row_key, &mut heads)? else { continue };
        if let Some(error) = key.and_then(|key| key.verify_sth(sth.clone()).err()) {
            heads.wrong.push((row_key, error.to_string()));
            continue;
        }
        // A merge node that is behind knows of tree heads whose trees it has not.
        if accepted.is_none_or(|accepted| sth.head.tree_size <= accepted.size) {
            let (size, root) = (sth.head.tree_size, sth.head.root_hash);
            heads.known.push(Known { what, size, root, internal: None });
            heads.signed.push(sth);
        }
    }
    heads.known.extend(accepted.map(|head| Known {
        what: "the head that was endorsed last",
        size: head.size,
        root: head.root,
        internal: Some(head.internal_root),
    }));
    Ok(heads)
}

fn row<T: DeserializeOwned>(
    log: &ClosedLog,
    key: &'static str,
    heads: &mut Heads,
) -> Result<Option<T>, StoreError> {
    let text = match log.state(key) {
        Ok(Some(text)) => text,
        Ok(None) => return Ok(None),
        Err(error) if error.is_damage() => return Ok(None),
        Err(error) => return Err(error),
    };
    match serde_json::from_str(&text) {
        Ok(value) => Ok(Some(value)),
        Err(error) => {
            heads.wrong.push((key, error.to_string()));
            Ok(None)
        }
    }
}
