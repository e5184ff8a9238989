//! Tests that a user who is not a member of a private channel cannot read, list, subscribe or join, or learn
//! that the channel exists.

use common::{Error, Reason};
use e2e::{Node, Peer, peers};
use serde_json::{Value, json};
use uuid::Uuid;

use super::reason;

fn requests_about(channel: &str) -> [(&'static str, Value); 13] {
    let on = |more: Value| {
        let mut params = json!({ "channel": channel });
        let more = more.as_object().cloned().unwrap_or_default();
        params.as_object_mut().expect("an object").extend(more);
        params
    };
    [
        ("channel.join", on(json!({}))),
        ("channel.leave", on(json!({}))),
        ("channel.members", on(json!({}))),
        ("channel.invite", on(json!({ "user": "eve" }))),
        ("channel.kick", on(json!({ "user": "alice" }))),
        ("channel.ban", on(json!({ "user": "alice" }))),
        ("channel.unban", on(json!({ "user": "eve" }))),
        ("channel.role", on(json!({ "user": "eve", "role": "owner" }))),
        ("channel.set", on(json!({ "subject": "mine" }))),
        ("channel.set", on(json!({ "private": false }))),
        ("message.send", json!({ "to": channel, "id": Uuid::now_v7(), "text": "oi" })),
        ("message.history", json!({ "conversation": channel })),
        ("message.history", json!({ "conversation": channel, "after": 0, "limit": 1 })),
    ]
}

/// The errors for a user who is not a member, without the channel's name.
fn refusals(peer: &mut Peer, channel: &str) -> Vec<(&'static str, Error)> {
    let calls = requests_about(channel).map(|(method, params)| {
        let refused = peer.call(method, params).expect_err(method);
        let line = serde_json::to_string(&refused).expect("JSON").replace(channel, "#x");
        (method, serde_json::from_str(&line).expect("an error"))
    });
    calls.into()
}

#[test]
fn an_outsider_learns_nothing_about_a_private_channel() {
    let node = Node::up();
    let [mut alice, mut bob, mut eve] = peers(&node, ["alice", "bob", "eve"]);
    let topic = alice.create_private("#secret").expect("a channel").topic;
    alice.call("channel.invite", json!({ "channel": "#secret", "user": "bob" })).expect("invited");
    bob.join("#secret").expect("bob joins");
    alice.send("#secret", "among us").expect("stored");

    let secret_refusals = refusals(&mut eve, "#secret");
    for (method, refused) in &secret_refusals {
        assert_eq!(refused.reason(), Some(Reason::NoSuchChannel), "{method}");
    }
    assert_eq!(
        secret_refusals,
        refusals(&mut eve, "#nowhere"),
        "the same as for a channel that does not exist"
    );
    assert_eq!(eve.heads().heads.iter().map(|head| head.conversation.to_string()).collect::<Vec<_>>(), ["*"]);
    let listed = eve.call("channel.list", json!({})).expect("a list").to_string();
    assert!(!listed.contains("secret"), "{listed}");

    // The name in the topic is known, but its key cannot be guessed.
    let mut outsider = node.subscriber();
    let topic_without_key = topic.trim_end_matches(|digit: char| digit.is_ascii_hexdigit());
    let guesses = [0_u128, 1, u128::MAX].map(|key| format!("{topic_without_key}{key:032x}"));
    let eve_key_guess =
        eve.session().topic.rsplit('.').next().map(|key| format!("{topic_without_key}{key}")).expect("a key");
    outsider.follow(&[
        topic_without_key,
        "channel.secret",
        "",
        &guesses[0],
        &guesses[1],
        &guesses[2],
        &eve_key_guess,
    ]);
    let mut member = node.subscriber();
    member.follow(&[&topic]);
    let sent = alice.send("#secret", "still among us").expect("stored");
    while member.next_event().1.n < sent.n {}
    outsider.barrier();
    assert_eq!(outsider.received().collect::<Vec<_>>(), []);

    let members = alice.call("channel.members", json!({ "channel": "#secret" })).expect("the members");
    assert!(!members.to_string().contains("eve"), "{members}");
}

#[test]
fn a_removed_member_cannot_rejoin() {
    let node = Node::up();
    let [mut alice, mut bob] = peers(&node, ["alice", "bob"]);
    for (channel, how, afterwards) in [
        ("#kicked", "channel.kick", Reason::NoSuchChannel),
        ("#banned", "channel.ban", Reason::NoSuchChannel),
    ] {
        alice.create_private(channel).expect("a channel");
        let bob_in = json!({ "channel": channel, "user": "bob" });
        alice.call("channel.invite", bob_in.clone()).expect("invited");
        bob.join(channel).expect("a member");
        alice.call(how, bob_in).expect("removed");
        assert_eq!(reason(bob.join(channel)), afterwards, "{how}");
        assert_eq!(reason(bob.send(channel, "oi")), afterwards, "{how}");
        let history = bob.call("message.history", json!({ "conversation": channel }));
        assert_eq!(reason(history), afterwards, "{how}");
    }
    alice.create("#open").expect("a channel");
    bob.join("#open").expect("a member");
    alice.call("channel.ban", json!({ "channel": "#open", "user": "bob" })).expect("banned");
    assert_eq!(reason(bob.join("#open")), Reason::Banned);
    assert_eq!(
        reason(alice.call("channel.invite", json!({ "channel": "#open", "user": "bob" }))),
        Reason::Banned
    );
}
