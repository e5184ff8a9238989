//! Tests of exports of a small log with edits, deletions, reactions and direct messages.

#![expect(
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "test helpers may panic, and the tests read the exported files"
)]

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use common::amendments::Emoji;
use common::channels::Role;
use common::{Conversation, FileInfo};
use server::domain::records::{JoinCode, ResetCode, TokenDigest};
use server::domain::{Change, Command, Original};
use server::maintenance::export::{ExportError, ExportItem, FileCopier, export, to_file};
use server::services::files::folder::content_path;
use server::storage::data_folder::Store;
use server::storage::ledger::{Ledger, Sizes};
use tempfile::TempDir;
use testkit::team::commands::{actor, create, file, join, send};
use testkit::team::{NOW_MS, open_ledger, record};
use testkit::{channel, id, target, text, user};
use uuid::Uuid;

fn amend(
    by: &str,
    to: &str,
    n: u64,
    author: &str,
    number: u128,
    change: Change<'static>,
) -> Command<'static> {
    let original = Original { n, author: user(author), is_file: false };
    Command::Amend { user: user(by), conversation: target(to), original, id: id(number), change }
}

fn react(emoji: &str) -> Change<'static> {
    Change::React(Emoji::new(emoji).expect("an emoji"))
}

/// Alice opens two sessions, ends one, and changes her password.
fn accounts() -> Vec<Command<'static>> {
    let register = |name| Command::Register { user: user(name), password: "secret-hash".into() };
    let log_in = |session, token| Command::OpenSession {
        user: user("alice"),
        session: Uuid::from_u128(session),
        digest: TokenDigest::of(token),
        expires: NOW_MS + 1,
    };
    vec![
        register("alice"),
        register("bob"),
        register("carol"),
        log_in(7, "token"),
        log_in(8, "ended"),
        Command::EndSession { user: user("alice"), digest: TokenDigest::of("ended") },
        Command::ChangePassword { user: user("alice"), password: "other-hash".into() },
    ]
}

/// Bob invites Alice to `#a`. Their messages are amended, and direct messages are sent. Bob kicks Carol and
/// bans Alice.
fn conversations() -> Vec<Command<'static>> {
    let bob = || actor("bob", "#a");
    vec![
        create("bob", "#a"),
        Command::Invite(bob(), user("alice")),
        join("alice", "#a"),
        send("alice", "#a", id(1), "first"),
        send("alice", "#a", id(2), "erased"),
        send("bob", "#a", id(3), "bob in public"),
        amend("alice", "#a", 4, "alice", 4, Change::Edit(text("second"))),
        amend("alice", "#a", 4, "alice", 5, Change::Edit(text("third"))),
        amend("alice", "#a", 5, "alice", 6, Change::Delete),
        amend("bob", "#a", 4, "alice", 7, react("+1")),
        send("alice", "@bob", id(8), "to bob"),
        send("bob", "@alice", id(9), "to alice"),
        amend("bob", "@alice", 2, "bob", 10, Change::Edit(text("to alice, edited"))),
        send("bob", "@carol", id(11), "between bob and carol"),
        amend("alice", "#a", 6, "bob", 12, react("?")),
        Command::MarkRead { user: user("alice"), conversation: target("@bob"), n: 2 },
        Command::GiveRole(bob(), user("alice"), Role::Moderator),
        join("carol", "#a"),
        Command::Kick(bob(), user("carol")),
        Command::Ban(bob(), user("alice")),
    ]
}

/// A data folder with the records of `accounts` and `conversations`, and its open ledger.
fn data_folder() -> (TempDir, Ledger) {
    let data = TempDir::new().expect("a folder");
    let mut ledger = open_ledger(Store::open(data.path()).expect("an empty folder"), Sizes::default());
    for command in accounts().into_iter().chain(conversations()) {
        record(&mut ledger, command);
    }
    (data, ledger)
}

/// The lines of an export, without the time `NOW_MS` of all events.
fn export_lines(data: &Path, target_name: &str) -> Result<String, ExportError> {
    lines_of(data, Some(target_name))
}

/// Like `export_lines`. `None` exports all events.
fn lines_of(data: &Path, target_name: Option<&str>) -> Result<String, ExportError> {
    let mut lines = Vec::new();
    export(data, target_name.map(target).as_ref(), |item| {
        let line = match item {
            ExportItem::Fact(fact) => serde_json::to_string(&fact).expect("JSON"),
            ExportItem::Event(line) => String::from_utf8_lossy(line).into_owned(),
        };
        Ok(writeln!(lines, "{line}")?)
    })?;
    Ok(String::from_utf8(lines).expect("UTF-8").replace(&format!("\"at\":{NOW_MS},"), ""))
}

#[test]
fn an_export_of_all_events_leaves_out_deleted_channels_and_texts() {
    let (data, mut ledger) = data_folder();
    record(&mut ledger, create("bob", "#gone"));
    record(&mut ledger, send("bob", "#gone", id(20), "in a deleted channel"));
    record(&mut ledger, Command::DeleteChannel(actor("bob", "#gone")));
    let lines = lines_of(data.path(), None).expect("an export");
    assert_eq!(lines.lines().count(), 15 + 3 + 1, "#a, the users alice and bob, the users bob and carol");
    for text in ["first", "to alice", "between bob and carol"] {
        assert!(lines.contains(text), "{text}");
    }
    for text in ["erased", "#gone", "\"export\"", "secret-hash"] {
        assert!(!lines.contains(text), "{text}");
    }
}

#[test]
fn a_channel_is_exported_while_the_ledger_is_open() {
    let (data, _ledger) = data_folder();
    insta::assert_snapshot!(export_lines(data.path(), "#a").expect("a channel"), @r##"
    {"n":1,"to":"#a","from":"bob","kind":"channel.created"}
    {"n":2,"to":"#a","from":"bob","kind":"channel.invited","user":"alice"}
    {"n":3,"to":"#a","from":"alice","kind":"channel.joined"}
    {"n":4,"to":"#a","from":"alice","kind":"message","id":"01970000-0000-7000-8000-000000000001","text":"first"}
    {"n":5,"to":"#a","from":"alice","kind":"message","id":"01970000-0000-7000-8000-000000000002","text":"","deleted":true}
    {"n":6,"to":"#a","from":"bob","kind":"message","id":"01970000-0000-7000-8000-000000000003","text":"bob in public"}
    {"n":7,"to":"#a","from":"alice","kind":"message.edited","id":"01970000-0000-7000-8000-000000000004","of":4,"text":"second"}
    {"n":8,"to":"#a","from":"alice","kind":"message.edited","id":"01970000-0000-7000-8000-000000000005","of":4,"text":"third"}
    {"n":9,"to":"#a","from":"alice","kind":"message.deleted","id":"01970000-0000-7000-8000-000000000006","of":5}
    {"n":10,"to":"#a","from":"bob","kind":"message.reacted","id":"01970000-0000-7000-8000-000000000007","of":4,"emoji":"+1"}
    {"n":11,"to":"#a","from":"alice","kind":"message.reacted","id":"01970000-0000-7000-8000-00000000000c","of":6,"emoji":"?"}
    {"n":12,"to":"#a","from":"bob","kind":"channel.role","user":"alice","role":"moderator"}
    {"n":13,"to":"#a","from":"carol","kind":"channel.joined"}
    {"n":14,"to":"#a","from":"bob","kind":"channel.kicked","user":"carol"}
    {"n":15,"to":"#a","from":"bob","kind":"channel.banned","user":"alice"}
    "##);
}

#[test]
fn an_export_of_a_user_contains_no_data_of_other_users() {
    let (data, _ledger) = data_folder();
    let alice = export_lines(data.path(), "@alice").expect("a user");
    for foreign in ["secret-hash", "other-hash", "between bob and carol", "bob in public", "+1", "erased"] {
        assert!(!alice.contains(foreign), "the export must not contain {foreign}: {alice}");
    }
    for token in ["token", "ended"] {
        assert!(!alice.contains(&TokenDigest::of(token).to_string()), "{alice}");
    }
    insta::assert_snapshot!(alice, @r##"
    {"export":"account","user":"alice","since":1763700000000,"administrator":true,"disabled":false}
    {"export":"session","session":"00000000-0000-0000-0000-000000000007","opened":1763700000000,"expires":1763700000001}
    {"export":"channel","channel":"#a","role":null,"may_read":false}
    {"export":"channel","channel":"*","role":"owner","may_read":true}
    {"export":"reading","conversation":"@bob","n":2,"unread":0,"mentions":0}
    {"export":"record","kind":"account","at":1763700000000}
    {"export":"record","kind":"session","session":"00000000-0000-0000-0000-000000000007","expires":1763700000001}
    {"export":"record","kind":"session","session":"00000000-0000-0000-0000-000000000008","expires":1763700000001}
    {"export":"record","kind":"session.ended","session":"00000000-0000-0000-0000-000000000008"}
    {"export":"record","kind":"password","at":1763700000000}
    {"n":2,"to":"#a","from":"bob","kind":"channel.invited","user":"alice"}
    {"n":3,"to":"#a","from":"alice","kind":"channel.joined"}
    {"n":4,"to":"#a","from":"alice","kind":"message","id":"01970000-0000-7000-8000-000000000001","text":"first"}
    {"n":5,"to":"#a","from":"alice","kind":"message","id":"01970000-0000-7000-8000-000000000002","text":"","deleted":true}
    {"n":7,"to":"#a","from":"alice","kind":"message.edited","id":"01970000-0000-7000-8000-000000000004","of":4,"text":"second"}
    {"n":8,"to":"#a","from":"alice","kind":"message.edited","id":"01970000-0000-7000-8000-000000000005","of":4,"text":"third"}
    {"n":9,"to":"#a","from":"alice","kind":"message.deleted","id":"01970000-0000-7000-8000-000000000006","of":5}
    {"n":1,"to":"@bob","from":"alice","kind":"message","id":"01970000-0000-7000-8000-000000000008","text":"to bob"}
    {"n":2,"to":"@alice","from":"bob","kind":"message","id":"01970000-0000-7000-8000-000000000009","text":"to alice"}
    {"n":3,"to":"@alice","from":"bob","kind":"message.edited","id":"01970000-0000-7000-8000-00000000000a","of":2,"text":"to alice, edited"}
    {"n":11,"to":"#a","from":"alice","kind":"message.reacted","id":"01970000-0000-7000-8000-00000000000c","of":6,"emoji":"?"}
    {"export":"record","kind":"read","conversation":"@bob","n":2}
    {"n":12,"to":"#a","from":"bob","kind":"channel.role","user":"alice","role":"moderator"}
    {"n":15,"to":"#a","from":"bob","kind":"channel.banned","user":"alice"}
    "##);
}

#[test]
fn an_export_describes_codes_without_their_digests() {
    let (data, mut ledger) = data_folder();
    let (id, expires) = (Uuid::from_u128(9), NOW_MS + 1);
    let [join, reset] = ["join", "reset"].map(TokenDigest::of);
    let code = JoinCode { by: user("alice"), digest: join, uses: 2, expires, note: "for dave".into() };
    for command in [
        Command::CreateJoinCode { id, code },
        Command::UseJoinCode { user: user("dave"), id },
        Command::Register { user: user("dave"), password: "secret-hash".into() },
        Command::RevokeJoinCode { by: user("alice"), id },
        Command::CreateResetCode {
            by: user("alice"),
            user: user("dave"),
            code: ResetCode { digest: reset, expires },
        },
    ] {
        record(&mut ledger, command);
    }
    let [alice, dave] = ["@alice", "@dave"].map(|name| export_lines(data.path(), name).expect("a user"));
    for digest in [join, reset] {
        assert!(!format!("{alice}{dave}").contains(&digest.to_string()), "{alice}{dave}");
    }
    let codes = |export: &str| {
        let lines = export.lines().filter(|line| line.contains("code"));
        lines.map(|line| format!("{line}\n")).collect::<String>()
    };
    insta::assert_snapshot!(codes(&alice), @r#"
    {"export":"record","kind":"join_code","id":"00000000-0000-0000-0000-000000000009","uses":2,"expires":1763700000001,"note":"for dave"}
    {"export":"record","kind":"join_code.revoked","id":"00000000-0000-0000-0000-000000000009"}
    "#);
    insta::assert_snapshot!(codes(&dave), @r#"
    {"export":"record","kind":"join_code.used","id":"00000000-0000-0000-0000-000000000009"}
    {"export":"record","kind":"password.code","by":"alice","expires":1763700000001}
    "#);
}

#[test]
fn the_error_contains_the_name_of_an_unknown_channel_or_user() {
    let (data, _ledger) = data_folder();
    let refusal = |data: &Path, name| export_lines(data, name).expect_err("refused").to_string();
    insta::assert_snapshot!(refusal(data.path(), "#b"), @r##"there is no channel #b: create it, or list the channels"##);
    insta::assert_snapshot!(refusal(data.path(), "@zoe"), @r##"there is no user zoe"##);
    let empty = TempDir::new().expect("a folder");
    assert!(refusal(empty.path(), "#a").contains("is not a data folder"));
}

#[test]
fn the_export_of_a_channel_has_one_line_for_each_event() {
    let (data, ledger) = data_folder();
    let lines = export_lines(data.path(), "#a").expect("a channel").lines().count() as u64;
    assert_eq!(lines, ledger.state().head(&Conversation::Channel(channel("#a"))));
}

#[test]
fn an_export_file_is_private_and_replaces_no_file() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("export");
    let failed = to_file(&path, |out| {
        out.write_all(b"half")?;
        Err(std::io::Error::other("the disk is full").into())
    });
    assert!(failed.is_err() && !path.exists());
    to_file(&path, |out| Ok(out.write_all(b"one")?)).expect("a new file");
    assert_eq!(fs::metadata(&path).expect("a file").permissions().mode() & 0o777, 0o600);
    let refused = to_file(&path, |out| Ok(out.write_all(b"other")?));
    assert!(refused.is_err(), "an existing file must not be replaced");
    assert_eq!(fs::read(&path).expect("a file"), b"one");
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1, "no incomplete file may remain");
}

#[test]
fn an_error_contains_the_file_and_its_cause_once() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("export");
    fs::write(&path, "mine").expect("written");
    let error = |path: &Path| {
        let error = to_file(path, |_| Ok(())).expect_err("refused");
        assert!(std::error::Error::source(&error).is_none(), "only the message may contain the cause");
        error.to_string().replace(&folder.path().display().to_string(), "FOLDER")
    };
    insta::assert_snapshot!(error(&path), @"cannot write FOLDER/export: File exists (os error 17)");
    let error = error(&folder.path().join("none/export"));
    assert!(error.starts_with("cannot write FOLDER/none/export: No such file or directory"), "{error}");
}

#[test]
fn each_file_content_is_copied_once_and_replaces_no_file() {
    let (data, folder) = (TempDir::new().expect("a folder"), TempDir::new().expect("a folder"));
    let stored = |bytes: &[u8]| -> FileInfo {
        let info = file("plan.pdf", bytes);
        let path = data.path().join(content_path(&info.sha256));
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(&path, bytes).expect("written");
        info
    };
    let (one, other) = (stored(b"one"), stored(b"other"));
    let folder = folder.path().join("new");
    let mut contents = FileCopier::new(data.path(), &folder).expect("a folder");
    fs::write(folder.join("plan 1"), "mine").expect("written");
    let name = |number| format!("plan {number}");
    assert_eq!(contents.copy(&one, name).expect("copied"), "plan 2", "`plan 1` exists already");
    assert_eq!(contents.copy(&other, name).expect("copied"), "plan 3");
    assert_eq!(contents.copy(&one, name).expect("copied"), "plan 2", "the content was copied before");
    let read = |name: &str| fs::read_to_string(folder.join(name)).expect("a file");
    assert_eq!(["plan 1", "plan 2", "plan 3"].map(read), ["mine", "one", "other"]);
    let mode = |path: &Path| fs::metadata(path).expect("a file or folder").permissions().mode() & 0o777;
    assert_eq!((mode(&folder), mode(&folder.join("plan 2"))), (0o700, 0o600));

    let damaged = stored(b"third");
    fs::write(data.path().join(content_path(&damaged.sha256)), "other bytes").expect("written");
    let mut contents = FileCopier::new(data.path(), &folder).expect("a folder");
    let error = contents.copy(&damaged, name).expect_err("damaged").to_string();
    assert!(error.contains("is damaged"), "{error}");
    fs::remove_file(data.path().join(content_path(&damaged.sha256))).expect("removed");
    let error = contents.copy(&damaged, name).expect_err("missing").to_string();
    assert!(error.contains("is missing: if its file was deleted just now, export again"), "{error}");
    assert_eq!(fs::read_dir(&folder).expect("a folder").count(), 3, "no incomplete file may remain");
}
