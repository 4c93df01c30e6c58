//! What is to be submitted: files, directories, and certificates yet to be issued.

use crate::failure::Failure;
use ct::x509::pem::{certificates, is_pem};
use std::fs;
use std::path::{Path, PathBuf};

/// Endings of the files that are read in a directory.
const ENDINGS: [&str; 4] = ["pem", "crt", "cer", "der"];

/// One submission to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Work {
    /// The chain in this file.
    File(PathBuf),
    /// A certificate to be issued, by number.
    New(u64),
}

impl Work {
    /// What the report calls it.
    pub fn source(&self) -> String {
        match self {
            Work::File(path) => path.display().to_string(),
            Work::New(number) => format!("new-{}", number + 1),
        }
    }
}

/// The files that were named, and those in the directories that were named.
pub fn expand(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        let found = fs::metadata(path).map_err(Failure::io(format_args!("read {}", path.display())))?;
        if found.is_dir() {
            files.extend(directory(path)?);
        } else {
            files.push(path.clone());
        }
    }
    Ok(files)
}

fn directory(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    let entries = fs::read_dir(path).and_then(|entries| entries.collect::<Result<Vec<_>, _>>());
    let entries = entries.map_err(Failure::io(format_args!("read {}", path.display())))?;
    let mut files: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
    files.retain(|file| {
        let ending = file.extension().and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase);
        ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str())) && file.is_file()
    });
    files.sort();
    if files.is_empty() {
        let text = format!("{}: no file in it ends in .pem, .crt, .cer or .der", path.display());
        return Err(Failure::Usage(text));
    }
    Ok(files)
}

/// The chain in a file: the blocks of PEM in their order, or one certificate in DER.
pub fn chain(path: &Path) -> Result<Vec<Vec<u8>>, String> {
    let bytes = fs::read(path).map_err(|error| format!("cannot be read: {error}"))?;
    if !is_pem(&bytes) {
        return match bytes.first() {
            Some(0x30) => Ok(vec![bytes]),
            _ => Err("neither PEM nor DER".to_owned()),
        };
    }
    let blocks = certificates(&String::from_utf8_lossy(&bytes)).map_err(|error| error.to_string())?;
    Ok(blocks.into_iter().map(|(_, der)| der).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_become_chains() {
        let dir = tempfile::tempdir().unwrap();
        let block = |body: &str| format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n");
        let write = |name: &str, bytes: &[u8]| fs::write(dir.path().join(name), bytes).unwrap();
        write("b.pem", format!("{}text\n{}", block("MAA="), block("MAEA")).as_bytes());
        write("a.DER", &[0x30, 0]);
        write("README", b"nothing");
        let files = expand(&[dir.path().to_owned()]).unwrap();
        assert_eq!(files, [dir.path().join("a.DER"), dir.path().join("b.pem")]);
        assert_eq!(chain(&files[0]), Ok(vec![vec![0x30, 0]]));
        assert_eq!(chain(&files[1]), Ok(vec![vec![0x30, 0], vec![0x30, 1, 0]]));
        assert_eq!(chain(&dir.path().join("README")), Err("neither PEM nor DER".to_owned()));
    }

    #[test]
    fn what_is_not_there_is_said_before_anything_is_sent() {
        let dir = tempfile::tempdir().unwrap();
        let error = expand(&[dir.path().join("none")]).unwrap_err();
        assert!(matches!(&error, Failure::Io(text) if text.contains("none")), "{error}");
        let error = expand(&[dir.path().to_owned()]).unwrap_err();
        assert!(matches!(error, Failure::Usage(_)), "{error}");
    }
}
