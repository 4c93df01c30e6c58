//! The names that are watched.

use crate::failure::Failure;
use ::monitor::names::{BadPattern, Pattern, WatchList};
use std::path::PathBuf;

/// Names given one by one, and in files: one a line, what follows a `#` is a comment.
pub fn read(names: &[String], files: &[PathBuf]) -> Result<WatchList, Failure> {
    let given = |error: BadPattern| Failure::Usage(format!("--watch: {error}"));
    let mut patterns =
        names.iter().map(|name| name.parse()).collect::<Result<Vec<Pattern>, _>>().map_err(given)?;
    for path in files {
        let shown = path.display();
        let text = std::fs::read_to_string(path)
            .map_err(|error| Failure::Usage(format!("--watch-file {shown}: {error}")))?;
        for (number, line) in text.lines().enumerate() {
            let name = line.split('#').next().unwrap_or_default().trim();
            if !name.is_empty() {
                let bad =
                    |error: BadPattern| Failure::Usage(format!("{shown}, line {}: {error}", number + 1));
                patterns.push(name.parse().map_err(bad)?);
            }
        }
    }
    Ok(WatchList::new(patterns))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::monitor::names::HostName;

    #[test]
    fn names_come_from_arguments_and_files_and_a_wrong_one_is_located() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("names");
        std::fs::write(&path, "# ours\n.example.com  # all of it\n\nbücher.example\n").unwrap();
        let list = read(&["a.example".to_owned()], std::slice::from_ref(&path)).unwrap();
        for name in ["a.example", "x.example.com", "xn--bcher-kva.example"] {
            assert_eq!(list.hits(&[HostName::certified(name)], &[]).len(), 1, "{name}");
        }
        std::fs::write(&path, "a.example\nb c\n").unwrap();
        let error = read(&[], &[path]).unwrap_err().to_string();
        assert!(error.contains("names, line 2: ") && error.contains("b c"), "{error}");
        assert!(read(&["*".to_owned()], &[]).unwrap_err().to_string().starts_with("--watch: "));
    }
}
