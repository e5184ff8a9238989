//! CHATHISTORY: pages of the history, by `msgid` or by time.

use common::accounts::Token;
use common::history::{HeadsSince, History};
use common::methods::{MessageHistory, SyncHeads};
use common::{Body, Event, Target};
use session::Entry;

use crate::connection::{Connection, End};
use crate::limits::{HISTORY_MESSAGES_MAX, HISTORY_PAGES_MAX};
use crate::protocol::message::Message;
use crate::protocol::message_id::number_of;
use crate::protocol::times;

const COMMAND: &str = "CHATHISTORY";

/// The events of one page of the server. Some of them are not messages.
const PAGE_EVENTS: u64 = 200;

/// The newest events of a conversation among which TARGETS looks for a message.
const TARGET_EVENTS: u64 = 50;

/// A position in a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Position {
    /// The event with this number.
    Number(u64),
    /// A time in Unix milliseconds.
    Time(u64),
}

impl Position {
    fn is_before(self, event: &Event<'_>) -> bool {
        match self {
            Self::Number(n) => n < event.n,
            Self::Time(at) => at < event.at,
        }
    }

    fn is_after(self, event: &Event<'_>) -> bool {
        match self {
            Self::Number(n) => n > event.n,
            Self::Time(at) => at > event.at,
        }
    }
}

impl Connection {
    pub(super) async fn chat_history(&mut self, message: &Message) -> Result<(), End> {
        let subcommand = message.param(0).unwrap_or_default().to_ascii_uppercase();
        let params_min = match &*subcommand {
            "BETWEEN" => 5,
            "LATEST" | "BEFORE" | "AFTER" | "AROUND" | "TARGETS" => 4,
            _unknown => {
                self.fail(COMMAND, "INVALID_PARAMS", &[&subcommand], "Unknown subcommand");
                return Ok(());
            }
        };
        if message.params.len() < params_min {
            self.fail(COMMAND, "NEED_MORE_PARAMS", &[&subcommand], "Not enough parameters");
            return Ok(());
        }
        let limit = message.params.last().and_then(|limit| limit.parse::<usize>().ok());
        let Some(limit) = limit.map(|limit| limit.min(HISTORY_MESSAGES_MAX)) else {
            self.fail(COMMAND, "INVALID_PARAMS", &[&subcommand], "The limit is not a number");
            return Ok(());
        };
        if subcommand == "TARGETS" {
            return self.history_targets(message, limit).await;
        }
        let name = message.param(1).unwrap_or_default();
        let Some(target) = self.readable(name) else {
            self.fail(COMMAND, "INVALID_TARGET", &[&subcommand, name], "You cannot read messages there");
            return Ok(());
        };
        let positions = [message.param(2), message.param(3).filter(|_| subcommand == "BETWEEN")];
        let mut parsed = Vec::new();
        for position in positions.into_iter().flatten() {
            match self.position(&target, position) {
                Some(position) => parsed.push(position),
                None if position == "*" && subcommand == "LATEST" => {}
                None => {
                    self.fail(
                        COMMAND,
                        "INVALID_PARAMS",
                        &[&subcommand, position],
                        "Invalid message reference",
                    );
                    return Ok(());
                }
            }
        }
        let found = self.history_page(&subcommand, &target, &parsed, limit).await?;
        for entry in &found {
            if matches!(entry.event.as_ref().map(|event| &event.body), Some(Body::File { .. })) {
                self.load_link(&target, entry.n).await?;
            }
        }
        // The client looks for the conversation by the name that it sent.
        let shown = self.shown_target(&target);
        let name = if shown.eq_ignore_ascii_case(name) { name } else { &shown };
        self.send_history(name, &found);
        self.links.clear();
        Ok(())
    }

    /// The conversation of this name, if the client can read it.
    fn readable(&self, name: &str) -> Option<Target> {
        let target = self.target_named(name)?;
        match &target {
            Target::Channel(channel) => self.channels.contains_key(channel).then_some(target),
            Target::User(_) => Some(target),
        }
    }

    /// Parses `msgid=…` or `timestamp=…`.
    fn position(&self, target: &Target, text: &str) -> Option<Position> {
        if let Some(id) = text.strip_prefix("msgid=") {
            return number_of(&self.conversation(target), id).map(Position::Number);
        }
        times::parsed(text.strip_prefix("timestamp=")?).map(Position::Time)
    }

    /// The messages of a request, oldest first.
    async fn history_page(
        &mut self,
        subcommand: &str,
        target: &Target,
        positions: &[Position],
        limit: usize,
    ) -> Result<Vec<Entry>, End> {
        match (subcommand, positions) {
            ("LATEST", []) => self.older(target, None, None, limit).await,
            ("LATEST", [end, ..]) => self.older(target, None, Some(*end), limit).await,
            ("BEFORE", [start, ..]) => self.older(target, Some(*start), None, limit).await,
            ("AFTER", [start, ..]) => self.newer(target, *start, None, limit).await,
            ("BETWEEN", [start, end]) if is_ordered(*start, *end) => {
                self.newer(target, *start, Some(*end), limit).await
            }
            ("BETWEEN", [start, end]) => self.older(target, Some(*start), Some(*end), limit).await,
            ("AROUND", [middle, ..]) => {
                // The middle itself belongs to the newer half.
                let newer_start = match middle {
                    Position::Number(n) => Position::Number(n.saturating_sub(1)),
                    Position::Time(at) => Position::Time(at.saturating_sub(1)),
                };
                let mut found = self.older(target, Some(*middle), None, limit / 2).await?;
                let rest = limit - found.len().min(limit);
                found.extend(self.newer(target, newer_start, None, rest).await?);
                Ok(found)
            }
            _other => Ok(Vec::new()),
        }
    }

    /// The newest messages before `start` and after `end`.
    async fn older(
        &mut self,
        target: &Target,
        start: Option<Position>,
        end: Option<Position>,
        limit: usize,
    ) -> Result<Vec<Entry>, End> {
        let (mut found, mut before) = (Vec::new(), start);
        for _ in 0..HISTORY_PAGES_MAX {
            let page = self.page(target, |history| match before {
                Some(Position::Number(n)) => history.before = Some(n),
                Some(Position::Time(at)) => history.before_at = Some(at),
                None => {}
            });
            let page = page.await?;
            let Some(first) = page.first().map(|entry| entry.n) else { break };
            let ended = page
                .first()
                .and_then(|entry| entry.event.as_ref())
                .is_some_and(|event| end.is_some_and(|end| !end.is_before(event)));
            let wanted = page.into_iter().rev().filter(|entry| {
                self.is_wanted(entry)
                    && entry.event.as_ref().is_some_and(|event| end.is_none_or(|end| end.is_before(event)))
            });
            found.extend(wanted.take(limit - found.len()));
            if found.len() >= limit || ended || first <= 1 {
                break;
            }
            before = Some(Position::Number(first));
        }
        found.reverse();
        Ok(found)
    }

    /// The oldest messages after `start` and before `end`.
    async fn newer(
        &mut self,
        target: &Target,
        start: Position,
        end: Option<Position>,
        limit: usize,
    ) -> Result<Vec<Entry>, End> {
        let (mut found, mut after) = (Vec::new(), start);
        for _ in 0..HISTORY_PAGES_MAX {
            let page = self.page(target, |history| match after {
                Position::Number(n) => history.after = Some(n),
                Position::Time(at) => history.after_at = Some(at.saturating_add(1)),
            });
            let page = page.await?;
            let Some(last) = page.last().map(|entry| entry.n) else { break };
            let ended = page
                .last()
                .and_then(|entry| entry.event.as_ref())
                .is_some_and(|event| end.is_some_and(|end| !end.is_after(event)));
            let wanted = page.into_iter().filter(|entry| {
                self.is_wanted(entry)
                    && entry.event.as_ref().is_some_and(|event| end.is_none_or(|end| end.is_after(event)))
            });
            found.extend(wanted.take(limit - found.len()));
            if found.len() >= limit || ended {
                break;
            }
            after = Position::Number(last);
        }
        Ok(found)
    }

    /// One page of the server. Without a right to read, the page is empty. Messages of blocked users are
    /// hidden.
    pub(super) async fn page(
        &mut self,
        target: &Target,
        position: impl FnOnce(&mut History<'static>),
    ) -> Result<Vec<Entry>, End> {
        let target = target.clone();
        let params = |token: Token<'static>| {
            let mut history = History::newest(token, target);
            history.limit = Some(PAGE_EVENTS);
            position(&mut history);
            history
        };
        let page = self.request::<MessageHistory>(params).await?;
        let (Ok(page), Some(me)) = (page, &self.user) else { return Ok(Vec::new()) };
        let lines = page.events.iter().map(|event| event.get());
        let entries = lines.filter_map(|line| Entry::read_amended(me, line));
        Ok(entries.map(|entry| self.session.blocks().mark(entry)).collect())
    }

    /// Whether CHATHISTORY shows an event to this client.
    fn is_wanted(&self, entry: &Entry) -> bool {
        let is_played_back = entry.event.as_ref().is_some_and(|event| self.is_played_back(event));
        is_message(entry) || (is_played_back && !entry.is_hidden)
    }

    fn send_history(&mut self, name: &str, entries: &[Entry]) {
        let batch = self.new_batch();
        let open = self.server_line("BATCH").param(format!("+{batch}"));
        self.reply(open.param("chathistory").param(name));
        for event in entries.iter().filter_map(|entry| entry.event.as_ref()) {
            let lines = match self.is_played_back(event) {
                true => self.playback_line(event).into_iter().collect(),
                false => self.message_lines(event),
            };
            lines.into_iter().for_each(|line| self.reply(line.tag("batch", batch.clone())));
        }
        let close = self.server_line("BATCH").param(format!("-{batch}"));
        self.reply(close);
    }

    /// `TARGETS`: the conversations whose newest message is between two times.
    async fn history_targets(&mut self, message: &Message, limit: usize) -> Result<(), End> {
        let time =
            |index| message.param(index).and_then(|text| times::parsed(text.strip_prefix("timestamp=")?));
        let (Some(one), Some(other)) = (time(1), time(2)) else {
            self.fail(COMMAND, "INVALID_PARAMS", &["TARGETS"], "Two timestamps are needed");
            return Ok(());
        };
        let (from, to) = (one.min(other), one.max(other));
        let heads = self.request::<SyncHeads>(|token| HeadsSince { token, since: None }).await?;
        let mut found = Vec::new();
        for head in heads.map(|heads| heads.heads).unwrap_or_default() {
            let is_everybody =
                matches!(&head.conversation, Target::Channel(channel) if channel.is_everybody());
            if head.n == 0 || is_everybody || found.len() >= HISTORY_MESSAGES_MAX {
                continue;
            }
            let page = self.page(&head.conversation, |history| history.limit = Some(TARGET_EVENTS)).await?;
            let newest = page.iter().rev().find(|entry| is_message(entry));
            let at = newest.and_then(|entry| entry.event.as_ref()).map(|event| event.at);
            if let Some(at) = at.filter(|at| from < *at && *at < to) {
                found.push((at, head.conversation));
            }
        }
        found.sort();
        let batch = self.new_batch();
        let open = self.server_line("BATCH").param(format!("+{batch}")).param("draft/chathistory-targets");
        self.reply(open);
        for (at, target) in found.into_iter().take(limit) {
            let line = self.server_line("CHATHISTORY").tag("batch", batch.clone()).param("TARGETS");
            self.reply(line.param(self.shown_target(&target)).param(times::written(at)));
        }
        let close = self.server_line("BATCH").param(format!("-{batch}"));
        self.reply(close);
        Ok(())
    }
}

fn is_message(entry: &Entry) -> bool {
    let body = entry.event.as_ref().map(|event| &event.body);
    !entry.is_hidden && matches!(body, Some(Body::Message { .. } | Body::File { .. }))
}

/// Whether the first position is before the second. Positions of different kinds count as ordered.
fn is_ordered(start: Position, end: Position) -> bool {
    match (start, end) {
        (Position::Number(start), Position::Number(end)) | (Position::Time(start), Position::Time(end)) => {
            start <= end
        }
        (Position::Number(_), Position::Time(_)) | (Position::Time(_), Position::Number(_)) => true,
    }
}
