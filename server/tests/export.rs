//! Exports of a small log with edits, deletions, reactions and direct messages.

#![expect(
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and looks at the file"
)]

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use common::amendments::Emoji;
use common::channels::Role;
use common::{ContentHash, Conversation, FileInfo, FileName};
use server::domain::records::TokenDigest;
use server::domain::{Actor, Change, Command, Original};
use server::maintenance::export::{ExportError, ExportItem, FileCopier, export, to_file};
use server::services::files::folder::content;
use server::storage::commit_log::CommitMode;
use server::storage::data_folder::Store;
use server::storage::ledger::Ledger;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use testkit::{target, text, user};
use uuid::Uuid;

const NOW_MS: u64 = 1_763_700_000_000;

struct Team {
    folder: TempDir,
    ledger: Ledger,
    ids: u128,
}

impl Team {
    fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        let store = Store::open(folder.path()).expect("a folder of our own");
        let ledger = Ledger::open(store, &CommitMode::WhenPolled).expect("a sound folder");
        let mut team = Self { folder, ledger, ids: 0x019a_a4a2_0000_7000_8000_0000_0000_0000 };
        for name in ["alice", "bob", "carol"] {
            team.record(Command::Register { user: user(name), password: "secret-hash".into() });
        }
        team
    }

    fn record(&mut self, command: Command<'static>) {
        self.ledger.record(command, NOW_MS).expect("allowed");
    }

    fn id(&mut self) -> Uuid {
        self.ids += 1;
        Uuid::from_u128(self.ids)
    }

    fn say(&mut self, from: &str, to: &str, said: &str) {
        let id = self.id();
        let to = target(to);
        self.record(Command::Send { user: user(from), to, id, text: text(said.to_owned()), reply: None });
    }

    fn amend(&mut self, who: &str, of: &str, n: u64, author: &str, change: Change<'static>) {
        let (id, conversation) = (self.id(), target(of));
        let original = Original { n, author: user(author), is_file: false };
        self.record(Command::Amend { user: user(who), conversation, original, id, change });
    }

    fn actor(who: &str, channel: &str) -> Actor {
        Actor { user: user(who), channel: testkit::channel(channel) }
    }

    fn sync(&mut self) {
        while !self.ledger.is_quiet() {
            self.ledger.flush();
            self.ledger.poll().map_err(|failure| failure.answer).expect("a sound disk");
        }
    }
}

/// Alice edits, deletes and is reacted to in a channel that she is then removed from; everybody writes to everybody.
fn team() -> Team {
    let mut team = Team::new();
    for (session, token) in [(7, "token"), (8, "ended")] {
        team.record(Command::OpenSession {
            user: user("alice"),
            session: Uuid::from_u128(session),
            digest: TokenDigest::of(token),
            expires: NOW_MS + 1,
        });
    }
    team.record(Command::EndSession { user: user("alice"), digest: TokenDigest::of("ended") });
    team.record(Command::ChangePassword { user: user("alice"), password: "other-hash".into() });
    team.record(Command::CreateChannel(Team::actor("bob", "#a"), false));
    team.record(Command::Invite(Team::actor("bob", "#a"), user("alice")));
    team.record(Command::Join(Team::actor("alice", "#a")));
    team.say("alice", "#a", "first");
    team.say("alice", "#a", "taken back");
    team.say("bob", "#a", "bob in public");
    team.amend("alice", "#a", 4, "alice", Change::Edit(text("second")));
    team.amend("alice", "#a", 4, "alice", Change::Edit(text("third")));
    team.amend("alice", "#a", 5, "alice", Change::Delete);
    let heart = Emoji::new("+1").expect("an emoji");
    team.amend("bob", "#a", 4, "alice", Change::React(heart));
    team.say("alice", "@bob", "to bob");
    team.say("bob", "@alice", "to alice");
    team.amend("bob", "@alice", 2, "bob", Change::Edit(text("to alice, edited")));
    team.say("bob", "@carol", "between bob and carol");
    team.amend("alice", "#a", 6, "bob", Change::React(Emoji::new("?").expect("an emoji")));
    team.record(Command::MarkRead { user: user("alice"), conversation: target("@bob"), n: 2 });
    team.record(Command::GiveRole(Team::actor("bob", "#a"), user("alice"), Role::Moderator));
    team.record(Command::Join(Team::actor("carol", "#a")));
    team.record(Command::Kick(Team::actor("bob", "#a"), user("carol")));
    team.record(Command::Ban(Team::actor("bob", "#a"), user("alice")));
    team.sync();
    team
}

fn exported(data: &Path, wanted: &str) -> Result<String, ExportError> {
    let mut lines = Vec::new();
    export(data, &target(wanted), |piece| {
        let line = match piece {
            ExportItem::Fact(fact) => serde_json::to_string(&fact).expect("json"),
            ExportItem::Event(line) => String::from_utf8_lossy(line).into_owned(),
        };
        Ok(writeln!(lines, "{line}")?)
    })?;
    Ok(String::from_utf8(lines).expect("utf-8").replace("\"at\":1763700000000,", ""))
}

#[test]
fn a_channel_as_it_was_told_while_the_ledger_is_open() {
    let team = team();
    insta::assert_snapshot!(exported(team.folder.path(), "#a").expect("a channel"), @r##"
    {"n":1,"to":"#a","from":"bob","kind":"channel.created"}
    {"n":2,"to":"#a","from":"bob","kind":"channel.invited","user":"alice"}
    {"n":3,"to":"#a","from":"alice","kind":"channel.joined"}
    {"n":4,"to":"#a","from":"alice","kind":"message","id":"019aa4a2-0000-7000-8000-000000000001","text":"first"}
    {"n":5,"to":"#a","from":"alice","kind":"message","id":"019aa4a2-0000-7000-8000-000000000002","text":"","deleted":true}
    {"n":6,"to":"#a","from":"bob","kind":"message","id":"019aa4a2-0000-7000-8000-000000000003","text":"bob in public"}
    {"n":7,"to":"#a","from":"alice","kind":"message.edited","id":"019aa4a2-0000-7000-8000-000000000004","of":4,"text":"second"}
    {"n":8,"to":"#a","from":"alice","kind":"message.edited","id":"019aa4a2-0000-7000-8000-000000000005","of":4,"text":"third"}
    {"n":9,"to":"#a","from":"alice","kind":"message.deleted","id":"019aa4a2-0000-7000-8000-000000000006","of":5}
    {"n":10,"to":"#a","from":"bob","kind":"message.reacted","id":"019aa4a2-0000-7000-8000-000000000007","of":4,"emoji":"+1"}
    {"n":11,"to":"#a","from":"alice","kind":"message.reacted","id":"019aa4a2-0000-7000-8000-00000000000c","of":6,"emoji":"?"}
    {"n":12,"to":"#a","from":"bob","kind":"channel.role","user":"alice","role":"moderator"}
    {"n":13,"to":"#a","from":"carol","kind":"channel.joined"}
    {"n":14,"to":"#a","from":"bob","kind":"channel.kicked","user":"carol"}
    {"n":15,"to":"#a","from":"bob","kind":"channel.banned","user":"alice"}
    "##);
}

#[test]
fn a_user_with_nothing_of_others() {
    let team = team();
    let alice = exported(team.folder.path(), "@alice").expect("a user");
    for foreign in ["secret-hash", "other-hash", "between bob and carol", "bob in public", "+1", "taken back"]
    {
        assert!(!alice.contains(foreign), "{foreign} in {alice}");
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
    {"n":4,"to":"#a","from":"alice","kind":"message","id":"019aa4a2-0000-7000-8000-000000000001","text":"first"}
    {"n":5,"to":"#a","from":"alice","kind":"message","id":"019aa4a2-0000-7000-8000-000000000002","text":"","deleted":true}
    {"n":7,"to":"#a","from":"alice","kind":"message.edited","id":"019aa4a2-0000-7000-8000-000000000004","of":4,"text":"second"}
    {"n":8,"to":"#a","from":"alice","kind":"message.edited","id":"019aa4a2-0000-7000-8000-000000000005","of":4,"text":"third"}
    {"n":9,"to":"#a","from":"alice","kind":"message.deleted","id":"019aa4a2-0000-7000-8000-000000000006","of":5}
    {"n":1,"to":"@bob","from":"alice","kind":"message","id":"019aa4a2-0000-7000-8000-000000000008","text":"to bob"}
    {"n":2,"to":"@alice","from":"bob","kind":"message","id":"019aa4a2-0000-7000-8000-000000000009","text":"to alice"}
    {"n":3,"to":"@alice","from":"bob","kind":"message.edited","id":"019aa4a2-0000-7000-8000-00000000000a","of":2,"text":"to alice, edited"}
    {"n":11,"to":"#a","from":"alice","kind":"message.reacted","id":"019aa4a2-0000-7000-8000-00000000000c","of":6,"emoji":"?"}
    {"export":"record","kind":"read","conversation":"@bob","n":2}
    {"n":12,"to":"#a","from":"bob","kind":"channel.role","user":"alice","role":"moderator"}
    {"n":15,"to":"#a","from":"bob","kind":"channel.banned","user":"alice"}
    "##);
}

#[test]
fn what_is_not_there_is_refused_by_name() {
    let team = team();
    let told = |data: &Path, wanted| exported(data, wanted).expect_err("nothing").to_string();
    insta::assert_snapshot!(told(team.folder.path(), "#b"), @r##"there is no channel #b: create it, or list the channels"##);
    insta::assert_snapshot!(told(team.folder.path(), "@zoe"), @r##"there is no user zoe"##);
    let empty = TempDir::new().expect("a folder");
    assert!(told(empty.path(), "#a").contains("is not a data folder"));
}

#[test]
fn every_event_of_a_channel_has_its_line() {
    let team = team();
    let channel = Conversation::Channel(testkit::channel("#a"));
    let lines = exported(team.folder.path(), "#a").expect("a channel").lines().count() as u64;
    assert_eq!(lines, team.ledger.state().head(&channel));
}

#[test]
fn a_file_is_private_and_takes_no_others_place() {
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
    assert!(refused.is_err(), "there is a file of that name");
    assert_eq!(fs::read(&path).expect("a file"), b"one");
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1, "nothing else is left behind");
}

#[test]
fn a_refusal_names_the_file_and_says_why_once() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("export");
    fs::write(&path, "mine").expect("written");
    let told = |path: &Path| to_file(path, |_| Ok(())).expect_err("refused");
    let shown = |error: &ExportError| {
        assert!(std::error::Error::source(error).is_none(), "the cause would be told twice");
        error.to_string().replace(&folder.path().display().to_string(), "FOLDER")
    };
    insta::assert_snapshot!(shown(&told(&path)), @"cannot write FOLDER/export: File exists (os error 17)");
    let told = shown(&told(&folder.path().join("none/export")));
    assert!(told.starts_with("cannot write FOLDER/none/export: No such file or directory"), "{told}");
}

#[test]
fn contents_are_copied_once_under_names_that_replace_nothing() {
    let (data, folder) = (TempDir::new().expect("a folder"), TempDir::new().expect("a folder"));
    let stored = |bytes: &[u8]| {
        let sha256 = ContentHash(Sha256::digest(bytes).into());
        let path = data.path().join(content(&sha256));
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(&path, bytes).expect("written");
        FileInfo { name: FileName::new("plan.pdf").expect("a name"), bytes: bytes.len() as u64, sha256 }
    };
    let (one, other) = (stored(b"one"), stored(b"other"));
    let folder = folder.path().join("new");
    let mut contents = FileCopier::new(data.path(), &folder).expect("a folder");
    fs::write(folder.join("plan 1"), "mine").expect("written");
    let name = |number| format!("plan {number}");
    assert_eq!(contents.copy(&one, name).expect("copied"), "plan 2", "what is there stays");
    assert_eq!(contents.copy(&other, name).expect("copied"), "plan 3");
    assert_eq!(contents.copy(&one, name).expect("there"), "plan 2", "one of a content is enough");
    let read = |name: &str| fs::read_to_string(folder.join(name)).expect("a file");
    assert_eq!(["plan 1", "plan 2", "plan 3"].map(read), ["mine", "one", "other"]);
    let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!((mode(&folder), mode(&folder.join("plan 2"))), (0o700, 0o600));

    let damaged = stored(b"third");
    fs::write(data.path().join(content(&damaged.sha256)), "other bytes").expect("written");
    let mut contents = FileCopier::new(data.path(), &folder).expect("a folder");
    let told = contents.copy(&damaged, name).expect_err("damaged").to_string();
    assert!(told.contains("is damaged"), "{told}");
    fs::remove_file(data.path().join(content(&damaged.sha256))).expect("removed");
    let told = contents.copy(&damaged, name).expect_err("missing").to_string();
    assert!(told.contains("is missing: if its file was deleted just now, export again"), "{told}");
    assert_eq!(fs::read_dir(&folder).expect("a folder").count(), 3, "nothing else is left behind");
}
