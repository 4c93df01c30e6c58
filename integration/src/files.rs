//! Files of nodes that are down.

use std::fs;
use std::path::Path;

/// Copies a directory with all that is in it, and with the rights that it has.
///
/// # Panics
/// If anything cannot be read or written.
pub fn copy_dir(from: &Path, to: &Path) {
    let copied = || -> std::io::Result<()> {
        fs::create_dir(to)?;
        fs::set_permissions(to, fs::metadata(from)?.permissions())?;
        for entry in fs::read_dir(from)? {
            let (path, name) = entry.map(|entry| (entry.path(), entry.file_name()))?;
            if path.is_dir() {
                copy_dir(&path, &to.join(name));
            } else {
                fs::copy(&path, to.join(name))?;
            }
        }
        Ok(())
    };
    copied().unwrap_or_else(|error| panic!("copy {} to {}: {error}", from.display(), to.display()));
}
