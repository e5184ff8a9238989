//! Checks which events a client caches, and which of these the next client loads.

use super::*;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use testkit::{target, user};

const NOTHING: [u64; 0] = [];

const SERVER: &str = "tcp://127.0.0.1:5555";

fn alice() -> UserName {
    user("alice")
}

fn ops() -> Target {
    target("#ops")
}

fn entry_of(n: u64, rest: &str) -> Entry {
    let line = format!(r##"{{"n":{n},"at":1,"to":"#ops","from":"bob",{rest}}}"##);
    Entry::read(&alice(), &line).expect("an event")
}

fn entry(n: u64) -> Entry {
    let id = uuid::Uuid::from_u128(n.into());
    entry_of(n, &format!(r#""kind":"message","id":"{id}","text":"text {n}""#))
}

fn page(numbers: std::ops::RangeInclusive<u64>) -> News {
    let entries = numbers.map(entry).collect();
    News::Opened { conversation: ops(), entries, unread: 0, more: 0 }
}

fn cache(folder: &Path) -> Cache {
    let cache = Cache::new(folder.join("cache"), SERVER.to_owned());
    cache.set_owner(&alice());
    cache
}

/// The numbers of the events that a new client loads from the cache.
fn cached_numbers(folder: &Path) -> Vec<u64> {
    cache(folder).newest(&ops(), 1000).iter().map(|entry| entry.n).collect()
}

fn only_file(folder: &Path) -> PathBuf {
    let home =
        fs::read_dir(folder.join("cache")).expect("a folder").next().expect("an entry").expect("an entry");
    fs::read_dir(home.path()).expect("a folder").next().expect("an entry").expect("an entry").path()
}

#[test]
fn a_hidden_event_is_cached_without_its_text_and_leaves_no_gap() {
    let folder = tempfile::tempdir().expect("a folder");
    let cache = cache(folder.path());
    cache.apply(&News::Entry(entry(1)));
    cache.apply(&News::Entry(Entry { is_hidden: true, ..entry(2) }));
    cache.apply(&News::Entry(entry(3)));
    cache.flush();
    assert_eq!(cached_numbers(folder.path()), [1, 2, 3]);
    let file = fs::read_to_string(only_file(folder.path())).expect("a file");
    assert!(file.contains("text 1") && !file.contains("text 2"), "{file}");
}

#[test]
fn the_newest_events_are_cached_up_to_the_maximum() {
    let folder = tempfile::tempdir().expect("a folder");
    let cache = cache(folder.path());
    (1..=250).for_each(|n| cache.apply(&News::Entry(entry(n))));
    assert_eq!(cached_numbers(folder.path()), NOTHING, "not written yet");
    cache.flush();
    assert_eq!(cached_numbers(folder.path()), (51..=250).collect::<Vec<_>>());
    let mode = fs::metadata(only_file(folder.path())).expect("metadata").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn events_before_a_gap_are_dropped() {
    let folder = tempfile::tempdir().expect("a folder");
    let cache = cache(folder.path());
    cache.apply(&page(1..=5));
    [6, 6, 4, 9, 10].into_iter().for_each(|n| cache.apply(&News::Entry(entry(n))));
    cache.flush();
    assert_eq!(cached_numbers(folder.path()), [9, 10]);
    cache.apply(&page(8..=12));
    cache.flush();
    assert_eq!(cached_numbers(folder.path()), [8, 9, 10, 11, 12], "a page replaces cached events");
    cache.apply(&page(10..=11));
    cache.flush();
    assert_eq!(cached_numbers(folder.path()), [10, 11], "the server was restored from a backup");
}

#[test]
fn edits_and_deletions_are_applied_to_cached_messages() {
    let folder = tempfile::tempdir().expect("a folder");
    let cache = cache(folder.path());
    cache.apply(&page(1..=3));
    let id = "00000000-0000-0000-0000-000000000009";
    let edit =
        |of: u64, text: &str| format!(r#""kind":"message.edited","id":"{id}","of":{of},"text":"{text}""#);
    cache.apply(&News::Entry(entry_of(4, &edit(1, "in between"))));
    cache.apply(&News::Entry(entry_of(5, &format!(r#""kind":"message.deleted","id":"{id}","of":1"#))));
    cache.apply(&News::Entry(entry_of(6, &edit(2, "better"))));
    cache.flush();
    let text = fs::read_to_string(only_file(folder.path())).expect("a file");
    for gone in ["text 1", "in between", "text 2"] {
        assert!(!text.contains(gone), "{gone}: {text}");
    }
    assert!(text.contains("better") && text.contains("text 3"), "{text}");
    assert_eq!(cached_numbers(folder.path()), [1, 2, 3, 4, 5, 6]);
}

#[test]
fn channels_without_a_membership_are_dropped() {
    let folder = tempfile::tempdir().expect("a folder");
    let cache = cache(folder.path());
    cache.apply(&page(1..=3));
    cache.flush();
    cache.keep_channels(|known| *known == ops());
    assert_eq!(cached_numbers(folder.path()), [1, 2, 3]);
    cache.keep_channels(|_| false);
    assert_eq!(cached_numbers(folder.path()), NOTHING);
    cache.apply(&page(1..=3));
    cache.flush();
    cache.apply(&News::MembershipEnded(entry_of(4, r#""kind":"channel.kicked","user":"alice""#)));
    assert_eq!(cached_numbers(folder.path()), NOTHING);
}

#[test]
fn damaged_files_and_files_of_other_users_are_ignored() {
    let folder = tempfile::tempdir().expect("a folder");
    let cache = cache(folder.path());
    cache.apply(&page(1..=3));
    cache.flush();
    let file = only_file(folder.path());
    let whole = fs::read_to_string(&file).expect("a file");
    for damaged in [
        whole.replace("\"n\":2", "\"n\":7"),
        whole.replace("\"alice\"", "\"eve\""),
        whole.replace("\"format\":1", "\"format\":2"),
        whole.replace("text 2\"", "text"),
        String::new(),
    ] {
        disk::replace_file(&file, damaged.as_bytes(), Access::Owner).expect("written");
        assert_eq!(cached_numbers(folder.path()), NOTHING, "{damaged}");
    }
    disk::replace_file(&file, whole.as_bytes(), Access::Owner).expect("written");
    assert_eq!(cached_numbers(folder.path()), [1, 2, 3]);
}

#[test]
fn the_open_conversation_is_stored_until_logout() {
    let folder = tempfile::tempdir().expect("a folder");
    let before = cache(folder.path());
    assert_eq!(before.last_open(), None);
    before.set_open(&ops());
    assert_eq!(cache(folder.path()).last_open(), Some(ops()));
    before.forget_all();
    assert_eq!(cache(folder.path()).last_open(), None);
}

#[test]
fn newest_returns_the_last_events() {
    let folder = tempfile::tempdir().expect("a folder");
    let cache = cache(folder.path());
    cache.apply(&page(1..=5));
    assert_eq!(cache.newest(&ops(), 2).iter().map(|entry| entry.n).collect::<Vec<_>>(), [4, 5]);
}

#[test]
fn another_user_of_the_machine_sees_no_cached_events() {
    let folder = tempfile::tempdir().expect("a folder");
    let cache = cache(folder.path());
    cache.apply(&page(1..=3));
    cache.set_owner(&user("bob"));
    assert!(cache.newest(&ops(), 1000).is_empty());
    assert_eq!(cached_numbers(folder.path()), [1, 2, 3], "alice's events are still stored");
}

#[test]
fn direct_messages_stay_when_channels_are_dropped() {
    let folder = tempfile::tempdir().expect("a folder");
    let cache = cache(folder.path());
    let bob = target("@bob");
    let id = uuid::Uuid::from_u128(1);
    let line =
        format!(r#"{{"n":1,"at":1,"to":"@alice","from":"bob","kind":"message","id":"{id}","text":"oi"}}"#);
    cache.apply(&News::Entry(Entry::read(&alice(), &line).expect("an event")));
    cache.apply(&page(1..=3));
    cache.flush();
    cache.keep_channels(|_| false);
    let again = self::cache(folder.path());
    assert_eq!((again.newest(&bob, 9).len(), again.newest(&ops(), 9).len()), (1, 0));
}

/// A message of the maximum length.
fn long(n: u64) -> News {
    let (id, text) = (uuid::Uuid::from_u128(n.into()), "x".repeat(common::limits::TEXT_BYTES_MAX));
    News::Entry(entry_of(n, &format!(r#""kind":"message","id":"{id}","text":"{text}""#)))
}

#[test]
fn the_bytes_of_a_run_are_bounded_and_deletions_free_some() {
    let folder = tempfile::tempdir().expect("a folder");
    let cache = cache(folder.path());
    let fit = run::BYTES_MAX as u64 / (common::limits::TEXT_BYTES_MAX as u64 + 200);
    let first = |cache: &Cache| cache.newest(&ops(), 1000).first().map(|entry| entry.n);
    (1..=fit).for_each(|n| cache.apply(&long(n)));
    assert_eq!(first(&cache), Some(1));
    let id = "00000000-0000-0000-0000-000000000009";
    let deleted = format!(r#""kind":"message.deleted","id":"{id}","of":2"#);
    cache.apply(&News::Entry(entry_of(fit + 1, &deleted)));
    cache.apply(&long(fit + 2));
    assert_eq!(first(&cache), Some(1), "the deletion freed its bytes");
    cache.apply(&long(fit + 3));
    assert!(first(&cache) > Some(1));
    cache.flush();
    let bytes = fs::metadata(only_file(folder.path())).expect("metadata").len();
    assert!(bytes <= run::BYTES_MAX as u64 + 1000, "{bytes}");
}

#[test]
fn conversations_beyond_the_maximum_are_not_cached() {
    let folder = tempfile::tempdir().expect("a folder");
    let cache = cache(folder.path());
    let channel = |number: usize| target(&format!("#c{number}"));
    for number in 0..=CONVERSATIONS_MAX {
        let id = uuid::Uuid::from_u128(1);
        let to = channel(number);
        let line =
            format!(r#"{{"n":1,"at":1,"to":"{to}","from":"bob","kind":"message","id":"{id}","text":"oi"}}"#);
        cache.apply(&News::Entry(Entry::read(&alice(), &line).expect("an event")));
    }
    assert_eq!(cache.newest(&channel(CONVERSATIONS_MAX - 1), 9).len(), 1);
    assert_eq!(cache.newest(&channel(CONVERSATIONS_MAX), 9).len(), 0);
}
