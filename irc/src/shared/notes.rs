//! Facts that the node does not store and the front remembers for a while: exact times of read marks,
//! the tags of messages, and the reasons of KICK and PART.

use std::sync::Arc;

use common::{ChannelName, Target, UserName};
use transport::clock;
use uuid::Uuid;

use super::Shared;
use crate::limits::{MARKS_MAX, MARKS_PER_USER_MAX, NOTES_MAX, REMARK_MS, REMARKS_MAX};

/// The parts of a message from a client of this front that the node does not store.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct MessageNote {
    /// The message was sent with NOTICE, so clients do not answer it by themselves.
    pub(crate) is_notice: bool,
    /// The client-only tags, such as `+example`.
    pub(crate) tags: Vec<(String, String)>,
    /// The reason of a REDACT.
    pub(crate) reason: String,
    /// The bytes of the lines of draft/multiline, and whether each one continues the line before.
    pub(crate) lines: Vec<(usize, bool)>,
}

/// The reason of a KICK or PART. Clients of this front see it.
pub(super) struct Remark {
    channel: ChannelName,
    /// The user who leaves.
    user: UserName,
    /// The user who gave the reason. The event must be from the same user.
    by: UserName,
    text: String,
    until_ms: u64,
}

impl Remark {
    fn is_for(&self, channel: &ChannelName, user: &UserName, by: &UserName) -> bool {
        self.channel == *channel && self.user == *user && self.by == *by
    }
}

impl Shared {
    /// Remembers the exact time of a read mark, in Unix milliseconds, if there is room. Returns false if a
    /// later one is known.
    pub(crate) fn set_mark(&self, user: &UserName, target: &Target, at: u64) -> bool {
        let mut board = self.board();
        let all: usize = board.marks.values().map(std::collections::HashMap::len).sum();
        let own = board.marks.entry(user.clone()).or_default();
        let known = own.get(target).copied();
        let is_newer = known.is_none_or(|known| known < at);
        let has_room = known.is_some() || (all < MARKS_MAX && own.len() < MARKS_PER_USER_MAX);
        if is_newer && has_room {
            own.insert(target.clone(), at);
        }
        if own.is_empty() {
            board.marks.remove(user);
        }
        is_newer
    }

    pub(crate) fn mark(&self, user: &UserName, target: &Target) -> Option<u64> {
        self.board().marks.get(user)?.get(target).copied()
    }

    /// Remembers the note of a message, unless it is empty.
    pub(crate) fn set_note(&self, id: Uuid, note: MessageNote) {
        if note == MessageNote::default() {
            return;
        }
        let mut board = self.board();
        board.notes.push_front((id, Arc::new(note)));
        board.notes.truncate(NOTES_MAX);
    }

    pub(crate) fn note(&self, id: Uuid) -> Arc<MessageNote> {
        let board = self.board();
        let note = board.notes.iter().find(|(known, _)| *known == id);
        note.map(|(_, note)| Arc::clone(note)).unwrap_or_default()
    }

    /// Remembers the reason that `by` gives for the end of a membership that `by` is about to request.
    pub(crate) fn set_remark(&self, channel: &ChannelName, user: &UserName, by: &UserName, text: &str) {
        let until_ms = clock::monotonic_ms() + REMARK_MS;
        let (channel, user, by) = (channel.clone(), user.clone(), by.clone());
        let mut board = self.board();
        board.remarks.push_front(Remark { channel, user, by, text: text.to_owned(), until_ms });
        board.remarks.truncate(REMARKS_MAX);
    }

    /// Forgets the reasons of a request that the node refused.
    pub(crate) fn forget_remark(&self, channel: &ChannelName, user: &UserName, by: &UserName) {
        self.board().remarks.retain(|remark| !remark.is_for(channel, user, by));
    }

    /// The reason for the end of a membership that `by` caused a moment ago.
    pub(crate) fn remark(&self, channel: &ChannelName, user: &UserName, by: &UserName) -> Option<String> {
        let (board, now_ms) = (self.board(), clock::monotonic_ms());
        let remark = board.remarks.iter().find(|remark| remark.is_for(channel, user, by));
        remark.filter(|remark| now_ms < remark.until_ms).map(|remark| remark.text.clone())
    }
}
