//! Tests that a restart after any sequence of uploads, deletions and pauses finds the same state and files,
//! and that `files/` contains only the contents of events and uploads.

use std::collections::BTreeSet;

use disk::Disk as _;
use proptest::prelude::*;
use server::domain::State;
use server::journal::Checkpoint;
use server::services::files::folder::content;
use server::services::files::{FileLimits, Upload};
use server::storage::snapshots;
use sha2::{Digest as _, Sha256};
use testkit::team::Team;
use uuid::Uuid;

use crate::requests::{FileRequests as _, team_with};

const DAY_MS: u64 = 24 * 60 * 60 * 1000;
const CONTENTS: [&[u8]; 3] = [b"a plan", b"another plan of hers", b""];
const ROUTES: [(&str, &str); 3] = [("alice", "#a"), ("bob", "#a"), ("alice", "@bob")];

/// The number of the first upload's id: larger than the numbers that [`Team::id`] uses.
const FIRST_ID: u128 = 0x1_0000;

#[derive(Debug, Clone)]
enum Step {
    /// Begins the upload of this number, or continues it.
    Begin(u8),
    /// Adds a chunk of at most this many bytes to an upload.
    Chunk(u8, usize),
    Commit(u8),
    /// Uploads a whole file and commits it.
    Send(u8),
    /// Deletes the event of this number in the conversation of an upload.
    Delete(u8, u64),
    /// Waits for more than a day.
    Wait,
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

/// Sender, conversation, id and content of an upload.
fn upload(number: u8) -> (&'static str, &'static str, Uuid, &'static [u8]) {
    let (by, to) = ROUTES[usize::from(number) / 3];
    (by, to, testkit::id(FIRST_ID + u128::from(number)), CONTENTS[usize::from(number) % 3])
}

fn perform(team: &mut Team, step: &Step) {
    match step {
        Step::Begin(number) => {
            let (by, to, id, content) = upload(*number);
            team.begin(by, id, to, content);
        }
        Step::Chunk(number, bytes) => {
            let (by, to, id, content) = upload(*number);
            // Ask the server for the number of stored bytes.
            let have = team.begin(by, id, to, content)["have"].as_u64().unwrap_or_default();
            let rest = &content[usize::try_from(have).expect("a length").min(content.len())..];
            if !rest.is_empty() {
                team.chunk(by, id, content.len() - rest.len(), &rest[..rest.len().min(*bytes)]);
            }
        }
        Step::Commit(number) => {
            let (by, _, id, _) = upload(*number);
            team.commit(by, id);
        }
        Step::Send(number) => {
            let length = upload(*number).3.len().max(1);
            perform(team, &Step::Chunk(*number, length));
            perform(team, &Step::Commit(*number));
        }
        Step::Delete(number, n) => {
            let (by, to, _, _) = upload(*number);
            team.delete(by, to, *n);
        }
        Step::Wait => {
            team.now_ms += DAY_MS + 1;
            team.run();
        }
        Step::Restart => team.restart(),
    }
}

/// The state, independent of its position in the log.
fn snapshot(team: &Team) -> snapshots::Prepared {
    snapshots::prepare(team.engine.ledger().state(), Checkpoint::GENESIS).expect("JSON")
}

/// Each file below `files/` with its bytes.
fn files_on_disk(team: &Team) -> BTreeSet<(String, Vec<u8>)> {
    let folders = team.disk.list("files").expect("a folder");
    let inside = |folder: &String| {
        let names = team.disk.list(&format!("files/{folder}")).expect("a folder");
        names.into_iter().map(|name| format!("files/{folder}/{name}")).collect::<Vec<_>>()
    };
    let names = folders.iter().flat_map(inside);
    names.map(|name| (name.clone(), team.disk.read(&name).expect("a file"))).collect()
}

/// Checks that every file in the state has its content, and that every content belongs to a file or an
/// upload.
fn contents_are_needed(state: &State, files: &BTreeSet<(String, Vec<u8>)>) -> Result<(), TestCaseError> {
    for shared in state.files.all() {
        let name = content(&shared.sha256);
        let content = files.iter().find(|(file, _)| *file == name).map(|(_, bytes)| bytes);
        prop_assert!(content.is_some_and(|bytes| Sha256::digest(bytes)[..] == shared.sha256.0), "{name}");
    }
    let (uploads, contents): (Vec<_>, Vec<_>) =
        files.iter().partition(|(name, _)| name.starts_with("files/uploads/"));
    let uploads = uploads.iter().filter_map(|(_, bytes)| serde_json::from_slice::<Upload>(bytes).ok());
    let mut needed: BTreeSet<_> = uploads.map(|upload| content(&upload.sha256)).collect();
    needed.extend(state.files.contents().map(content));
    for (name, _) in contents {
        prop_assert!(needed.contains(name), "no event and no upload refers to {name}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]


    #[test]
    fn a_restart_finds_the_same_state_and_files(steps in prop::collection::vec(any_step(), 0..40)) {
        // No quota is exceeded. `quotas` tests quotas.
        let mut team = team_with(FileLimits { file_bytes_max: 1000, user_bytes_max: 100_000 });
        for step in &steps {
            perform(&mut team, step);
        }
        // An hour later, the server removes garbage.
        team.now_ms += DAY_MS / 24;
        team.run();
        let (state, files) = (snapshot(&team), files_on_disk(&team));
        team.restart();
        team.run();
        prop_assert!(state == snapshot(&team), "the state changed");
        prop_assert_eq!(&files, &files_on_disk(&team));
        contents_are_needed(team.engine.ledger().state(), &files)?;
        for number in 0..9 {
            let (by, to, id, content) = upload(number);
            let begun = team.begin(by, id, to, content);
            let have = begun["have"].as_u64().unwrap_or_default();
            let sent = team.commit(by, id).get("n").is_some();
            prop_assert_eq!(sent, have == content.len() as u64, "{}: {:?}", number, begun);
        }
    }
}
