//! Files and directories that are new, durable, and of exactly the mode that they should have.

use super::InitError;
use crate::secret::{KEY_MODE, KeyFileError};
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

/// The mode of a state directory.
pub(crate) const DIR_MODE: u32 = 0o700;
/// The mode of files without secrets.
const PUBLIC_MODE: u32 = 0o644;

fn cannot(path: &Path, action: &'static str) -> impl Fn(io::Error) -> InitError + use<> {
    let path = path.to_owned();
    move |source| match source.kind() {
        ErrorKind::AlreadyExists => InitError::Exists { path: path.clone() },
        _ => KeyFileError::Io { path: path.clone(), action, source }.into(),
    }
}

/// Writes a new file with a private key, mode 0600.
pub(crate) fn write_secret(path: &Path, text: &str) -> Result<(), InitError> {
    write(path, text, KEY_MODE)
}

/// Writes a new file for everybody to read, mode 0644.
pub(crate) fn write_public(path: &Path, text: &str) -> Result<(), InitError> {
    write(path, text, PUBLIC_MODE)
}

/// The file is made with its mode, so that nobody sees a secret before; then set again, whatever the umask took.
fn write(path: &Path, text: &str, mode: u32) -> Result<(), InitError> {
    let failed = cannot(path, "write");
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path).map_err(&failed)?;
    file.set_permissions(Permissions::from_mode(mode)).map_err(&failed)?;
    file.write_all(text.as_bytes()).map_err(&failed)?;
    file.sync_all().map_err(&failed)?;
    path.parent().map_or(Ok(()), sync_directory)
}

/// Replaces a file for everybody to read as a whole, with the mode that it has: after a crash it has the old text or the
/// new one.
pub(crate) fn replace_public(path: &Path, text: &str) -> Result<(), InitError> {
    let failed = cannot(path, "replace");
    let mode = fs::metadata(path).map_err(&failed)?.permissions().mode() & 0o7777;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let fresh = path.with_file_name(name);
    match fs::remove_file(&fresh) {
        // What an earlier crash left under that name is nobody's.
        Err(e) if e.kind() != ErrorKind::NotFound => return Err(cannot(&fresh, "remove")(e)),
        _ => {}
    }
    write(&fresh, text, mode)?;
    fs::rename(&fresh, path).map_err(&failed)?;
    path.parent().map_or(Ok(()), sync_directory)
}

fn sync_directory(path: &Path) -> Result<(), InitError> {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    File::open(path).and_then(|directory| directory.sync_all()).map_err(cannot(path, "sync"))
}

/// Makes a directory of mode 0700, and what leads to it. One that exists is taken if it is empty or has that mode.
pub(crate) fn make_private_directory(path: &Path) -> Result<(), InitError> {
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        fs::create_dir_all(parent).map_err(cannot(parent, "make directory"))?;
    }
    match DirBuilder::new().mode(DIR_MODE).create(path) {
        Ok(()) => {}
        Err(e) if e.kind() == ErrorKind::AlreadyExists => {
            let found = fs::metadata(path).map_err(cannot(path, "look at"))?.permissions().mode() & 0o7777;
            let empty = fs::read_dir(path).map_err(cannot(path, "read"))?.next().is_none();
            if found != DIR_MODE && !empty {
                return Err(InitError::OpenDirectory { path: path.to_owned(), found });
            }
        }
        Err(e) => return Err(cannot(path, "make directory")(e)),
    }
    fs::set_permissions(path, Permissions::from_mode(DIR_MODE)).map_err(cannot(path, "set the mode of"))?;
    path.parent().map_or(Ok(()), sync_directory)
}

/// Refuses if anything of this name exists, be it a dangling link.
pub(crate) fn refuse_existing(path: &Path) -> Result<(), InitError> {
    match fs::symlink_metadata(path) {
        Ok(_) => Err(InitError::Exists { path: path.to_owned() }),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(()),
        Err(e) => Err(cannot(path, "look at")(e)),
    }
}
