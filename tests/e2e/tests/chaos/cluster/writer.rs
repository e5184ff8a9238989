//! A writer that sends messages to one node without waiting for replies, such as a client on the cut side,
//! and that receives the events of this node.

use std::time::Duration;

use common::accounts::LoggedIn;
use common::history::Heads;
use common::messages::Sent;
use common::{Detail, Error, rpc};
use e2e::{Peer, Subscriber};
use serde_json::json;
use testkit::target;
use transport::clock;
use uuid::Uuid;

use super::machines::Machines;
use crate::clusters::wait_for;

/// The conversation of all messages.
pub(super) const CHANNEL: &str = "#general";

const ANSWER_WAIT: Duration = Duration::from_secs(5);

pub(super) struct Writer {
    peer: Peer,
    subscriber: Subscriber,
    pub(super) written: Written,
}

/// The messages of a writer, and what its node answered and published.
#[derive(Default)]
pub(super) struct Written {
    pub(super) attempted: Vec<Uuid>,
    pub(super) acknowledged: Vec<(Uuid, u64)>,
    /// The lines of the events.
    pub(super) published: Vec<String>,
    /// The time from the first attempt to the first reply that refuses a message because the node is cut off.
    pub(super) refused_after: Option<Duration>,
}

impl Writer {
    /// Connects to a node, in its namespace.
    pub(super) fn connect(machines: &mut Machines, number: usize, account: &LoggedIn) -> Self {
        let (peer, subscriber) = machines.on(number, |node| {
            let mut peer = node.peer();
            peer.resume(account);
            // A node that was slow or had a full disk may be cut off until it has caught up.
            let heads =
                wait_for("a node that answers", || peer.call_until_answered("sync.heads", json!({})).ok());
            let heads: Heads = serde_json::from_value(heads).expect("heads");
            let head = heads.heads.into_iter().find(|head| head.conversation == target(CHANNEL));
            let mut subscriber = node.subscriber();
            subscriber.follow(&[&head.and_then(|head| head.topic).expect("the topic of a channel")]);
            (peer, subscriber)
        });
        Self { peer, subscriber, written: Written::default() }
    }

    /// Sends a message each `interval` for `time`.
    pub(super) fn write_for(&mut self, time: Duration, interval: Duration) {
        let begun = clock::now();
        while begun.elapsed() < time {
            let id = Uuid::now_v7();
            self.peer.post(&self.peer.message_line(id, CHANNEL, "of a writer"));
            self.written.attempted.push(id);
            self.read(begun.elapsed(), interval);
        }
    }

    /// Reads the replies and events that are still on their way.
    pub(super) fn read_rest(&mut self) {
        let begun = clock::now();
        while begun.elapsed() < ANSWER_WAIT {
            self.read(Duration::MAX, Duration::from_millis(100));
        }
        self.subscriber.barrier();
        self.written.published = self.subscriber.received().map(|(_topic, event)| event.to_line()).collect();
    }

    /// The time that the cluster gives to a new message.
    pub(super) fn sent_at_ms(&mut self) -> u64 {
        let id = Uuid::now_v7();
        self.written.attempted.push(id);
        let message = json!({ "to": CHANNEL, "id": id, "text": "of a writer" });
        let sent = self.peer.call_until_answered("message.send", message).expect("a receipt");
        let sent: Sent = serde_json::from_value(sent).expect("a receipt");
        self.written.acknowledged.push((id, sent.n));
        sent.at
    }

    /// Reads replies for `time`.
    fn read(&mut self, elapsed: Duration, time: Duration) {
        let begun = clock::now();
        while let Some(left) = time.checked_sub(begun.elapsed()) {
            let Some(lines) = self.peer.reply_within(left) else { return };
            for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
                self.note(line, elapsed);
            }
        }
    }

    fn note(&mut self, line: &[u8], elapsed: Duration) {
        let reply = rpc::decode_reply(line).expect("a reply line");
        if reply.error.as_ref().and_then(Error::detail) == Some(&Detail::CutOff) {
            self.written.refused_after.get_or_insert(elapsed);
        }
        let id = reply.id.as_deref().and_then(|id| Uuid::parse_str(id).ok());
        if let (Some(id), Some(result)) = (id, reply.result) {
            let sent: Sent = serde_json::from_str(result.get()).expect("a receipt");
            self.written.acknowledged.push((id, sent.n));
        }
    }
}
