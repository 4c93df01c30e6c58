//! `wolffish decode`: what a structure of RFC 6962 says, field by field; of one that does not parse, where it is wrong.

mod describe;
mod fault;
mod input;
mod kind;
mod model;
mod printable;

pub use describe::{read_add_chain, split_certificates};
pub use fault::Fault;
pub use input::{Input, read};
pub use printable::{json_line, printable};

use crate::failure::Failure;
use crate::out;
use kind::{Item, Kind};
use model::Node;
use serde_json::{Value, json};
use std::path::PathBuf;

/// Print a leaf, an SCT or SCT list, an STH, certificates, or what get-entries answered
#[derive(Debug, Clone, clap::Args)]
pub struct DecodeArgs {
    /// Binary, base64, hexadecimal, PEM or JSON; - for standard input
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// What the files are, if that cannot be seen
    #[arg(long = "as", value_name = "KIND")]
    pub kind: Option<Kind>,
    /// One JSON object for each thing decoded
    #[arg(long)]
    pub json: bool,
}

/// Prints every file; a failure if one does not parse.
pub fn run(args: &DecodeArgs) -> Result<(), Failure> {
    let (mut all, mut failed) = (0, 0);
    for file in &args.files {
        let bytes = read(file)?;
        for (kind, decoded) in decode(bytes, args.kind) {
            all += 1;
            failed += usize::from(decoded.is_err());
            let name = file.display().to_string();
            if args.json {
                out::line(json_line(&as_json(&name, kind, &decoded)));
            } else {
                out::text_of(as_text(&name, kind, &decoded));
            }
        }
    }
    match failed {
        0 => Ok(()),
        _ => Err(Failure::Check(format!("{failed} of {all} do not parse"))),
    }
}

type Decoded = (Option<Kind>, Result<Node, Fault>);

/// All that is in a file, and what it was taken for.
fn decode(bytes: Vec<u8>, given: Option<Kind>) -> Vec<Decoded> {
    let items = match Input::new(bytes) {
        Ok(Input::Certificates(ders)) => vec![Item::Certificates(ders)],
        Ok(Input::Json(values)) => values.into_iter().map(Item::Json).collect(),
        Ok(Input::Bytes(bytes)) => vec![Item::Bytes(bytes)],
        Err(fault) => return vec![(given, Err(fault))],
    };
    let one = |item: &Item| match given.map_or_else(|| item.kind(), Ok) {
        Ok(kind) => (Some(kind), describe::describe(kind, item)),
        Err(fault) => (None, Err(fault)),
    };
    items.iter().map(one).collect()
}

fn as_json(file: &str, kind: Option<Kind>, decoded: &Result<Node, Fault>) -> Value {
    let kind = kind.map(Kind::as_str);
    match decoded {
        Ok(node) => json!({ "file": file, "kind": kind, "decoded": node.json() }),
        Err(fault) => json!({
            "file": file, "kind": kind, "error": fault.reason, "part": fault.part, "field": fault.field,
            "offset": fault.offset,
        }),
    }
}

fn as_text(file: &str, kind: Option<Kind>, decoded: &Result<Node, Fault>) -> String {
    let wrong = |text: String| format!("{}\n", printable(&text));
    match (decoded, kind.map(Kind::as_str)) {
        (Ok(node), kind) => node.text(&format!("{file}: {}", kind.unwrap_or("unknown"))),
        (Err(fault), Some(kind)) => wrong(format!("{file}: no {kind}: {fault}")),
        (Err(fault), None) => wrong(format!("{file}: {fault}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ct::entry::{Leaf, SignedEntry, extra_data};
    use ct::time::Timestamp;

    fn certificate() -> Vec<u8> {
        let dir = tempfile::tempdir().unwrap();
        let files = config::init::init_test_ca(dir.path()).unwrap();
        let text = std::fs::read(files.certificate).unwrap();
        let Ok(Input::Certificates(mut ders)) = Input::new(text) else { panic!("no certificate") };
        ders.swap_remove(0)
    }

    /// Whatever the bytes are, there is an answer, and it can be shown.
    #[test]
    fn no_bit_makes_it_panic() {
        let certificate = certificate();
        let entry = SignedEntry::X509 { certificate: certificate.clone() };
        let leaf = Leaf::plain(Timestamp::EPOCH, entry).encode().unwrap();
        let mut extra = extra_data(None, &[&certificate]).unwrap();
        extra.push(0);
        let (mut shown, mut refused) = (0, 0);
        for good in [certificate, leaf, extra] {
            for at in 0..good.len() {
                let mut flipped = good.clone();
                flipped[at] ^= 1 << (at % 8);
                for (kind, decoded) in decode(flipped[..good.len() - at % 3].to_vec(), None) {
                    let (text, json) = (as_text("f", kind, &decoded), as_json("f", kind, &decoded));
                    assert!(!text.contains(|c: char| c.is_control() && c != '\n') && json.is_object());
                    *if decoded.is_ok() { &mut shown } else { &mut refused } += 1;
                }
            }
        }
        assert!(shown > 100 && refused > 100, "{shown} shown, {refused} refused");
    }
}
