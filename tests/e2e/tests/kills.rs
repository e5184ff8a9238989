//! Tests of `kill -9` while several users send as fast as possible. Every acknowledged message is stored
//! once, in order.
//!
//! Each sender keeps some messages in flight, and sends unacknowledged messages again with the same id. At
//! the end all messages are acknowledged, so the history must contain exactly these messages.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use common::messages::Sent;
use common::{Body, Event};
use e2e::{DEADLINE, Node, PASSWORD, Peer, RESEND_DELAY, peers, receipt};
use rustix::process::Signal;
use serde_json::json;
use testkit::Rng;
use transport::clock;
use uuid::Uuid;

const KILLS: u64 = 24;
const NAMES: [&str; 3] = ["alice", "bob", "carol"];

const IN_FLIGHT: usize = 32;

/// Maximum acknowledgements between two kills.
const ACKNOWLEDGED_MAX: u64 = 200;

struct Message {
    id: Uuid,
    to: String,
    text: String,
    line: Vec<u8>,
    /// The newest number of the conversation that the sender knew when it sent the message. The message must
    /// get a greater number.
    after: u64,
}

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
    nothing_is_lost(Node::in_three_processes());
}

/// A client of the new broker may get the name of a client of the old broker. The run tag distinguishes the
/// two clients.
#[test]
fn a_reply_in_transit_during_a_broker_kill_reaches_no_other_client() {
    let mut node = Node::in_three_processes();
    let mut alice = node.peer();
    alice.register("alice").expect("a name that is free");
    node.process("server").signal(Signal::STOP);
    let before = node.counter("broker", "requests");
    let line = alice.line("auth.login", json!({ "user": "alice", "password": PASSWORD }));
    alice.post(&line);
    let begun = clock::now();
    while node.counter("broker", "requests") == before {
        assert!(begun.elapsed() < DEADLINE, "the broker did not forward the request");
    }
    drop(alice);
    node.kill("broker");
    node.start("broker");
    let alone = node.process("broker").open_files();
    let mut mallory = node.peer();
    let line = mallory.line("server.info", json!({}));
    mallory.post(&line);
    while node.process("broker").open_files() == alone {
        assert!(begun.elapsed() < DEADLINE, "no client connected to the new broker");
    }
    node.process("server").signal(Signal::CONT);
    while node.counter("broker", "strangers") == 0 {
        assert!(begun.elapsed() < DEADLINE, "the broker did not drop the reply to alice");
        let reply = String::from_utf8(mallory.reply()).expect("UTF-8");
        assert!(reply.contains("\"name\":\"papo\""), "mallory received {reply}");
        mallory.post(&line);
    }
}

fn nothing_is_lost(mut node: Node) {
    let mut rng = Rng::of_this_run();
    let mut senders = peers(&node, NAMES);
    senders[0].create("#general").expect("a channel");
    for peer in &mut senders[1..] {
        peer.join("#general").expect("a member");
    }
    let (must_stop, (sender, answers)) = (AtomicBool::new(false), channel());
    let mut acknowledged = std::thread::scope(|scope| {
        for (from, peer) in senders.iter_mut().enumerate() {
            let (sender, must_stop, rng) = (sender.clone(), &must_stop, rng.split());
            scope.spawn(move || MessageSender { from, peer, rng, sender }.run(must_stop));
        }
        drop(sender);
        let _stop_on_drop = StopOnDrop(&must_stop);
        kill_repeatedly(&mut node, &mut rng, &answers)
    });
    acknowledged.extend(answers);
    check(&node, &mut senders, &acknowledged);
}

/// Stops the senders when it is dropped, even after a panic.
struct StopOnDrop<'a>(&'a AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn kill_repeatedly(node: &mut Node, rng: &mut Rng, answers: &Receiver<Acknowledged>) -> Vec<Acknowledged> {
    let roles: Vec<_> = node.roles().collect();
    let mut acknowledged = Vec::new();
    for _ in 0..KILLS {
        acknowledged.extend(answers.try_iter());
        for _ in 0..rng.within(1..ACKNOWLEDGED_MAX) {
            acknowledged.push(answers.recv_timeout(DEADLINE).expect("the senders make progress"));
        }
        let role = roles[rng.within(0..roles.len() as u64) as usize];
        node.kill(role);
        if rng.within(0..3) == 0 {
            // A second kill during or shortly after startup.
            node.spawn(role).read_json_line_within(Duration::from_millis(rng.within(0..100)));
            node.kill(role);
        }
        node.start(role);
    }
    acknowledged
}

/// Asserts that the log is intact, and that the histories contain exactly the acknowledged messages.
fn check(node: &Node, senders: &mut [Peer; 3], acknowledged: &[Acknowledged]) {
    let log = node.verify();
    assert_eq!((&log["whole"], &log["torn_bytes"]), (&json!(true), &json!(0)), "{log}");
    let mut histories: BTreeMap<(usize, &str), HashMap<Uuid, Event<'static>>> = BTreeMap::new();
    for Acknowledged { from, message, sent } in acknowledged {
        let by_id = histories
            .entry((*from, &message.to))
            .or_insert_with(|| messages_by_id(&senders[*from].history(&message.to)));
        let event = by_id.get(&message.id).expect("an acknowledged message is in the history");
        let Body::Message { text, .. } = &event.body else { panic!("not a message: {event:?}") };
        assert_eq!(*sent, Sent::new(event.n, event.at), "history and receipt agree");
        assert_eq!((text.as_str(), event.from.as_str()), (&*message.text, NAMES[*from]));
        assert!(sent.n > message.after, "a later message has a greater number: {event:?}");
    }
    // `histories` contains `#general` once per sender, and each direct conversation once.
    let general = histories.iter().find(|((_, to), _)| *to == "#general").expect("a history").1.len();
    let direct: usize =
        histories.iter().filter(|((_, to), _)| *to != "#general").map(|(_, by_id)| by_id.len()).sum();
    assert_eq!(general + direct, acknowledged.len(), "the history contains only acknowledged messages");
}

/// The messages of a history by id.
fn messages_by_id(events: &[Event<'static>]) -> HashMap<Uuid, Event<'static>> {
    let mut by_id = HashMap::new();
    for event in events {
        if let Body::Message { id, .. } = &event.body {
            assert!(by_id.insert(*id, event.clone()).is_none(), "stored twice: {event:?}");
        }
    }
    by_id
}

struct MessageSender<'a> {
    from: usize,
    peer: &'a mut Peer,
    rng: Rng,
    sender: Sender<Acknowledged>,
}

impl MessageSender<'_> {
    /// Sends until `must_stop`, then waits until all messages are acknowledged.
    fn run(mut self, must_stop: &AtomicBool) {
        let (mut in_flight, mut count) = (BTreeMap::new(), 0);
        let (mut answered, mut newest) = (HashMap::new(), HashMap::new());
        let mut last_reply_at = clock::now();
        loop {
            while in_flight.len() < IN_FLIGHT && !must_stop.load(Ordering::Relaxed) {
                count += 1;
                let message = self.next_message(count, &newest);
                self.peer.post(&message.line);
                in_flight.insert(message.id, message);
            }
            if in_flight.is_empty() {
                return;
            }
            let Some(reply) = self.peer.reply_within(RESEND_DELAY) else {
                assert!(last_reply_at.elapsed() < DEADLINE, "no reply arrives");
                in_flight.values().for_each(|message: &Message| self.peer.post(&message.line));
                continue;
            };
            last_reply_at = clock::now();
            let (id, sent) = receipt(&reply);
            if let Some(message) = in_flight.remove(&id) {
                newest
                    .entry(message.to.clone())
                    .and_modify(|n: &mut u64| *n = sent.n.max(*n))
                    .or_insert(sent.n);
                self.sender
                    .send(Acknowledged { from: self.from, message, sent: sent.clone() })
                    .expect("a receiver of the results");
            }
            assert_eq!(
                *answered.entry(id).or_insert_with(|| sent.clone()),
                sent,
                "one message has one answer"
            );
        }
    }

    /// The next message: to the channel, or to the next user.
    fn next_message(&mut self, number: u64, newest: &HashMap<String, u64>) -> Message {
        let neighbour = NAMES[(self.from + 1) % NAMES.len()];
        let to = if self.rng.within(0..2) == 0 { "#general".to_owned() } else { format!("@{neighbour}") };
        let (id, text) = (Uuid::now_v7(), format!("{number} of {}", NAMES[self.from]));
        let line = self.peer.message_line(id, &to, &text);
        let after = newest.get(&to).copied().unwrap_or(0);
        Message { id, to, text, line, after }
    }
}
