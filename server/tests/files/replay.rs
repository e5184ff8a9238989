//! Whatever was uploaded, sent, deleted and abandoned: a start finds the same uploads, the same files, and on the disk
//! what these need and nothing else.

use std::collections::BTreeSet;

use disk::Disk as _;
use proptest::prelude::*;
use serde_json::json;
use server::domain::State;
use server::journal::Checkpoint;
use server::services::files::folder::content;
use server::services::files::{FileLimits, Upload};
use server::storage::snapshots;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::world::World;

const DAY_MS: u64 = 24 * 60 * 60 * 1000;
const CONTENTS: [&[u8]; 3] = [b"a plan", b"another plan of hers", b""];
const USERS: [(&str, &str); 3] = [("alice", "#a"), ("bob", "#a"), ("alice", "@bob")];

/// What somebody does.
#[derive(Debug, Clone)]
enum Step {
    /// Begins the upload of this number, or goes on with it.
    Begin(u8),
    /// Brings so many bytes of it.
    Chunk(u8, usize),
    Commit(u8),
    /// All of that at once.
    Send(u8),
    /// Takes the event of this number back, in the conversation of an upload.
    Delete(u8, u64),
    /// Nobody does anything for more than a day.
    Wait,
    /// The process dies, and the server starts again.
    Restart,
}

fn any_step() -> impl Strategy<Value = Step> {
    let upload = 0..9u8;
    prop_oneof![
        4 => upload.clone().prop_map(Step::Begin),
        4 => (upload.clone(), 1..30usize).prop_map(|(upload, bytes)| Step::Chunk(upload, bytes)),
        4 => upload.clone().prop_map(Step::Commit),
        4 => upload.clone().prop_map(Step::Send),
        4 => (upload, 1..6u64).prop_map(|(upload, n)| Step::Delete(upload, n)),
        1 => Just(Step::Wait),
        1 => Just(Step::Restart),
    ]
}

/// Whose an upload is, and of what: every content is sent by everybody.
fn upload(number: u8) -> (&'static str, &'static str, Uuid, &'static [u8]) {
    let (by, to) = USERS[usize::from(number) / 3];
    let id = Uuid::from_u128(0x0197_0000_0000_7000_8000_0000_0001_0000 + u128::from(number));
    (by, to, id, CONTENTS[usize::from(number) % 3])
}

fn take(world: &mut World, step: &Step) {
    match step {
        Step::Begin(number) => {
            let (by, to, id, content) = upload(*number);
            world.begin(by, id, to, content);
        }
        Step::Chunk(number, bytes) => {
            let (by, to, id, content) = upload(*number);
            // What is there is not known to anybody but the server: from where it says.
            let have = world.begin(by, id, to, content)["have"].as_u64().unwrap_or_default();
            let rest = &content[usize::try_from(have).expect("a length").min(content.len())..];
            if !rest.is_empty() {
                world.chunk(by, id, content.len() - rest.len(), &rest[..rest.len().min(*bytes)]);
            }
        }
        Step::Commit(number) => {
            let (by, _, id, _) = upload(*number);
            world.commit(by, id);
        }
        Step::Send(number) => {
            let rest = upload(*number).3.len().max(1);
            take(world, &Step::Chunk(*number, rest));
            take(world, &Step::Commit(*number));
        }
        Step::Delete(number, n) => {
            let (by, to, _, _) = upload(*number);
            let id = world.id();
            world.ask(by, "message.delete", json!({ "conversation": to, "n": n, "id": id }), None);
        }
        Step::Wait => {
            world.now_ms += DAY_MS + 1;
            settle(world);
        }
        Step::Restart => world.restart(),
    }
}

/// Whatever is only done at times, is done.
fn settle(world: &mut World) {
    world.ask("alice", "server.info", json!({}), None);
}

/// The state, but for its place in the log.
fn snapshot(world: &World) -> snapshots::Prepared {
    snapshots::prepare(world.engine.ledger().state(), Checkpoint::GENESIS).expect("json")
}

/// Everything in `files/`, with its bytes.
fn on_disk(world: &World) -> BTreeSet<(String, Vec<u8>)> {
    let folders = world.disk.list("files").expect("a folder");
    let inside = |folder: &String| {
        let names = world.disk.list(&format!("files/{folder}")).expect("a folder");
        names.into_iter().map(|name| format!("files/{folder}/{name}")).collect::<Vec<_>>()
    };
    let all = folders.iter().flat_map(inside);
    all.map(|name| (name.clone(), world.disk.read(&name).expect("a file"))).collect()
}

/// Every file that the log tells of has its content, and no content is there for nothing.
fn contents_are_needed(state: &State, files: &BTreeSet<(String, Vec<u8>)>) -> Result<(), TestCaseError> {
    for shared in state.files.all() {
        let name = content(&shared.sha256);
        let content = files.iter().find(|(file, _)| *file == name).map(|(_, bytes)| bytes);
        prop_assert!(content.is_some_and(|bytes| Sha256::digest(bytes)[..] == shared.sha256.0), "{name}");
    }
    let (uploads, contents): (Vec<_>, Vec<_>) =
        files.iter().partition(|(name, _)| name.starts_with("files/uploads/"));
    let notes = uploads.iter().filter_map(|(_, note)| serde_json::from_slice::<Upload>(note).ok());
    let mut needed: BTreeSet<_> = notes.map(|upload| content(&upload.sha256)).collect();
    needed.extend(state.files.contents().map(content));
    for (name, _) in contents {
        prop_assert!(needed.contains(name), "nobody needs {name}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Also uploads that were never ended, contents that several have sent, and files that were deleted.
    #[test]
    fn a_start_finds_what_was_left(steps in prop::collection::vec(any_step(), 0..40)) {
        // Room enough for all: what a quota refuses, other tests ask.
        let mut world = World::with(FileLimits { file_bytes_max: 1000, user_bytes_max: 100_000 });
        for step in &steps {
            take(&mut world, step);
        }
        // The next look for what nobody needs any more.
        world.now_ms += DAY_MS / 24;
        settle(&mut world);
        let (state, files) = (snapshot(&world), on_disk(&world));
        world.restart();
        settle(&mut world);
        prop_assert!(state == snapshot(&world), "another state");
        prop_assert_eq!(&files, &on_disk(&world));
        contents_are_needed(world.engine.ledger().state(), &files)?;
        for number in 0..9 {
            let (by, to, id, content) = upload(number);
            let begun = world.begin(by, id, to, content);
            let have = begun["have"].as_u64().unwrap_or_default();
            let sent = world.commit(by, id).get("n").is_some();
            prop_assert_eq!(sent, have == content.len() as u64, "{}: {:?}", number, begun);
        }
    }
}
