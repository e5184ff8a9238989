//! An import that is killed and started again writes the log of an uninterrupted import.

use std::io::ErrorKind;
use std::path::Path;

use disk::Disk as _;
use disk::faulty::{Failure, FaultyDisk, Loss};
use server::maintenance::migration::{MigrationError, Writer, mattermost, slack};
use server::storage::ledger::{Ledger, Sizes};
use testkit::team::{NOW_MS, faulty_disk, open_ledger, store};

use super::{Import, folder, log};

/// The bytes of a batch, so that the imports of these tests have many batches.
const BATCH_BYTES: u64 = 700;

/// Imports until the disk fails. `now_ms` differs between runs.
fn run(disk: &FaultyDisk, import: Import, export: &Path, now_ms: u64) -> Result<(), MigrationError> {
    let mut ledger = open_ledger(store(disk), Sizes::default());
    let mut sync = |ledger: &mut Ledger| {
        while !ledger.is_quiet() {
            ledger.flush();
            ledger.poll().map_err(|failure| failure.answer.message)?;
        }
        Ok(())
    };
    let mut writer = Writer::new(&mut ledger, &mut sync, now_ms).with_batches_of(BATCH_BYTES);
    import(&mut writer, export)
}

/// Kills the import at five points spread over its operations, each on a new disk with each loss, and
/// continues it.
fn check(import: Import, export: &Path) {
    let whole = faulty_disk();
    let first = whole.operations();
    run(&whole, import, export, NOW_MS).expect("a sound disk");
    let (count, expected) = (whole.operations() - first, log(&whole));
    assert!(count > 30 && expected.matches("\"commit\"").count() > 8, "too few batches: {count}");
    for loss in [Loss::Everything, Loss::Nothing] {
        // The first operations open the folder.
        for point in 1..=5 {
            let disk = faulty_disk();
            let operation = disk.operations() + count * point / 6;
            disk.fail(Failure { operation, kind: ErrorKind::Other, lasts: true });
            let killed = run(&disk, import, export, NOW_MS);
            assert!(killed.is_err(), "point {point}: the import was not killed");
            disk.heal();
            let disk = disk.after_crash(loss);
            assert_ne!(log(&disk), expected, "point {point}");
            run(&disk, import, export, NOW_MS + 60_000).expect("a sound disk");
            assert_eq!(log(&disk), expected, "point {point}, {loss:?}");
            assert_eq!(contents(&disk), contents(&whole));
        }
    }
}

/// The names of the stored files.
fn contents(disk: &FaultyDisk) -> Vec<String> {
    let folders = disk.list("files").unwrap_or_default();
    let folders = folders.iter().filter(|folder| folder.len() == 2);
    let mut names: Vec<_> =
        folders.flat_map(|name| disk.list(&format!("files/{name}")).expect("a folder")).collect();
    names.sort_unstable();
    names
}

#[test]
fn an_import_from_slack_continues_after_a_kill() {
    let message = |number: u32| {
        let user = ["U1", "U2", "U7", "U8"][number as usize % 4];
        let thread = if number % 5 == 4 { r#","thread_ts":"1736942400.000000""# } else { "" };
        let reactions = if number.is_multiple_of(3) {
            r#","reactions":[{"name":"eyes","users":["U1","U6"],"count":2}]"#
        } else {
            ""
        };
        format!(
            r#"{{"user":"{user}","text":"message {number}","ts":"{}.000000"{thread}{reactions}}}"#,
            1_736_942_400 + number
        )
    };
    let days: Vec<_> = (0..4)
        .map(|day| (0..15).map(|number| message(day * 15 + number)).collect::<Vec<_>>().join(","))
        .collect();
    let days: Vec<_> = days.iter().map(|day| format!("[{day}]")).collect();
    let export = folder(&[
        (
            "users.json",
            r#"[{"id":"U1","name":"ana","is_primary_owner":true},{"id":"U2","name":"Bob B","deleted":true}]"#,
        ),
        ("channels.json", r#"[{"id":"C1","name":"a","created":1,"members":["U1"],"is_archived":true}]"#),
        ("groups.json", r#"[{"id":"G1","name":"b","created":1,"members":["U1","U2"]}]"#),
        ("a/2025-01-01.json", &days[0]),
        ("a/2025-01-02.json", &days[1]),
        ("b/2025-01-01.json", &days[2]),
        ("b/2025-01-02.json", &days[3]),
    ]);
    check(slack::import, export.path());
}

#[test]
fn an_import_from_mattermost_continues_after_a_kill() {
    let posts = super::mattermost::posts(20);
    let export = folder(&[
        ("import.jsonl", &format!("{}{posts}", super::mattermost::HEAD)),
        ("data/a/plan.txt", "a plan"),
        ("data/b/notes.txt", "notes"),
    ]);
    check(mattermost::import, export.path());
}
