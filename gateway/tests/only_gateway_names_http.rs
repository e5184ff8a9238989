//! Checks that only this crate depends on `axum` and `hyper`, as ARCHITECTURE.md requires.

use std::path::Path;

#[test]
fn only_the_gateway_depends_on_http() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let names_http = |line: &str| {
        let line = line.trim_start_matches("[dependencies.");
        ["axum", "hyper", "tower-http"].iter().any(|name| line.starts_with(name))
    };
    let (mut manifests, mut dependents) = (0, Vec::new());
    for folder in [workspace.to_owned(), workspace.join("tests")] {
        for entry in folder.read_dir().expect("the folders of the crates") {
            let folder = entry.expect("a folder").path();
            let Ok(manifest) = std::fs::read_to_string(folder.join("Cargo.toml")) else { continue };
            manifests += 1;
            if manifest.lines().any(names_http) {
                dependents.push(folder.file_name().expect("a name").to_string_lossy().into_owned());
            }
        }
    }
    assert!(manifests >= 12, "found only {manifests} crates");
    assert_eq!(dependents, ["gateway"]);
}
