//! Standard output and standard error.

use node::exit::Exit;
use std::fmt::Display;
use std::io::{self, ErrorKind, Write as _};

/// Prints a line. Where nobody reads any more (`wolffish get … | head`), the process ends quietly.
pub fn line(text: impl Display) {
    text_of(format!("{text}\n"));
}

/// Says a line to whoever watches standard error. If nobody does, it is not said, and the work goes on all the same.
pub fn note(text: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Prints a text that brings its own line ends.
pub fn text_of(text: impl AsRef<str>) {
    let mut out = io::stdout().lock();
    let written = out.write_all(text.as_ref().as_bytes()).and_then(|()| out.flush());
    if let Err(error) = written {
        let exit = if error.kind() == ErrorKind::BrokenPipe { Exit::Ok } else { Exit::Io };
        std::process::exit(i32::from(exit.code()));
    }
}
