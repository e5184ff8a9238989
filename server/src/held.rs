//! What must not be told yet: replies and events wait here until their records are on disk.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use foldhash::fast::RandomState;
use transport::Frame;

use crate::work::Route;

/// Bytes of event lines in one frame of the fan-out; a longer burst goes out as several frames.
const EVENT_FRAME_BYTES_MAX: usize = 256 * 1024;

/// A reply that is complete, and what it answers.
pub struct Reply {
    /// To whom.
    pub route: Route,
    /// The request lines, to be answered otherwise should the disk fail.
    pub request: Frame,
    /// The reply lines.
    pub lines: Vec<u8>,
    /// What goes behind them.
    pub bytes: Option<Vec<u8>>,
}

impl Reply {
    /// The frames on their way.
    pub fn into_frames(self) -> impl Iterator<Item = Frame> {
        self.route.into_reply(self.lines, self.bytes)
    }

    fn len(&self) -> usize {
        self.lines.len() + self.bytes.as_ref().map_or(0, Vec::len)
    }
}

/// Event lines of one topic, ready for the fan-out.
pub struct Publication {
    /// Where.
    pub topic: Arc<str>,
    /// One or more lines.
    pub lines: Vec<u8>,
}

/// Replies and events, each waiting for a record.
#[derive(Default)]
pub struct Held {
    replies: VecDeque<(u64, Reply)>,
    publications: VecDeque<(u64, Publication)>,
    /// The events of the batch that gathers, by topic.
    gathering: HashMap<Arc<str>, Vec<u8>, RandomState>,
    /// Bytes of the replies.
    reply_bytes: usize,
}

impl Held {
    /// Holds a reply until the record `position` is on disk.
    pub fn reply(&mut self, position: u64, reply: Reply) {
        self.reply_bytes += reply.len();
        self.replies.push_back((position, reply));
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

    /// The batch is complete: its events wait for its last record.
    pub fn seal(&mut self, last_record: u64) {
        let full = self.publications.iter_mut().rev().take_while(|(position, _)| *position == u64::MAX);
        full.for_each(|(position, _)| *position = last_record);
        let gathered = self.gathering.drain().filter(|(_, lines)| !lines.is_empty());
        self.publications.extend(gathered.map(|(topic, lines)| (last_record, Publication { topic, lines })));
    }

    /// The next reply that may be told when everything up to `durable` is on disk.
    pub fn next_reply(&mut self, durable: u64) -> Option<Reply> {
        let (position, _) = self.replies.front()?;
        if *position > durable {
            return None;
        }
        let (_, reply) = self.replies.pop_front()?;
        self.reply_bytes -= reply.len();
        Some(reply)
    }

    /// The next events that may be told when everything up to `durable` is on disk.
    pub fn next_publication(&mut self, durable: u64) -> Option<Publication> {
        let (position, _) = self.publications.front()?;
        if *position > durable {
            return None;
        }
        self.publications.pop_front().map(|(_, publication)| publication)
    }

    /// Gives up everything that waits: the events are forgotten, the replies are for the caller to replace.
    pub fn give_up(&mut self) -> VecDeque<(u64, Reply)> {
        self.publications.clear();
        self.gathering.clear();
        self.reply_bytes = 0;
        std::mem::take(&mut self.replies)
    }

    /// Bytes of replies that wait.
    #[must_use]
    pub fn reply_bytes(&self) -> usize {
        self.reply_bytes
    }

    /// Whether no reply waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.replies.is_empty() && self.publications.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn publications(held: &mut Held, durable: u64) -> Vec<(String, String)> {
        let text = |bytes| String::from_utf8(bytes).expect("utf-8");
        std::iter::from_fn(|| held.next_publication(durable))
            .map(|publication| (publication.topic.to_string(), text(publication.lines)))
            .collect()
    }

    fn reply(held: &mut Held, position: u64, lines: &str) {
        let reply =
            Reply { route: Route::default(), request: Frame::new(), lines: lines.into(), bytes: None };
        held.reply(position, reply);
    }

    #[test]
    fn nothing_is_told_before_its_record_is_durable() {
        let mut held = Held::default();
        reply(&mut held, 3, "one");
        reply(&mut held, 5, "two");
        assert!(held.next_reply(2).is_none());
        assert_eq!(held.next_reply(4).expect("the first").lines, b"one");
        assert!(held.next_reply(4).is_none());
        assert_eq!(held.reply_bytes(), 3);
        assert_eq!(held.next_reply(5).expect("the second").lines, b"two");
        assert!(held.is_empty());
    }

    #[test]
    fn events_of_a_topic_and_a_batch_go_together() {
        let (mut held, topic) = (Held::default(), Arc::from("channel.a"));
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
        let (mut held, topic) = (Held::default(), Arc::from("t"));
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
    fn giving_up_forgets_events_and_returns_replies() {
        let mut held = Held::default();
        reply(&mut held, 3, "one");
        held.publish(&Arc::from("t"), b"1");
        held.seal(3);
        assert_eq!(held.give_up().len(), 1);
        assert!(held.is_empty() && held.reply_bytes() == 0);
    }
}
