//! Checks that only one crate depends on each outside library, as ARCHITECTURE.md requires.

use std::path::Path;

/// The beginnings of the names of the libraries, and the crate that may depend on them.
const OUTSIDE: [(&[&str], &str); 3] = [
    (&["zmq"], "transport"),
    (&["axum", "hyper", "tower-http", "instant-acme"], "gateway"),
    (&["etcd-client"], "cluster"),
];

#[test]
fn one_crate_depends_on_each_outside_library() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let crates = [workspace.to_owned(), workspace.join("tests")]
        .into_iter()
        .flat_map(|folder| folder.read_dir().expect("the folders of the crates"))
        .map(|entry| entry.expect("a folder").path());
    let manifests: Vec<_> = crates
        .filter_map(|folder| {
            let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).ok()?;
            Some((folder.file_name()?.to_string_lossy().into_owned(), manifest))
        })
        .collect();
    assert!(manifests.len() >= 12, "found only {} crates", manifests.len());
    for (names, only) in OUTSIDE {
        let depends = |line: &str| {
            let line = line.trim_start_matches("[dependencies.");
            names.iter().any(|name| line.starts_with(name))
        };
        let dependents = manifests.iter().filter(|(_, manifest)| manifest.lines().any(depends));
        assert_eq!(dependents.map(|(name, _)| &**name).collect::<Vec<_>>(), [only], "{names:?}");
    }
}
