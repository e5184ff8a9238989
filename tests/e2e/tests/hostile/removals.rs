//! Whoever was removed hears nothing that is said after the reply to the removal, though they go on listening; those
//! who stay miss nothing.

use std::collections::BTreeSet;

use common::Body;
use e2e::{Listener, Node, Peer, peers};
use serde_json::json;

const CHANNEL: &str = "#room";

/// Messages before the removal, right behind it, and later.
const MESSAGES: u64 = 10;

/// One way to end somebody's hearing: what the channel is, and who does what.
struct Removal {
    how: &'static str,
    is_private: bool,
    /// Alice owns the channel; bob is the one who listens, here in another session of his.
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

/// A member who goes where the channel goes, as `docs/PROTOCOL.md` says.
struct Member<'a> {
    peer: &'a mut Peer,
    listener: Listener,
    /// What was heard or read of the channel.
    numbers: BTreeSet<u64>,
}

impl<'a> Member<'a> {
    fn new(node: &Node, peer: &'a mut Peer, topic: &str) -> Self {
        let mut listener = node.listener();
        listener.follow(&[topic, &peer.session().topic]);
        Self { peer, listener, numbers: BTreeSet::new() }
    }

    /// Hears until this number has come, one way or the other. Whether the channel has moved meanwhile.
    fn hear(&mut self, number: u64) -> bool {
        let mut has_moved = false;
        loop {
            self.numbers.extend(self.listener.heard().map(|(_, event)| event.n));
            if self.numbers.contains(&number) {
                return has_moved;
            }
            if self.listener.follow_moved() {
                has_moved = true;
                // What was said between the move and the barrier.
                self.numbers.extend(self.peer.history(CHANNEL).iter().map(|event| event.n));
            } else {
                self.listener.wait();
            }
        }
    }
}

fn say(alice: &mut Peer) -> u64 {
    (0..MESSAGES).map(|_| alice.send(CHANNEL, "among us").expect("stored").n).last().expect("some")
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
    // Bob goes on listening under what his first session was told.
    let mut removed = node.listener();
    removed.follow(&[&topic, &bob.session().topic]);
    let mut elsewhere = node.peer();
    elsewhere.login("bob").expect("a second session");
    let mut member = Member::new(&node, &mut carol, &topic);

    member.hear(say(&mut alice));
    remove(&mut alice, &mut elsewhere);
    let last_heard = alice.history(CHANNEL).len() as u64;
    let has_moved = member.hear(say(&mut alice));
    let first_heard = *member.numbers.first().expect("the first");
    let last = say(&mut alice);
    assert!(!member.hear(last) && has_moved, "{how}: the channel moves, once");
    assert_eq!(member.numbers, (first_heard..=last).collect(), "{how}: who stays misses nothing");

    // All of it has passed the proxy: so has what bob would have been told.
    removed.barrier();
    let heard: Vec<_> = removed.heard().map(|(_, event)| event).collect();
    assert!(heard.len() as u64 >= MESSAGES, "{how}: until then he heard all");
    let too_much: Vec<_> = heard.iter().filter(|event| event.n > last_heard).collect();
    assert!(too_much.is_empty(), "{how}: he goes on hearing {too_much:?}");
    assert!(!removed.follow_moved(), "{how}: nobody tells him where it goes on");
}

#[test]
fn who_was_removed_hears_nothing_that_is_said_later() {
    std::thread::scope(|scope| REMOVALS.iter().for_each(|removal| drop(scope.spawn(|| check(removal)))));
}

/// What is meant for one user alone goes on in those of their sessions that are left.
#[test]
fn a_revoked_session_hears_no_direct_messages() {
    let node = Node::up();
    let [mut alice, mut bob] = peers(&node, ["alice", "bob"]);
    let mut lost = node.peer();
    let before = lost.login("bob").expect("a second session").topic;
    assert_eq!(before, bob.session().topic);
    let (mut revoked, mut kept) = (node.listener(), node.listener());
    revoked.follow(&[&before]);
    alice.send("@bob", "before").expect("stored");
    let after = bob.call("session.revoke", json!({})).expect("revoked")["topic"].clone();
    kept.follow(&[after.as_str().expect("a topic")]);
    alice.send("@bob", "after").expect("stored");

    let text = |body: &Body<'_>| format!("{body:?}").contains("after");
    while !text(&kept.hear().1.body) {}
    revoked.barrier();
    let heard: Vec<_> = revoked.heard().map(|(_, event)| event).collect();
    assert_eq!(heard.iter().map(|event| event.n).collect::<Vec<_>>(), [1], "{heard:?}");
}
