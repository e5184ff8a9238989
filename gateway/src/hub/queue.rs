//! The queue of lines for one connection. Events are dropped when the queue is full; replies are kept.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};

use crate::close::Close;
use crate::limits::{
    PING_MS, QUEUE_BYTES_MAX, QUEUE_LINES_MAX, QUEUE_OWN_REPLIES_BYTES, QUEUE_REPLIES_BYTES_MAX,
    SILENT_MS_MAX, UNREAD_MS_MAX,
};

/// The line that replaces dropped events. The client requests `sync.heads` and loads the gaps.
pub(crate) const LAGGED: &[u8] = b"{\"kind\":\"lagged\"}\n";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LineKind {
    /// The reply to a request, or the first line of the connection.
    Reply,
    /// An event or a notice.
    Event,
}

/// The next frame of the connection, or its end.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// One frame of lines.
    Lines(Bytes),
    Ping,
    Close(Close),
}

#[derive(Debug)]
pub(crate) struct Queue {
    lines: VecDeque<(LineKind, Bytes)>,
    bytes: usize,
    reply_bytes: usize,
    is_lagged: bool,
    is_ping_due: bool,
    close: Option<Close>,
    /// Whether the connection is closed without sending the queued replies.
    is_cut: bool,
    /// The time at which the connection began to send a frame that the client has not read yet.
    sending_since_ms: Option<u64>,
    heard_ms: u64,
    next_ping_ms: u64,
}

impl Queue {
    pub(crate) fn new(now_ms: u64) -> Self {
        Self {
            lines: VecDeque::new(),
            bytes: 0,
            reply_bytes: 0,
            is_lagged: false,
            is_ping_due: false,
            close: None,
            is_cut: false,
            sending_since_ms: None,
            heard_ms: now_ms,
            next_ping_ms: now_ms + PING_MS,
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Adds complete lines. `has_room` is true if all queues together are below their limit. Returns false if
    /// these are the first dropped events since the last line `lagged`.
    pub(crate) fn push(&mut self, kind: LineKind, lines: Bytes, has_room: bool) -> bool {
        let is_full = self.bytes + lines.len() > QUEUE_BYTES_MAX || self.lines.len() >= QUEUE_LINES_MAX;
        match kind {
            _ if self.is_cut => return true,
            LineKind::Event if self.close.is_some() => return true,
            LineKind::Event if self.is_lagged => return true,
            LineKind::Event if is_full || !has_room => return !self.lag(),
            LineKind::Event => {}
            LineKind::Reply => self.reply_bytes += lines.len(),
        }
        self.bytes += lines.len();
        self.lines.push_back((kind, lines));
        let replies_max = if has_room { QUEUE_REPLIES_BYTES_MAX } else { QUEUE_OWN_REPLIES_BYTES };
        if self.reply_bytes > replies_max {
            self.cut(Close::Slow);
        }
        true
    }

    /// Drops the queued events. The client receives one line `lagged` instead. Returns false if this line was
    /// already pending.
    pub(crate) fn lag(&mut self) -> bool {
        self.lines.retain(|(kind, _)| *kind == LineKind::Reply);
        self.bytes = self.reply_bytes;
        !std::mem::replace(&mut self.is_lagged, true)
    }

    /// Closes the connection after the queued replies are sent. Drops the queued events.
    pub(crate) fn close(&mut self, close: Close) {
        self.close.get_or_insert(close);
        self.lines.retain(|(kind, _)| *kind == LineKind::Reply);
        self.bytes = self.reply_bytes;
    }

    /// Closes the connection immediately, and drops all queued lines.
    pub(crate) fn cut(&mut self, close: Close) {
        (self.close, self.is_cut) = (Some(close), true);
        self.lines.clear();
        (self.bytes, self.reply_bytes) = (0, 0);
    }

    /// The reason to close the connection while it sends a frame.
    pub(crate) fn is_cut(&self) -> Option<Close> {
        self.close.filter(|_| self.is_cut)
    }

    /// The next frame: all queued lines, up to the limit of the queue.
    pub(crate) fn next(&mut self, now_ms: u64) -> Option<Next> {
        if let Some(close) = self.close
            && self.lines.is_empty()
        {
            return Some(Next::Close(close));
        }
        if let Some(lines) = self.take_lines() {
            self.sending_since_ms = Some(now_ms);
            return Some(Next::Lines(lines));
        }
        std::mem::take(&mut self.is_ping_due).then_some(Next::Ping)
    }

    fn take_lines(&mut self) -> Option<Bytes> {
        let is_lagged = std::mem::take(&mut self.is_lagged);
        let Some(first) = self.pop() else { return is_lagged.then_some(Bytes::from_static(LAGGED)) };
        if !is_lagged && self.lines.is_empty() {
            return Some(first);
        }
        let mut frame = BytesMut::from(&first[..]);
        while self.lines.front().is_some_and(|(_, line)| frame.len() + line.len() <= QUEUE_BYTES_MAX) {
            frame.extend_from_slice(&self.pop().unwrap_or_default());
        }
        // The client must not assume that the replies before this line include the dropped events.
        if is_lagged {
            frame.extend_from_slice(LAGGED);
        }
        Some(frame.freeze())
    }

    fn pop(&mut self) -> Option<Bytes> {
        let (kind, line) = self.lines.pop_front()?;
        self.bytes -= line.len();
        self.reply_bytes -= if kind == LineKind::Reply { line.len() } else { 0 };
        Some(line)
    }

    /// Records that the client has read the last frame.
    pub(crate) fn sent(&mut self) {
        self.sending_since_ms = None;
    }

    /// Records that a frame of the client has arrived.
    pub(crate) fn heard(&mut self, now_ms: u64) {
        self.heard_ms = now_ms;
    }

    /// Checks the timeouts. Returns whether the connection must send a ping, or must be closed.
    pub(crate) fn tick(&mut self, now_ms: u64) -> bool {
        if self.sending_since_ms.is_some_and(|since| since + UNREAD_MS_MAX <= now_ms) {
            self.cut(Close::Slow);
        } else if self.heard_ms + SILENT_MS_MAX <= now_ms {
            self.cut(Close::Silent);
        } else if self.next_ping_ms <= now_ms {
            self.next_ping_ms = now_ms + PING_MS;
            self.is_ping_due = true;
        }
        self.close.is_some() || self.is_ping_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(kind: LineKind, bytes: usize) -> (LineKind, Bytes) {
        let mut line = vec![if kind == LineKind::Event { b'e' } else { b'r' }; bytes - 1];
        line.push(b'\n');
        (kind, line.into())
    }

    fn push(queue: &mut Queue, (kind, line): (LineKind, Bytes)) -> bool {
        queue.push(kind, line, true)
    }

    fn lines(queue: &mut Queue) -> String {
        match queue.next(0) {
            Some(Next::Lines(lines)) => String::from_utf8(lines.to_vec()).expect("text"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn all_waiting_lines_are_one_frame() {
        let mut queue = Queue::new(0);
        push(&mut queue, line(LineKind::Reply, 3));
        push(&mut queue, line(LineKind::Event, 3));
        assert_eq!(lines(&mut queue), "rr\nee\n");
        assert_eq!((queue.next(0), queue.bytes()), (None, 0));
    }

    #[test]
    fn a_full_queue_drops_events_keeps_replies_and_reports_it_once() {
        for bytes in [1000, 2] {
            let mut queue = Queue::new(0);
            push(&mut queue, line(LineKind::Reply, 3));
            let mut dropped = 0;
            for _ in 0..2 * QUEUE_LINES_MAX {
                dropped += usize::from(!push(&mut queue, line(LineKind::Event, bytes)));
                assert!(queue.bytes() <= QUEUE_BYTES_MAX && queue.lines.len() <= QUEUE_LINES_MAX);
            }
            push(&mut queue, line(LineKind::Reply, 4));
            assert_eq!((lines(&mut queue), dropped), ("rr\nrrr\n{\"kind\":\"lagged\"}\n".to_owned(), 1));
            push(&mut queue, line(LineKind::Event, 3));
            assert_eq!(lines(&mut queue), "ee\n", "events continue afterwards");
        }
    }

    #[test]
    fn a_closed_connection_receives_its_replies_and_no_event() {
        let mut queue = Queue::new(0);
        push(&mut queue, line(LineKind::Reply, 3));
        push(&mut queue, line(LineKind::Event, 3));
        queue.close(Close::SessionEnded);
        push(&mut queue, line(LineKind::Event, 3));
        assert_eq!(lines(&mut queue), "rr\n");
        assert_eq!((queue.next(0), queue.is_cut()), (Some(Next::Close(Close::SessionEnded)), None));
    }

    #[test]
    fn unread_replies_beyond_the_limit_close_the_connection() {
        let mut queue = Queue::new(0);
        for _ in 0..=QUEUE_REPLIES_BYTES_MAX >> 20 {
            push(&mut queue, line(LineKind::Reply, 1 << 20));
        }
        assert_eq!((queue.next(0), queue.bytes()), (Some(Next::Close(Close::Slow)), 0));
    }

    #[test]
    fn many_replies_close_a_connection_while_all_queues_are_full() {
        let mut queue = Queue::new(0);
        let push = |queue: &mut Queue| {
            let (kind, line) = line(LineKind::Reply, QUEUE_OWN_REPLIES_BYTES);
            queue.push(kind, line, false)
        };
        assert!(push(&mut queue));
        assert_eq!(queue.is_cut(), None, "each connection may have some replies");
        assert!(push(&mut queue));
        assert_eq!((queue.is_cut(), queue.bytes()), (Some(Close::Slow), 0));
    }

    #[test]
    fn slow_and_silent_clients_are_closed_and_others_get_pings() {
        let mut queue = Queue::new(0);
        assert!(!queue.tick(PING_MS - 1));
        assert!(queue.tick(PING_MS));
        assert_eq!(queue.next(PING_MS), Some(Next::Ping));
        assert!(!queue.tick(PING_MS));
        queue.heard(PING_MS);
        queue.tick(SILENT_MS_MAX);
        assert_eq!(queue.is_cut(), None);
        queue.tick(PING_MS + SILENT_MS_MAX);
        assert_eq!(queue.is_cut(), Some(Close::Silent));

        let mut queue = Queue::new(0);
        push(&mut queue, line(LineKind::Event, 3));
        queue.next(1);
        queue.sent();
        queue.tick(UNREAD_MS_MAX + 1);
        assert_eq!(queue.is_cut(), None, "the frame was read");
        push(&mut queue, line(LineKind::Event, 3));
        queue.next(2);
        queue.tick(UNREAD_MS_MAX + 2);
        assert_eq!(queue.is_cut(), Some(Close::Slow));
    }
}
