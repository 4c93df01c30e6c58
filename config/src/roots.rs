//! Accepted roots: files and directories to DER. Whether the bytes are a good certificate is for others to judge; here
//! they are found, decoded, and each kept once.

use crate::cluster::Cluster;
use crate::fault::{ConfigError, Faults, quoted};
use crate::log::Log;
use crate::node::Node;
use crate::pem;
use crate::problem::Problem;
use crate::purpose::Purpose;
use ct::limits::MAX_CERTIFICATE;
use std::collections::BTreeSet;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// The subject organisation of every test CA that `init` makes. A production cluster refuses roots that bear it, and
/// roots that one of them issued.
pub const TEST_CA_MARKER: &str = "Wolffish test CA, not for production";

/// Endings of the files that are read in a directory.
const ENDINGS: [&str; 4] = ["pem", "crt", "cer", "der"];
/// Greatest file of roots, in bytes: the roots of all browsers together have a fiftieth of this.
const MAX_ROOT_FILE: u64 = 16 << 20;
/// Most distinct roots of a log.
const MAX_ROOTS: usize = 10_000;

/// A certificate, and where it was found first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootCertificate {
    /// The file, as configured, or inside a configured directory.
    pub source: PathBuf,
    /// DER.
    pub der: Vec<u8>,
}

impl Log {
    /// Reads every accepted root: those of `roots`, in order, then the test CA. Each certificate once. In production,
    /// a test CA among them is a fault.
    pub fn load_roots(&self) -> Result<Vec<RootCertificate>, ConfigError> {
        let mut faults = Faults::new(Path::new(""));
        let roots = self.read_roots(&mut faults);
        faults.into_result(roots)
    }

    fn read_roots(&self, faults: &mut Faults) -> Vec<RootCertificate> {
        let mut roots = Roots { seen: BTreeSet::new(), list: Vec::new(), faults };
        for path in self.roots() {
            roots.read(path);
        }
        if let Some(path) = self.test_ca() {
            roots.read_file(path);
        }
        if roots.list.len() > MAX_ROOTS {
            let value = Some(format!("{} certificates", roots.list.len()));
            let place = self.roots().first().map_or(Path::new(""), PathBuf::as_path);
            roots.faults.file(place, value, Problem::TooMany { limit: MAX_ROOTS });
        }
        if self.purpose() == Purpose::Production {
            roots.refuse_test_ca();
        }
        roots.list
    }
}

impl Cluster {
    /// Reads the roots of every log, to find all that is wrong with them.
    pub fn check_roots(&self) -> Result<(), ConfigError> {
        let mut faults = Faults::new(self.file());
        for log in self.logs() {
            log.read_roots(&mut faults);
        }
        faults.into_result(())
    }

    /// Whether the TLS files of a node, if it has any, can be read.
    pub(crate) fn check_tls(&self, node: &Node) -> Result<(), ConfigError> {
        let mut faults = Faults::new(self.file());
        for path in node.tls().into_iter().flat_map(|tls| [&tls.certificate, &tls.key]) {
            match read(path) {
                Ok(bytes) if pem::is_pem(&bytes) => {}
                Ok(_) => faults.file(path, None, Problem::File { why: "holds no PEM".to_owned() }),
                Err(why) => faults.file(path, None, Problem::File { why }),
            }
        }
        faults.into_result(())
    }
}

struct Roots<'a> {
    seen: BTreeSet<Vec<u8>>,
    list: Vec<RootCertificate>,
    faults: &'a mut Faults,
}

impl Roots<'_> {
    fn fault(&mut self, file: &Path, why: impl Into<String>) {
        self.faults.file(file, None, Problem::File { why: why.into() });
    }

    fn read(&mut self, path: &Path) {
        match fs::metadata(path) {
            Ok(found) if found.is_dir() => self.read_directory(path),
            Ok(_) => self.read_file(path),
            Err(e) => self.fault(path, format!("cannot be read: {e}")),
        }
    }

    fn read_directory(&mut self, directory: &Path) {
        let names = fs::read_dir(directory).and_then(|entries| {
            entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, std::io::Error>>()
        });
        let mut files = match names {
            Ok(files) => files,
            Err(e) => return self.fault(directory, format!("cannot be read: {e}")),
        };
        files.retain(|file| has_ending(file) && !file.is_dir());
        files.sort();
        if files.is_empty() {
            self.fault(directory, "holds no file that ends in .pem, .crt, .cer or .der");
        }
        for file in files {
            self.read_file(&file);
        }
    }

    fn read_file(&mut self, file: &Path) {
        let bytes = match read(file) {
            Ok(bytes) => bytes,
            Err(why) => return self.fault(file, why),
        };
        if !pem::is_pem(&bytes) {
            return match check_der(&bytes) {
                Ok(()) => self.keep(file, bytes),
                Err(why) => self.fault(file, format!("neither PEM nor a DER certificate: {why}")),
            };
        }
        let blocks = pem::blocks(&bytes);
        if blocks.is_empty() {
            self.fault(file, "holds no certificate");
        }
        for block in blocks {
            let block = match block {
                Ok(block) => block,
                Err(bad) => {
                    self.fault(file, bad.to_string());
                    continue;
                }
            };
            let place = format!("block {} (line {})", block.number, block.line);
            if !matches!(block.label.as_str(), "CERTIFICATE" | "X509 CERTIFICATE") {
                self.fault(file, format!("{place}: {}; expected CERTIFICATE", block.label));
            } else if let Err(why) = check_der(&block.der) {
                self.fault(file, format!("{place}: not a certificate: {why}"));
            } else {
                self.keep(file, block.der);
            }
        }
    }

    fn keep(&mut self, source: &Path, der: Vec<u8>) {
        if self.seen.insert(der.clone()) {
            self.list.push(RootCertificate { source: source.to_owned(), der });
        }
    }

    fn refuse_test_ca(&mut self) {
        let marker = TEST_CA_MARKER.as_bytes();
        for root in &self.list {
            if root.der.windows(marker.len()).any(|window| window == marker) {
                let why = "a test CA among the roots would let anybody log anything";
                self.faults.file(&root.source, Some(quoted(TEST_CA_MARKER)), Problem::Production { why });
            }
        }
    }
}

fn has_ending(file: &Path) -> bool {
    let ending = file.extension().and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase);
    ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str()))
}

fn read(file: &Path) -> Result<Vec<u8>, String> {
    let cannot = |e: std::io::Error| format!("cannot be read: {e}");
    let mut bytes = Vec::new();
    let open = fs::File::open(file).map_err(cannot)?;
    open.take(MAX_ROOT_FILE + 1).read_to_end(&mut bytes).map_err(cannot)?;
    if bytes.len() as u64 > MAX_ROOT_FILE {
        return Err(format!("larger than the limit of {MAX_ROOT_FILE} bytes"));
    }
    Ok(bytes)
}

/// A certificate is one SEQUENCE, with a definite length, and nothing after it.
fn check_der(der: &[u8]) -> Result<(), String> {
    if der.len() > MAX_CERTIFICATE {
        return Err(format!("{} bytes, the limit is {MAX_CERTIFICATE}", der.len()));
    }
    let (&[0x30, first], rest) = der.split_first_chunk::<2>().ok_or("shorter than 2 bytes")? else {
        return Err("does not begin with a SEQUENCE".to_owned());
    };
    let digits = usize::from(first & 0x7f);
    let (length, body) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 if rest.len() >= digits => {
            let (length, body) = rest.split_at(digits);
            (length.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)), body)
        }
        0x80.. => return Err("has no definite length".to_owned()),
    };
    if length != body.len() {
        return Err(format!("says {length} bytes and has {}", body.len()));
    }
    Ok(())
}
