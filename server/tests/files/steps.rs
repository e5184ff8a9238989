//! Every step of sending files fails once, or the power goes off there: whatever the log says was sent is there, whole,
//! and whoever was interrupted can go on.

use std::io::ErrorKind;
use std::ops::Range;

use common::{Body, Event};
use disk::Disk as _;
use disk::faulty::{Failure, FaultyDisk, Loss};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use testkit::id;

use crate::world::World;

const CONTENT: &[u8] = b"what alice sends to #a, and bob to her";
const OTHER: &[u8] = b"what alice announces, and does not upload";

/// Uploads of a run: alice's to `#a`; bob's of the same content; and one of alice's that is not what it should be.
const UPLOADS: [(&str, &str, &[u8], u128); 3] =
    [("alice", "#a", CONTENT, 1), ("bob", "@alice", CONTENT, 2), ("alice", "@bob", OTHER, 3)];

/// Does everything, as far as the disk lets it; returns the uploads that were acknowledged.
fn work(world: &mut World) -> Vec<u128> {
    let mut sent = Vec::new();
    for (by, to, content, number) in UPLOADS {
        let have = world.begin(by, id(number), to, content)["have"].as_u64();
        if have == Some(0) {
            let (first, second) = content.split_at(content.len() / 2);
            world.chunk(by, id(number), 0, first);
            let second = if content == OTHER { first } else { second };
            world.chunk(by, id(number), content.len() / 2, second);
        }
        if world.commit(by, id(number)).get("n").is_some() {
            sent.push(number);
        }
    }
    sent
}

/// What was acknowledged is there; what the log tells of is there, whole; and everybody can go on.
fn check(world: &mut World, sent: &[u128], what: &str) {
    world.restart();
    world.ask("alice", "server.info", json!({}), None);
    for number in sent {
        let (by, _, _, _) = UPLOADS[usize::try_from(*number - 1).expect("a number")];
        assert!(world.commit(by, id(*number)).get("n").is_some(), "{what}: {number} was sent");
    }
    contents_are_whole(world, what);
    for (by, to, content, number) in UPLOADS.into_iter().filter(|(_, _, content, _)| *content == CONTENT) {
        let begun = world.begin(by, id(number), to, content);
        let have = begun["have"].as_u64().unwrap_or_else(|| panic!("{what}: {number} cannot go on: {begun}"));
        let have = usize::try_from(have).expect("a length");
        if have < content.len() {
            world.chunk(by, id(number), have, &content[have..]);
        }
        let mut committed = world.commit(by, id(number));
        if committed["reason"] == "wrong_content" {
            // A part of it had not reached the disk when the power went off: once more, from the beginning.
            assert_eq!(world.begin(by, id(number), to, content)["have"], 0, "{what}");
            world.chunk(by, id(number), 0, content);
            committed = world.commit(by, id(number));
        }
        assert!(committed.get("n").is_some(), "{what}: {number} cannot be sent: {committed}");
    }
    contents_are_whole(world, what);
    world.restart();
    world.ask("alice", "server.info", json!({}), None);
    let left: Vec<_> =
        world.files().into_iter().filter(|name| !name.starts_with(&id(3).to_string())).collect();
    assert_eq!(left.len(), 1, "{what}: one content, and no upload but the wrong one: {left:?}");
}

/// Every event of a file refers to a content that is there, whole.
fn contents_are_whole(world: &World, what: &str) {
    let mut found = 0;
    for segment in world.disk.list("log").expect("a folder").iter().filter(|name| name.ends_with(".log")) {
        let log = world.disk.read(&format!("log/{segment}")).expect("a segment");
        for line in log.split(|byte| *byte == b'\n') {
            let Ok(Event { body: Body::File { file, .. }, .. }) = serde_json::from_slice(line) else {
                continue;
            };
            let content = world.disk.read(&server::services::files::folder::content(&file.sha256));
            let content = content.unwrap_or_else(|error| panic!("{what}: no content: {error}"));
            assert_eq!(Sha256::digest(&content)[..], file.sha256.0, "{what}: not what was sent");
            found += 1;
        }
    }
    assert!(found <= 2, "{what}: the wrong one was sent");
}

/// How many steps it takes when nothing fails.
fn steps() -> Range<u64> {
    let mut world = World::new();
    let first = world.disk.operations();
    assert_eq!(work(&mut world), [1, 2]);
    first..world.disk.operations()
}

fn failing(operation: u64, kind: ErrorKind, lasts: bool) -> (World, Vec<u128>) {
    let mut world = World::new();
    world.disk.fail(Failure { operation, kind, lasts });
    let sent = work(&mut world);
    (world, sent)
}

#[test]
fn every_step_may_fail_once_or_for_good() {
    for operation in steps() {
        for (kind, lasts) in
            [(ErrorKind::Other, false), (ErrorKind::Other, true), (ErrorKind::StorageFull, true)]
        {
            let (mut world, sent) = failing(operation, kind, lasts);
            world.disk.heal();
            check(&mut world, &sent, &format!("step {operation} fails, {kind}, for good: {lasts}"));
        }
    }
}

#[test]
fn the_power_may_go_off_at_every_step() {
    for operation in steps() {
        for loss in [Loss::Everything, Loss::Nothing, Loss::Tail(50), Loss::Sectors] {
            let (mut world, sent) = failing(operation, ErrorKind::Other, true);
            world.disk = FaultyDisk::after_crash(&world.disk, loss);
            check(&mut world, &sent, &format!("power cut at step {operation}, {loss:?}"));
        }
    }
}

#[test]
fn the_power_may_go_off_behind_a_step_that_failed_once() {
    for operation in steps() {
        for loss in [Loss::Everything, Loss::Sectors] {
            let (mut world, sent) = failing(operation, ErrorKind::Other, false);
            world.disk = FaultyDisk::after_crash(&world.disk, loss);
            check(&mut world, &sent, &format!("step {operation} fails, then a power cut, {loss:?}"));
        }
    }
}

#[test]
fn what_is_tried_again_on_a_disk_that_failed_for_a_while_outlives_a_power_cut() {
    let mut sent_again = 0;
    for operation in steps() {
        let (mut world, mut sent) = failing(operation, ErrorKind::Other, true);
        world.disk.heal();
        let before = sent.len();
        sent.extend(work(&mut world));
        sent_again += sent.len() - before;
        world.disk = FaultyDisk::after_crash(&world.disk, Loss::Everything);
        check(&mut world, &sent, &format!("step {operation} and some after it failed"));
    }
    assert!(sent_again > 0, "nothing could be tried again");
}
