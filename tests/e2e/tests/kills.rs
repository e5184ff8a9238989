//! `kill -9` while several people send as fast as they can: what was acknowledged is there, once, in order.
//!
//! Everybody keeps some messages in flight and sends what has no answer again under the same id, as the protocol
//! wants it. In the end all are acknowledged, so that the history must hold exactly what was sent.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use common::messages::Sent;
use common::{Body, Event};
use e2e::{DEADLINE, Node, PASSWORD, Peer, SILENCE, peers, receipt};
use rustix::process::Signal;
use serde_json::json;
use testkit::Rng;
use transport::clock;
use uuid::Uuid;

const KILLS: u64 = 24;
const NAMES: [&str; 3] = ["alice", "bob", "carol"];

/// Messages that one sender has in flight.
const IN_FLIGHT: usize = 32;

/// Acknowledgements between two kills at the most.
const ACKNOWLEDGED_MAX: u64 = 200;

/// A message as its sender knows it.
struct Message {
    id: Uuid,
    to: String,
    text: String,
    line: Vec<u8>,
    /// The newest number that its sender knew in this conversation: this message must get a greater one.
    after: u64,
}

/// A message and what the server has answered.
struct Acknowledged {
    from: usize,
    message: Message,
    sent: Sent,
}

#[test]
fn a_node_in_one_process_loses_nothing_when_it_is_killed() {
    nothing_is_lost(Node::up());
}

#[test]
fn a_node_in_three_processes_loses_nothing_when_any_of_them_is_killed() {
    nothing_is_lost(Node::three());
}

/// libzmq gives the clients of the new broker the names that those of the old one had, in the order of their coming.
#[test]
fn a_reply_that_is_on_its_way_while_the_broker_is_killed_reaches_nobody_else() {
    let mut node = Node::three();
    let mut alice = node.peer();
    alice.register("alice").expect("a name that is free");
    node.process("server").signal(Signal::STOP);
    let before = node.counter("broker", "requests");
    let line = alice.line("auth.login", json!({ "user": "alice", "password": PASSWORD }));
    alice.post(&line);
    let begun = clock::now();
    while node.counter("broker", "requests") == before {
        assert!(begun.elapsed() < DEADLINE, "the broker does not hand the request on");
    }
    drop(alice);
    node.kill("broker");
    node.start("broker");
    let alone = node.process("broker").open_files();
    let mut mallory = node.peer();
    let line = mallory.line("server.info", json!({}));
    mallory.post(&line);
    while node.process("broker").open_files() == alone {
        assert!(begun.elapsed() < DEADLINE, "nobody comes to the new broker");
    }
    node.process("server").signal(Signal::CONT);
    while node.counter("broker", "strangers") == 0 {
        assert!(begun.elapsed() < DEADLINE, "the reply to alice never came");
        let reply = String::from_utf8(mallory.reply()).expect("UTF-8");
        assert!(reply.contains("\"name\":\"papo\""), "mallory was told {reply}");
        mallory.post(&line);
    }
}

fn nothing_is_lost(mut node: Node) {
    let mut rng = Rng::of_this_run();
    let mut crowd = peers(&node, NAMES);
    crowd[0].create("#general").expect("a channel");
    for peer in &mut crowd[1..] {
        peer.join("#general").expect("a member");
    }
    let (is_enough, (sender, answers)) = (AtomicBool::new(false), channel());
    let mut acknowledged = std::thread::scope(|scope| {
        for (from, peer) in crowd.iter_mut().enumerate() {
            let (sender, is_enough, rng) = (sender.clone(), &is_enough, rng.split());
            scope.spawn(move || Stream { from, peer, rng, sender }.run(is_enough));
        }
        drop(sender);
        let _enough = AtTheEnd(&is_enough);
        kill_again_and_again(&mut node, &mut rng, &answers)
    });
    acknowledged.extend(answers);
    check(&node, &mut crowd, &acknowledged);
}

/// Tells the senders that it is enough, also when the test has failed: nobody could wait for them otherwise.
struct AtTheEnd<'a>(&'a AtomicBool);

impl Drop for AtTheEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn kill_again_and_again(
    node: &mut Node,
    rng: &mut Rng,
    answers: &Receiver<Acknowledged>,
) -> Vec<Acknowledged> {
    let roles: Vec<_> = node.roles().collect();
    let mut acknowledged = Vec::new();
    for _ in 0..KILLS {
        acknowledged.extend(answers.try_iter());
        for _ in 0..rng.within(1..ACKNOWLEDGED_MAX) {
            acknowledged.push(answers.recv_timeout(DEADLINE).expect("the senders get on"));
        }
        let role = roles[rng.within(0..roles.len() as u64) as usize];
        node.kill(role);
        if rng.within(0..3) == 0 {
            // And once more while it starts, or as soon as it has.
            node.begin(role).ready_within(Duration::from_millis(rng.within(0..100)));
            node.kill(role);
        }
        node.start(role);
    }
    acknowledged
}

/// The log is whole, and the histories hold what was acknowledged and nothing else.
fn check(node: &Node, crowd: &mut [Peer; 3], acknowledged: &[Acknowledged]) {
    let log = node.verify();
    assert_eq!((&log["whole"], &log["torn_bytes"]), (&json!(true), &json!(0)), "{log}");
    let mut histories: BTreeMap<(usize, &str), HashMap<Uuid, Event<'static>>> = BTreeMap::new();
    for Acknowledged { from, message, sent } in acknowledged {
        let by_id = histories
            .entry((*from, &message.to))
            .or_insert_with(|| messages_by_id(&crowd[*from].history(&message.to)));
        let event = by_id.get(&message.id).expect("what was acknowledged is in the history");
        let Body::Message { text, .. } = &event.body else { panic!("not a message: {event:?}") };
        assert_eq!(*sent, Sent { n: event.n, at: event.at }, "the history says what the answer said");
        assert_eq!((text.as_str(), event.from.as_str()), (&*message.text, NAMES[*from]));
        assert!(sent.n > message.after, "what was said later has a greater number: {event:?}");
    }
    // Each conversation is seen here by each of its senders. `#general` by three, the others by one.
    let general = histories.iter().find(|((_, to), _)| *to == "#general").expect("a history").1.len();
    let direct: usize =
        histories.iter().filter(|((_, to), _)| *to != "#general").map(|(_, by_id)| by_id.len()).sum();
    assert_eq!(general + direct, acknowledged.len(), "nothing is in the history that nobody sent");
}

/// The messages of a history, whose numbers [`Peer::history`] has found to be without a hole.
fn messages_by_id(events: &[Event<'static>]) -> HashMap<Uuid, Event<'static>> {
    let mut by_id = HashMap::new();
    for event in events {
        if let Body::Message { id, .. } = &event.body {
            assert!(by_id.insert(*id, event.clone()).is_none(), "stored twice: {event:?}");
        }
    }
    by_id
}

/// One person who sends.
struct Stream<'a> {
    from: usize,
    peer: &'a mut Peer,
    rng: Rng,
    sender: Sender<Acknowledged>,
}

impl Stream<'_> {
    /// Sends until it is enough, and then waits until all of it is acknowledged.
    fn run(mut self, is_enough: &AtomicBool) {
        let (mut in_flight, mut said) = (BTreeMap::new(), 0);
        let (mut answered, mut newest) = (HashMap::new(), HashMap::new());
        let mut heard = clock::now();
        loop {
            while in_flight.len() < IN_FLIGHT && !is_enough.load(Ordering::Relaxed) {
                said += 1;
                let message = self.say(said, &newest);
                self.peer.post(&message.line);
                in_flight.insert(message.id, message);
            }
            if in_flight.is_empty() {
                return;
            }
            let Some(reply) = self.peer.reply_within(SILENCE) else {
                assert!(heard.elapsed() < DEADLINE, "nothing is answered any more");
                in_flight.values().for_each(|message: &Message| self.peer.post(&message.line));
                continue;
            };
            heard = clock::now();
            let (id, sent) = receipt(&reply);
            if let Some(message) = in_flight.remove(&id) {
                newest
                    .entry(message.to.clone())
                    .and_modify(|n: &mut u64| *n = sent.n.max(*n))
                    .or_insert(sent.n);
                self.sender
                    .send(Acknowledged { from: self.from, message, sent })
                    .expect("somebody who counts");
            }
            assert_eq!(*answered.entry(id).or_insert(sent), sent, "one message has one answer");
        }
    }

    /// The next message: to the channel, or to the next person in the round.
    fn say(&mut self, number: u64, newest: &HashMap<String, u64>) -> Message {
        let neighbour = NAMES[(self.from + 1) % NAMES.len()];
        let to = if self.rng.within(0..2) == 0 { "#general".to_owned() } else { format!("@{neighbour}") };
        let (id, text) = (Uuid::now_v7(), format!("{number} of {}", NAMES[self.from]));
        let line = self.peer.message_line(id, &to, &text);
        let after = newest.get(&to).copied().unwrap_or(0);
        Message { id, to, text, line, after }
    }
}
