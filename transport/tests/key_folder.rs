//! Tests of the key folder: file modes, roles that start at the same time, damaged files, and rotation.
#![expect(clippy::expect_used, reason = "test helpers may panic")]
#![expect(clippy::disallowed_methods, reason = "the tests damage files")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use transport::key_folder::{KeyFolder, KeyFolderError};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("metadata").permissions().mode() & 0o777
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut names: Vec<_> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// A key folder that does not exist yet.
fn new_folder() -> (tempfile::TempDir, std::path::PathBuf, KeyFolder) {
    let parent = tempfile::tempdir().expect("a folder");
    let path = parent.path().join("data/keys");
    let keys = KeyFolder::new(&path);
    (parent, path, keys)
}

#[test]
fn keys_are_created_once_and_only_their_owner_can_read_the_secrets() {
    let (_parent, path, keys) = new_folder();
    let error = keys.node_public().expect_err("no keys yet").to_string();
    assert!(error.starts_with("there are no keys in "), "{error}");
    assert!(!path.exists(), "reading the public key creates no folder");

    let (node, service) = (keys.node().expect("a pair"), keys.service().expect("a pair"));
    assert_ne!(node.public, service.public);
    assert_eq!(keys.node().expect("the same pair").public, node.public);
    assert_eq!(keys.service().expect("the same pair").public, service.public);
    assert_eq!(keys.node_public().expect("a key"), node.public);

    assert_eq!(names(&path), ["node.public", "node.secret", "service.public", "service.secret"]);
    assert_eq!(mode(&path), 0o700);
    assert_eq!(["node.secret", "service.secret"].map(|name| mode(&path.join(name))), [0o600; 2]);
    let public = fs::read_to_string(path.join("node.public")).expect("a text");
    assert!(public.contains(&format!("    public-key = \"{}\"\n", node.public)), "{public}");
    assert!(!public.contains("secret"), "{public}");
}

#[test]
fn roles_that_start_together_use_the_same_pair() {
    for _ in 0..20 {
        let (_parent, path, keys) = new_folder();
        let found = std::thread::scope(|scope| {
            let roles: Vec<_> = (0..4).map(|_| scope.spawn(|| keys.node().expect("a pair").public)).collect();
            roles.into_iter().map(|role| role.join().expect("a role")).collect::<Vec<_>>()
        });
        assert!(found.iter().all(|key| *key == keys.node_public().expect("a key")), "{found:?}");
        assert_eq!(names(&path), ["node.public", "node.secret"]);
    }
}

#[test]
fn a_lost_public_file_is_written_again() {
    let (_parent, path, keys) = new_folder();
    let node = keys.node().expect("a pair");
    fs::remove_file(path.join("node.public")).expect("removed");
    keys.node().expect("a pair");
    assert_eq!(keys.node_public().expect("a key"), node.public);
}

#[test]
fn a_secret_that_others_can_read_is_refused() {
    let (_parent, path, keys) = new_folder();
    keys.node().expect("a pair");
    let secret = path.join("node.secret");
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o640)).expect("a mode");
    let secret = secret.display();
    assert_eq!(
        keys.node().expect_err("the secret is refused").to_string(),
        format!(
            "other users can read {secret}: run `chmod 600 {secret}`, and `papo keys rotate` if somebody may have read it"
        )
    );
}

#[test]
fn a_damaged_secret_is_refused_and_not_replaced() {
    let (_parent, path, keys) = new_folder();
    keys.node().expect("a pair");
    let secret = path.join("node.secret");
    let intact = fs::read_to_string(&secret).expect("a text");
    for damaged in
        ["", "metadata\ncurve\n", &intact.replace("secret-key", "secret"), &intact.replace('"', "")]
    {
        fs::write(&secret, damaged).expect("written");
        assert!(matches!(keys.node(), Err(KeyFolderError::Damaged(_))), "{damaged:?}");
        assert_eq!(fs::read_to_string(&secret).expect("a text"), damaged);
    }
}

#[test]
fn rotation_creates_new_keys_and_keeps_the_old_files() {
    let (_parent, path, keys) = new_folder();
    assert!(
        matches!(keys.rotate("2026-01-31T120000Z"), Err(KeyFolderError::None(_))),
        "there are no keys yet"
    );
    let (node, service) = (keys.node().expect("a pair"), keys.service().expect("a pair"));
    let old = fs::read_to_string(path.join("node.secret")).expect("a text");

    let new = keys.rotate("2026-01-31T120000Z").expect("new keys");
    assert_ne!(new, node.public);
    assert_eq!(keys.node().expect("a pair").public, new);
    assert_eq!(keys.node_public().expect("a key"), new);
    assert_ne!(keys.service().expect("a pair").public, service.public);
    let kept = path.join("node.secret.2026-01-31T120000Z");
    assert_eq!(fs::read_to_string(&kept).expect("a text"), old);
    assert_eq!(mode(&kept), 0o600);

    let error = keys.rotate("2026-01-31T120000Z").expect_err("the name is in use").to_string();
    assert!(error.starts_with("cannot back up "), "{error}");
    assert_eq!(keys.node().expect("a pair").public, new, "nothing has changed");
    assert_eq!(
        names(&path).iter().filter(|name| name.ends_with(".tmp")).count(),
        0,
        "no temporary file is left"
    );
}
