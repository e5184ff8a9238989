//! Tables of the result of every method for every kind of user: without a token, with a forged token, and
//! with each relation to a channel. A change of rights changes a cell of these tables.

#![expect(clippy::expect_used, reason = "test helpers may panic")]

use std::fmt::Write as _;

use common::channels::Role;
use common::methods::Method;
use common::{ContentHash, FileName, rpc};
use disk::Disk as _;
use serde_json::{Value, json};
use server::domain::Command;
use server::services::files::Upload;
use server::services::search::Search;
use testkit::team::commands::{actor, join, send, share};
use testkit::team::{NOW_MS, Team};
use testkit::{id, target, user};
use uuid::Uuid;

/// The number of the upload's id. The uploader is the user who sends the request.
const UPLOAD: u128 = 2;

/// The number of the owner's file in `#room`.
const FILE_N: u64 = 13;
/// The number of the member's message in `#room`.
const MESSAGE_N: u64 = 14;

/// The relations of users to `#room`, which are also the names of the users. Requests that need another user
/// use the member `target`. The administrator is not a member, and `disabled` was a member.
const RELATIONS: [&str; 9] =
    ["administrator", "outsider", "banned", "invited", "member", "moderator", "owner", "target", "disabled"];

/// A team with a user of each relation.
fn team(private: bool) -> Team {
    let owner = || actor("owner", "#room");
    let mut commands = vec![Command::CreateChannel(owner(), private)];
    for name in ["member", "moderator", "target", "disabled", "invited"] {
        commands.push(Command::Invite(owner(), user(name)));
        if name != "invited" {
            commands.push(join(name, "#room"));
        }
    }
    commands.extend([
        Command::GiveRole(owner(), user("moderator"), Role::Moderator),
        Command::Ban(owner(), user("banned")),
        share("owner", "#room", id(UPLOAD + 7), upload("owner").info()),
        send("member", "#room", id(UPLOAD + 8), "the member's message"),
        Command::Disable { by: user("administrator"), user: user("disabled"), disabled: true },
    ]);
    Team::new(&RELATIONS, commands)
}

/// An open upload to `#room`.
fn upload(by: &str) -> Upload {
    let (to, name) = (target("#room"), FileName::new("plan.pdf").expect("a file name"));
    let (user, sha256) = (user(by), ContentHash([7; 32]));
    Upload {
        id: id(UPLOAD),
        user,
        to,
        name,
        bytes: 5,
        sha256,
        begun: NOW_MS,
        is_verified: false,
        by_hash: None,
        is_from_earlier_run: false,
    }
}

/// The parameters of a method's example, with names and numbers that exist in the team.
fn params(method: Method, token: Option<&str>) -> Value {
    let mut params: Value = serde_json::from_str(method.description().params).expect("an example");
    let replaced = [
        ("token", json!(token)),
        ("channel", json!(if method == Method::ChannelCreate { "#new" } else { "#room" })),
        ("user", json!(if method == Method::ChannelUnban { "banned" } else { "target" })),
        ("to", json!("#room")),
        ("conversation", json!("#room")),
        ("conversations", json!(["#room"])),
        ("session", json!(Uuid::nil())),
        ("file", json!(id(UPLOAD))),
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
    params
}

/// The reply to a method in a new team: `ok`, or the reason of the error.
fn reply(method: Method, token: Option<&str>, private: bool) -> String {
    let mut team = team(private);
    if let Some(uploader) = token.filter(|_| matches!(method, Method::FileChunk | Method::FileCommit)) {
        let metadata = serde_json::to_vec(&upload(uploader)).expect("JSON");
        team.disk
            .replace_atomically(&format!("files/uploads/{}.json", id(UPLOAD)), &metadata)
            .expect("a sound disk");
        team.restart();
    }
    let mut team = team.with_search(Search::without_thread("nowhere".as_ref()));
    let mut line = Vec::new();
    rpc::encode_request(&mut line, "1", method.description().name, &params(method, token));
    team.accept(std::str::from_utf8(&line).expect("UTF-8"), Some(b"bytes"));
    team.flush();
    // A request without a reply has started a job, so the user has the right.
    let Some(reply) = team.sent.replies.pop() else { return "ok".to_owned() };
    let reply = rpc::decode_reply(reply.lines.as_bytes()).expect("a reply");
    reply.error.map_or_else(|| "ok".to_owned(), |error| error.data.reason)
}

/// A table with a row for each method and a column for each kind of user.
fn table(private: bool) -> String {
    let mut text = String::from("method");
    let columns = [("no token", None), ("forged", Some("forged"))];
    let columns: Vec<_> = columns.into_iter().chain(RELATIONS.map(|name| (name, Some(name)))).collect();
    columns.iter().for_each(|(name, _)| write!(text, " | {name}").expect("written"));
    for method in Method::ALL {
        write!(text, "\n{}", method.description().name).expect("written");
        for (_, token) in &columns {
            write!(text, " | {}", reply(*method, *token, private)).expect("written");
        }
    }
    text
}

#[test]
#[expect(clippy::too_many_lines, reason = "one row for each method")]
fn every_method_in_a_public_channel() {
    insta::assert_snapshot!(table(false), @r"
    method | no token | forged | administrator | outsider | banned | invited | member | moderator | owner | target | disabled
    server.info | ok | ok | ok | ok | ok | ok | ok | ok | ok | ok | ok
    auth.register | name_taken | name_taken | name_taken | name_taken | name_taken | name_taken | name_taken | name_taken | name_taken | name_taken | name_taken
    auth.login | ok | ok | ok | ok | ok | ok | ok | ok | ok | ok | ok
    auth.reset | wrong_credentials | wrong_credentials | wrong_credentials | wrong_credentials | wrong_credentials | wrong_credentials | wrong_credentials | wrong_credentials | wrong_credentials | wrong_credentials | wrong_credentials
    auth.logout | unauthenticated | unauthenticated | ok | ok | ok | ok | ok | ok | ok | ok | unauthenticated
    auth.password | unauthenticated | unauthenticated | ok | ok | ok | ok | ok | ok | ok | ok | unauthenticated
    session.list | unauthenticated | unauthenticated | ok | ok | ok | ok | ok | ok | ok | ok | unauthenticated
    session.revoke | unauthenticated | unauthenticated | ok | ok | ok | ok | ok | ok | ok | ok | unauthenticated
    account.delete | unauthenticated | unauthenticated | last_administrator | ok | ok | ok | ok | ok | ok | ok | unauthenticated
    user.set | unauthenticated | unauthenticated | ok | ok | ok | ok | ok | ok | ok | ok | unauthenticated
    user.block | unauthenticated | unauthenticated | ok | ok | ok | ok | ok | ok | ok | invalid_params | unauthenticated
    user.unblock | unauthenticated | unauthenticated | ok | ok | ok | ok | ok | ok | ok | invalid_params | unauthenticated
    user.blocks | unauthenticated | unauthenticated | ok | ok | ok | ok | ok | ok | ok | ok | unauthenticated
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
    channel.rename | unauthenticated | unauthenticated | not_member | not_member | not_member | not_member | not_allowed | not_allowed | ok | not_allowed | unauthenticated
    channel.archive | unauthenticated | unauthenticated | not_member | not_member | not_member | not_member | not_allowed | not_allowed | ok | not_allowed | unauthenticated
    channel.delete | unauthenticated | unauthenticated | not_member | not_member | not_member | not_member | not_allowed | not_allowed | ok | not_allowed | unauthenticated
    message.send | unauthenticated | unauthenticated | not_member | not_member | not_member | not_member | ok | ok | ok | ok | unauthenticated
    message.edit | unauthenticated | unauthenticated | not_member | not_member | not_member | not_member | ok | not_allowed | not_allowed | not_allowed | unauthenticated
    message.delete | unauthenticated | unauthenticated | not_member | not_member | not_member | not_member | not_allowed | ok | ok | not_allowed | unauthenticated
    message.react | unauthenticated | unauthenticated | not_member | not_member | not_member | not_member | ok | ok | ok | ok | unauthenticated
    file.begin | unauthenticated | unauthenticated | not_member | not_member | not_member | not_member | ok | ok | ok | ok | unauthenticated
    file.chunk | unauthenticated | unauthenticated | ok | ok | ok | ok | ok | ok | ok | ok | unauthenticated
    file.commit | unauthenticated | unauthenticated | not_member | not_member | not_member | not_member | ok | ok | ok | ok | unauthenticated
    file.get | unauthenticated | unauthenticated | not_member | not_member | not_member | not_member | ok | ok | ok | ok | unauthenticated
    file.link | unauthenticated | unauthenticated | not_member | not_member | not_member | not_member | ok | ok | ok | ok | unauthenticated
    file.open | no_such_file | no_such_file | no_such_file | no_such_file | no_such_file | no_such_file | no_such_file | no_such_file | no_such_file | no_such_file | no_such_file
    message.history | unauthenticated | unauthenticated | not_member | not_member | not_member | not_member | ok | ok | ok | ok | unauthenticated
    message.search | unauthenticated | unauthenticated | not_member | not_member | not_member | not_member | ok | ok | ok | ok | unauthenticated
    read.mark | unauthenticated | unauthenticated | not_member | not_member | not_member | not_member | ok | ok | ok | ok | unauthenticated
    read.list | unauthenticated | unauthenticated | ok | ok | ok | ok | ok | ok | ok | ok | unauthenticated
    read.share | unauthenticated | unauthenticated | ok | ok | ok | ok | ok | ok | ok | ok | unauthenticated
    read.peer | unauthenticated | unauthenticated | ok | ok | ok | ok | ok | ok | ok | ok | unauthenticated
    notify.set | unauthenticated | unauthenticated | not_member | not_member | not_member | not_member | ok | ok | ok | ok | unauthenticated
    notify.list | unauthenticated | unauthenticated | ok | ok | ok | ok | ok | ok | ok | ok | unauthenticated
    mention.list | unauthenticated | unauthenticated | ok | ok | ok | ok | ok | ok | ok | ok | unauthenticated
    sync.heads | unauthenticated | unauthenticated | ok | ok | ok | ok | ok | ok | ok | ok | unauthenticated
    presence.set | unauthenticated | unauthenticated | ok | ok | ok | ok | ok | ok | ok | ok | unauthenticated
    typing.set | unauthenticated | unauthenticated | not_member | not_member | not_member | not_member | ok | ok | ok | ok | unauthenticated
    hook.create | unauthenticated | unauthenticated | not_member | not_member | not_member | not_member | not_allowed | ok | ok | not_allowed | unauthenticated
    hook.list | unauthenticated | unauthenticated | not_member | not_member | not_member | not_member | not_allowed | ok | ok | not_allowed | unauthenticated
    hook.revoke | unauthenticated | unauthenticated | no_such_hook | no_such_hook | no_such_hook | no_such_hook | no_such_hook | no_such_hook | no_such_hook | no_such_hook | unauthenticated
    hook.resume | unauthenticated | unauthenticated | no_such_hook | no_such_hook | no_such_hook | no_such_hook | no_such_hook | no_such_hook | no_such_hook | no_such_hook | unauthenticated
    delivery.take | not_allowed | not_allowed | not_allowed | not_allowed | not_allowed | not_allowed | not_allowed | not_allowed | not_allowed | not_allowed | not_allowed
    delivery.report | not_allowed | not_allowed | not_allowed | not_allowed | not_allowed | not_allowed | not_allowed | not_allowed | not_allowed | not_allowed | not_allowed
    push.key | unauthenticated | unauthenticated | ok | ok | ok | ok | ok | ok | ok | ok | unauthenticated
    push.subscribe | unauthenticated | unauthenticated | ok | ok | ok | ok | ok | ok | ok | ok | unauthenticated
    push.unsubscribe | unauthenticated | unauthenticated | ok | ok | ok | ok | ok | ok | ok | ok | unauthenticated
    push.list | unauthenticated | unauthenticated | ok | ok | ok | ok | ok | ok | ok | ok | unauthenticated
    push.take | not_allowed | not_allowed | not_allowed | not_allowed | not_allowed | not_allowed | not_allowed | not_allowed | not_allowed | not_allowed | not_allowed
    push.report | not_allowed | not_allowed | not_allowed | not_allowed | not_allowed | not_allowed | not_allowed | not_allowed | not_allowed | not_allowed | not_allowed
    hook.post | no_such_hook | no_such_hook | no_such_hook | no_such_hook | no_such_hook | no_such_hook | no_such_hook | no_such_hook | no_such_hook | no_such_hook | no_such_hook
    bot.create | unauthenticated | unauthenticated | not_member | not_member | not_member | not_member | not_allowed | ok | ok | not_allowed | unauthenticated
    bot.list | unauthenticated | unauthenticated | ok | ok | ok | ok | ok | ok | ok | ok | unauthenticated
    bot.revoke | unauthenticated | unauthenticated | no_such_bot | no_such_bot | no_such_bot | no_such_bot | no_such_bot | no_such_bot | no_such_bot | no_such_bot | unauthenticated
    command.register | unauthenticated | unauthenticated | not_allowed | not_allowed | not_allowed | not_allowed | not_allowed | not_allowed | not_allowed | not_allowed | unauthenticated
    command.list | unauthenticated | unauthenticated | not_member | not_member | not_member | not_member | ok | ok | ok | ok | unauthenticated
    admin.users | unauthenticated | unauthenticated | ok | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | unauthenticated
    admin.channels | unauthenticated | unauthenticated | ok | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | unauthenticated
    admin.sessions | unauthenticated | unauthenticated | ok | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | unauthenticated
    admin.disable | unauthenticated | unauthenticated | ok | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | unauthenticated
    admin.promote | unauthenticated | unauthenticated | ok | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | unauthenticated
    admin.reset_password | unauthenticated | unauthenticated | ok | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | unauthenticated
    join_code.create | unauthenticated | unauthenticated | ok | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | unauthenticated
    join_code.list | unauthenticated | unauthenticated | ok | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | unauthenticated
    join_code.revoke | unauthenticated | unauthenticated | no_such_join_code | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | unauthenticated
    admin.stats | unauthenticated | unauthenticated | ok | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | unauthenticated
    admin.backup | unauthenticated | unauthenticated | unavailable | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | unauthenticated
    admin.backups | unauthenticated | unauthenticated | ok | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | unauthenticated
    admin.backup_get | unauthenticated | unauthenticated | no_such_file | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | unauthenticated
    ");
}

#[test]
#[expect(clippy::too_many_lines, reason = "one row for each method")]
fn every_method_in_a_private_channel() {
    insta::assert_snapshot!(table(true), @r"
    method | no token | forged | administrator | outsider | banned | invited | member | moderator | owner | target | disabled
    server.info | ok | ok | ok | ok | ok | ok | ok | ok | ok | ok | ok
    auth.register | name_taken | name_taken | name_taken | name_taken | name_taken | name_taken | name_taken | name_taken | name_taken | name_taken | name_taken
    auth.login | ok | ok | ok | ok | ok | ok | ok | ok | ok | ok | ok
    auth.reset | wrong_credentials | wrong_credentials | wrong_credentials | wrong_credentials | wrong_credentials | wrong_credentials | wrong_credentials | wrong_credentials | wrong_credentials | wrong_credentials | wrong_credentials
    auth.logout | unauthenticated | unauthenticated | ok | ok | ok | ok | ok | ok | ok | ok | unauthenticated
    auth.password | unauthenticated | unauthenticated | ok | ok | ok | ok | ok | ok | ok | ok | unauthenticated
    session.list | unauthenticated | unauthenticated | ok | ok | ok | ok | ok | ok | ok | ok | unauthenticated
    session.revoke | unauthenticated | unauthenticated | ok | ok | ok | ok | ok | ok | ok | ok | unauthenticated
    account.delete | unauthenticated | unauthenticated | last_administrator | ok | ok | ok | ok | ok | ok | ok | unauthenticated
    user.set | unauthenticated | unauthenticated | ok | ok | ok | ok | ok | ok | ok | ok | unauthenticated
    user.block | unauthenticated | unauthenticated | ok | ok | ok | ok | ok | ok | ok | invalid_params | unauthenticated
    user.unblock | unauthenticated | unauthenticated | ok | ok | ok | ok | ok | ok | ok | invalid_params | unauthenticated
    user.blocks | unauthenticated | unauthenticated | ok | ok | ok | ok | ok | ok | ok | ok | unauthenticated
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
    channel.rename | unauthenticated | unauthenticated | no_such_channel | no_such_channel | no_such_channel | not_member | not_allowed | not_allowed | ok | not_allowed | unauthenticated
    channel.archive | unauthenticated | unauthenticated | no_such_channel | no_such_channel | no_such_channel | not_member | not_allowed | not_allowed | ok | not_allowed | unauthenticated
    channel.delete | unauthenticated | unauthenticated | no_such_channel | no_such_channel | no_such_channel | not_member | not_allowed | not_allowed | ok | not_allowed | unauthenticated
    message.send | unauthenticated | unauthenticated | no_such_channel | no_such_channel | no_such_channel | not_member | ok | ok | ok | ok | unauthenticated
    message.edit | unauthenticated | unauthenticated | no_such_channel | no_such_channel | no_such_channel | not_member | ok | not_allowed | not_allowed | not_allowed | unauthenticated
    message.delete | unauthenticated | unauthenticated | no_such_channel | no_such_channel | no_such_channel | not_member | not_allowed | ok | ok | not_allowed | unauthenticated
    message.react | unauthenticated | unauthenticated | no_such_channel | no_such_channel | no_such_channel | not_member | ok | ok | ok | ok | unauthenticated
    file.begin | unauthenticated | unauthenticated | no_such_channel | no_such_channel | no_such_channel | not_member | ok | ok | ok | ok | unauthenticated
    file.chunk | unauthenticated | unauthenticated | ok | ok | ok | ok | ok | ok | ok | ok | unauthenticated
    file.commit | unauthenticated | unauthenticated | no_such_channel | no_such_channel | no_such_channel | not_member | ok | ok | ok | ok | unauthenticated
    file.get | unauthenticated | unauthenticated | no_such_channel | no_such_channel | no_such_channel | not_member | ok | ok | ok | ok | unauthenticated
    file.link | unauthenticated | unauthenticated | no_such_channel | no_such_channel | no_such_channel | not_member | ok | ok | ok | ok | unauthenticated
    file.open | no_such_file | no_such_file | no_such_file | no_such_file | no_such_file | no_such_file | no_such_file | no_such_file | no_such_file | no_such_file | no_such_file
    message.history | unauthenticated | unauthenticated | no_such_channel | no_such_channel | no_such_channel | not_member | ok | ok | ok | ok | unauthenticated
    message.search | unauthenticated | unauthenticated | no_such_channel | no_such_channel | no_such_channel | not_member | ok | ok | ok | ok | unauthenticated
    read.mark | unauthenticated | unauthenticated | no_such_channel | no_such_channel | no_such_channel | not_member | ok | ok | ok | ok | unauthenticated
    read.list | unauthenticated | unauthenticated | ok | ok | ok | ok | ok | ok | ok | ok | unauthenticated
    read.share | unauthenticated | unauthenticated | ok | ok | ok | ok | ok | ok | ok | ok | unauthenticated
    read.peer | unauthenticated | unauthenticated | ok | ok | ok | ok | ok | ok | ok | ok | unauthenticated
    notify.set | unauthenticated | unauthenticated | no_such_channel | no_such_channel | no_such_channel | not_member | ok | ok | ok | ok | unauthenticated
    notify.list | unauthenticated | unauthenticated | ok | ok | ok | ok | ok | ok | ok | ok | unauthenticated
    mention.list | unauthenticated | unauthenticated | ok | ok | ok | ok | ok | ok | ok | ok | unauthenticated
    sync.heads | unauthenticated | unauthenticated | ok | ok | ok | ok | ok | ok | ok | ok | unauthenticated
    presence.set | unauthenticated | unauthenticated | ok | ok | ok | ok | ok | ok | ok | ok | unauthenticated
    typing.set | unauthenticated | unauthenticated | no_such_channel | no_such_channel | no_such_channel | not_member | ok | ok | ok | ok | unauthenticated
    hook.create | unauthenticated | unauthenticated | no_such_channel | no_such_channel | no_such_channel | not_member | not_allowed | ok | ok | not_allowed | unauthenticated
    hook.list | unauthenticated | unauthenticated | no_such_channel | no_such_channel | no_such_channel | not_member | not_allowed | ok | ok | not_allowed | unauthenticated
    hook.revoke | unauthenticated | unauthenticated | no_such_hook | no_such_hook | no_such_hook | no_such_hook | no_such_hook | no_such_hook | no_such_hook | no_such_hook | unauthenticated
    hook.resume | unauthenticated | unauthenticated | no_such_hook | no_such_hook | no_such_hook | no_such_hook | no_such_hook | no_such_hook | no_such_hook | no_such_hook | unauthenticated
    delivery.take | not_allowed | not_allowed | not_allowed | not_allowed | not_allowed | not_allowed | not_allowed | not_allowed | not_allowed | not_allowed | not_allowed
    delivery.report | not_allowed | not_allowed | not_allowed | not_allowed | not_allowed | not_allowed | not_allowed | not_allowed | not_allowed | not_allowed | not_allowed
    push.key | unauthenticated | unauthenticated | ok | ok | ok | ok | ok | ok | ok | ok | unauthenticated
    push.subscribe | unauthenticated | unauthenticated | ok | ok | ok | ok | ok | ok | ok | ok | unauthenticated
    push.unsubscribe | unauthenticated | unauthenticated | ok | ok | ok | ok | ok | ok | ok | ok | unauthenticated
    push.list | unauthenticated | unauthenticated | ok | ok | ok | ok | ok | ok | ok | ok | unauthenticated
    push.take | not_allowed | not_allowed | not_allowed | not_allowed | not_allowed | not_allowed | not_allowed | not_allowed | not_allowed | not_allowed | not_allowed
    push.report | not_allowed | not_allowed | not_allowed | not_allowed | not_allowed | not_allowed | not_allowed | not_allowed | not_allowed | not_allowed | not_allowed
    hook.post | no_such_hook | no_such_hook | no_such_hook | no_such_hook | no_such_hook | no_such_hook | no_such_hook | no_such_hook | no_such_hook | no_such_hook | no_such_hook
    bot.create | unauthenticated | unauthenticated | no_such_channel | no_such_channel | no_such_channel | not_member | not_allowed | ok | ok | not_allowed | unauthenticated
    bot.list | unauthenticated | unauthenticated | ok | ok | ok | ok | ok | ok | ok | ok | unauthenticated
    bot.revoke | unauthenticated | unauthenticated | no_such_bot | no_such_bot | no_such_bot | no_such_bot | no_such_bot | no_such_bot | no_such_bot | no_such_bot | unauthenticated
    command.register | unauthenticated | unauthenticated | not_allowed | not_allowed | not_allowed | not_allowed | not_allowed | not_allowed | not_allowed | not_allowed | unauthenticated
    command.list | unauthenticated | unauthenticated | no_such_channel | no_such_channel | no_such_channel | not_member | ok | ok | ok | ok | unauthenticated
    admin.users | unauthenticated | unauthenticated | ok | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | unauthenticated
    admin.channels | unauthenticated | unauthenticated | ok | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | unauthenticated
    admin.sessions | unauthenticated | unauthenticated | ok | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | unauthenticated
    admin.disable | unauthenticated | unauthenticated | ok | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | unauthenticated
    admin.promote | unauthenticated | unauthenticated | ok | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | unauthenticated
    admin.reset_password | unauthenticated | unauthenticated | ok | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | unauthenticated
    join_code.create | unauthenticated | unauthenticated | ok | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | unauthenticated
    join_code.list | unauthenticated | unauthenticated | ok | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | unauthenticated
    join_code.revoke | unauthenticated | unauthenticated | no_such_join_code | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | unauthenticated
    admin.stats | unauthenticated | unauthenticated | ok | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | unauthenticated
    admin.backup | unauthenticated | unauthenticated | unavailable | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | unauthenticated
    admin.backups | unauthenticated | unauthenticated | ok | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | unauthenticated
    admin.backup_get | unauthenticated | unauthenticated | no_such_file | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | not_administrator | unauthenticated
    ");
}
