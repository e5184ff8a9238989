//! Checks that only this crate uses `std::fs`, as ARCHITECTURE.md requires.
#![expect(clippy::expect_used, reason = "test helpers may panic")]

use std::path::{Path, PathBuf};

/// The crates of the product, except this one. Tests and measurements write the files that they need.
const CRATES: [&str; 8] = ["common", "transport", "broker", "proxy", "session", "server", "client", "papo"];

/// Names that give access to files. `fs` covers `std::fs`, `rustix::fs`, `tokio::fs` and
/// `std::os::unix::fs`.
const NAMES: [&str; 6] = ["fs", "OpenOptions", "DirBuilder", "tempfile", "TempDir", "NamedTempFile"];

/// Methods of `Path` that access the file system. They take no arguments.
const METHODS: [&str; 6] =
    [".exists()", ".is_dir()", ".metadata()", ".symlink_metadata()", ".read_dir()", ".canonicalize()"];

/// The source files below a folder, without modules of tests.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in folder.read_dir().expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.file_stem().is_some_and(|name| name == "tests") {
            continue;
        }
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// The lines of a file, numbered, without comments and without the module of tests at its end.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    code.lines().enumerate().map(|(at, line)| (at + 1, line)).filter(|(_, line)| {
        let line = line.trim_start();
        !line.starts_with("//")
    })
}

fn uses_files(line: &str) -> bool {
    let mut words = line.split(|character: char| !character.is_alphanumeric() && character != '_');
    words.any(|word| NAMES.contains(&word)) || METHODS.iter().any(|method| line.contains(method))
}

#[test]
fn only_the_crate_disk_uses_files() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let mut files = Vec::new();
    for name in CRATES {
        sources(&workspace.join(name).join("src"), &mut files);
    }
    assert!(files.len() > 150, "found only {} sources", files.len());
    let mut found = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).expect("a source");
        let name = file.strip_prefix(workspace).expect("below the workspace").display().to_string();
        found.extend(
            lines(&text)
                .filter(|(_, line)| uses_files(line))
                .map(|(at, line)| format!("{name}:{at}: {line}")),
        );
    }
    assert_eq!(found, [""; 0], "only the crate `disk` may use files: call it instead");
}

#[test]
fn each_way_to_access_a_file_is_detected() {
    for line in [
        "use std::fs::File;",
        "use std::{fs, io};",
        "    let text = fs::read(path)?;",
        "use std::os::unix::fs::MetadataExt as _;",
        "use rustix::fs::flock;",
        "    OpenOptions::new()",
        "use tempfile::NamedTempFile;",
        "    if path.exists() {",
    ] {
        assert!(uses_files(line), "{line}");
    }
    for line in
        ["use disk::ReadFile;", "state.users.exists(user)", "let offset = offs;", "Body::File { file }"]
    {
        assert!(!uses_files(line), "{line}");
    }
}
