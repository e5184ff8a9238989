//! PRIVMSG, NOTICE, TAGMSG and REDACT.

use common::amendments::{Delete, Emoji, React};
use common::methods::{MessageDelete, MessageReact, TypingSet};
use common::presence::SetTyping;
use common::{Body, Conversation, Detail, Error, Reason, Target, Text, UserName};
use session::Message as Outgoing;
use transport::clock;

use crate::connection::{Connection, End};
use crate::protocol::capabilities::Cap;
use crate::protocol::message::Message;
use crate::protocol::message_id::{message_id, number_of};
use crate::protocol::numerics::Numeric;
use crate::protocol::text::plain;

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
            self.say_to(&message.command, target, text, message.tag("+draft/reply")).await?;
        }
        Ok(())
    }

    /// Sends a text to a channel or a user, and echoes it.
    pub(super) async fn say_to(
        &mut self,
        command: &str,
        name: &str,
        text: &str,
        reply: Option<&str>,
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
        if command == "NOTICE" {
            self.shared.note_notice(id);
        }
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
                    self.numeric(Numeric::Away, &[user.as_str(), &text]);
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

    pub(super) fn conversation(&self, target: &Target) -> Conversation {
        match &self.user {
            Some(user) => Conversation::of(user, target),
            None => Conversation::Channel(common::ChannelName::everybody()),
        }
    }

    /// TAGMSG: a typing notice, or a reaction to a message. papo has no other messages without a text.
    pub(super) async fn tag_message(&mut self, message: &Message) -> Result<(), End> {
        let name = message.param(0).unwrap_or_default();
        let Some(to) = self.target_named(name) else {
            self.numeric(Numeric::NoSuchNick, &[name]);
            return Ok(());
        };
        if let Some(typing) = message.tag("+typing") {
            let (to, typing) = (to.clone(), typing == "active");
            // A lost notice does no harm.
            let _outcome = self.request::<TypingSet>(|token| SetTyping { token, to, typing }).await?;
        }
        let add = message.tag("+draft/react").map(|emoji| (emoji, false));
        let remove = message.tag("+draft/unreact").map(|emoji| (emoji, true));
        if let (Some((emoji, remove)), Some(id)) = (add.or(remove), message.tag("+draft/reply")) {
            return self.react(&to, emoji, remove, id).await;
        }
        Ok(())
    }

    async fn react(&mut self, to: &Target, emoji: &str, remove: bool, id: &str) -> Result<(), End> {
        let Some(n) = number_of(&self.conversation(to), id) else {
            self.fail("TAGMSG", "UNKNOWN_MSGID", &[id], "There is no such message");
            return Ok(());
        };
        let emoji = match Emoji::new(emoji) {
            Ok(emoji) => emoji,
            Err(detail) => {
                self.fail_with("TAGMSG", &[&self.shown_target(to)], &detail.into());
                return Ok(());
            }
        };
        let (conversation, id) = (to.clone(), self.shared.uuid());
        let params = |token| React { token, conversation, n, id, emoji, remove };
        if let Err(error) = self.request::<MessageReact>(params).await? {
            self.fail_with("TAGMSG", &[&self.shown_target(to)], &error);
        }
        Ok(())
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
