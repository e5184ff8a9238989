//! Messages, files and their amendments as lines.

use common::{Body, Conversation, Event, FileInfo, Target, UserName};
use session::Entry;
use uuid::Uuid;

use crate::connection::Connection;
use crate::limits::{LINE_BYTES_MAX, LIST_BYTES_MAX, NAME_BYTES_MAX};
use crate::protocol::capabilities::Cap;
use crate::protocol::line::Line;
use crate::protocol::message_id::message_id;
use crate::protocol::text::{Part, parts, plain, shaped, size_text};
use crate::shared::Shown;

impl Connection {
    /// Shows a message, a file or an amendment.
    pub(super) fn show_message(&mut self, entry: &Entry) {
        let Some(event) = &entry.event else { return };
        let is_own = self.user.as_ref() == Some(&event.from);
        let is_direct = matches!(entry.conversation, Target::User(_));
        // Clients without echo-message would take a direct message of another session for one from the user.
        if is_own && is_direct && !self.caps.has(Cap::EchoMessage) {
            return;
        }
        let shown = match (&entry.conversation, &event.body) {
            (Target::Channel(channel), Body::Message { id, .. }) => {
                let (channel, name) = (channel.clone(), self.shown(channel));
                Some(Shown { channel, n: entry.n, id: *id, name, caps: self.caps })
            }
            _of_one_client => None,
        };
        if let Some(line) = shown.as_ref().and_then(|shown| self.shared.written(shown)) {
            return self.socket.output().extend_from_slice(&line);
        }
        let lines = self.message_lines(event);
        let start = self.socket.output().len();
        lines.iter().for_each(|line| self.send(line));
        // Each connection counts its own batches, so their lines are different.
        if let (Some(shown), [_]) = (shown, &*lines) {
            let written = self.socket.output().get(start..).unwrap_or_default();
            self.shared.set_written(shown, written);
        }
    }

    /// The lines of a message, a file or an amendment. Other events have none.
    pub(in crate::connection) fn message_lines(&mut self, event: &Event<'_>) -> Vec<Line> {
        let conversation = event.conversation();
        let id = message_id(&conversation, event.n);
        match &event.body {
            Body::Message { id: own_id, text, reply, via, command: _ } => {
                let note = self.shared.note(*own_id);
                let command = if note.is_notice { "NOTICE" } else { "PRIVMSG" };
                let base = with_reply(self.line_of(event, command), &conversation, *reply);
                let base = base.client_tags(&note.tags);
                let poster = via
                    .as_ref()
                    .and_then(|via| via.username.as_ref().map(|name| format!("[{}] ", name.as_str())));
                let text = format!("{}{}", poster.unwrap_or_default(), text.as_str());
                self.text_lines(event, &base, &id, &text, &note.lines)
            }
            Body::File { file, .. } => {
                let text = self.file_text(event, file);
                self.text_lines(event, &self.line_of(event, "PRIVMSG"), &id, &text, &[])
            }
            Body::Edited { of, text, .. } => {
                let base = with_reply(self.line_of(event, "PRIVMSG"), &conversation, Some(*of));
                self.text_lines(event, &base, &id, &format!("* {}", text.as_str()), &[])
            }
            Body::Deleted { id, of } => vec![self.deletion(event, &conversation, *id, *of)],
            Body::Reacted { of, emoji, .. } => self.reaction(event, "+draft/react", emoji.as_str(), *of),
            Body::Unreacted { of, emoji, .. } => self.reaction(event, "+draft/unreact", emoji.as_str(), *of),
            Body::Redacted { .. }
            | Body::Created { .. }
            | Body::Joined
            | Body::Left
            | Body::Invited(_)
            | Body::Declined
            | Body::Kicked(_)
            | Body::Banned(_)
            | Body::Unbanned(_)
            | Body::Role(..)
            | Body::Set { .. }
            | Body::Renamed(_)
            | Body::ChannelDeleted
            | Body::Unknown => Vec::new(),
        }
    }

    /// The text that shows a file. A link is never cut: it is on a line of its own if the line is too long.
    fn file_text(&self, event: &Event<'_>, file: &FileInfo) -> String {
        let (name, size) = (file.name.as_str(), size_text(file.bytes));
        let bytes_max = self.text_bytes_max(&event.from, &self.shown_target(&event.to));
        let link = self.links.get(&(event.conversation(), event.n)).and_then(Option::as_deref);
        match link.filter(|link| link.len() <= bytes_max) {
            Some(link) if name.len() + size.len() + link.len() + 4 > bytes_max => {
                format!("{name} ({size})\n{link}")
            }
            Some(link) => format!("{name} ({size}) {link}"),
            None => format!("[file {name} ({size}): open it with papo in a browser or a terminal]"),
        }
    }

    /// The maximum bytes of a text from a user in one line to this target.
    pub(in crate::connection) fn text_bytes_max(&self, from: &UserName, target: &str) -> usize {
        let overhead = self.shared.source(from).len() + target.len() + ": PRIVMSG  :\r\n".len();
        LINE_BYTES_MAX.saturating_sub(overhead)
    }

    /// The lines of a text. `lines` is the shape that its client gave it. Only the first line has the id, so
    /// each id is unique.
    fn text_lines(
        &mut self,
        event: &Event<'_>,
        base: &Line,
        id: &str,
        text: &str,
        lines: &[(usize, bool)],
    ) -> Vec<Line> {
        let target = self.shown_target(&event.to);
        let text = &plain(text);
        let bytes_max = self.text_bytes_max(&event.from, &target);
        let parts = shaped(text, lines, bytes_max).unwrap_or_else(|| parts(text, bytes_max));
        let is_batch = parts.len() > 1 && self.caps.has(Cap::Multiline) && self.caps.has(Cap::Batch);
        if !is_batch {
            let filled = parts.into_iter().filter(|part| !part.text.is_empty());
            let lines = filled.enumerate().map(|(number, part)| {
                let line = base.clone().param(target.clone()).param(part.text);
                if number == 0 { line.tag("msgid", id) } else { line }
            });
            return lines.collect();
        }
        let batch = self.new_batch();
        let open = base.clone().with_command("BATCH").tag("msgid", id);
        let mut lines = vec![open.param(format!("+{batch}")).param("draft/multiline").param(target.clone())];
        for Part { text, continues } in parts {
            let line = Line::new(self.shared.source(&event.from), base.command()).tag("batch", batch.clone());
            let line = if continues { line.tag("draft/multiline-concat", "") } else { line };
            lines.push(line.param(target.clone()).param(text));
        }
        lines.push(self.server_line("BATCH").param(format!("-{batch}")));
        lines
    }

    fn deletion(&self, event: &Event<'_>, conversation: &Conversation, id: Uuid, of: u64) -> Line {
        let target = self.shown_target(&event.to);
        if self.caps.has(Cap::Redaction) {
            let line = self.line_of(event, "REDACT").param(target).param(message_id(conversation, of));
            let reason = &self.shared.note(id).reason;
            return if reason.is_empty() { line } else { line.param(reason) };
        }
        let text = format!("{} deleted message {of}", event.from);
        let to = if matches!(event.to, Target::Channel(_)) { target } else { self.nick() };
        self.server_line("NOTICE").param(to).param(text)
    }

    fn reaction(&self, event: &Event<'_>, tag: &'static str, emoji: &str, of: u64) -> Vec<Line> {
        if !self.caps.has(Cap::MessageTags) {
            return Vec::new();
        }
        let id = message_id(&event.conversation(), event.n);
        let line = with_reply(self.line_of(event, "TAGMSG"), &event.conversation(), Some(of));
        vec![line.tag(tag, emoji).tag("msgid", id).param(self.shown_target(&event.to))]
    }

    /// A message to all users of the node.
    pub(super) fn show_announcement(&mut self, event: &Event<'_>) {
        let Body::Message { text, .. } = &event.body else { return };
        for Part { text, .. } in parts(text.as_str(), LIST_BYTES_MAX - NAME_BYTES_MAX) {
            let line = self.server_line("NOTICE").param(self.nick());
            self.send(&line.param(format!("{} to all users: {text}", event.from)));
        }
    }
}

/// Adds the `msgid` of the message that a message replies to.
fn with_reply(line: Line, conversation: &Conversation, reply: Option<u64>) -> Line {
    match reply {
        Some(n) => line.tag("+draft/reply", message_id(conversation, n)),
        None => line,
    }
}
