//! The files of the repository.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

pub(crate) static ROOT: LazyLock<PathBuf> =
    LazyLock::new(|| fs::canonicalize(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).expect("the repository"));

/// All text files below a folder, or the file itself.
pub(crate) fn texts(path: &Path) -> Vec<PathBuf> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if path.is_dir() {
        let is_source = ![".git", ".venv", "node_modules", "target"].contains(&&*name);
        let mut entries: Vec<_> = match is_source {
            true => {
                fs::read_dir(path).expect("a folder").map(|entry| entry.expect("an entry").path()).collect()
            }
            false => Vec::new(),
        };
        entries.sort();
        return entries.iter().flat_map(|entry| texts(entry)).collect();
    }
    let is_text =
        ["rs", "md", "py", "toml", "yml"].iter().any(|kind| path.extension() == Some(kind.as_ref()))
            || ["Makefile", "Dockerfile"].contains(&&*name)
            || path.extension().is_none() && fs::read(path).is_ok_and(|bytes| bytes.starts_with(b"#!"));
    if is_text { vec![path.to_owned()] } else { Vec::new() }
}
