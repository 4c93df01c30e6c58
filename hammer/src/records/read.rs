//! Reading records back, each verified again: a file is a claim like any other.

use super::RecordsError;
use super::line::{Line, RunLine, VERSION};
use ct::hash::LeafHash;
use ct::key::LogKey;
use ct::sct::Sct;
use ct::sth::VerifiedSth;
use ct::time::Timestamp;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

/// The longest line: the greatest certificate, twice in base64, and room for the rest.
const MAX_LINE: u64 = 64 << 20;

/// Everything in a records file that is of one log.
#[derive(Debug)]
pub struct Recorded {
    /// How the last run began.
    pub run: RunLine,
    /// Each promise, once.
    pub promises: BTreeMap<LeafHash, Promised>,
    /// The tree heads, in the order of the file.
    pub heads: Vec<ShownHead>,
    /// Lines that a crash cut off.
    pub torn: usize,
}

/// A promise as it was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promised {
    /// The SCT.
    pub sct: Sct,
    /// What it signs.
    pub leaf_input: Vec<u8>,
    /// Which frontend gave it.
    pub url: String,
}

/// A tree head as it was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownHead {
    /// The tree head.
    pub sth: VerifiedSth,
    /// Which frontend showed it.
    pub url: String,
    /// When.
    pub received: Timestamp,
}

/// Reads a file. The first run in it says of which log it speaks; a line of another log is an error.
pub fn read(path: &Path) -> Result<Recorded, RecordsError> {
    let failed = |error| RecordsError::Io { action: "read", path: path.to_owned(), error };
    let mut reader = BufReader::new(File::open(path).map_err(failed)?);
    let mut state = State::default();
    let mut text = Vec::new();
    for line in 1.. {
        text.clear();
        let limited = &mut std::io::Read::take(&mut reader, MAX_LINE);
        if limited.read_until(b'\n', &mut text).map_err(failed)? == 0 {
            break;
        }
        state.line(&text).map_err(|reason| RecordsError::Line { path: path.to_owned(), line, reason })?;
    }
    let Some((run, _)) = state.run else {
        let reason = "no run begins in this file".to_owned();
        return Err(RecordsError::Line { path: path.to_owned(), line: 1, reason });
    };
    Ok(Recorded { run, promises: state.promises, heads: state.heads, torn: state.torn })
}

#[derive(Default)]
struct State {
    run: Option<(RunLine, LogKey)>,
    promises: BTreeMap<LeafHash, Promised>,
    heads: Vec<ShownHead>,
    torn: usize,
}

impl State {
    fn line(&mut self, text: &[u8]) -> Result<(), String> {
        let line = match serde_json::from_slice::<Line>(text.strip_suffix(b"\n").unwrap_or(text)) {
            Ok(line) => line,
            // Cut off in the middle, by the end of the file or by what the next run ended it with.
            Err(error) if error.is_eof() => {
                self.torn += 1;
                return Ok(());
            }
            Err(error) => return Err(format!("not a record: {error}")),
        };
        match line {
            Line::Run(run) => self.begin(run)?,
            Line::Sct(sct) => {
                let (leaf, found) = sct.verify(self.key()?)?;
                let promised = Promised { sct: found, leaf_input: sct.leaf_input.0, url: sct.url };
                self.promises.insert(leaf, promised);
            }
            Line::Sth(sth) => {
                let verified = sth.verify(self.key()?)?;
                self.heads.push(ShownHead { sth: verified, url: sth.url, received: sth.received });
            }
            Line::Unknown => {}
        }
        Ok(())
    }

    fn begin(&mut self, run: RunLine) -> Result<(), String> {
        if run.version != VERSION {
            return Err(format!("version {} of the format, expected {VERSION}", run.version));
        }
        let key = LogKey::from_spki(&run.key.0).map_err(|error| format!("key: {error}"))?;
        if let Some((_, first)) = &self.run
            && *first != key
        {
            return Err(format!(
                "a run against log {}, the first was against {}",
                key.log_id(),
                first.log_id()
            ));
        }
        self.run = Some((run, key));
        Ok(())
    }

    fn key(&self) -> Result<&LogKey, String> {
        self.run.as_ref().map(|(_, key)| key).ok_or_else(|| "no run has begun".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{LogInHand, promise};
    use super::super::{RecordsFile, SctLine, SthLine};
    use super::*;
    use ct::entry::{Leaf, SignedEntry};
    use ct::hash::Base64;
    use ct::merkle::leaf_hash;
    use std::fs;

    #[test]
    fn what_was_recorded_is_read_back_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let (path, log) = (dir.path().join("records"), LogInHand::new(7));
        let (first, second) = (promise(&log, 1), promise(&log, 2));
        for promise in [&first, &second, &first] {
            let file = RecordsFile::open(&path, log.run()).unwrap();
            let line = SctLine::new(promise, "http://a/", promise.sct.timestamp).unwrap();
            file.recorder().record_blocking(Line::Sct(line)).unwrap();
            assert_eq!(file.close().unwrap(), 1);
        }
        let file = RecordsFile::open(&path, log.run()).unwrap();
        let sth = SthLine::new(log.log.log_id(), &log.head(5), "http://b/", first.sct.timestamp);
        file.recorder().record_blocking(Line::Sth(sth)).unwrap();
        file.close().unwrap();
        let found = read(&path).unwrap();
        assert_eq!(found.promises.keys().copied().collect::<Vec<_>>().len(), 2);
        assert_eq!(found.promises[&first.leaf].sct, first.sct);
        assert_eq!((found.heads.len(), found.heads[0].url.as_str()), (1, "http://b/"));
        assert_eq!((found.run, found.torn), (log.run(), 0));
    }

    #[test]
    fn a_crash_in_the_middle_of_a_line_costs_that_line_only() {
        let dir = tempfile::tempdir().unwrap();
        let (path, log) = (dir.path().join("records"), LogInHand::new(7));
        let record = |number| {
            let file = RecordsFile::open(&path, log.run()).unwrap();
            let promise = promise(&log, number);
            let line = SctLine::new(&promise, "http://a/", promise.sct.timestamp).unwrap();
            file.recorder().record_blocking(Line::Sct(line)).unwrap();
            file.close().unwrap();
        };
        record(1);
        let whole = fs::read(&path).unwrap();
        fs::write(&path, &whole[..whole.len() - 20]).unwrap();
        assert_eq!(read(&path).unwrap().torn, 1);
        record(2);
        let found = read(&path).unwrap();
        assert_eq!((found.promises.len(), found.torn), (1, 1));
    }

    #[test]
    fn a_file_of_another_log_or_of_no_log_is_not_appended_to() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("records");
        RecordsFile::open(&path, LogInHand::new(7).run()).unwrap().close().unwrap();
        let error = RecordsFile::open(&path, LogInHand::new(8).run()).unwrap_err();
        assert!(matches!(error, crate::records::RecordsError::OtherLog { .. }), "{error}");
        fs::write(&path, "my diary\n").unwrap();
        let error = RecordsFile::open(&path, LogInHand::new(7).run()).unwrap_err();
        assert!(error.to_string().contains("not a records file"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), b"my diary\n");
    }

    #[test]
    fn records_that_contradict_themselves_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let (path, log) = (dir.path().join("records"), LogInHand::new(7));
        let good = SctLine::new(&promise(&log, 1), "http://a/", log.run().started).unwrap();
        let other = SctLine::new(&promise(&log, 2), "http://a/", log.run().started).unwrap();
        let of_another =
            SctLine::new(&promise(&LogInHand::new(8), 1), "http://a/", log.run().started).unwrap();
        let refuse = |line: Line, says: &str| {
            fs::write(&path, "").unwrap();
            let file = RecordsFile::open(&path, log.run()).unwrap();
            file.recorder().record_blocking(line).unwrap();
            file.close().unwrap();
            let error = read(&path).unwrap_err().to_string();
            assert!(error.contains("line 2") && error.contains(says), "{error}");
        };
        refuse(Line::Sct(SctLine { leaf_hash: other.leaf_hash.clone(), ..good.clone() }), "leaf_hash is not");
        refuse(Line::Sct(SctLine { sct: other.sct.clone(), ..good.clone() }), "timestamps");
        refuse(Line::Sct(of_another), "of log");
        let forged =
            Leaf::plain(good.timestamp, SignedEntry::X509 { certificate: vec![0x30, 9] }).encode().unwrap();
        let leaf_hash = Base64(leaf_hash(&forged).as_ref().to_vec());
        refuse(Line::Sct(SctLine { leaf_input: Base64(forged), leaf_hash, ..good.clone() }), "signature");
        refuse(Line::Run(RunLine { version: 2, ..log.run() }), "version 2 of the format, expected 1");
        refuse(Line::Run(LogInHand::new(8).run()), "the first was against");
        let mut head = SthLine::new(log.log.log_id(), &log.head(5), "http://b/", log.run().started);
        head.tree_size = ct::index::TreeSize::of(6);
        refuse(Line::Sth(head), "signature");
        fs::write(&path, "{\"kind\":\"sct\"}\n").unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("line 1: not a record"));
        fs::write(&path, "{\"kind\":\"later\",\"x\":[1]}\n").unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("no run begins"));
    }
}
