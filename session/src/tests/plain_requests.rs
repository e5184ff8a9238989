//! Plain requests, and lists of several pages.

use common::Subject;
use common::accounts::ListNames;
use common::channels::{GiveRole, OneMember, Role, SetChannel};
use common::methods::{
    ChannelBan, ChannelInvite, ChannelKick, ChannelRole, ChannelSet, ChannelUnban, Request, ServerInfo,
    UserList,
};
use common::node::NoParams;
use testkit::{channel, user};

use super::harness::users;
use super::*;

/// A request of the method `R` about bob in #ops.
fn about_bob<R: for<'a> Request<Params<'a> = OneMember<'a>>>() -> Command {
    let user = user("bob");
    Command::Request(PlainRequest::of::<R>(|token| OneMember { token, channel: channel("#ops"), user }))
}

fn set(subject: Option<&'static str>, private: Option<bool>) -> Command {
    let subject = subject.map(|subject| Subject::new(subject).expect("a subject"));
    Command::Request(PlainRequest::of::<ChannelSet>(|token| SetChannel {
        token,
        channel: channel("#ops"),
        subject,
        private,
    }))
}

#[test]
fn every_method_is_transmitted_with_its_parameters_and_its_result() {
    let mut harness = Harness::logged_in();
    harness.take_transcript();
    harness.command(about_bob::<ChannelInvite>());
    harness.command(about_bob::<ChannelKick>());
    harness.command(about_bob::<ChannelBan>());
    harness.command(about_bob::<ChannelUnban>());
    let user = user("bob");
    let role = |token| GiveRole { token, channel: channel("#ops"), user, role: Role::Moderator };
    harness.command(Command::Request(PlainRequest::of::<ChannelRole>(role)));
    harness.command(set(Some("lunch"), None));
    harness.command(set(None, Some(true)));
    harness.command(Command::Create { channel: channel("#ops"), private: true });
    harness.reply("channel.kick", &json!({}));
    harness.reply_error("channel.ban", Detail::NotAuthor);
    insta::assert_snapshot!(harness.transcript, @r##"
    request 1 channel.invite {"channel":"#ops","user":"bob"}
    request 2 channel.kick {"channel":"#ops","user":"bob"}
    request 3 channel.ban {"channel":"#ops","user":"bob"}
    request 4 channel.unban {"channel":"#ops","user":"bob"}
    request 5 channel.role {"channel":"#ops","role":"moderator","user":"bob"}
    request 6 channel.set {"channel":"#ops","subject":"lunch"}
    request 7 channel.set {"channel":"#ops","private":true}
    request 8 channel.create {"channel":"#ops","private":true}
    answer Result("{}")
    error only the author of a message may do this
    "##);
}

#[test]
fn a_request_carries_the_token_if_its_method_needs_one() {
    let mut harness = Harness::logged_out();
    harness.command(users());
    harness.command(Command::Request(PlainRequest::of::<ServerInfo>(|_token| NoParams {})));
    let user = user("alice");
    let account = LoggedIn { user, token: "t".to_owned(), topic: OWN.to_owned(), expires: 1 };
    harness.session.command(0, 1, Command::Restore(account));
    harness.session.command(0, 1, users());
    let effects = harness.session.take_effects();
    let Some(Effect::Send { line, .. }) = effects.last() else { panic!("{effects:?}") };
    assert!(String::from_utf8_lossy(line).contains(r#""params":{"token":"t"}"#));
    insta::assert_snapshot!(harness.transcript, @r"
    error you are not logged in: log in first
    request 1 server.info {}
    ");
}

#[test]
fn a_list_is_collected_from_its_pages() {
    let mut harness = Harness::logged_in();
    harness.take_transcript();
    harness.command(Command::ListReads);
    let read =
        |conversation| json!({"conversation": conversation, "n": 1, "head": 1, "unread": 0, "mentions": 0});
    harness.reply("read.list", &json!({"conversations": [read("#a"), read("#b")], "more": true}));
    harness.reply("read.list", &json!({"conversations": [read("@bob")], "more": false}));
    insta::assert_snapshot!(harness.transcript, @r##"
    request 1 read.list {}
    request 2 read.list {"after":"#b"}
    answer Reads([Reading { conversation: Channel(ChannelName("#a")), n: 1, head: 1, unread: 0, mentions: 0 }, Reading { conversation: Channel(ChannelName("#b")), n: 1, head: 1, unread: 0, mentions: 0 }, Reading { conversation: User(UserName("bob")), n: 1, head: 1, unread: 0, mentions: 0 }])
    "##);
}

#[test]
fn a_list_ends_with_its_last_page_or_with_an_empty_page() {
    let page = |names: &[&str], more| {
        let users: Vec<_> = names.iter().map(|name| json!({"user": name, "since": 1})).collect();
        decode::<UserList>(&json!({"users": users, "more": more}).to_string()).expect("a page")
    };
    let mut pager = Pager::<UserList>::new(|token| ListNames { token, after: None });
    assert!(pager.take(page(&["alice", "bob"], true)));
    assert_eq!(
        pager.request(),
        PlainRequest::of::<UserList>(|token| ListNames { token, after: Some("bob".into()) })
    );
    assert!(pager.take(page(&["carol"], true)));
    assert!(!pager.take(page(&[], true)), "no progress");
    assert_eq!(pager.into_items().len(), 3);
}

#[test]
fn an_invalid_result_is_an_error() {
    let error = decode::<UserList>("5").expect_err("no users");
    assert!(matches!(error.detail(), Some(Detail::BadAnswer { .. })), "{error}");
}
