//! Tests of two rules about the session's sources that the compiler does not check.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};

/// The Rust files below a folder.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
}

#[test]
fn no_component_implements_session() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let implements = |path: &&PathBuf| {
        let text = std::fs::read_to_string(path).expect("a file");
        text.lines().any(|line| line.starts_with("impl") && line.contains(" Session {"))
    };
    let files = sources(&folder);
    assert!(files.len() > 20, "{files:?}");
    let mut found: Vec<_> = files.into_iter().filter(|path| implements(&path)).collect();
    found.sort();
    assert_eq!(
        found,
        ["lib.rs", "recorder/mod.rs", "replies.rs"].map(|name| folder.join(name)),
        "a component has its own state, and lib.rs and replies.rs connect it to the others"
    );
}

#[test]
fn the_session_depends_only_on_common_serde_and_uuid() {
    let manifest =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).expect("a file");
    let lines = manifest.lines().skip_while(|line| *line != "[dependencies]").skip(1);
    let names = lines.take_while(|line| !line.is_empty()).map(|line| line.split('.').next().expect("a name"));
    assert_eq!(names.collect::<Vec<_>>(), ["common", "serde", "serde_json", "uuid"]);
}
