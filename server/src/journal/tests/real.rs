//! Tests with files on a real disk.

use std::ops::ControlFlow;
use std::os::unix::fs::PermissionsExt as _;

use disk::RealDisk;

use super::*;

/// Opens an empty log in `folder`.
fn open_in(folder: &tempfile::TempDir) -> (Arc<RealDisk>, Opened) {
    let disk = Arc::new(RealDisk::new(folder.path()));
    let shared: Arc<dyn Disk> = Arc::<RealDisk>::clone(&disk);
    (disk, Journal::open(shared, SMALL, Checkpoint::GENESIS, &mut |_, _| Ok(None)).unwrap())
}

#[test]
fn a_log_is_json_lines_with_a_chain_of_sha256() {
    let folder = tempfile::tempdir().unwrap();
    let (disk, Opened { mut journal, mut writer, .. }) = open_in(&folder);
    for lines in [&[&b"{\"n\":1}"[..], b"{\"n\":2}"][..], &[b"{\"n\":3}"]] {
        for line in lines {
            journal.append(line, None);
        }
        let committed = writer.commit(journal.close_batch().unwrap()).unwrap();
        journal.committed(&committed);
    }
    let log = String::from_utf8(disk.read("log/00000000000000000001.log").unwrap()).unwrap();
    assert_eq!(
        log,
        "{\"n\":1}\n{\"n\":2}\n\
         {\"commit\":{\"records\":2,\"bytes\":16,\"chain\":\"46df32751217897fbafe4ae77ff583c07ff5319ffbd80095b9de63ecae32c6c3\"}}\n\
         {\"n\":3}\n\
         {\"commit\":{\"records\":1,\"bytes\":8,\"chain\":\"8bb1524d668e6edbd17d7cb6ea9cce9567a1720e9521ebab5109a8ab35de65cd\"}}\n"
    );
    let mode = |name: &str| folder.path().join(name).metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("log"), mode("log/00000000000000000001.log")), (0o700, 0o600));
}

#[test]
fn a_replaced_file_has_the_new_content_and_no_temporary_file_remains() {
    let folder = tempfile::tempdir().unwrap();
    let disk = RealDisk::new(folder.path());
    disk.create_new("users.json.tmp").unwrap().write_all(b"left by a crash").unwrap();
    for content in [b"old", b"new"] {
        disk.replace_atomically("users.json", content).unwrap();
        assert_eq!(disk.read("users.json").unwrap(), content);
    }
    assert_eq!(disk.list("").unwrap(), ["users.json"]);
}

#[test]
fn verifying_during_a_write_skips_the_unfinished_batch() {
    let folder = tempfile::tempdir().unwrap();
    let (disk, Opened { mut journal, mut writer, .. }) = open_in(&folder);
    for text in ["one", "two", "three"] {
        journal.append(text.repeat(100).as_bytes(), None);
        writer.commit(journal.close_batch().unwrap()).unwrap();
    }
    let last = log_name(segment::list(&*disk).unwrap().pop().unwrap());
    disk.open_append(&last).unwrap().write_all(b"unfinished wri").unwrap();
    let before = disk.read(&last).unwrap();
    let mut lines = Vec::new();
    let report = for_each_line(&*disk, |record, line| {
        lines.push((record, line.len()));
        ControlFlow::Continue(())
    });
    assert_eq!(lines, [(1, 300), (2, 300), (3, 500)]);
    assert_eq!((report.unwrap().torn_bytes, disk.read(&last).unwrap()), (14, before));

    let mut seen = 0;
    for_each_line(&*disk, |record, _| {
        seen = record;
        ControlFlow::Break(())
    })
    .unwrap();
    assert_eq!(seen, 1);
}

#[test]
fn a_replaced_file_is_reopened_for_reading() {
    let folder = tempfile::tempdir().expect("a folder");
    let disk = RealDisk::new(folder.path());
    for content in ["one", "two"] {
        disk.replace_atomically("file", content.as_bytes()).expect("replaced");
        assert_eq!(disk.read("file").expect("read"), content.as_bytes());
    }
    for number in 0..100 {
        disk.replace_atomically(&format!("{number}"), b"many").expect("replaced");
        assert_eq!(disk.read(&format!("{number}")).expect("read"), b"many");
    }
    assert_eq!(disk.read("file").expect("read"), b"two");
    disk.remove("file").expect("removed");
    assert!(disk.read("file").is_err());
}
