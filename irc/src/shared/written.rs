//! The written lines of recent messages. Clients with the same capabilities receive the same bytes, and only
//! the first connection writes them.

use std::collections::HashMap;
use std::sync::Arc;

use common::ChannelName;
use foldhash::fast::RandomState;
use uuid::Uuid;

use super::Shared;
use crate::limits::WRITTEN_BYTES_MAX;
use crate::protocol::capabilities::Caps;

/// A message of a channel as a client sees it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Shown {
    pub(crate) channel: ChannelName,
    /// The number of the message.
    pub(crate) n: u64,
    /// The id of the message. A node that was restored from a backup uses the numbers again.
    pub(crate) id: Uuid,
    /// The name of the channel that the client knows.
    pub(crate) name: ChannelName,
    pub(crate) caps: Caps,
}

#[derive(Default)]
pub(super) struct Written {
    lines: HashMap<Shown, Arc<[u8]>, RandomState>,
    bytes: usize,
}

impl Written {
    /// Remembers a line. Beyond the limit, all older lines are forgotten.
    fn insert(&mut self, shown: Shown, line: &[u8]) {
        let bytes = size_of::<Shown>() + line.len();
        if self.bytes + bytes > WRITTEN_BYTES_MAX {
            *self = Self::default();
        }
        self.bytes += bytes;
        self.lines.insert(shown, line.into());
    }
}

impl Shared {
    /// The line of a message that another connection has written.
    pub(crate) fn written(&self, shown: &Shown) -> Option<Arc<[u8]>> {
        self.board().written.lines.get(shown).cloned()
    }

    pub(crate) fn set_written(&self, shown: Shown, line: &[u8]) {
        self.board().written.insert(shown, line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_of_written_lines_are_bounded() {
        let mut written = Written::default();
        let name = ChannelName::new("#ops").expect("a name");
        let shown = |n| Shown {
            channel: name.clone(),
            n,
            id: Uuid::nil(),
            name: name.clone(),
            caps: Caps::default(),
        };
        let count = WRITTEN_BYTES_MAX / 400;
        for n in 0..count as u64 {
            written.insert(shown(n), &[b'x'; 400]);
            assert!(written.bytes <= WRITTEN_BYTES_MAX && written.lines.contains_key(&shown(n)));
        }
        assert!(written.lines.len() < count && !written.lines.contains_key(&shown(0)));
        let bytes = written.lines.values().map(|line| size_of::<Shown>() + line.len()).sum::<usize>();
        assert_eq!(written.bytes, bytes);
    }
}
