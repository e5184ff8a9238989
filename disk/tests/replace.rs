//! Tests an atomic replacement whose steps fail, once or permanently, and a crash after each failure.
#![expect(clippy::expect_used, reason = "test helpers may panic")]

use std::io::{ErrorKind, Write as _};

use disk::faulty::{Failure, FaultyDisk, Loss};
use disk::replace::{Temporary, by_only_writer};
use disk::{Access, Disk as _, RealDisk};

const LOSSES: [Loss; 4] = [Loss::Everything, Loss::Nothing, Loss::Tail(50), Loss::Sectors];
const NAME: &str = "keys/secret";

/// Longer than one sector, so that the test detects a torn write.
fn old() -> Vec<u8> {
    vec![b'o'; 3000]
}

fn new() -> Vec<u8> {
    vec![b'n'; 2500]
}

/// A disk with the durable old content.
fn disk_with_old_content() -> FaultyDisk {
    let disk = FaultyDisk::new();
    disk.create_folder("keys").expect("a folder");
    disk.replace_atomically(NAME, &old()).expect("written");
    disk
}

type Replace = fn(&FaultyDisk) -> std::io::Result<()>;

fn as_only_writer(disk: &FaultyDisk) -> std::io::Result<()> {
    by_only_writer(disk, NAME, &new())
}

fn among_other_writers(disk: &FaultyDisk) -> std::io::Result<()> {
    let mut temporary = Temporary::create(disk, "keys", Access::Owner)?;
    temporary.write_all(&new())?;
    temporary.replace(NAME)
}

fn check_each_failed_step(replace: Replace) {
    let whole = disk_with_old_content();
    let first = whole.operations();
    replace(&whole).expect("replaced");
    let last = whole.operations();
    assert!(last - first >= 5, "create, write, sync, rename, sync the folder: {first}..{last}");
    let mut contents = Vec::new();
    for operation in first..last {
        for (kind, lasts) in
            [(ErrorKind::StorageFull, false), (ErrorKind::Other, false), (ErrorKind::Other, true)]
        {
            let case = format!("step {} fails ({kind}, permanently: {lasts})", operation - first);
            let disk = disk_with_old_content();
            disk.fail(Failure { operation, kind, lasts });
            replace(&disk).expect_err(&case);
            for loss in LOSSES {
                let found = disk.after_crash(loss);
                let content = found.read(NAME).expect("a file");
                assert!(content == old() || content == new(), "{case}, {loss:?}: a mixture");
                contents.push(content);
                replace(&found).expect("the next replacement");
                assert_eq!(found.read(NAME).expect("a file"), new(), "{case}, {loss:?}");
            }
            if !lasts {
                assert_eq!(disk.list("keys").expect("a folder"), ["secret"], "{case}: no temporary file");
            }
        }
    }
    assert!(contents.contains(&old()) && contents.contains(&new()), "both contents occur");
}

#[test]
fn the_only_writer_leaves_the_old_or_the_new_content() {
    check_each_failed_step(as_only_writer);
}

#[test]
fn a_writer_among_others_leaves_the_old_or_the_new_content() {
    check_each_failed_step(among_other_writers);
}

#[test]
fn a_replacement_that_returned_is_durable() {
    for replace in [as_only_writer, among_other_writers] {
        let disk = disk_with_old_content();
        replace(&disk).expect("replaced");
        for loss in LOSSES {
            assert_eq!(disk.after_crash(loss).read(NAME).expect("a file"), new(), "{loss:?}");
        }
    }
}

#[test]
fn the_only_writer_removes_the_temporary_file_of_a_crash() {
    let disk = disk_with_old_content();
    let mut leftover = disk.create_new("keys/secret.tmp").expect("a file");
    leftover.write_all(b"half").expect("written");
    as_only_writer(&disk).expect("replaced");
    assert_eq!(disk.list("keys").expect("a folder"), ["secret"]);
}

#[test]
fn a_failed_replacement_frees_its_bytes() {
    for replace in [as_only_writer, among_other_writers] {
        let disk = disk_with_old_content();
        disk.set_room(Some(1000));
        assert_eq!(replace(&disk).expect_err("full").kind(), ErrorKind::StorageFull);
        assert_eq!(disk.room(), Some(1000));
    }
}

#[test]
fn a_new_file_never_replaces_a_file() {
    for real in [false, true] {
        let folder = tempfile::tempdir().expect("a folder");
        let disks: [Box<dyn disk::Disk>; 2] =
            [Box::new(FaultyDisk::new()), Box::new(RealDisk::new(folder.path()))];
        let disk = &*disks[usize::from(real)];
        disk.replace_atomically("taken", &old()).expect("written");
        let mut temporary = Temporary::create(disk, "", Access::Owner).expect("created");
        temporary.write_all(&new()).expect("written");
        let error = temporary.place_new("taken").expect_err("the name is taken");
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
        temporary.place_new("free").expect("placed");
        drop(temporary);
        let mut names = disk.list("").expect("a folder");
        names.sort();
        assert_eq!(names, ["free", "taken"]);
        assert_eq!((disk.read("taken").expect("old"), disk.read("free").expect("new")), (old(), new()));
    }
}

#[test]
fn many_writers_replace_one_file_without_mixtures() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("file");
    std::thread::scope(|scope| {
        for writer in 0..8 {
            let path = &path;
            let content = vec![b'0' + writer; 10_000];
            scope.spawn(move || {
                for _ in 0..20 {
                    disk::replace_file(path, &content, Access::Owner).expect("replaced");
                    let found = disk::read(path).expect("a file");
                    assert!(found.len() == 10_000 && found.iter().all(|byte| *byte == found[0]), "whole");
                }
            });
        }
    });
    assert_eq!(disk::list(folder.path()).expect("a folder"), ["file"]);
}

#[test]
fn a_replaced_file_has_the_requested_mode_and_name() {
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9.tar");
    let path = folder.path().join(name);
    for (access, mode) in [(Access::Owner, 0o600), (Access::Everyone, 0o644)] {
        disk::replace_file(&path, b"x", access).expect("replaced");
        assert_eq!(path.metadata().expect("metadata").permissions().mode() & 0o777, mode);
    }
    assert!(!disk::is_private(&path).expect("a file"));
    let entry =
        folder.path().read_dir().expect("a folder").next().expect("an entry").expect("the entry is readable");
    assert_eq!(entry.file_name(), name, "a name that is not UTF-8 is unchanged");
}
