//! A path that a user typed into the chat, without a shell that expands it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The file that the user means: the path as typed if it exists, otherwise without the quotes around it and
/// with the home folder for `~/`.
pub(crate) fn typed(line: &str) -> PathBuf {
    meant(line, std::env::var_os("HOME"))
}

fn meant(line: &str, home: Option<OsString>) -> PathBuf {
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
    fn quotes_and_the_home_folder_are_understood() {
        let home = tempfile::tempdir().expect("a folder");
        let meant = |line: &str| meant(line, Some(home.path().into()));
        for line in ["~/a b.pdf", "\"~/a b.pdf\"", "'~/a b.pdf'"] {
            assert_eq!(meant(line), home.path().join("a b.pdf"), "{line}");
        }
        for (line, path) in [("\"a b.pdf\"", "a b.pdf"), ("~bob/a", "~bob/a"), ("\"a", "\"a"), ("\"", "\"")] {
            assert_eq!(meant(line), Path::new(path), "{line}");
        }
        assert_eq!(super::meant("~/a", None), Path::new("~/a"));
    }

    #[test]
    fn a_path_that_exists_as_it_was_typed_is_meant() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("'x'");
        let line = path.to_str().expect("UTF-8");
        let quoted = format!("'{line}'");
        std::fs::create_dir(&path).expect("made");
        assert_eq!(meant(line, None), path);
        assert_eq!(meant(&quoted, None), path, "and within quotes");
    }
}
