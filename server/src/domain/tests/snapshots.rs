//! Snapshots restore the state.

use std::sync::Arc;

use proptest::prelude::*;

use super::replay::any_command;
use super::*;
use crate::domain::channels::Direct;
use crate::journal::Checkpoint;
use crate::storage::data_folder::Store;
use crate::storage::snapshots;
use disk::Disk as _;
use disk::faulty::FaultyDisk;

/// The direct conversations, in order.
pub(super) fn direct(state: &State) -> Vec<((common::UserName, common::UserName), Direct)> {
    let all = state.channels.all_direct().map(|(users, direct)| (users.clone(), direct.clone()));
    let mut all: Vec<_> = all.collect();
    all.sort_by(|one, other| one.0.cmp(&other.0));
    all
}

/// A disk with the topic secret of [`Fixture`].
fn disk() -> Arc<FaultyDisk> {
    let disk = FaultyDisk::new();
    disk.replace_atomically("keys/topic.secret", "07".repeat(32).as_bytes()).expect("written");
    Arc::new(disk)
}

proptest! {
    /// A snapshot after any record, and replay of the later records, restore the same state.
    #[test]
    fn a_snapshot_after_any_record_restores_the_same_state(
        commands in prop::collection::vec(any_command(), 0..60),
        taken_after in 0..60usize,
    ) {
        let mut fixture = Fixture::with_two_members();
        let disk = disk();
        for (i, command) in commands.into_iter().enumerate() {
            if i == taken_after {
                let at = Checkpoint { record: fixture.log.len() as u64, ..Checkpoint::GENESIS };
                let prepared = snapshots::prepare(&fixture.state, at).expect("json");
                snapshots::write(&*disk, &prepared).expect("written");
            }
            fixture.perform(command);
        }
        let (mut state, from) = snapshots::load(&Store::on(disk)).expect("the snapshots can be read");
        for (number, line) in (1..).zip(&fixture.log).skip(from.record as usize) {
            state.apply(number, &Record::decode(line.as_bytes()).expect("a record"));
        }
        prop_assert_eq!(&state.users, &fixture.state.users);
        prop_assert_eq!(state.channels.all(), fixture.state.channels.all());
        prop_assert_eq!(direct(&state), direct(&fixture.state));
        prop_assert_eq!(files::summary(&state), files::summary(&fixture.state));
    }
}

/// A snapshot of papo 0.1, which has no read state.
const FORMAT_1: &str = r##"{"format":1,"record":7,"chain":"0000000000000000000000000000000000000000000000000000000000000000","channels":{"#a":{"since":7,"n":1,"record":7,"epoch":0,"private":false,"subject":"","members":{"ana":"owner"},"invited":[],"banned":[]}},"direct":[{"users":["ana","bob"],"n":2,"record":6}]}"##;

#[test]
fn an_older_snapshot_is_rebuilt_from_the_log() {
    let disk = disk();
    let users = r#"{"format":1,"record":7,"chain":"00","users":{}}"#;
    disk.replace_atomically("users.json", users.as_bytes()).expect("written");
    disk.replace_atomically("channels.json", FORMAT_1.as_bytes()).expect("written");
    let (state, from) = snapshots::load(&Store::on(disk)).expect("no error");
    assert_eq!((from, state.channels.all().len()), (Checkpoint::GENESIS, 0));
}
