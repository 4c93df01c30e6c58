//! `verify sct`.

use super::head::not_of_the_future;
use super::issuer::{self, Promised};
use super::report::{Checked, Report};
use super::{Common, Scene};
use crate::decode::{Fault, Input, read, read_add_chain, split_certificates};
use crate::failure::Failure;
use crate::moment;
use ct::sct::{Sct, parse_sct_list};
use ct::x509::Certificate;
use std::path::{Path, PathBuf};

/// Check SCTs
#[derive(Debug, Clone, clap::Args)]
pub struct SctArgs {
    #[command(flatten)]
    pub common: Common,
    /// Certificates (PEM or DER): the one that the SCTs are for, and those above it. Needed where FILE lacks them
    #[arg(long, value_name = "FILE")]
    pub chain: Option<PathBuf>,
}

/// What a file holds.
enum Source {
    /// Certificates, the first of which has SCTs in it.
    Certificates(Vec<Certificate>),
    /// SCTs, encoded.
    Scts(Vec<Vec<u8>>),
}

/// Checks the SCTs of every file.
pub fn run(args: &SctArgs) -> Result<(), Failure> {
    let scene = Scene::new(&args.common.keys)?;
    let chain = args.chain.as_deref().map(chain).transpose()?.unwrap_or_default();
    let mut report = Report::new(args.common.json);
    for file in &args.common.files {
        for checked in of_file(read(file)?, &chain, &scene) {
            report.add(file, checked);
        }
    }
    report.finish()
}

fn chain(path: &Path) -> Result<Vec<Certificate>, Failure> {
    let wrong = |why: String| Failure::Usage(format!("--chain {}: {why}", path.display()));
    match source(read(path)?).map_err(|fault| wrong(fault.to_string()))? {
        Source::Certificates(certificates) => Ok(certificates),
        Source::Scts(_) => Err(wrong("not certificates".to_owned())),
    }
}

fn of_file(bytes: Vec<u8>, chain: &[Certificate], scene: &Scene) -> Vec<Checked> {
    let all = |found: Result<(Vec<Promised>, Vec<Vec<u8>>), String>| match found {
        Ok((promised, scts)) => {
            let count = scts.len();
            let one = |(at, sct): (usize, &Vec<u8>)| check(at + 1, count, sct, &promised, scene);
            scts.iter().enumerate().map(one).collect()
        }
        Err(why) => vec![Checked::under("SCT", None, Err(why))],
    };
    match source(bytes) {
        Err(fault) => vec![Checked::unread("SCT", fault)],
        Ok(Source::Certificates(found)) => {
            let others: Vec<&Certificate> = found[1..].iter().chain(chain).collect();
            all(issuer::embedded(&found[0], &others)
                .map(|(promised, scts)| (vec![promised], scts.into_iter().map(<[u8]>::to_vec).collect())))
        }
        Ok(Source::Scts(scts)) => all(match chain.split_first() {
            None => Err("an SCT alone; --chain takes the certificate that it is for".to_owned()),
            Some((leaf, others)) => {
                let others: Vec<&Certificate> = others.iter().collect();
                issuer::promised(leaf, &others).map(|promised| (promised, scts))
            }
        }),
    }
}

/// Checks one SCT against all that it may promise.
fn check(number: usize, count: usize, encoded: &[u8], promised: &[Promised], scene: &Scene) -> Checked {
    let what = format!("SCT {number} of {count}");
    let sct = match Sct::decode(encoded) {
        Ok(sct) => sct,
        Err(error) => return Checked::unread(what, error.into()),
    };
    let log = match scene.known.by_id(sct.log_id) {
        Ok(log) => log,
        Err(why) => return Checked::under(what, None, Err(why)),
    };
    let mut why = "there is nothing that it could promise".to_owned();
    for Promised { what: entry, entry: signed } in promised {
        match log.key.verify_sct(&sct, signed) {
            Ok(()) => {
                let at = moment::show_millis(sct.timestamp);
                let early = not_of_the_future("SCT", sct.timestamp, scene.now);
                let outcome = early.map(|()| format!("signed at {at} for {entry}"));
                return Checked::under(what, Some(log), outcome);
            }
            Err(error) => why = format!("{error}, over {entry}"),
        }
    }
    Checked::under(what, Some(log), Err(why))
}

/// What the bytes of a file are. Certificates are never none.
fn source(bytes: Vec<u8>) -> Result<Source, Fault> {
    match Input::new(bytes)? {
        Input::Certificates(ders) => parse(ders),
        Input::Json(values) => {
            let encoded = values.iter().map(|value| {
                let sct = read_add_chain(value)?;
                sct.encode().map_err(Fault::new)
            });
            Ok(Source::Scts(encoded.collect::<Result<_, _>>()?))
        }
        Input::Bytes(bytes) if bytes.first() == Some(&0x30) => parse(split_certificates(&bytes)?),
        Input::Bytes(bytes) => match (parse_sct_list(&bytes), Sct::decode(&bytes)) {
            (Ok(list), _) => Ok(Source::Scts(list.into_iter().map(<[u8]>::to_vec).collect())),
            (Err(_), Ok(_)) => Ok(Source::Scts(vec![bytes])),
            (Err(list), Err(sct)) => {
                let why = format!("neither certificates nor SCTs: as an SCT list, {list}; as an SCT, {sct}");
                Err(Fault::new(why))
            }
        },
    }
}

fn parse(ders: Vec<Vec<u8>>) -> Result<Source, Fault> {
    let one = |(at, der): (usize, Vec<u8>)| {
        let parsed = Certificate::parse(der).map_err(Fault::from);
        parsed.map_err(|fault| fault.within(format_args!("certificate {}", at + 1)))
    };
    let found = ders.into_iter().enumerate().map(one).collect::<Result<Vec<_>, _>>()?;
    if found.is_empty() { Err(Fault::new("no certificate")) } else { Ok(Source::Certificates(found)) }
}
