//! Tests in which an operation of an upload fails once, or the power is cut at an operation. Every file in
//! the log has its complete content, and interrupted users can continue.

use std::io::ErrorKind;
use std::ops::Range;

use common::{Body, Event};
use disk::Disk as _;
use disk::faulty::{Failure, Loss};
use server::services::files::folder::content;
use sha2::{Digest as _, Sha256};
use testkit::id;
use testkit::team::{DISK_ERRORS, LOSSES, Team};

use crate::requests::{FileRequests as _, team};

const CONTENT: &[u8] = b"what alice sends to #a, and bob to her";
const WRONG: &[u8] = b"what alice announces, and does not upload";

/// The uploads of a run: sender, conversation, announced content, number. Two senders have the same content,
/// and the last upload differs from its announcement.
const UPLOADS: [(&str, &str, &[u8], u128); 3] =
    [("alice", "#a", CONTENT, 1), ("bob", "@alice", CONTENT, 2), ("alice", "@bob", WRONG, 3)];

/// Uploads all files, as far as the disk permits. Returns the numbers of the acknowledged uploads.
fn upload_all(team: &mut Team) -> Vec<u128> {
    let mut acknowledged = Vec::new();
    for (by, to, content, number) in UPLOADS {
        let have = team.begin(by, id(number), to, content)["have"].as_u64();
        if have == Some(0) {
            let (first, second) = content.split_at(content.len() / 2);
            team.chunk(by, id(number), 0, first);
            let second = if content == WRONG { first } else { second };
            team.chunk(by, id(number), content.len() / 2, second);
        }
        if team.commit(by, id(number)).get("n").is_some() {
            acknowledged.push(number);
        }
    }
    acknowledged
}

/// Restarts, and checks that all acknowledged files exist, that their contents are complete, and that both
/// senders can continue.
fn check(team: &mut Team, acknowledged: &[u128], case: &str) {
    team.restart();
    team.run();
    for number in acknowledged {
        let (by, _, _, _) = UPLOADS[usize::try_from(*number - 1).expect("a number")];
        assert!(team.commit(by, id(*number)).get("n").is_some(), "{case}: {number} was acknowledged");
    }
    contents_are_complete(team, case);
    for (by, to, content, number) in UPLOADS.into_iter().filter(|(_, _, content, _)| *content == CONTENT) {
        let begun = team.begin(by, id(number), to, content);
        let have =
            begun["have"].as_u64().unwrap_or_else(|| panic!("{case}: cannot continue {number}: {begun}"));
        let have = usize::try_from(have).expect("a length");
        if have < content.len() {
            team.chunk(by, id(number), have, &content[have..]);
        }
        let mut committed = team.commit(by, id(number));
        if committed["data"]["reason"] == "wrong_content" {
            // The power cut lost stored bytes of the upload, so upload the whole content again.
            assert_eq!(team.begin(by, id(number), to, content)["have"], 0, "{case}");
            team.chunk(by, id(number), 0, content);
            committed = team.commit(by, id(number));
        }
        assert!(committed.get("n").is_some(), "{case}: cannot send {number}: {committed}");
    }
    contents_are_complete(team, case);
    team.restart();
    team.run();
    let mut names = team.names_on_disk();
    names.retain(|name| !name.starts_with(&id(3).to_string()));
    assert_eq!(names.len(), 1, "{case}: one content, and no upload except the wrong one: {names:?}");
}

/// Checks that every file in the log has its complete content.
fn contents_are_complete(team: &Team, case: &str) {
    let mut found = 0;
    for segment in team.disk.list("log").expect("a folder").iter().filter(|name| name.ends_with(".log")) {
        let log = team.disk.read(&format!("log/{segment}")).expect("a segment");
        for line in log.split(|byte| *byte == b'\n') {
            let Ok(Event { body: Body::File { file, .. }, .. }) = serde_json::from_slice(line) else {
                continue;
            };
            let bytes = team.disk.read(&content(&file.sha256));
            let bytes = bytes.unwrap_or_else(|error| panic!("{case}: no content: {error}"));
            assert_eq!(Sha256::digest(&bytes)[..], file.sha256.0, "{case}: the wrong content");
            found += 1;
        }
    }
    assert!(found <= 2, "{case}: the wrong content was sent");
}

/// The operations of a run without failures.
fn operations() -> Range<u64> {
    let mut team = team();
    let first = team.disk.operations();
    assert_eq!(upload_all(&mut team), [1, 2]);
    first..team.disk.operations()
}

/// A run in which this operation fails, and the uploads that were acknowledged.
fn failing_run(operation: u64, kind: ErrorKind, lasts: bool) -> (Team, Vec<u128>) {
    let mut team = team();
    team.disk.fail(Failure { operation, kind, lasts });
    let acknowledged = upload_all(&mut team);
    (team, acknowledged)
}

#[test]
fn every_operation_can_fail_once_or_permanently() {
    for operation in operations() {
        for (kind, lasts) in DISK_ERRORS {
            let (mut team, acknowledged) = failing_run(operation, kind, lasts);
            team.disk.heal();
            check(
                &mut team,
                &acknowledged,
                &format!("operation {operation} fails, {kind}, permanently: {lasts}"),
            );
        }
    }
}

#[test]
fn the_power_can_be_cut_at_every_operation() {
    for operation in operations() {
        for loss in LOSSES {
            let (mut team, acknowledged) = failing_run(operation, ErrorKind::Other, true);
            team.disk = team.disk.after_crash(loss);
            check(&mut team, &acknowledged, &format!("power cut at operation {operation}, {loss:?}"));
        }
    }
}

#[test]
fn the_power_can_be_cut_after_an_operation_that_failed_once() {
    for operation in operations() {
        for loss in [Loss::Everything, Loss::Sectors] {
            let (mut team, acknowledged) = failing_run(operation, ErrorKind::Other, false);
            team.disk = team.disk.after_crash(loss);
            check(
                &mut team,
                &acknowledged,
                &format!("operation {operation} fails, then a power cut, {loss:?}"),
            );
        }
    }
}

#[test]
fn uploads_that_are_repeated_on_a_healed_disk_survive_a_power_cut() {
    let mut repeated = 0;
    for operation in operations() {
        let (mut team, mut acknowledged) = failing_run(operation, ErrorKind::Other, true);
        team.disk.heal();
        let again = upload_all(&mut team);
        repeated += again.len();
        acknowledged.extend(again);
        team.disk = team.disk.after_crash(Loss::Everything);
        check(&mut team, &acknowledged, &format!("operation {operation} and some after it failed"));
    }
    assert!(repeated > 0, "no upload could be repeated");
}
