//! MARKREAD: the read marks of the user, which all clients of the user share.

use common::Target;
use common::methods::ReadList;
use common::reads::ListReads;
use session::Command;

use crate::connection::{Connection, End};
use crate::inbox::Item;
use crate::protocol::capabilities::Cap;
use crate::protocol::line::Line;
use crate::protocol::message::Message;
use crate::protocol::times;

/// The number of events among which the last message is searched.
const EVENTS_SEARCHED: u64 = 50;

impl Connection {
    pub(super) async fn mark_read(&mut self, message: &Message) -> Result<(), End> {
        let Some(name) = message.filled(0) else {
            self.fail("MARKREAD", "NEED_MORE_PARAMS", &[], "Missing parameters");
            return Ok(());
        };
        let Some(target) = self.target_named(name) else {
            self.fail("MARKREAD", "INVALID_PARAMS", &[name], "Invalid target");
            return Ok(());
        };
        let is_known = match &target {
            Target::Channel(channel) => self.channels.contains_key(channel),
            Target::User(user) => {
                self.load_users(Some(user)).await?;
                self.shared.user(user).is_some()
            }
        };
        let Some(time) = message.param(1) else {
            if is_known {
                return self.reply_mark(&target).await;
            }
            let line = self.server_line("MARKREAD").param(name).param("*");
            self.reply(line);
            return Ok(());
        };
        if !is_known {
            self.fail("MARKREAD", "INVALID_PARAMS", &[name], "There is no such conversation");
            return Ok(());
        }
        let Some(at) = time.strip_prefix("timestamp=").and_then(times::parsed) else {
            self.fail("MARKREAD", "INVALID_PARAMS", &[name], "Invalid timestamp");
            return Ok(());
        };
        self.set_mark(&target, at).await
    }

    async fn set_mark(&mut self, target: &Target, at: u64) -> Result<(), End> {
        let Some(user) = self.user.clone() else { return Ok(()) };
        let known = self.known_mark(target).await?;
        if known.is_some_and(|known| known >= at) {
            return self.reply_mark(target).await;
        }
        self.shared.set_mark(&user, target, at);
        let page = self.page(target, |history| {
            history.before_at = Some(at.saturating_add(1));
            history.limit = Some(1);
        });
        if let Some(n) = page.await?.last().map(|entry| entry.n) {
            let _marked = self.command(Command::MarkRead(target.clone(), n)).await?;
        }
        self.reply_mark(target).await?;
        self.shared.tell(&user, self.id, &Item::Marked(target.clone()));
        Ok(())
    }

    /// Replies with the read mark of a conversation.
    pub(in crate::connection) async fn reply_mark(&mut self, target: &Target) -> Result<(), End> {
        let mark = self.known_mark(target).await?;
        let line = self.mark_line(target, mark);
        self.reply(line);
        Ok(())
    }

    pub(in crate::connection) fn mark_line(&self, target: &Target, mark: Option<u64>) -> Line {
        let name = self.shown_target(target);
        let time = mark.map_or_else(|| "*".to_owned(), |at| format!("timestamp={}", times::written(at)));
        self.server_line("MARKREAD").param(name).param(time)
    }

    /// The exact time of a read mark, or the time of the event that the node knows.
    pub(in crate::connection) async fn known_mark(&mut self, target: &Target) -> Result<Option<u64>, End> {
        let Some(user) = self.user.clone() else { return Ok(None) };
        let exact = self.shared.mark(&user, target);
        let reads = self.list::<ReadList>(|token| ListReads { token, after: None }).await?;
        let reading = reads.unwrap_or_default().into_iter().find(|reading| reading.conversation == *target);
        let Some(n) = reading.map(|reading| reading.n).filter(|n| *n > 0) else { return Ok(exact) };
        // Another program of the user can have read more since then.
        Ok(exact.max(self.time_of(target, n).await?))
    }

    /// The time of the last message up to the event `n`. Without a message, nothing was read.
    async fn time_of(&mut self, target: &Target, n: u64) -> Result<Option<u64>, End> {
        let page = self.page(target, |history| {
            history.before = Some(n.saturating_add(1));
            history.limit = Some(EVENTS_SEARCHED);
        });
        let mut newest_first = page.await?.into_iter().rev().filter_map(|entry| entry.event);
        Ok(newest_first.find(|event| event.body.is_content()).map(|event| event.at))
    }

    /// Shows a read mark that another program of the user set, on all connections of the user. A later exact
    /// time is shown already.
    pub(in crate::connection) async fn show_mark_of(&mut self, target: &Target, n: u64) -> Result<(), End> {
        let (Some(user), Some(at)) = (self.user.clone(), self.time_of(target, n).await?) else {
            return Ok(());
        };
        if self.shared.set_mark(&user, target, at) {
            let line = self.mark_line(target, Some(at));
            self.send(&line);
            self.shared.tell(&user, self.id, &Item::Marked(target.clone()));
        }
        Ok(())
    }

    /// Shows a read mark that another connection of the user set.
    pub(in crate::connection) fn show_known_mark(&mut self, target: &Target) {
        let mark = self.user.as_ref().and_then(|user| self.shared.mark(user, target));
        if self.caps.has(Cap::ReadMarker) && mark.is_some() {
            let line = self.mark_line(target, mark);
            self.send(&line);
        }
    }
}
