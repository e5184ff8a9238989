//! What is found again, and what is thrown away.

use super::*;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use testkit::{target, user};

/// Nothing is found.
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
    cache.is_of(&alice());
    cache
}

/// The numbers that a client finds which is started now.
fn found(folder: &Path) -> Vec<u64> {
    cache(folder).newest(&ops(), 1000).iter().map(|entry| entry.n).collect()
}

fn only_file(folder: &Path) -> PathBuf {
    let home = fs::read_dir(folder.join("cache")).expect("a folder").next().expect("one").expect("one");
    fs::read_dir(home.path()).expect("a folder").next().expect("one").expect("one").path()
}

#[test]
fn what_was_told_is_found_again_up_to_the_bound() {
    let folder = tempfile::tempdir().expect("a folder");
    let cache = cache(folder.path());
    (1..=250).for_each(|n| cache.note(&News::Entry(entry(n))));
    assert_eq!(found(folder.path()), NOTHING, "it is not written yet");
    cache.flush();
    assert_eq!(found(folder.path()), (51..=250).collect::<Vec<_>>());
    let mode = fs::metadata(only_file(folder.path())).expect("metadata").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn before_a_hole_nothing_is_known() {
    let folder = tempfile::tempdir().expect("a folder");
    let cache = cache(folder.path());
    cache.note(&page(1..=5));
    [6, 6, 4, 9, 10].into_iter().for_each(|n| cache.note(&News::Entry(entry(n))));
    cache.flush();
    assert_eq!(found(folder.path()), [9, 10]);
    cache.note(&page(8..=12));
    cache.flush();
    assert_eq!(found(folder.path()), [8, 9, 10, 11, 12], "a page takes the place of what was known");
    cache.note(&page(10..=11));
    cache.flush();
    assert_eq!(found(folder.path()), [10, 11], "the server was set back");
}

#[test]
fn what_is_deleted_or_edited_is_so_here_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let cache = cache(folder.path());
    cache.note(&page(1..=3));
    let id = "00000000-0000-0000-0000-000000000009";
    let edit =
        |of: u64, text: &str| format!(r#""kind":"message.edited","id":"{id}","of":{of},"text":"{text}""#);
    cache.note(&News::Entry(entry_of(4, &edit(1, "in between"))));
    cache.note(&News::Entry(entry_of(5, &format!(r#""kind":"message.deleted","id":"{id}","of":1"#))));
    cache.note(&News::Entry(entry_of(6, &edit(2, "better"))));
    cache.flush();
    let text = fs::read_to_string(only_file(folder.path())).expect("a file");
    for gone in ["text 1", "in between", "text 2"] {
        assert!(!text.contains(gone), "{gone}: {text}");
    }
    assert!(text.contains("better") && text.contains("text 3"), "{text}");
    assert_eq!(found(folder.path()), [1, 2, 3, 4, 5, 6]);
}

#[test]
fn nothing_is_known_of_what_one_left_or_is_not_in() {
    let folder = tempfile::tempdir().expect("a folder");
    let cache = cache(folder.path());
    cache.note(&page(1..=3));
    cache.flush();
    cache.keep_channels(|known| *known == ops());
    assert_eq!(found(folder.path()), [1, 2, 3]);
    cache.keep_channels(|_| false);
    assert_eq!(found(folder.path()), NOTHING);
    cache.note(&page(1..=3));
    cache.flush();
    cache.note(&News::MembershipEnded(entry_of(4, r#""kind":"channel.kicked","user":"alice""#)));
    assert_eq!(found(folder.path()), NOTHING);
}

#[test]
fn damage_and_other_peoples_files_are_thrown_away_in_silence() {
    let folder = tempfile::tempdir().expect("a folder");
    let cache = cache(folder.path());
    cache.note(&page(1..=3));
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
        assert_eq!(found(folder.path()), NOTHING, "{damaged}");
    }
    disk::replace_file(&file, whole.as_bytes(), Access::Owner).expect("written");
    assert_eq!(found(folder.path()), [1, 2, 3]);
}

#[test]
fn the_open_conversation_is_remembered_and_a_logout_forgets_all() {
    let folder = tempfile::tempdir().expect("a folder");
    let before = cache(folder.path());
    assert_eq!(before.last_open(), None);
    before.open(&ops());
    assert_eq!(cache(folder.path()).last_open(), Some(ops()));
    before.forget_all();
    assert_eq!(cache(folder.path()).last_open(), None);
}

#[test]
fn the_newest_few_are_the_newest() {
    let folder = tempfile::tempdir().expect("a folder");
    let cache = cache(folder.path());
    cache.note(&page(1..=5));
    assert_eq!(cache.newest(&ops(), 2).iter().map(|entry| entry.n).collect::<Vec<_>>(), [4, 5]);
}

#[test]
fn another_person_at_the_same_place_sees_nothing_of_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let cache = cache(folder.path());
    cache.note(&page(1..=3));
    cache.is_of(&user("bob"));
    assert!(cache.newest(&ops(), 1000).is_empty());
    assert_eq!(found(folder.path()), [1, 2, 3], "what was alice's is written");
}

#[test]
fn what_was_said_to_people_stays_when_channels_go() {
    let folder = tempfile::tempdir().expect("a folder");
    let cache = cache(folder.path());
    let bob = target("@bob");
    let id = uuid::Uuid::from_u128(1);
    let line =
        format!(r#"{{"n":1,"at":1,"to":"@alice","from":"bob","kind":"message","id":"{id}","text":"oi"}}"#);
    cache.note(&News::Entry(Entry::read(&alice(), &line).expect("an event")));
    cache.note(&page(1..=3));
    cache.flush();
    cache.keep_channels(|_| false);
    let again = self::cache(folder.path());
    assert_eq!((again.newest(&bob, 9).len(), again.newest(&ops(), 9).len()), (1, 0));
}

/// A message of the greatest length.
fn long(n: u64) -> News {
    let (id, text) = (uuid::Uuid::from_u128(n.into()), "x".repeat(common::limits::TEXT_BYTES_MAX));
    News::Entry(entry_of(n, &format!(r#""kind":"message","id":"{id}","text":"{text}""#)))
}

#[test]
fn long_texts_are_bounded_in_bytes_and_those_taken_back_make_room() {
    let folder = tempfile::tempdir().expect("a folder");
    let cache = cache(folder.path());
    let fit = run::BYTES_MAX as u64 / (common::limits::TEXT_BYTES_MAX as u64 + 200);
    let first = |cache: &Cache| cache.newest(&ops(), 1000).first().map(|entry| entry.n);
    (1..=fit).for_each(|n| cache.note(&long(n)));
    assert_eq!(first(&cache), Some(1));
    let id = "00000000-0000-0000-0000-000000000009";
    let deleted = format!(r#""kind":"message.deleted","id":"{id}","of":2"#);
    cache.note(&News::Entry(entry_of(fit + 1, &deleted)));
    cache.note(&long(fit + 2));
    assert_eq!(first(&cache), Some(1), "the deleted one has left its place");
    cache.note(&long(fit + 3));
    assert!(first(&cache) > Some(1));
    cache.flush();
    let bytes = fs::metadata(only_file(folder.path())).expect("metadata").len();
    assert!(bytes <= run::BYTES_MAX as u64 + 1000, "{bytes}");
}

#[test]
fn of_too_many_conversations_nothing_more_is_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let cache = cache(folder.path());
    let channel = |number: usize| target(&format!("#c{number}"));
    for number in 0..=CONVERSATIONS_MAX {
        let id = uuid::Uuid::from_u128(1);
        let to = channel(number);
        let line =
            format!(r#"{{"n":1,"at":1,"to":"{to}","from":"bob","kind":"message","id":"{id}","text":"oi"}}"#);
        cache.note(&News::Entry(Entry::read(&alice(), &line).expect("an event")));
    }
    assert_eq!(cache.newest(&channel(CONVERSATIONS_MAX - 1), 9).len(), 1);
    assert_eq!(cache.newest(&channel(CONVERSATIONS_MAX), 9).len(), 0);
}
