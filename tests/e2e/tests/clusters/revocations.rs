//! A revocation holds at every node when it is answered.

use std::time::Duration;

use common::Reason;
use rustix::process::Signal;
use serde_json::json;

use super::{Cluster, user};

/// The time in which a frozen node must delay the reply. A live node is waited for up to 2 s.
const FROZEN: Duration = Duration::from_millis(500);

#[test]
fn a_kick_and_a_revoked_session_are_answered_when_every_live_node_has_applied_them() {
    let Some(cluster) = Cluster::start(1, 2) else { return };
    let leader = cluster.leader();
    let (one, other) = (&cluster.nodes[leader], &cluster.nodes[1 - leader]);
    let (mut alice, mut bob) = (user(one, "alice"), user(other, "bob"));
    let ops = alice.create_private("#ops").expect("a channel");
    alice.call("channel.invite", json!({ "channel": "#ops", "user": "bob" })).expect("an invitation");
    let joined = bob.join("#ops").expect("a member");
    let mut subscribers = [one.subscriber(), other.subscriber()];
    for subscriber in &mut subscribers {
        subscriber.follow(&[&ops.topic, &joined.topic]);
    }
    other.process("up").signal(Signal::STOP);
    let kick = alice.line("channel.kick", json!({ "channel": "#ops", "user": "bob" }));
    alice.post(&kick);
    let early = alice.reply_within(FROZEN);
    other.process("up").signal(Signal::CONT);
    assert_eq!(early, None, "the frozen node has not applied the kick");
    let reply = String::from_utf8(alice.reply()).expect("UTF-8");
    assert!(reply.contains("\"result\""), "{reply}");
    let page = json!({ "conversation": "#ops", "after": 0, "limit": 10 });
    let refused = bob.call("message.history", page).expect_err("not a member");
    assert_eq!(refused.reason(), Some(Reason::NoSuchChannel), "bob no longer sees the private channel");
    let kicked = alice.history("#ops").len() as u64;
    alice.send("#ops", "only members read this").expect("a receipt");
    for subscriber in &mut subscribers {
        subscriber.barrier();
        let later = subscriber.received().filter(|(_, event)| event.n > kicked).count();
        assert_eq!(later, 0, "the subscriptions of the kicked user receive no later event");
    }
    let sessions = alice.call("session.list", json!({})).expect("sessions");
    let own = sessions["sessions"][0]["session"].clone();
    let mut again = other.peer();
    again.resume(alice.session());
    other.process("up").signal(Signal::STOP);
    let revoke = alice.line("session.revoke", json!({ "session": own }));
    alice.post(&revoke);
    let early = alice.reply_within(FROZEN);
    other.process("up").signal(Signal::CONT);
    assert_eq!(early, None, "the frozen node has not ended the session");
    let _revoked = alice.reply();
    let refused = again.call("channel.list", json!({})).expect_err("the session has ended");
    assert_eq!(refused.reason(), Some(Reason::Unauthenticated));
}
