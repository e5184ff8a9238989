//! Memberships that another user or another session begins or ends.

use serde_json::json;
use testkit::channel;

use super::harness::{Harness, OWN, TOPIC, heads, ops};
use crate::*;

/// An event in #ops.
fn event(n: u64, from: &str, rest: &str) -> String {
    format!(r##"{{"n":{n},"at":1,"to":"#ops","from":"{from}",{rest}}}"##)
}

fn ops_name() -> common::ChannelName {
    channel("#ops")
}

#[test]
fn an_invitation_is_emitted_and_its_channel_is_not_followed() {
    let mut harness = Harness::following();
    let line = r##"{"n":9,"at":1,"to":"#board","from":"bob","kind":"channel.invited","user":"alice"}"##;
    harness.own_topic_line(line);
    harness.advance(1_000);
    insta::assert_snapshot!(harness.transcript, @"invited #board 9");
}

#[test]
fn a_removed_member_no_longer_follows_the_channel() {
    for kind in ["channel.kicked", "channel.banned"] {
        let mut harness = Harness::following();
        let line = event(4, "bob", &format!(r#""kind":"{kind}","user":"alice""#));
        harness.own_topic_line(&line);
        // The same event on the channel's topic.
        harness.session.events(0, TOPIC.as_bytes(), line.as_bytes());
        harness.event(5);
        harness.run_effects();
        assert_eq!(harness.transcript, "unsubscribe channel.ops\nmembership ended #ops 4\n", "{kind}");
    }
}

#[test]
fn the_removal_of_another_member_is_an_ordinary_event() {
    let mut harness = Harness::following();
    let line = event(4, "bob", r#""kind":"channel.kicked","user":"carol""#);
    harness.session.events(0, TOPIC.as_bytes(), line.as_bytes());
    harness.event(5);
    assert_eq!(harness.emitted, [4, 5]);
}

#[test]
fn a_late_event_of_an_earlier_membership_does_not_end_the_current_membership() {
    let mut harness = Harness::following();
    harness.own_topic_line(&event(2, "bob", r#""kind":"channel.kicked","user":"alice""#));
    harness.event(4);
    assert_eq!(harness.emitted, [4]);
}

#[test]
fn a_channel_joined_in_another_session_is_followed_at_once() {
    let mut harness = Harness::following();
    harness.own_topic_line(&event(4, "alice", r#""kind":"channel.left""#));
    harness.own_topic_line(&event(8, "alice", r#""kind":"channel.joined""#));
    harness.advance(0);
    let head = json!({"conversation": "#ops", "n": 9, "topic": TOPIC});
    harness.reply("sync.heads", &json!({"cursor": 9, "topic": OWN, "heads": [head]}));
    harness.barrier();
    harness.event(10);
    insta::assert_snapshot!(harness.transcript, @r#"
    unsubscribe channel.ops
    membership ended #ops 4
    emit #ops 8
    request 4 sync.heads {"since":7}
    subscribe channel.ops
    subscribe barrier
    unsubscribe barrier
    request 5 sync.heads {"since":9}
    "#);
}

/// The simulation found this order (seed 3881): the join and the leave arrive on the channel's topic, and
/// then again on the user's own topic.
#[test]
fn a_join_that_arrives_after_the_end_of_its_membership_is_ignored() {
    let mut harness = Harness::following();
    let (joined, left) =
        (event(4, "alice", r#""kind":"channel.joined""#), event(5, "alice", r#""kind":"channel.left""#));
    let both = format!("{joined}\n{left}");
    harness.session.events(0, TOPIC.as_bytes(), both.as_bytes());
    harness.own_topic_line(&both);
    harness.run_effects();
    insta::assert_snapshot!(harness.transcript, @r"
    emit #ops 4
    unsubscribe channel.ops
    membership ended #ops 5
    ");
}

/// The simulation found this order (seed 440): the network delays the event of a join, and the user leaves by
/// a command.
#[test]
fn a_join_that_arrives_after_the_user_left_is_ignored() {
    let mut harness = Harness::following();
    harness.event(4);
    harness.command(Command::Leave(ops_name()));
    harness.reply("channel.leave", &json!({}));
    harness.own_topic_line(&event(3, "alice", r#""kind":"channel.joined""#));
    harness.event(4);
    harness.advance(1_000);
    assert_eq!(harness.emitted, [4]);
    assert_eq!(harness.session.status(harness.now_ms).conversations, []);
}

/// The simulation found this order (seed 28560): the event of a message arrives, then the user has left, and
/// the message is acknowledged.
#[test]
fn a_message_that_is_acknowledged_after_the_user_left_is_shown_once() {
    for shown in [4, 3] {
        let mut harness = Harness::following();
        harness.send("oi", 9);
        (4..=shown).for_each(|n| harness.event(n));
        harness.own_topic_line(&event(5, "alice", r#""kind":"channel.left""#));
        harness.reply("message.send", &json!({"n": 4, "at": 1}));
        assert_eq!(harness.emitted, [4], "shown up to {shown}");
    }
}

/// The simulation found this order (seed 28560): the user leaves while a request for heads is pending, and
/// the server has read the heads before.
#[test]
fn heads_that_are_older_than_the_end_of_a_membership_do_not_begin_it_again() {
    for is_own_command in [true, false] {
        let mut harness = Harness::following();
        harness.advance(limits::HEADS_INTERVAL_MS);
        harness.event(4);
        if is_own_command {
            harness.command(Command::Leave(ops_name()));
            harness.reply("channel.leave", &json!({}));
        }
        harness.own_topic_line(&event(7, "alice", r#""kind":"channel.left""#));
        harness.reply("sync.heads", &heads(9, 6));
        harness.event(4);
        harness.event(7);
        assert_eq!(harness.emitted, [4], "left by a command of this session: {is_own_command}");
        assert_eq!(harness.session.status(harness.now_ms).conversations, []);
        harness.advance(limits::HEADS_INTERVAL_MS);
        harness.reply("sync.heads", &heads(12, 8));
        assert_eq!(harness.session.status(harness.now_ms).conversations.len(), 1, "joined again");
    }
}

#[test]
fn joining_and_leaving_in_this_session_emit_only_the_answer() {
    let mut harness = Harness::following();
    harness.command(Command::Leave(ops_name()));
    harness.own_topic_line(&event(4, "alice", r#""kind":"channel.left""#));
    harness.reply("channel.leave", &json!({}));
    harness.command(Command::Join(ops_name()));
    harness.own_topic_line(&event(5, "alice", r#""kind":"channel.joined""#));
    harness.reply("channel.join", &json!({"channel": "#ops", "topic": TOPIC, "n": 5}));
    insta::assert_snapshot!(harness.transcript, @r##"
    request 4 channel.leave {"channel":"#ops"}
    unsubscribe channel.ops
    answer Done
    request 5 channel.join {"channel":"#ops"}
    subscribe channel.ops
    subscribe barrier
    answer Joined(Joined { channel: ChannelName("#ops"), names: LaterNames { name: None, former_names: {} }, topic: "channel.ops.9d8c7b6a5f4e3d2c1b0a998877665544", n: 5 })
    "##);
}

#[test]
fn a_renaming_is_reported_at_once_and_commands_may_use_any_name() {
    let mut harness = Harness::following();
    let line = event(4, "bob", r##""kind":"channel.renamed","new_name":"#dev""##);
    harness.session.events(0, TOPIC.as_bytes(), line.as_bytes());
    harness.run_effects();
    harness.command(Command::Leave(channel("#dev")));
    harness.own_topic_line(&event(5, "alice", r#""kind":"channel.left""#));
    harness.reply("channel.leave", &json!({}));
    insta::assert_snapshot!(harness.transcript, @r##"
    named #ops #dev
    emit #ops 4
    request 4 channel.leave {"channel":"#ops"}
    unsubscribe channel.ops
    answer Done
    "##);
}

#[test]
fn heads_report_a_renaming_that_was_missed() {
    let mut harness = Harness::logged_in();
    harness.command(Command::Follow(Follow::One { conversation: testkit::target("#dev"), after: None }));
    harness.reply("server.info", &super::harness::info());
    let mut heads = super::harness::heads(7, 3);
    heads["heads"][0]["name"] = json!("#dev");
    harness.reply("sync.heads", &heads);
    assert!(harness.take_transcript().contains("named #ops #dev"), "the later name leads to the channel");
}

#[test]
fn following_one_conversation_emits_nothing_about_others() {
    let mut harness = Harness::logged_in();
    harness.command(Command::Follow(Follow::One { conversation: ops(), after: None }));
    harness.reply("server.info", &super::harness::info());
    harness.reply("sync.heads", &super::harness::heads(7, 3));
    harness.take_transcript();
    harness.own_topic_line(
        r##"{"n":9,"at":1,"to":"#board","from":"bob","kind":"channel.invited","user":"alice"}"##,
    );
    harness.own_topic_line(r##"{"n":2,"at":1,"to":"#lunch","from":"alice","kind":"channel.joined"}"##);
    harness.advance(0);
    assert_eq!(harness.transcript, "");
}

#[test]
fn messages_of_blocked_users_in_channels_are_marked_as_hidden() {
    let mut harness = Harness::following();
    harness.command(Command::ListBlocks);
    harness.reply("user.blocks", &serde_json::json!({"users": [{"user": "bob", "at": 1}], "more": false}));
    let line = |n: u64, from: &str| {
        let id = uuid::Uuid::from_u128(u128::from(n));
        format!(
            r##"{{"n":{n},"at":1,"to":"#ops","from":"{from}","kind":"message","id":"{id}","text":"oi"}}"##
        )
    };
    harness.own_topic_line(&line(4, "bob"));
    harness.own_topic_line(&line(5, "carol"));
    harness.own_topic_line(r#"{"kind":"user.blocked","user":"bob","blocked":false}"#);
    harness.own_topic_line(&line(6, "bob"));
    assert_eq!(harness.emitted, [4, 5, 6]);
    assert_eq!(harness.hidden, [4]);
}
