//! Every method, by everybody: without a token, with a wrong one, and with every standing towards a channel.
//!
//! The tables are what the server does; a change of rights shows here as a change of a cell.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::fmt::Write as _;
use std::sync::Arc;

use common::channels::Role;
use common::methods::Method;
use common::{ContentHash, FileName, rpc};
use disk::faulty::FaultyDisk;
use serde_json::{Value, json};
use server::domain::records::TokenDigest;
use server::domain::{Actor, Command};
use server::handlers::{Attached, RequestContext};
use server::services::files::{FileLimits, Files, Upload};
use server::services::search::Search;
use server::services::tokens::TokenIssuer;
use server::storage::commit_log::CommitMode;
use server::storage::data_folder::Store;
use server::storage::ledger::Ledger;
use testkit::{channel, target, user};
use transport::Frame;
use uuid::Uuid;

const NOW_MS: u64 = 4_102_444_800_000;

/// An upload of whoever asks.
const UPLOAD: &str = "01970000-0000-7000-8000-000000000002";

/// The numbers of a file that the owner sent, and of a message that the member wrote.
const FILE_N: u64 = 13;
const MESSAGE_N: u64 = 14;

/// What people can be to `#room`; `target` is the member that things are done to. The administrator, who registered
/// first, is an outsider there, and who is disabled was a member.
const STANDINGS: [&str; 9] =
    ["administrator", "outsider", "banned", "invited", "member", "moderator", "owner", "target", "disabled"];

fn actor(by: &str) -> Actor {
    Actor { user: user(by), channel: channel("#room") }
}

/// A room with one person of every standing, each logged in with their name as token.
fn room(private: bool) -> Ledger {
    let mut ledger =
        Ledger::open(Store::on(Arc::new(FaultyDisk::new())), &CommitMode::WhenPolled).expect("an empty disk");
    let mut record = |command| {
        ledger.record(command, NOW_MS).expect("allowed");
    };
    for name in STANDINGS {
        record(Command::Register { user: user(name), password: "hash".into() });
        let digest = TokenDigest::of(name);
        record(Command::OpenSession { user: user(name), session: Uuid::nil(), digest, expires: NOW_MS + 1 });
    }
    record(Command::CreateChannel(actor("owner"), private));
    for name in ["member", "moderator", "target", "disabled", "invited"] {
        record(Command::Invite(actor("owner"), user(name)));
        if name != "invited" {
            record(Command::Join(actor(name)));
        }
    }
    record(Command::GiveRole(actor("owner"), user("moderator"), Role::Moderator));
    record(Command::Ban(actor("owner"), user("banned")));
    let file = upload("owner");
    let (to, next) = (file.to.clone(), |more| Uuid::from_u128(file.id.as_u128() + more));
    record(Command::Share { user: user("owner"), to, id: next(7), file: file.info() });
    let text = testkit::text("so I say");
    record(Command::Send { user: user("member"), to: file.to.clone(), id: next(8), text, reply: None });
    record(Command::Disable { by: user("administrator"), user: user("disabled"), disabled: true });
    ledger
}

/// A file on its way to the room.
fn upload(by: &str) -> Upload {
    let (to, name) = (target("#room"), FileName::new("plan.pdf").expect("a name"));
    let (user, id, sha256) = (user(by), UPLOAD.parse().expect("an id"), ContentHash([7; 32]));
    Upload {
        id,
        user,
        to,
        name,
        bytes: 5,
        sha256,
        begun: NOW_MS,
        is_verified: false,
        is_from_earlier_run: false,
    }
}

/// What `method` answers to whoever holds `token`: `ok`, or the reason why not.
fn answer(method: Method, token: Option<&str>, private: bool) -> String {
    let about = method.description();
    let mut params: Value = serde_json::from_str(about.params).expect("an example");
    let replaced = [
        ("token", json!(token)),
        ("channel", json!(if method == Method::ChannelCreate { "#new" } else { "#room" })),
        ("user", json!(if method == Method::ChannelUnban { "banned" } else { "target" })),
        ("to", json!("#room")),
        ("conversation", json!("#room")),
        ("session", json!(Uuid::nil())),
        ("file", json!(UPLOAD)),
        ("n", json!(if method == Method::MessageEdit { MESSAGE_N } else { FILE_N })),
        ("offset", json!(0)),
    ];
    let fields = params.as_object_mut().expect("an object");
    for (name, value) in replaced {
        if fields.contains_key(name) {
            fields.insert(name.to_owned(), value);
        }
    }
    if token.is_none() {
        fields.remove("token");
    }
    let mut line = Vec::new();
    rpc::encode_request(&mut line, "1", about.name, &params);

    let (mut ledger, tokens, mut out) = (room(private), TokenIssuer::new(&[7; 32]), Vec::new());
    let search = Search::without_thread("nowhere".as_ref());
    let (mut outbound, mut known_tokens, mut guesses) = Default::default();
    let (mut rates, mut presence, mut typing) = Default::default();
    let disk = Arc::new(FaultyDisk::new());
    let mut files = Files::open(disk, FileLimits::default(), &ledger).expect("an empty folder");
    let (bytes, mut reply_bytes) = (Some(Arc::new(Frame::from("bytes"))), None);
    if let Some(uploader) = token.filter(|_| matches!(method, Method::FileChunk | Method::FileCommit)) {
        files.uploads.add(upload(uploader), &ledger.state().files).expect("a new upload");
    }
    let mut context = RequestContext {
        ledger: &mut ledger,
        outbound: &mut outbound,
        tokens: &tokens,
        known_tokens: &mut known_tokens,
        guesses: &mut guesses,
        rates: &mut rates,
        files: &mut files,
        attached: Attached { is_single_line: true, bytes: &bytes, reply: &mut reply_bytes },
        search: Some(&search),
        presence: &mut presence,
        typing: &mut typing,
        events_endpoint: "tcp://*:1",
        now_ms: NOW_MS,
    };
    if context.answer(line.trim_ascii_end(), None, &mut out).is_some() {
        // A password is hashed, a file written or read, only for who may have it done.
        return "ok".to_owned();
    }
    let reply = rpc::decode_reply(&out).expect("a reply");
    reply.error.map_or_else(|| "ok".to_owned(), |error| error.data.reason)
}

/// One row a method, one column a standing.
fn table(private: bool) -> String {
    let mut text = String::from("method");
    let columns = [("no token", None), ("forged", Some("forged"))];
    let columns: Vec<_> = columns.into_iter().chain(STANDINGS.map(|name| (name, Some(name)))).collect();
    columns.iter().for_each(|(name, _)| write!(text, " | {name}").expect("written"));
    for method in Method::ALL {
        write!(text, "\n{}", method.description().name).expect("written");
        for (_, token) in &columns {
            write!(text, " | {}", answer(*method, *token, private)).expect("written");
        }
    }
    text
}

#[test]
fn in_a_public_channel() {
    insta::assert_snapshot!(table(false), @r"
    method | no token | forged | administrator | outsider | banned | invited | member | moderator | owner | target | disabled
    server.info | ok | ok | ok | ok | ok | ok | ok | ok | ok | ok | ok
    auth.register | name_taken | name_taken | name_taken | name_taken | name_taken | name_taken | name_taken | name_taken | name_taken | name_taken | name_taken
    auth.login | ok | ok | ok | ok | ok | ok | ok | ok | ok | ok | ok
    auth.logout | unauthenticated | unauthenticated | ok | ok | ok | ok | ok | ok | ok | ok | unauthenticated
    auth.password | unauthenticated | unauthenticated | ok | ok | ok | ok | ok | ok | ok | ok | unauthenticated
    session.list | unauthenticated | unauthenticated | ok | ok | ok | ok | ok | ok | ok | ok | unauthenticated
    session.revoke | unauthenticated | unauthenticated | ok | ok | ok | ok | ok | ok | ok | ok | unauthenticated
    user.list | unauthenticated | unauthenticated | ok | ok | ok | ok | ok | ok | ok | ok | unauthenticated
    channel.create | unauthenticated | unauthenticated | ok | ok | ok | ok | ok | ok | ok | ok | unauthenticated
    channel.list | unauthenticated | unauthenticated | ok | ok | ok | ok | ok | ok | ok | ok | unauthenticated
    channel.join | unauthenticated | unauthenticated | ok | ok | banned | ok | ok | ok | ok | ok | unauthenticated
    channel.leave | unauthenticated | unauthenticated | not_member | not_member | not_member | not_member | ok | ok | last_owner | ok | unauthenticated
    channel.members | unauthenticated | unauthenticated | not_member | not_member | not_member | not_member | ok | ok | ok | ok | unauthenticated
    channel.invite | unauthenticated | unauthenticated | not_member | not_member | not_member | not_member | ok | ok | ok | ok | unauthenticated
    channel.invitations | unauthenticated | unauthenticated | ok | ok | ok | ok | ok | ok | ok | ok | unauthenticated
    channel.decline | unauthenticated | unauthenticated | no_such_invitation | no_such_invitation | no_such_invitation | ok | no_such_invitation | no_such_invitation | no_such_invitation | no_such_invitation | unauthenticated
    channel.kick | unauthenticated | unauthenticated | not_member | not_member | not_member | not_member | not_allowed | ok | ok | not_allowed | unauthenticated
    channel.ban | unauthenticated | unauthenticated | not_member | not_member | not_member | not_member | not_allowed | ok | ok | not_allowed | unauthenticated
    channel.unban | unauthenticated | unauthenticated | not_member | not_member | not_member | not_member | not_allowed | ok | ok | not_allowed | unauthenticated
    channel.bans | unauthenticated | unauthenticated | not_member | not_member | not_member | not_member | not_allowed | ok | ok | not_allowed | unauthenticated
    channel.role | unauthenticated | unauthenticated | not_member | not_member | not_member | not_member | not_allowed | not_allowed | ok | not_allowed | unauthenticated
    channel.set | unauthenticated | unauthenticated | not_member | not_member | not_member | not_member | not_allowed | not_allowed | ok | not_allowed | unauthenticated
    message.send | unauthenticated | unauthenticated | not_member | not_member | not_member | not_member | ok | ok | ok | ok | unauthenticated
    message.edit | unauthenticated | unauthenticated | not_member | not_member | not_member | not_member | ok | not_allowed | not_allowed | not_allowed | unauthenticated
    message.delete | unauthenticated | unauthenticated | not_member | not_member | not_member | not_member | not_allowed | ok | ok | not_allowed | unauthenticated
    message.react | unauthenticated | unauthenticated | not_member | not_member | not_member | not_member | ok | ok | ok | ok | unauthenticated
    file.begin | unauthenticated | unauthenticated | not_member | not_member | not_member | not_member | ok | ok | ok | ok | unauthenticated
    file.chunk | unauthenticated | unauthenticated | ok | ok | ok | ok | ok | ok | ok | ok | unauthenticated
    file.commit | unauthenticated | unauthenticated | not_member | not_member | not_member | not_member | ok | ok | ok | ok | unauthenticated
    file.get | unauthenticated | unauthenticated | not_member | not_member | not_member | not_member | ok | ok | ok | ok | unauthenticated
    message.history | unauthenticated | unauthenticated | not_member | not_member | not_member | not_member | ok | ok | ok | ok | unauthenticated
    message.search | unauthenticated | unauthenticated | not_member | not_member | not_member | not_member | ok | ok | ok | ok | unauthenticated
    read.mark | unauthenticated | unauthenticated | not_member | not_member | not_member | not_member | ok | ok | ok | ok | unauthenticated
    read.list | unauthenticated | unauthenticated | ok | ok | ok | ok | ok | ok | ok | ok | unauthenticated
    mention.list | unauthenticated | unauthenticated | ok | ok | ok | ok | ok | ok | ok | ok | unauthenticated
    sync.heads | unauthenticated | unauthenticated | ok | ok | ok | ok | ok | ok | ok | ok | unauthenticated
    presence.set | unauthenticated | unauthenticated | ok | ok | ok | ok | ok | ok | ok | ok | unauthenticated
    typing.set | unauthenticated | unauthenticated | not_member | not_member | not_member | not_member | ok | ok | ok | ok | unauthenticated
    admin.users | unauthenticated | unauthenticated | ok | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | unauthenticated
    admin.channels | unauthenticated | unauthenticated | ok | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | unauthenticated
    admin.sessions | unauthenticated | unauthenticated | ok | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | unauthenticated
    admin.disable | unauthenticated | unauthenticated | ok | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | unauthenticated
    admin.promote | unauthenticated | unauthenticated | ok | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | unauthenticated
    admin.stats | unauthenticated | unauthenticated | ok | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | unauthenticated
    ");
}

#[test]
fn in_a_private_channel() {
    insta::assert_snapshot!(table(true), @r"
    method | no token | forged | administrator | outsider | banned | invited | member | moderator | owner | target | disabled
    server.info | ok | ok | ok | ok | ok | ok | ok | ok | ok | ok | ok
    auth.register | name_taken | name_taken | name_taken | name_taken | name_taken | name_taken | name_taken | name_taken | name_taken | name_taken | name_taken
    auth.login | ok | ok | ok | ok | ok | ok | ok | ok | ok | ok | ok
    auth.logout | unauthenticated | unauthenticated | ok | ok | ok | ok | ok | ok | ok | ok | unauthenticated
    auth.password | unauthenticated | unauthenticated | ok | ok | ok | ok | ok | ok | ok | ok | unauthenticated
    session.list | unauthenticated | unauthenticated | ok | ok | ok | ok | ok | ok | ok | ok | unauthenticated
    session.revoke | unauthenticated | unauthenticated | ok | ok | ok | ok | ok | ok | ok | ok | unauthenticated
    user.list | unauthenticated | unauthenticated | ok | ok | ok | ok | ok | ok | ok | ok | unauthenticated
    channel.create | unauthenticated | unauthenticated | ok | ok | ok | ok | ok | ok | ok | ok | unauthenticated
    channel.list | unauthenticated | unauthenticated | ok | ok | ok | ok | ok | ok | ok | ok | unauthenticated
    channel.join | unauthenticated | unauthenticated | no_such_channel | no_such_channel | no_such_channel | ok | ok | ok | ok | ok | unauthenticated
    channel.leave | unauthenticated | unauthenticated | no_such_channel | no_such_channel | no_such_channel | not_member | ok | ok | last_owner | ok | unauthenticated
    channel.members | unauthenticated | unauthenticated | no_such_channel | no_such_channel | no_such_channel | not_member | ok | ok | ok | ok | unauthenticated
    channel.invite | unauthenticated | unauthenticated | no_such_channel | no_such_channel | no_such_channel | not_member | not_allowed | ok | ok | not_allowed | unauthenticated
    channel.invitations | unauthenticated | unauthenticated | ok | ok | ok | ok | ok | ok | ok | ok | unauthenticated
    channel.decline | unauthenticated | unauthenticated | no_such_channel | no_such_channel | no_such_channel | ok | no_such_invitation | no_such_invitation | no_such_invitation | no_such_invitation | unauthenticated
    channel.kick | unauthenticated | unauthenticated | no_such_channel | no_such_channel | no_such_channel | not_member | not_allowed | ok | ok | not_allowed | unauthenticated
    channel.ban | unauthenticated | unauthenticated | no_such_channel | no_such_channel | no_such_channel | not_member | not_allowed | ok | ok | not_allowed | unauthenticated
    channel.unban | unauthenticated | unauthenticated | no_such_channel | no_such_channel | no_such_channel | not_member | not_allowed | ok | ok | not_allowed | unauthenticated
    channel.bans | unauthenticated | unauthenticated | no_such_channel | no_such_channel | no_such_channel | not_member | not_allowed | ok | ok | not_allowed | unauthenticated
    channel.role | unauthenticated | unauthenticated | no_such_channel | no_such_channel | no_such_channel | not_member | not_allowed | not_allowed | ok | not_allowed | unauthenticated
    channel.set | unauthenticated | unauthenticated | no_such_channel | no_such_channel | no_such_channel | not_member | not_allowed | not_allowed | ok | not_allowed | unauthenticated
    message.send | unauthenticated | unauthenticated | no_such_channel | no_such_channel | no_such_channel | not_member | ok | ok | ok | ok | unauthenticated
    message.edit | unauthenticated | unauthenticated | no_such_channel | no_such_channel | no_such_channel | not_member | ok | not_allowed | not_allowed | not_allowed | unauthenticated
    message.delete | unauthenticated | unauthenticated | no_such_channel | no_such_channel | no_such_channel | not_member | not_allowed | ok | ok | not_allowed | unauthenticated
    message.react | unauthenticated | unauthenticated | no_such_channel | no_such_channel | no_such_channel | not_member | ok | ok | ok | ok | unauthenticated
    file.begin | unauthenticated | unauthenticated | no_such_channel | no_such_channel | no_such_channel | not_member | ok | ok | ok | ok | unauthenticated
    file.chunk | unauthenticated | unauthenticated | ok | ok | ok | ok | ok | ok | ok | ok | unauthenticated
    file.commit | unauthenticated | unauthenticated | no_such_channel | no_such_channel | no_such_channel | not_member | ok | ok | ok | ok | unauthenticated
    file.get | unauthenticated | unauthenticated | no_such_channel | no_such_channel | no_such_channel | not_member | ok | ok | ok | ok | unauthenticated
    message.history | unauthenticated | unauthenticated | no_such_channel | no_such_channel | no_such_channel | not_member | ok | ok | ok | ok | unauthenticated
    message.search | unauthenticated | unauthenticated | no_such_channel | no_such_channel | no_such_channel | not_member | ok | ok | ok | ok | unauthenticated
    read.mark | unauthenticated | unauthenticated | no_such_channel | no_such_channel | no_such_channel | not_member | ok | ok | ok | ok | unauthenticated
    read.list | unauthenticated | unauthenticated | ok | ok | ok | ok | ok | ok | ok | ok | unauthenticated
    mention.list | unauthenticated | unauthenticated | ok | ok | ok | ok | ok | ok | ok | ok | unauthenticated
    sync.heads | unauthenticated | unauthenticated | ok | ok | ok | ok | ok | ok | ok | ok | unauthenticated
    presence.set | unauthenticated | unauthenticated | ok | ok | ok | ok | ok | ok | ok | ok | unauthenticated
    typing.set | unauthenticated | unauthenticated | no_such_channel | no_such_channel | no_such_channel | not_member | ok | ok | ok | ok | unauthenticated
    admin.users | unauthenticated | unauthenticated | ok | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | unauthenticated
    admin.channels | unauthenticated | unauthenticated | ok | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | unauthenticated
    admin.sessions | unauthenticated | unauthenticated | ok | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | unauthenticated
    admin.disable | unauthenticated | unauthenticated | ok | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | unauthenticated
    admin.promote | unauthenticated | unauthenticated | ok | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | unauthenticated
    admin.stats | unauthenticated | unauthenticated | ok | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | unauthenticated
    ");
}
