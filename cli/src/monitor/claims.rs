//! What `wolffish hammer` has recorded, to be checked.

use crate::failure::Failure;
use crate::out;
use ::hammer::records::{Promised, Recorded, RecordsError, ShownHead, read};
use ::monitor::{Claim, Claims, Subject};
use client::evidence::Served;
use std::path::PathBuf;

/// Gives each log the claims about it. A file about a log that is not followed is a mistake.
pub fn add(subjects: &mut [Subject], files: &[PathBuf]) -> Result<(), Failure> {
    for path in files {
        let Recorded { run, promises, heads, torn } = read(path)?;
        let followed = subjects.iter_mut().find(|subject| subject.log.log_id().as_ref() == run.log_id.0);
        let Some(subject) = followed else {
            return Err(Failure::Usage(format!("--check {}: it is about another log", path.display())));
        };
        if torn > 0 {
            out::note(format_args!("{}: {torn} lines are cut off, and not checked", path.display()));
        }
        let Claims { heads: all_heads, promises: all_promises } = &mut subject.claims;
        all_heads.extend(heads.into_iter().map(head));
        all_promises.extend(promises.into_iter().map(|(leaf, Promised { sct, leaf_input, .. })| Claim {
            leaf,
            sct,
            leaf_input,
        }));
    }
    Ok(())
}

fn head(shown: ShownHead) -> Served {
    Served { sth: shown.sth.sth().clone(), url: shown.url, received: shown.received }
}

impl From<RecordsError> for Failure {
    fn from(error: RecordsError) -> Self {
        let text = error.to_string();
        match error {
            RecordsError::Line { .. } | RecordsError::OtherLog { .. } => Failure::Usage(text),
            RecordsError::Io { .. } | RecordsError::Ended => Failure::Io(text),
        }
    }
}
