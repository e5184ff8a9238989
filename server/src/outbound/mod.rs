//! The outbound queue: replies and events that wait until the commit log has acknowledged their records.

pub mod message_refusals;
pub mod pending_request;
pub(crate) mod fan_out;
pub(crate) mod ephemeral;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use foldhash::fast::RandomState;

use self::pending_request::PendingRequest;
use crate::services::push_candidates::PushCandidates;

/// The maximum size of the event lines in one frame. More lines of one topic are sent in several frames.
const EVENT_FRAME_BYTES_MAX: usize = 256 * 1024;

/// The maximum size of the waiting replies. At this size, the engine accepts no requests.
const REPLIES_BYTES_MAX: usize = 24 << 20;

/// Event lines of one topic, ready for the fan-out.
pub struct Publication {
    pub topic: Arc<str>,
    /// One or more lines, each with its newline.
    pub lines: Vec<u8>,
}

#[derive(Default)]
pub struct OutboundQueue {
    /// Answered requests, each with the record that must be durable before its reply is sent.
    replies: VecDeque<(u64, PendingRequest)>,
    /// Events, each with the last record of its batch.
    publications: VecDeque<(u64, Publication)>,
    /// Notices, which do not depend on a record.
    ephemeral: VecDeque<Publication>,
    /// The events of the open batch, by topic.
    open_batch: HashMap<Arc<str>, Vec<u8>, RandomState>,
    reply_bytes: usize,
    /// The users whom the events may notify.
    pub push_candidates: PushCandidates,
}

impl OutboundQueue {
    /// Queues a reply until the record `position` is durable.
    pub fn reply(&mut self, position: u64, mut request: PendingRequest) {
        request.position = position;
        self.reply_bytes += request.reply_bytes();
        self.replies.push_back((position, request));
    }

    /// Queues a reply that depends on no record, before all replies that wait for a record.
    pub fn reply_at_once(&mut self, mut request: PendingRequest) {
        request.position = 0;
        self.reply_bytes += request.reply_bytes();
        self.replies.push_front((0, request));
    }

    /// Queues an event line, without its newline, until the open batch is durable.
    pub fn publish(&mut self, topic: &Arc<str>, line: &[u8]) {
        let lines = match self.open_batch.get_mut(topic) {
            Some(lines) => lines,
            None => self.open_batch.entry(Arc::clone(topic)).or_default(),
        };
        if lines.len() + line.len() >= EVENT_FRAME_BYTES_MAX {
            // `close_batch` replaces `u64::MAX` by the last record of the batch.
            let lines = std::mem::take(lines);
            self.publications.push_back((u64::MAX, Publication { topic: Arc::clone(topic), lines }));
        }
        if let Some(lines) = self.open_batch.get_mut(topic) {
            lines.extend_from_slice(line);
            lines.push(b'\n');
        }
    }

    /// Queues a line, without its newline, that does not depend on a record.
    pub fn publish_now(&mut self, topic: Arc<str>, mut line: Vec<u8>) {
        line.push(b'\n');
        self.ephemeral.push_back(Publication { topic, lines: line });
    }

    /// Closes the open batch. Its events wait until its last record is durable.
    pub fn close_batch(&mut self, last_record: u64) {
        let full = self.publications.iter_mut().rev().take_while(|(position, _)| *position == u64::MAX);
        full.for_each(|(position, _)| *position = last_record);
        let closed = self.open_batch.drain().filter(|(_, lines)| !lines.is_empty());
        self.publications.extend(closed.map(|(topic, lines)| (last_record, Publication { topic, lines })));
    }

    /// Removes and returns the next reply whose record is durable: its number is not greater than `durable`.
    pub fn next_reply(&mut self, durable: u64) -> Option<PendingRequest> {
        let (position, _) = self.replies.front()?;
        if *position > durable {
            return None;
        }
        let (_, request) = self.replies.pop_front()?;
        self.reply_bytes -= request.reply_bytes();
        Some(request)
    }

    /// The notices that were not sent yet.
    pub fn notices(&self) -> impl Iterator<Item = &Publication> {
        self.ephemeral.iter()
    }

    /// Queues a notice that another node made.
    pub fn publish_notice(&mut self, notice: Publication) {
        self.ephemeral.push_back(notice);
    }

    /// Removes and returns the next notice, or the next events whose records are durable.
    pub fn next_publication(&mut self, durable: u64) -> Option<Publication> {
        if let Some(notice) = self.ephemeral.pop_front() {
            return Some(notice);
        }
        let (position, _) = self.publications.front()?;
        if *position > durable {
            return None;
        }
        self.publications.pop_front().map(|(_, publication)| publication)
    }

    /// Discards the events of all records after `durable`, and returns the requests whose replies depend on
    /// those records, in order.
    pub fn roll_back(&mut self, durable: u64) -> impl Iterator<Item = PendingRequest> + use<> {
        self.open_batch.clear();
        self.publications.retain(|(position, _)| *position <= durable);
        let kept = self.replies.partition_point(|(position, _)| *position <= durable);
        let taken = self.replies.split_off(kept);
        self.reply_bytes = self.replies.iter().map(|(_, request)| request.reply_bytes()).sum();
        taken.into_iter().map(|(_, request)| request)
    }

    /// The size of the waiting replies in bytes.
    #[must_use]
    pub fn reply_bytes(&self) -> usize {
        self.reply_bytes
    }

    /// Whether the engine must send replies before it accepts more requests.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.reply_bytes >= REPLIES_BYTES_MAX
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.replies.is_empty() && self.publications.is_empty() && self.ephemeral.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use transport::Frame;

    fn publications(queue: &mut OutboundQueue, durable: u64) -> Vec<(String, String)> {
        let text = |bytes| String::from_utf8(bytes).expect("utf-8");
        std::iter::from_fn(|| queue.next_publication(durable))
            .map(|publication| (publication.topic.to_string(), text(publication.lines)))
            .collect()
    }

    fn pending(reply: &str) -> PendingRequest {
        let mut frames = Vec::from(["client", "", "request"].map(Frame::from));
        let mut pending = PendingRequest::new(&mut frames).expect("a request");
        pending.reply.extend_from_slice(reply.as_bytes());
        pending
    }

    fn reply(queue: &mut OutboundQueue, position: u64, lines: &str) {
        queue.reply(position, pending(lines));
    }

    #[test]
    fn a_reply_waits_for_its_record() {
        let mut queue = OutboundQueue::default();
        reply(&mut queue, 3, "one");
        reply(&mut queue, 5, "two");
        assert!(queue.next_reply(2).is_none());
        assert_eq!(queue.next_reply(4).expect("the first").reply, b"one");
        assert!(queue.next_reply(4).is_none());
        assert_eq!(queue.reply_bytes(), 3);
        assert_eq!(queue.next_reply(5).expect("the second").reply, b"two");
        assert!(queue.is_empty());
    }

    #[test]
    fn a_reply_that_depends_on_no_record_waits_for_none() {
        let mut queue = OutboundQueue::default();
        reply(&mut queue, 3, "one");
        queue.reply_at_once(pending("refused"));
        assert_eq!(queue.next_reply(2).expect("the refusal").reply, b"refused");
        assert!(queue.next_reply(2).is_none());
        assert_eq!(queue.roll_back(2).count(), 1);
    }

    #[test]
    fn events_of_one_topic_and_batch_are_sent_together() {
        let (mut queue, topic) = (OutboundQueue::default(), Arc::from("channel.a"));
        queue.publish(&topic, b"1");
        queue.publish(&topic, b"2");
        assert!(publications(&mut queue, u64::MAX - 1).is_empty(), "the batch is open");
        queue.close_batch(2);
        queue.publish(&topic, b"3");
        queue.close_batch(3);
        assert!(publications(&mut queue, 1).is_empty());
        assert_eq!(publications(&mut queue, 2), [("channel.a".into(), "1\n2\n".into())]);
        assert_eq!(publications(&mut queue, 3), [("channel.a".into(), "3\n".into())]);
    }

    #[test]
    fn a_long_batch_is_sent_in_several_frames() {
        let (mut queue, topic) = (OutboundQueue::default(), Arc::from("t"));
        let line = vec![b'x'; EVENT_FRAME_BYTES_MAX / 2];
        for _ in 0..5 {
            queue.publish(&topic, &line);
        }
        assert!(publications(&mut queue, 100).is_empty(), "the batch is open, so it is not durable");
        queue.close_batch(7);
        assert!(publications(&mut queue, 6).is_empty());
        let frames = publications(&mut queue, 7);
        assert!(frames.len() > 1 && frames.iter().all(|(_, lines)| lines.len() <= EVENT_FRAME_BYTES_MAX));
        assert_eq!(frames.iter().map(|(_, lines)| lines.lines().count()).sum::<usize>(), 5);
    }

    #[test]
    fn only_later_replies_and_events_are_rolled_back() {
        let (mut queue, topic) = (OutboundQueue::default(), Arc::from("t"));
        reply(&mut queue, 3, "one");
        queue.publish(&topic, b"1");
        queue.close_batch(3);
        for lines in ["two", "three"] {
            reply(&mut queue, 5, lines);
        }
        queue.publish(&topic, b"2");
        queue.close_batch(5);
        queue.publish(&topic, b"3");
        let taken: Vec<_> = queue.roll_back(3).map(|pending| pending.reply).collect();
        assert_eq!(taken, [&b"two"[..], b"three"]);
        assert_eq!(queue.reply_bytes(), 3);
        queue.close_batch(6);
        assert_eq!(publications(&mut queue, 6), [("t".into(), "1\n".into())]);
        assert_eq!(queue.next_reply(3).expect("the record is durable").reply, b"one");
        assert!(queue.is_empty());
    }
}
