//! The queue of request lines to the server.

use std::collections::BTreeMap;
use std::sync::Arc;

use common::limits::{FRAME_BYTES_MAX, FRAME_LINES_MAX, LINE_BYTES_MAX};
use transport::Frame;

/// The maximum number of queued request lines. Above it the oldest line is dropped: the session sends it
/// again.
const LINES_QUEUED_MAX: usize = 2 * FRAME_LINES_MAX;

/// A line, and the bytes in the frame after it.
type LineAndBytes = (Vec<u8>, Option<Arc<[u8]>>);

/// Request lines in the order of their ids. A line that is sent again replaces its queued copy.
#[derive(Default)]
pub(super) struct Outgoing {
    lines: BTreeMap<u64, Vec<u8>>,
    /// Lines that must be alone in their frame.
    alone: BTreeMap<u64, LineAndBytes>,
}

impl Outgoing {
    pub(super) fn put(&mut self, id: u64, line: Vec<u8>) {
        self.lines.insert(id, line);
        if self.lines.len() > LINES_QUEUED_MAX {
            self.lines.pop_first();
        }
    }

    pub(super) fn put_alone(&mut self, id: u64, line: Vec<u8>, bytes: Option<Arc<[u8]>>) {
        self.alone.insert(id, (line, bytes));
        if self.alone.len() > LINES_QUEUED_MAX {
            self.alone.pop_first();
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.alone.is_empty()
    }

    /// Returns the frames of the next message. Lines that share a frame are sent before chunks of files.
    pub(super) fn take_message(&mut self) -> Vec<Frame> {
        if !self.lines.is_empty() {
            return vec![Frame::new(), Frame::from(self.take_frame())];
        }
        let Some((_id, (line, bytes))) = self.alone.pop_first() else { return Vec::new() };
        let bytes = bytes.map(|bytes| Frame::from(&*bytes));
        [Frame::new(), Frame::from(line)].into_iter().chain(bytes).collect()
    }

    /// The first lines, up to the limits of a frame.
    fn take_frame(&mut self) -> Vec<u8> {
        let mut frame = Vec::new();
        for _ in 0..FRAME_LINES_MAX {
            if frame.len() + LINE_BYTES_MAX > FRAME_BYTES_MAX {
                break;
            }
            let Some((_id, line)) = self.lines.pop_first() else { break };
            frame.extend(line);
        }
        frame
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queued_lines_share_a_frame_and_are_sent_once() {
        let mut outgoing = Outgoing::default();
        for id in [2, 1, 2] {
            outgoing.put(id, format!("{id}\n").into_bytes());
        }
        assert_eq!(outgoing.take_frame(), b"1\n2\n");
        assert!(outgoing.lines.is_empty());
    }

    #[test]
    fn a_line_that_must_be_alone_has_its_own_frame_after_the_others() {
        let mut outgoing = Outgoing::default();
        outgoing.put_alone(1, b"1\n".to_vec(), Some(b"bytes".to_vec().into()));
        outgoing.put_alone(2, b"2\n".to_vec(), None);
        outgoing.put(3, b"3\n".to_vec());
        let mut message =
            || -> Vec<_> { outgoing.take_message().iter().map(|frame| frame.to_vec()).collect() };
        assert_eq!(message(), [&b""[..], b"3\n"]);
        assert_eq!(message(), [&b""[..], b"1\n", b"bytes"]);
        assert_eq!(message(), [&b""[..], b"2\n"]);
        assert!(outgoing.is_empty());
    }

    #[test]
    fn a_frame_keeps_the_limits_of_the_protocol() {
        let mut outgoing = Outgoing::default();
        (0..FRAME_LINES_MAX as u64 + 1).for_each(|id| outgoing.put(id, b"\n".to_vec()));
        assert_eq!(outgoing.take_frame().len(), FRAME_LINES_MAX);
        assert_eq!(outgoing.take_frame().len(), 1);
        (0..100).for_each(|id| outgoing.put(id, vec![b'x'; LINE_BYTES_MAX]));
        assert!(outgoing.take_frame().len() <= FRAME_BYTES_MAX);
        (0..10_000).for_each(|id| outgoing.put(id, Vec::new()));
        assert_eq!(outgoing.lines.len(), LINES_QUEUED_MAX);
    }
}
