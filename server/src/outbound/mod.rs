//! What must not be told yet: replies and events wait here until their records are on disk.

pub mod pending_request;
pub(crate) mod fan_out;
pub mod ephemeral;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::outbound::pending_request::PendingRequest;
use foldhash::fast::RandomState;

/// Bytes of event lines in one frame of the fan-out; a longer burst goes out as several frames.
const EVENT_FRAME_BYTES_MAX: usize = 256 * 1024;

/// Event lines of one topic, ready for the fan-out.
pub struct Publication {
    /// Where.
    pub topic: Arc<str>,
    /// One or more lines.
    pub lines: Vec<u8>,
}

/// Replies and events, each waiting for a record.
#[derive(Default)]
pub struct OutboundQueue {
    /// Frames whose lines are all answered.
    replies: VecDeque<(u64, PendingRequest)>,
    publications: VecDeque<(u64, Publication)>,
    /// Notices that wait for nothing.
    notices: VecDeque<Publication>,
    /// The events of the batch that gathers, by topic.
    gathering: HashMap<Arc<str>, Vec<u8>, RandomState>,
    /// Bytes of the replies.
    reply_bytes: usize,
}

impl OutboundQueue {
    /// Holds a reply until the record `position` is on disk.
    pub fn reply(&mut self, position: u64, work: PendingRequest) {
        self.reply_bytes += work.reply_bytes();
        self.replies.push_back((position, work));
    }

    /// Holds an event line, without its newline, until its batch is on disk.
    pub fn publish(&mut self, topic: &Arc<str>, line: &[u8]) {
        let lines = match self.gathering.get_mut(topic) {
            Some(lines) => lines,
            None => self.gathering.entry(Arc::clone(topic)).or_default(),
        };
        if lines.len() + line.len() >= EVENT_FRAME_BYTES_MAX {
            // Its batch is not complete, so its last record is not known: `seal` puts it in.
            let lines = std::mem::take(lines);
            self.publications.push_back((u64::MAX, Publication { topic: Arc::clone(topic), lines }));
        }
        if let Some(lines) = self.gathering.get_mut(topic) {
            lines.extend_from_slice(line);
            lines.push(b'\n');
        }
    }

    /// Takes a line that is kept nowhere, without its newline: it is told at once.
    pub fn notify(&mut self, topic: Arc<str>, mut line: Vec<u8>) {
        line.push(b'\n');
        self.notices.push_back(Publication { topic, lines: line });
    }

    /// The batch is complete: its events wait for its last record.
    pub fn seal(&mut self, last_record: u64) {
        let full = self.publications.iter_mut().rev().take_while(|(position, _)| *position == u64::MAX);
        full.for_each(|(position, _)| *position = last_record);
        let gathered = self.gathering.drain().filter(|(_, lines)| !lines.is_empty());
        self.publications.extend(gathered.map(|(topic, lines)| (last_record, Publication { topic, lines })));
    }

    /// The next reply that may be told when everything up to `durable` is on disk.
    pub fn next_reply(&mut self, durable: u64) -> Option<PendingRequest> {
        let (position, _) = self.replies.front()?;
        if *position > durable {
            return None;
        }
        let (_, work) = self.replies.pop_front()?;
        self.reply_bytes -= work.reply_bytes();
        Some(work)
    }

    /// The next events that may be told when everything up to `durable` is on disk.
    pub fn next_publication(&mut self, durable: u64) -> Option<Publication> {
        if let Some(notice) = self.notices.pop_front() {
            return Some(notice);
        }
        let (position, _) = self.publications.front()?;
        if *position > durable {
            return None;
        }
        self.publications.pop_front().map(|(_, publication)| publication)
    }

    /// What came after the record `durable` was taken back: its events are forgotten, and the frames whose replies
    /// waited for it are to be answered again, in this order.
    pub fn take_back(&mut self, durable: u64) -> impl Iterator<Item = PendingRequest> + use<> {
        self.gathering.clear();
        self.publications.retain(|(position, _)| *position <= durable);
        let kept = self.replies.partition_point(|(position, _)| *position <= durable);
        let taken = self.replies.split_off(kept);
        self.reply_bytes = self.replies.iter().map(|(_, work)| work.reply_bytes()).sum();
        taken.into_iter().map(|(_, work)| work)
    }

    /// Bytes of replies that wait.
    #[must_use]
    pub fn reply_bytes(&self) -> usize {
        self.reply_bytes
    }

    /// Whether no reply waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.replies.is_empty() && self.publications.is_empty() && self.notices.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use transport::Frame;

    fn publications(held: &mut OutboundQueue, durable: u64) -> Vec<(String, String)> {
        let text = |bytes| String::from_utf8(bytes).expect("utf-8");
        std::iter::from_fn(|| held.next_publication(durable))
            .map(|publication| (publication.topic.to_string(), text(publication.lines)))
            .collect()
    }

    fn reply(held: &mut OutboundQueue, position: u64, lines: &str) {
        let mut frames = Vec::from(["client", "", "request"].map(Frame::from));
        let mut work = PendingRequest::new(&mut frames).expect("a request");
        work.reply.extend_from_slice(lines.as_bytes());
        held.reply(position, work);
    }

    #[test]
    fn nothing_is_told_before_its_record_is_durable() {
        let mut held = OutboundQueue::default();
        reply(&mut held, 3, "one");
        reply(&mut held, 5, "two");
        assert!(held.next_reply(2).is_none());
        assert_eq!(held.next_reply(4).expect("the first").reply, b"one");
        assert!(held.next_reply(4).is_none());
        assert_eq!(held.reply_bytes(), 3);
        assert_eq!(held.next_reply(5).expect("the second").reply, b"two");
        assert!(held.is_empty());
    }

    #[test]
    fn events_of_a_topic_and_a_batch_go_together() {
        let (mut held, topic) = (OutboundQueue::default(), Arc::from("channel.a"));
        held.publish(&topic, b"1");
        held.publish(&topic, b"2");
        assert!(publications(&mut held, u64::MAX - 1).is_empty(), "the batch is not sealed");
        held.seal(2);
        held.publish(&topic, b"3");
        held.seal(3);
        assert!(publications(&mut held, 1).is_empty());
        assert_eq!(publications(&mut held, 2), [("channel.a".into(), "1\n2\n".into())]);
        assert_eq!(publications(&mut held, 3), [("channel.a".into(), "3\n".into())]);
    }

    #[test]
    fn a_long_burst_is_several_frames_in_order() {
        let (mut held, topic) = (OutboundQueue::default(), Arc::from("t"));
        let line = vec![b'x'; EVENT_FRAME_BYTES_MAX / 2];
        for _ in 0..5 {
            held.publish(&topic, &line);
        }
        assert!(publications(&mut held, 100).is_empty(), "not sealed, so not durable");
        held.seal(7);
        assert!(publications(&mut held, 6).is_empty());
        let frames = publications(&mut held, 7);
        assert!(frames.len() > 1 && frames.iter().all(|(_, lines)| lines.len() <= EVENT_FRAME_BYTES_MAX));
        assert_eq!(frames.iter().map(|(_, lines)| lines.lines().count()).sum::<usize>(), 5);
    }

    #[test]
    fn only_what_came_after_what_is_on_disk_is_taken_back() {
        let (mut held, topic) = (OutboundQueue::default(), Arc::from("t"));
        reply(&mut held, 3, "one");
        held.publish(&topic, b"1");
        held.seal(3);
        for lines in ["two", "three"] {
            reply(&mut held, 5, lines);
        }
        held.publish(&topic, b"2");
        held.seal(5);
        held.publish(&topic, b"3");
        let taken: Vec<_> = held.take_back(3).map(|work| work.reply).collect();
        assert_eq!(taken, [&b"two"[..], b"three"]);
        assert_eq!(held.reply_bytes(), 3);
        held.seal(6);
        assert_eq!(publications(&mut held, 6), [("t".into(), "1\n".into())]);
        assert_eq!(held.next_reply(3).expect("on disk").reply, b"one");
        assert!(held.is_empty());
    }
}
