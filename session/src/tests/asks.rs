//! Transcripts of requests that the session only transmits, and of lists that are put together from their
//! pages.

use common::Subject;
use common::accounts::ListNames;
use common::channels::{GiveRole, OneMember, Role, SetChannel};
use common::methods::{
    ChannelBan, ChannelInvite, ChannelKick, ChannelRole, ChannelSet, ChannelUnban, Request, ServerInfo,
    UserList,
};
use common::node::NoParams;
use testkit::{channel, user};

use super::stage::users;
use super::*;

/// A request about bob in #ops.
fn about_bob<R: for<'a> Request<Params<'a> = OneMember<'a>>>() -> Command {
    let user = user("bob");
    Command::Ask(Ask::of::<R>(|token| OneMember { token, channel: channel("#ops"), user }))
}

fn set(subject: Option<&'static str>, private: Option<bool>) -> Command {
    let subject = subject.map(|subject| Subject::new(subject).expect("a subject"));
    Command::Ask(Ask::of::<ChannelSet>(|token| SetChannel {
        token,
        channel: channel("#ops"),
        subject,
        private,
    }))
}

#[test]
fn every_method_is_transmitted_with_its_parameters_and_its_result() {
    let mut stage = Stage::restored();
    stage.take_transcript();
    stage.command(about_bob::<ChannelInvite>());
    stage.command(about_bob::<ChannelKick>());
    stage.command(about_bob::<ChannelBan>());
    stage.command(about_bob::<ChannelUnban>());
    let user = user("bob");
    let role = |token| GiveRole { token, channel: channel("#ops"), user, role: Role::Moderator };
    stage.command(Command::Ask(Ask::of::<ChannelRole>(role)));
    stage.command(set(Some("lunch"), None));
    stage.command(set(None, Some(true)));
    stage.command(Command::Create { channel: channel("#ops"), private: true });
    stage.reply("channel.kick", &json!({}));
    stage.refuse("channel.ban", Detail::NotAuthor);
    insta::assert_snapshot!(stage.transcript, @r##"
    ask 1 channel.invite {"channel":"#ops","user":"bob"}
    ask 2 channel.kick {"channel":"#ops","user":"bob"}
    ask 3 channel.ban {"channel":"#ops","user":"bob"}
    ask 4 channel.unban {"channel":"#ops","user":"bob"}
    ask 5 channel.role {"channel":"#ops","role":"moderator","user":"bob"}
    ask 6 channel.set {"channel":"#ops","subject":"lunch"}
    ask 7 channel.set {"channel":"#ops","private":true}
    ask 8 channel.create {"channel":"#ops","private":true}
    answer Result("{}")
    refuse only the author of a message may do this
    "##);
}

#[test]
fn a_request_carries_the_token_if_its_method_needs_one() {
    let mut stage = Stage::nobody();
    stage.command(users());
    stage.command(Command::Ask(Ask::of::<ServerInfo>(|_token| NoParams {})));
    let user = user("alice");
    let account = LoggedIn { user, token: "t".to_owned(), topic: OWN.to_owned(), expires: 1 };
    stage.session.command(0, 1, Command::Restore(account));
    stage.session.command(0, 1, users());
    let effects = stage.session.take_effects();
    let Some(Effect::Send { line, .. }) = effects.last() else { panic!("{effects:?}") };
    assert!(String::from_utf8_lossy(line).contains(r#""params":{"token":"t"}"#));
    insta::assert_snapshot!(stage.transcript, @r"
    refuse you are not logged in: log in first
    ask 1 server.info {}
    ");
}

#[test]
fn a_list_is_put_together_from_its_pages() {
    let mut stage = Stage::restored();
    stage.take_transcript();
    stage.command(Command::ListReads);
    let read =
        |conversation| json!({"conversation": conversation, "n": 1, "head": 1, "unread": 0, "mentions": 0});
    stage.reply("read.list", &json!({"conversations": [read("#a"), read("#b")], "more": true}));
    stage.reply("read.list", &json!({"conversations": [read("@bob")], "more": false}));
    insta::assert_snapshot!(stage.transcript, @r##"
    ask 1 read.list {}
    ask 2 read.list {"after":"#b"}
    answer Reads([Reading { conversation: Channel(ChannelName("#a")), n: 1, head: 1, unread: 0, mentions: 0 }, Reading { conversation: Channel(ChannelName("#b")), n: 1, head: 1, unread: 0, mentions: 0 }, Reading { conversation: User(UserName("bob")), n: 1, head: 1, unread: 0, mentions: 0 }])
    "##);
}

#[test]
fn a_list_ends_with_its_last_page_or_one_without_items() {
    let page = |names: &[&str], more| {
        let users: Vec<_> = names.iter().map(|name| json!({"user": name, "since": 1})).collect();
        decode::<UserList>(&json!({"users": users, "more": more}).to_string()).expect("a page")
    };
    let mut pager = Pager::<UserList>::new(|token| ListNames { token, after: None });
    assert!(pager.take(page(&["alice", "bob"], true)));
    assert_eq!(pager.ask(), Ask::of::<UserList>(|token| ListNames { token, after: Some("bob".into()) }));
    assert!(pager.take(page(&["carol"], true)));
    assert!(!pager.take(page(&[], true)), "no progress");
    assert_eq!(pager.into_items().len(), 3);
}

#[test]
fn a_result_of_another_form_is_an_error() {
    let error = decode::<UserList>("5").expect_err("no users");
    assert!(matches!(error.detail(), Some(Detail::BadAnswer { .. })), "{error}");
}
