//! Transcripts of being invited, removed, and busy in another session.

use serde_json::json;
use testkit::{channel, user};

use super::stage::{OWN, Stage, TOPIC, ops};
use crate::*;

/// An event in #ops.
fn event(n: u64, from: &str, rest: &str) -> String {
    format!(r##"{{"n":{n},"at":1,"to":"#ops","from":"{from}",{rest}}}"##)
}

fn ops_name() -> common::ChannelName {
    channel("#ops")
}

#[test]
fn an_invitation_is_told_and_is_no_conversation() {
    let mut stage = Stage::following();
    let line = r##"{"n":9,"at":1,"to":"#board","from":"bob","kind":"channel.invited","user":"alice"}"##;
    stage.own_line(line);
    stage.pass(1_000);
    insta::assert_snapshot!(stage.transcript, @"invited #board 9");
}

#[test]
fn whoever_is_removed_follows_no_more() {
    for kind in ["channel.kicked", "channel.banned"] {
        let mut stage = Stage::following();
        let line = event(4, "bob", &format!(r#""kind":"{kind}","user":"alice""#));
        stage.own_line(&line);
        // The same event, where the members listen.
        stage.session.events(0, TOPIC.as_bytes(), line.as_bytes());
        stage.event(5);
        stage.note();
        assert_eq!(stage.transcript, "unsubscribe channel.ops\nmembership ended #ops 4\n", "{kind}");
    }
}

#[test]
fn somebody_elses_removal_is_an_event_like_any_other() {
    let mut stage = Stage::following();
    let line = event(4, "bob", r#""kind":"channel.kicked","user":"carol""#);
    stage.session.events(0, TOPIC.as_bytes(), line.as_bytes());
    stage.event(5);
    assert_eq!(stage.told, [4, 5]);
}

#[test]
fn a_removal_of_before_ends_no_membership_of_now() {
    let mut stage = Stage::following();
    stage.own_line(&event(2, "bob", r#""kind":"channel.kicked","user":"alice""#));
    stage.event(4);
    assert_eq!(stage.told, [4]);
}

#[test]
fn a_channel_joined_in_another_session_is_followed_at_once() {
    let mut stage = Stage::following();
    stage.own_line(&event(4, "alice", r#""kind":"channel.left""#));
    stage.own_line(&event(8, "alice", r#""kind":"channel.joined""#));
    stage.pass(0);
    let head = json!({"conversation": "#ops", "n": 9, "topic": TOPIC});
    stage.reply("sync.heads", &json!({"cursor": 9, "topic": OWN, "heads": [head]}));
    stage.barrier();
    stage.event(10);
    insta::assert_snapshot!(stage.transcript, @r#"
    unsubscribe channel.ops
    membership ended #ops 4
    tell #ops 8
    ask 4 sync.heads {"since":7}
    subscribe channel.ops
    raise barrier
    lower barrier
    ask 5 sync.heads {"since":9}
    "#);
}

/// Found by the simulation (seed 3881): both topics tell of a joining and of what ended it, the channel's
/// first.
#[test]
fn a_joining_that_is_over_is_not_told_again() {
    let mut stage = Stage::following();
    let (joined, left) =
        (event(4, "alice", r#""kind":"channel.joined""#), event(5, "alice", r#""kind":"channel.left""#));
    let both = format!("{joined}\n{left}");
    stage.session.events(0, TOPIC.as_bytes(), both.as_bytes());
    stage.own_line(&both);
    stage.note();
    insta::assert_snapshot!(stage.transcript, @r"
    tell #ops 4
    unsubscribe channel.ops
    membership ended #ops 5
    ");
}

#[test]
fn what_one_asked_for_here_is_told_by_the_answer() {
    let mut stage = Stage::following();
    stage.command(Command::Leave(ops_name()));
    stage.own_line(&event(4, "alice", r#""kind":"channel.left""#));
    stage.reply("channel.leave", &json!({}));
    stage.command(Command::Join(ops_name()));
    stage.own_line(&event(5, "alice", r#""kind":"channel.joined""#));
    stage.reply("channel.join", &json!({"channel": "#ops", "topic": TOPIC, "n": 5}));
    insta::assert_snapshot!(stage.transcript, @r##"
    ask 4 channel.leave {"channel":"#ops"}
    unsubscribe channel.ops
    answer Done
    ask 5 channel.join {"channel":"#ops"}
    subscribe channel.ops
    raise barrier
    answer Joined(Joined { channel: ChannelName("#ops"), topic: "channel.ops.9d8c7b6a5f4e3d2c1b0a998877665544", n: 5 })
    "##);
}

#[test]
fn whoever_follows_one_conversation_is_told_of_no_other() {
    let mut stage = Stage::restored();
    stage.command(Command::Follow(Follow::One { conversation: ops(), after: None }));
    stage.reply("server.info", &super::stage::info());
    stage.reply("sync.heads", &super::stage::heads(7, 3));
    stage.take_transcript();
    stage.own_line(r##"{"n":9,"at":1,"to":"#board","from":"bob","kind":"channel.invited","user":"alice"}"##);
    stage.own_line(r##"{"n":2,"at":1,"to":"#lunch","from":"alice","kind":"channel.joined"}"##);
    stage.pass(0);
    assert_eq!(stage.transcript, "");
}

#[test]
fn looking_after_a_channel_asks_for_what_it_says() {
    let mut stage = Stage::restored();
    let bob = || user("bob");
    stage.take_transcript();
    for deed in [
        Deed::Invite(bob()),
        Deed::Kick(bob()),
        Deed::Ban(bob()),
        Deed::Unban(bob()),
        Deed::Role(bob(), common::channels::Role::Moderator),
        Deed::Set { subject: Some(common::Subject::new("lunch").expect("a subject")), private: None },
        Deed::Set { subject: None, private: Some(true) },
    ] {
        stage.command(Command::Manage(ops_name(), deed));
    }
    stage.command(Command::Create { channel: ops_name(), private: true });
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
    answer Done
    refuse only the author of a message may do this
    "##);
}
