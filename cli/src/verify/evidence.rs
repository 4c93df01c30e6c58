//! `verify evidence`.

use super::Common;
use super::keys::{KnownLog, KnownLogs};
use super::report::{Checked, Report};
use crate::decode::read;
use crate::failure::Failure;
use client::evidence::{Evidence, Verdict};

/// Judges every file by itself. Keys that are named say whose evidence it may be; without, the key in the file is all that
/// there is.
pub fn run(args: &Common) -> Result<(), Failure> {
    let known = if args.keys.are_given() { Some(args.keys.load()?) } else { None };
    let mut report = Report::new(args.json);
    for file in &args.files {
        let bytes = read(file)?;
        report.add(file, judge(&bytes, known.as_ref()));
    }
    report.finish()
}

fn judge(bytes: &[u8], known: Option<&KnownLogs>) -> Checked {
    let evidence = match Evidence::from_json(bytes) {
        Ok(evidence) => evidence,
        Err(error) => return Checked::under("evidence", None, Err(error.to_string())),
    };
    let (name, key) = (evidence.log.name(), evidence.log.key());
    let verdict = evidence.verdict();
    let what = format!("evidence ({})", verdict.name());
    match known.map(|known| known.by_id(key.log_id())) {
        None => {
            // Whoever made the file could have made the key as well.
            let claimed = KnownLog { name: format!("what the file calls {name:?}"), key: key.clone() };
            let warning = "; the key is the file's own: compare it with the log's";
            Checked::under(what, Some(&claimed), outcome(&verdict).map(|why| why + warning))
        }
        Some(Ok(log)) => Checked::under(what, Some(log), outcome(&verdict)),
        Some(Err(why)) => Checked::under(what, None, Err(format!("against another log: {why}"))),
    }
}

fn outcome(verdict: &Verdict) -> Result<String, String> {
    if verdict.is_proven() { Ok(verdict.to_string()) } else { Err(verdict.to_string()) }
}
