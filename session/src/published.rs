//! A frame of the proxy, decoded once for all sessions of a front.

use common::Notice;

use crate::entry::NumberedEvent;

/// The event lines and notices that the proxy published in one frame. It leaves out lines of later versions.
#[derive(Debug, PartialEq, Eq)]
pub struct Published {
    lines: Box<[u8]>,
    items: Vec<Item>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Item {
    Event(NumberedEvent),
    Notice(Notice),
}

impl Published {
    /// Decodes the lines of a frame.
    #[must_use]
    pub fn read(lines: &[u8]) -> Self {
        Self {
            lines: lines.into(),
            items: lines.split(|byte| *byte == b'\n').filter_map(Item::read).collect(),
        }
    }

    pub(crate) fn lines(&self) -> &[u8] {
        &self.lines
    }

    pub(crate) fn items(&self) -> &[Item] {
        &self.items
    }

    /// The notices of the frame.
    pub fn notices(&self) -> impl Iterator<Item = &Notice> {
        self.items.iter().filter_map(|item| match item {
            Item::Notice(notice) => Some(notice),
            Item::Event(_) => None,
        })
    }

    /// The bytes of the frame in memory, about.
    #[must_use]
    pub fn bytes(&self) -> usize {
        // Each event has its line and the decoded texts.
        size_of::<Self>() + self.items.len() * size_of::<Item>() + 3 * self.lines.len()
    }
}

impl Item {
    fn read(line: &[u8]) -> Option<Self> {
        let line = std::str::from_utf8(line).ok()?;
        let event = NumberedEvent::read(line).map(Self::Event);
        event.or_else(|| serde_json::from_str(line).ok().map(Self::Notice))
    }
}

#[cfg(test)]
mod tests {
    use testkit::user;

    use super::*;

    #[test]
    fn a_frame_has_its_events_and_notices_without_lines_of_later_versions() {
        let lines = [
            r#"{"n":7,"at":1,"to":"@bob","from":"ana","kind":"later"}"#,
            r#"{"kind":"typing","at":1,"to":"@bob","from":"ana","typing":true,"later":1}"#,
            r#"{"kind":"later"}"#,
            "",
        ];
        let published = Published::read(lines.join("\n").as_bytes());
        assert!(published.bytes() > 2 * published.lines().len());
        assert!(published.notices().eq([&serde_json::from_str::<Notice>(lines[1]).expect("a notice")]));
        let [Item::Event(event), Item::Notice(_)] = published.items() else { panic!("{published:?}") };
        let conversations = ["ana", "bob"].map(|name| event.seen_by(&user(name)).conversation.to_string());
        assert_eq!(conversations, ["@bob", "@ana"]);
    }
}
