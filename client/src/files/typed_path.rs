//! A path that a user types in the chat, where no shell expands it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Returns the path as typed if it exists. Otherwise quotes are removed, and `~/` is replaced with the home
/// folder.
pub(crate) fn typed_path(line: &str) -> PathBuf {
    resolve(line, std::env::var_os("HOME"))
}

fn resolve(line: &str, home: Option<OsString>) -> PathBuf {
    if disk::exists(Path::new(line)) {
        return line.into();
    }
    let bare = unquoted(line);
    match (bare.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => Path::new(&home).join(rest),
        (Some(_), None) | (None, _) => bare.into(),
    }
}

fn unquoted(line: &str) -> &str {
    let within = |quote| line.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    within('"').or_else(|| within('\'')).unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_removed_and_the_home_folder_is_expanded() {
        let home = tempfile::tempdir().expect("a folder");
        let resolve = |line: &str| resolve(line, Some(home.path().into()));
        for line in ["~/a b.pdf", "\"~/a b.pdf\"", "'~/a b.pdf'"] {
            assert_eq!(resolve(line), home.path().join("a b.pdf"), "{line}");
        }
        for (line, path) in [("\"a b.pdf\"", "a b.pdf"), ("~bob/a", "~bob/a"), ("\"a", "\"a"), ("\"", "\"")] {
            assert_eq!(resolve(line), Path::new(path), "{line}");
        }
        assert_eq!(super::resolve("~/a", None), Path::new("~/a"));
    }

    #[test]
    fn a_path_that_exists_is_used_as_typed() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("'x'");
        let line = path.to_str().expect("UTF-8");
        let quoted = format!("'{line}'");
        std::fs::create_dir(&path).expect("the folder was created");
        assert_eq!(resolve(line, None), path);
        assert_eq!(resolve(&quoted, None), path, "a path within quotes");
    }
}
