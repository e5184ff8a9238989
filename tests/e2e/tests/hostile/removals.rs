//! Tests that a removed member who keeps the old subscriptions receives no event after the reply to the
//! removal, and that the other members receive every event.

use std::collections::BTreeSet;

use common::Body;
use e2e::{Node, Peer, Subscriber, peers};
use serde_json::json;

const CHANNEL: &str = "#room";

/// Messages before the removal, directly after it, and later.
const MESSAGES: u64 = 10;

/// A way to remove bob's access to a channel.
struct Removal {
    how: &'static str,
    is_private: bool,
    /// `alice` owns the channel; `bob` is a second session of the removed user.
    remove: fn(alice: &mut Peer, bob: &mut Peer),
}

const REMOVALS: [Removal; 8] = [
    Removal { how: "kick", is_private: true, remove: |alice, _| to_bob(alice, "channel.kick") },
    Removal { how: "ban", is_private: true, remove: |alice, _| to_bob(alice, "channel.ban") },
    Removal { how: "ban, public", is_private: false, remove: |alice, _| to_bob(alice, "channel.ban") },
    Removal {
        how: "leave",
        is_private: true,
        remove: |_, bob| drop(bob.call("channel.leave", json!({ "channel": CHANNEL })).expect("left")),
    },
    Removal {
        how: "leave, and then it is made private",
        is_private: false,
        remove: |alice, bob| {
            bob.call("channel.leave", json!({ "channel": CHANNEL })).expect("left");
            let closed = json!({ "channel": CHANNEL, "private": true });
            alice.call("channel.set", closed).expect("made private");
        },
    },
    Removal {
        how: "revoke all other sessions",
        is_private: true,
        remove: |_, bob| drop(bob.call("session.revoke", json!({})).expect("revoked")),
    },
    Removal {
        how: "revoke that session",
        is_private: true,
        remove: |_, bob| {
            let sessions = bob.call("session.list", json!({})).expect("a list");
            let first = sessions["sessions"][0]["session"].clone();
            assert_eq!(sessions["sessions"][0]["current"], false);
            bob.call("session.revoke", json!({ "session": first })).expect("revoked");
        },
    },
    Removal {
        how: "change the password",
        is_private: true,
        remove: |_, bob| {
            let change = json!({ "password": e2e::PASSWORD, "new_password": "battery staple" });
            bob.call("auth.password", change).expect("changed");
        },
    },
];

fn to_bob(alice: &mut Peer, method: &str) {
    alice.call(method, json!({ "channel": CHANNEL, "user": "bob" })).expect(method);
}

/// A member who follows the channel's topic, as `docs/PROTOCOL.md` describes.
struct Member<'a> {
    peer: &'a mut Peer,
    subscriber: Subscriber,
    numbers: BTreeSet<u64>,
}

impl<'a> Member<'a> {
    fn new(node: &Node, peer: &'a mut Peer, topic: &str) -> Self {
        let mut subscriber = node.subscriber();
        subscriber.follow(&[topic, &peer.session().topic]);
        Self { peer, subscriber, numbers: BTreeSet::new() }
    }

    /// Receives events until the given number. Returns whether the topic moved.
    fn receive_until(&mut self, number: u64) -> bool {
        let mut has_moved = false;
        loop {
            self.numbers.extend(self.subscriber.received().map(|(_, event)| event.n));
            if self.numbers.contains(&number) {
                return has_moved;
            }
            if self.subscriber.follow_moved() {
                has_moved = true;
                // Events between the move and the barrier must be read from the history.
                self.numbers.extend(self.peer.history(CHANNEL).iter().map(|event| event.n));
            } else {
                self.subscriber.wait();
            }
        }
    }
}

fn send_messages(alice: &mut Peer) -> u64 {
    (0..MESSAGES).map(|_| alice.send(CHANNEL, "among us").expect("stored").n).last().expect("a message")
}

fn check(removal: &Removal) {
    let Removal { how, is_private, remove } = removal;
    let node = Node::up();
    let [mut alice, mut bob, mut carol] = peers(&node, ["alice", "bob", "carol"]);
    let topic = if *is_private { alice.create_private(CHANNEL) } else { alice.create(CHANNEL) };
    let topic = topic.expect("a channel").topic;
    for (name, member) in [("bob", &mut bob), ("carol", &mut carol)] {
        alice.call("channel.invite", json!({ "channel": CHANNEL, "user": name })).expect("invited");
        member.join(CHANNEL).expect("a member");
    }
    // Bob keeps the subscriptions of his first session.
    let mut removed = node.subscriber();
    removed.follow(&[&topic, &bob.session().topic]);
    let mut elsewhere = node.peer();
    elsewhere.login("bob").expect("a second session");
    let mut member = Member::new(&node, &mut carol, &topic);

    member.receive_until(send_messages(&mut alice));
    remove(&mut alice, &mut elsewhere);
    let last_allowed = alice.history(CHANNEL).len() as u64;
    let has_moved = member.receive_until(send_messages(&mut alice));
    let first_received = *member.numbers.first().expect("an event");
    let last = send_messages(&mut alice);
    assert!(!member.receive_until(last) && has_moved, "{how}: the topic moves once");
    assert_eq!(
        member.numbers,
        (first_received..=last).collect(),
        "{how}: the remaining member misses nothing"
    );

    // The proxy has sent all events, so bob would have received them.
    removed.barrier();
    let received: Vec<_> = removed.received().map(|(_, event)| event).collect();
    assert!(received.len() as u64 >= MESSAGES, "{how}: bob received all events before the removal");
    let not_allowed: Vec<_> = received.iter().filter(|event| event.n > last_allowed).collect();
    assert!(not_allowed.is_empty(), "{how}: bob still receives {not_allowed:?}");
    assert!(!removed.follow_moved(), "{how}: bob does not learn the new topic");
}

#[test]
fn a_removed_member_receives_no_later_events() {
    std::thread::scope(|scope| REMOVALS.iter().for_each(|removal| drop(scope.spawn(|| check(removal)))));
}

/// The remaining sessions of a user still receive direct messages.
#[test]
fn a_revoked_session_receives_no_direct_messages() {
    let node = Node::up();
    let [mut alice, mut bob] = peers(&node, ["alice", "bob"]);
    let mut lost = node.peer();
    let before = lost.login("bob").expect("a second session").topic;
    assert_eq!(before, bob.session().topic);
    let (mut revoked, mut kept) = (node.subscriber(), node.subscriber());
    revoked.follow(&[&before]);
    alice.send("@bob", "before").expect("stored");
    let after = bob.call("session.revoke", json!({})).expect("revoked")["topic"].clone();
    kept.follow(&[after.as_str().expect("a topic")]);
    alice.send("@bob", "after").expect("stored");

    let text = |body: &Body<'_>| format!("{body:?}").contains("after");
    while !text(&kept.next_event().1.body) {}
    revoked.barrier();
    let received: Vec<_> = revoked.received().map(|(_, event)| event).collect();
    assert_eq!(received.iter().map(|event| event.n).collect::<Vec<_>>(), [1], "{received:?}");
}
