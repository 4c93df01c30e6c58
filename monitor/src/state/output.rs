//! Where lines go.

use super::StateError;
use std::fmt;
use std::fs::File;
use std::io::{self, Seek as _, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Where lines go.
pub enum Output {
    /// Nowhere.
    None,
    /// To whoever reads along. A line is written before the position that covers it, so a crash between the two repeats it.
    Stream(Box<dyn Write + Send>),
    /// To a file, each line exactly once.
    File(OutputFile),
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Output::None => "None",
            Output::Stream(_) => "Stream",
            Output::File(_) => "File",
        })
    }
}

/// A file that only grows by what was committed.
#[derive(Debug)]
pub struct OutputFile {
    path: PathBuf,
    file: File,
    length: u64,
}

impl Output {
    /// To that file, behind what is in it.
    pub fn to_file(path: &Path) -> Result<Self, StateError> {
        let whole = std::path::absolute(path).map_err(StateError::io("find", path))?;
        let file =
            File::options().create(true).append(true).open(&whole).map_err(StateError::io("open", &whole))?;
        let length = file.metadata().map_err(StateError::io("look at", &whole))?.len();
        Ok(Output::File(OutputFile { path: whole, file, length }))
    }

    /// The file and its length, if it is one.
    pub(super) fn file(&self) -> Option<(String, u64)> {
        match self {
            Output::File(file) => Some((file.name(), file.length)),
            Output::None | Output::Stream(_) => None,
        }
    }

    /// Cuts a file back to what was committed; the length from which it goes on. One that is shorter was taken away and
    /// begun anew by its owner, which is no mistake.
    pub(super) fn resume(&mut self, committed: u64) -> Result<u64, StateError> {
        let Output::File(file) = self else { return Ok(0) };
        if committed < file.length {
            let cut = file.file.set_len(committed).and_then(|()| file.file.sync_all());
            cut.map_err(StateError::io("cut", &file.path))?;
            file.length = committed;
        }
        Ok(file.length)
    }

    /// Writes lines; for a file, its name and its length when they are durable.
    pub(super) fn append(&mut self, lines: &[String]) -> Result<Option<(String, u64)>, StateError> {
        if lines.is_empty() {
            return Ok(None);
        }
        let mut text = lines.join("\n");
        text.push('\n');
        match self {
            Output::None => Ok(None),
            Output::Stream(stream) => {
                let written = stream.write_all(text.as_bytes()).and_then(|()| stream.flush());
                written.map_err(StateError::io("write to", Path::new("standard output")))?;
                Ok(None)
            }
            Output::File(file) => {
                file.append(&text).map_err(StateError::io("write to", &file.path))?;
                Ok(Some((file.name(), file.length)))
            }
        }
    }
}

impl OutputFile {
    fn name(&self) -> String {
        self.path.display().to_string()
    }

    fn append(&mut self, text: &str) -> io::Result<()> {
        if self.file.seek(SeekFrom::End(0))? != self.length {
            return Err(io::Error::other("somebody else has written to it"));
        }
        self.file.write_all(text.as_bytes())?;
        self.file.sync_data()?;
        self.length += text.len() as u64;
        Ok(())
    }
}
