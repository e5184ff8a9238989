//! Tests of the import of the exports of other team chats.

#![expect(
    clippy::expect_used,
    clippy::disallowed_methods,
    clippy::wildcard_enum_match_arm,
    reason = "test helpers may panic and write exports, and the tests look at a few kinds of events only"
)]

#[path = "migration/mattermost.rs"]
mod mattermost;
#[path = "migration/resume.rs"]
mod resume;
#[path = "migration/slack.rs"]
mod slack;

use std::path::Path;

use common::{Body, Event};
use disk::Disk as _;
use disk::faulty::FaultyDisk;
use server::domain::State;
use server::maintenance::migration::{MigrationError, Report, Writer};
use server::storage::ledger::{Ledger, Sizes};
use tempfile::TempDir;
use testkit::team::{NOW_MS, event_lines, open_ledger, store, sync};

type Import = fn(&mut Writer<'_>, &Path) -> Result<(), MigrationError>;

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().expect("a folder");
    for (name, content) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, content).expect("a file");
    }
    folder
}

/// Imports an export on a sound disk.
fn import(disk: &FaultyDisk, import: Import, export: &Path) -> (Ledger, Report) {
    let mut ledger = open_ledger(store(disk), Sizes::default());
    let mut sync = |ledger: &mut Ledger| {
        sync(ledger);
        Ok(())
    };
    let mut writer = Writer::new(&mut ledger, &mut sync, NOW_MS);
    import(&mut writer, export).expect("an import");
    let report = std::mem::take(&mut writer.report);
    (ledger, report)
}

/// Imports an export that papo refuses. Returns the error.
fn refused(disk: &FaultyDisk, import: Import, export: &Path) -> String {
    let mut ledger = open_ledger(store(disk), Sizes::default());
    let mut sync = |_: &mut Ledger| Ok(());
    let mut writer = Writer::new(&mut ledger, &mut sync, NOW_MS);
    import(&mut writer, export).expect_err("a refused export").to_string()
}

/// The bytes of the whole log.
fn log(disk: &FaultyDisk) -> String {
    let mut segments = disk.list("log").unwrap_or_default();
    segments.retain(|name| name.ends_with(".log"));
    segments.sort_unstable();
    let read = |name: &String| disk.read(&format!("log/{name}")).expect("a segment");
    segments.iter().map(|name| String::from_utf8(read(name)).expect("UTF-8")).collect()
}

/// Whether the account exists and is disabled.
fn is_disabled(state: &State, name: &str) -> bool {
    state.users.active(&testkit::user(name)).is_ok_and(|account| account.disabled)
}

/// A short form of each event of a conversation: its number, its time after `from_ms`, its author and its
/// content.
fn history(ledger: &Ledger, by: &str, conversation: &str, from_ms: u64) -> Vec<String> {
    let summary = |line: &str| {
        let event: Event<'_> = serde_json::from_str(line).expect("an event");
        let Event { n, at, from, .. } = &event;
        let body = match event.body.clone() {
            Body::Message { text, reply: None, .. } => text.as_str().to_owned(),
            Body::Message { text, reply: Some(reply), .. } => format!("to {reply}: {}", text.as_str()),
            Body::Edited { of, text, .. } => format!("edited {of}: {}", text.as_str()),
            Body::Deleted { of, .. } => format!("deleted {of}"),
            Body::Reacted { of, emoji, .. } => format!("reacted {of} {}", emoji.as_str()),
            Body::File { file, .. } => format!("file {} {}", file.name.as_str(), file.bytes),
            other => format!("{other:?}"),
        };
        format!("{n} {} {from}: {body}", i128::from(*at) - i128::from(from_ms))
    };
    event_lines(ledger, by, conversation).lines().map(summary).collect()
}
