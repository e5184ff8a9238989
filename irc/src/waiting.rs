//! The frames that wait for the broker: a queue for each connection, and the connections take turns.

use std::collections::{HashMap, VecDeque};

use foldhash::fast::RandomState;

use crate::relay::{ConnectionId, Tag};

/// The maximum number of frames of one connection, and of the bytes of all frames. Beyond it, the oldest
/// frame of the connection, or of the connection with the most bytes, is dropped: its session sends it again.
const FRAMES_PER_CONNECTION_MAX: usize = 64;
const BYTES_MAX: usize = 16 << 20;

#[derive(Default)]
pub(crate) struct Waiting {
    queues: HashMap<ConnectionId, Queue, RandomState>,
    /// The connections with frames, the next one first.
    turns: VecDeque<ConnectionId>,
    bytes: usize,
    frames: usize,
    pub(crate) dropped: u64,
}

struct Queue {
    tag: Tag,
    frames: VecDeque<Vec<u8>>,
    bytes: usize,
}

impl Waiting {
    /// The number of frames.
    pub(crate) fn len(&self) -> usize {
        self.frames
    }

    pub(crate) fn push(&mut self, id: ConnectionId, tag: Tag, frame: Vec<u8>) {
        let queue = self.queues.entry(id).or_insert_with(|| {
            self.turns.push_back(id);
            Queue { tag, frames: VecDeque::new(), bytes: 0 }
        });
        queue.bytes += frame.len();
        self.bytes += frame.len();
        self.frames += 1;
        queue.frames.push_back(frame);
        if queue.frames.len() > FRAMES_PER_CONNECTION_MAX {
            self.drop_oldest(id);
        }
        while self.bytes > BYTES_MAX {
            let Some(id) = self.queues.iter().max_by_key(|(_, queue)| queue.bytes).map(|(id, _)| *id) else {
                return;
            };
            self.drop_oldest(id);
        }
    }

    /// The next frame, with the tag of its connection.
    pub(crate) fn pop(&mut self) -> Option<(Tag, Vec<u8>)> {
        while let Some(id) = self.turns.pop_front() {
            let tag = self.queues.get(&id).map(|queue| queue.tag);
            let frame = self.take_oldest(id);
            if self.queues.contains_key(&id) {
                self.turns.push_back(id);
            }
            if let (Some(tag), Some(frame)) = (tag, frame) {
                return Some((tag, frame));
            }
        }
        None
    }

    fn drop_oldest(&mut self, id: ConnectionId) {
        self.dropped += u64::from(self.take_oldest(id).is_some());
        if !self.queues.contains_key(&id) {
            self.turns.retain(|turn| *turn != id);
        }
    }

    fn take_oldest(&mut self, id: ConnectionId) -> Option<Vec<u8>> {
        let queue = self.queues.get_mut(&id)?;
        let frame = queue.frames.pop_front();
        let bytes = frame.as_ref().map_or(0, Vec::len);
        queue.bytes -= bytes;
        if queue.frames.is_empty() {
            self.queues.remove(&id);
        }
        self.bytes -= bytes;
        self.frames -= usize::from(frame.is_some());
        frame
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: ConnectionId = ConnectionId(1);
    const OTHER: ConnectionId = ConnectionId(2);

    fn push(waiting: &mut Waiting, id: ConnectionId, frame: Vec<u8>) {
        let mut tag = Tag::default();
        tag[0] = u8::try_from(id.0).expect("a small number");
        waiting.push(id, tag, frame);
    }

    fn popped(waiting: &mut Waiting) -> Vec<(u8, u8)> {
        std::iter::from_fn(|| waiting.pop()).map(|(tag, frame)| (tag[0], frame[0])).collect()
    }

    #[test]
    fn connections_take_turns() {
        let mut waiting = Waiting::default();
        for (id, frame) in [(ONE, 1), (ONE, 2), (ONE, 3), (OTHER, 4)] {
            push(&mut waiting, id, vec![frame]);
        }
        assert_eq!(waiting.len(), 4);
        assert_eq!(popped(&mut waiting), [(1, 1), (2, 4), (1, 2), (1, 3)]);
        assert!(waiting.queues.is_empty() && waiting.turns.is_empty() && waiting.bytes == 0);
    }

    #[test]
    fn a_flood_drops_only_frames_of_its_own_connection() {
        let mut waiting = Waiting::default();
        push(&mut waiting, OTHER, vec![7]);
        (0..200).for_each(|_| push(&mut waiting, ONE, vec![1]));
        assert_eq!((waiting.len(), waiting.dropped), (FRAMES_PER_CONNECTION_MAX + 1, 200 - 64));
        (0..60).for_each(|_| push(&mut waiting, ONE, vec![2; 1 << 20]));
        assert!(waiting.bytes <= BYTES_MAX);
        assert!(popped(&mut waiting).contains(&(2, 7)));
        assert_eq!((waiting.len(), waiting.bytes), (0, 0));
    }
}
