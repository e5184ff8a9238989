//! PRIVMSG, NOTICE and REDACT.

use common::amendments::Delete;
use common::methods::MessageDelete;
use common::{Body, Conversation, Detail, Error, Reason, Target, Text, UserName};
use session::Message as Outgoing;
use transport::clock;

use super::tags::client_tags;
use crate::connection::{Connection, End};
use crate::protocol::capabilities::Cap;
use crate::protocol::message::Message;
use crate::protocol::message_id::{message_id, number_of};
use crate::protocol::numerics::Numeric;
use crate::protocol::text::plain;
use crate::shared::MessageNote;

/// The maximum number of recipients of one line: `TARGMAX` of ISUPPORT.
pub(in crate::connection) const TARGETS_MAX: usize = 4;

impl Connection {
    pub(super) async fn say(&mut self, message: &Message) -> Result<(), End> {
        let Some(targets) = message.filled(0) else {
            self.numeric(Numeric::NoRecipient, &[]);
            return Ok(());
        };
        let Some(text) = message.filled(1) else {
            self.numeric(Numeric::NoText, &[]);
            return Ok(());
        };
        if targets.split(',').count() > TARGETS_MAX {
            self.numeric(Numeric::TooManyTargets, &[targets]);
            return Ok(());
        }
        for target in targets.split(',') {
            if self.fits(target, text) {
                let note = MessageNote { tags: client_tags(message), ..MessageNote::default() };
                self.say_to(&message.command, target, text, message.tag("+draft/reply"), note).await?;
            } else {
                self.refuse_long_line();
            }
        }
        Ok(())
    }

    /// Whether other clients can receive a text in one line, as its sender wrote it.
    fn fits(&self, name: &str, text: &str) -> bool {
        let (Some(user), Some(to)) = (&self.user, self.target_named(name)) else { return true };
        let bytes = plain_text(text).map_or(0, |text| text.len());
        bytes <= self.text_bytes_max(user, &self.shown_target(&to))
    }

    /// Sends a text to a channel or a user, and echoes it.
    pub(super) async fn say_to(
        &mut self,
        command: &str,
        name: &str,
        text: &str,
        reply: Option<&str>,
        note: MessageNote,
    ) -> Result<(), End> {
        let Some(to) = self.target_named(name) else {
            self.numeric(Numeric::NoSuchNick, &[name]);
            return Ok(());
        };
        let Some(text) = plain_text(text) else { return Ok(()) };
        let text = match Text::new(text) {
            Ok(text) => text,
            Err(detail @ Detail::TextTooLong { .. }) => {
                self.fail_with(command, &[name], &detail.into());
                return Ok(());
            }
            Err(_empty) => {
                self.numeric(Numeric::NoText, &[]);
                return Ok(());
            }
        };
        let reply = reply.and_then(|id| number_of(&self.conversation(&to), id));
        let id = self.shared.uuid();
        self.shared.set_note(id, MessageNote { is_notice: command == "NOTICE", ..note });
        let message = Outgoing { to: to.clone(), id, text, reply };
        self.spoke_ms = clock::monotonic_ms();
        match self.send_message(message).await? {
            Ok(entry) => {
                let lines = entry.event.map(|event| self.message_lines(&event)).unwrap_or_default();
                if self.caps.has(Cap::EchoMessage) {
                    lines.iter().for_each(|line| self.reply(line.clone()));
                }
                if matches!(&to, Target::User(user) if self.user.as_ref() == Some(user)) {
                    lines.iter().for_each(|line| self.send(line));
                }
                if let Target::User(user) = &to
                    && command != "NOTICE"
                    && let Some(text) = self.shared.away(user)
                {
                    self.numeric(Numeric::Away, &[&self.shared.shown(user), &text]);
                }
            }
            // RFC 2812, section 3.3.2: no reply to a NOTICE.
            Err(_) if command == "NOTICE" => {}
            Err(error) => self.refuse_message(command, name, &error),
        }
        Ok(())
    }

    fn refuse_message(&mut self, command: &str, name: &str, error: &Error) {
        match error.reason() {
            Some(Reason::NoSuchUser) => self.numeric(Numeric::NoSuchNick, &[name]),
            Some(Reason::NoSuchChannel) => self.numeric(Numeric::NoSuchChannel, &[name]),
            Some(Reason::NotMember | Reason::NotAllowed | Reason::Banned | Reason::Archived) => {
                self.numeric(Numeric::CannotSend, &[name]);
            }
            Some(_) | None => self.fail_with(command, &[name], error),
        }
    }

    /// The conversation that a line names: a channel or a user.
    pub(super) fn target_named(&self, name: &str) -> Option<Target> {
        if name.starts_with('#') {
            return self.channel_named(name).map(Target::Channel);
        }
        UserName::new(name).ok().map(Target::User)
    }

    pub(in crate::connection) fn conversation(&self, target: &Target) -> Conversation {
        match &self.user {
            Some(user) => Conversation::of(user, target),
            None => Conversation::Channel(common::ChannelName::everybody()),
        }
    }

    pub(super) async fn redact(&mut self, message: &Message) -> Result<(), End> {
        let (name, id) = (message.param(0).unwrap_or_default(), message.param(1).unwrap_or_default());
        let Some(to) = self.target_named(name) else {
            self.fail("REDACT", "INVALID_TARGET", &[name], "You cannot delete messages there");
            return Ok(());
        };
        if let Target::Channel(channel) = &to
            && !self.channels.contains_key(channel)
        {
            self.fail("REDACT", "INVALID_TARGET", &[name], "You are not in that channel");
            return Ok(());
        }
        let Some(n) = number_of(&self.conversation(&to), id) else {
            self.fail("REDACT", "UNKNOWN_MSGID", &[name, id], "There is no such message");
            return Ok(());
        };
        let own_id = self.shared.uuid();
        let reason = message.filled(2).unwrap_or_default();
        self.shared.set_note(own_id, MessageNote { reason: reason.to_owned(), ..MessageNote::default() });
        let body = Body::Deleted { id: own_id, of: n };
        let params = {
            let conversation = to.clone();
            |token| Delete { token, conversation, n, id: own_id }
        };
        match self.act::<MessageDelete>(&to, body, params).await? {
            Ok(_sent) => {
                let line = self.own_line("REDACT").param(self.shown_target(&to));
                let line = line.param(message_id(&self.conversation(&to), n));
                let line = message.filled(2).map_or(line.clone(), |reason| line.param(reason));
                self.reply(line);
            }
            Err(error) => {
                let code = match error.reason() {
                    Some(Reason::NoSuchMessage) => "UNKNOWN_MSGID",
                    Some(Reason::NotAllowed) => "REDACT_FORBIDDEN",
                    Some(_) | None => "INVALID_TARGET",
                };
                self.fail("REDACT", code, &[name, id], &error.message);
            }
        }
        Ok(())
    }
}

/// The text of a line without formatting. An action of a user (CTCP ACTION) becomes a text in asterisks; papo
/// has no other CTCP, so `None` is returned for it.
fn plain_text(text: &str) -> Option<String> {
    let text = match text.strip_prefix('\u{1}') {
        None => text.to_owned(),
        Some(request) => format!("*{}*", request.trim_end_matches('\u{1}').strip_prefix("ACTION ")?),
    };
    Some(plain(&text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formatting_is_removed_and_actions_become_text() {
        let plain = |text: &str| plain_text(text);
        assert_eq!(plain("\u{2}bold\u{2} a\tb"), Some("bold a\tb".into()));
        assert_eq!(plain("\u{1}ACTION waves\u{1}"), Some("*waves*".into()));
        assert_eq!((plain("\u{1}VERSION\u{1}"), plain("\u{1}DCC SEND x\u{1}")), (None, None));
    }
}
