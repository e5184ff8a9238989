//! TAGMSG: typing notices, reactions, and tags that only IRC clients understand.

use std::sync::Arc;

use common::amendments::{Emoji, React};
use common::methods::{MessageReact, TypingSet};
use common::presence::SetTyping;
use common::{Body, Target};
use transport::clock;

use crate::connection::{Connection, End};
use crate::inbox::Item;
use crate::limits::USERS_PER_LINE;
use crate::protocol::capabilities::Cap;
use crate::protocol::message::Message;
use crate::protocol::message_id::{message_id, number_of};
use crate::protocol::numerics::Numeric;
use crate::protocol::text::plain;

const REPLY: &str = "+draft/reply";
const REACT: &str = "+draft/react";
const UNREACT: &str = "+draft/unreact";
const TYPING: &str = "+typing";

impl Connection {
    /// TAGMSG: a typing notice, a reaction to a message, or other tags. The node knows only the first two.
    pub(super) async fn tag_message(&mut self, message: &Message) -> Result<(), End> {
        let name = message.param(0).unwrap_or_default();
        let Some(to) = self.target_named(name) else {
            self.numeric(Numeric::NoSuchNick, &[name]);
            return Ok(());
        };
        if let Some(typing) = message.tag(TYPING) {
            let (to, typing) = (to.clone(), typing == "active");
            // A lost notice does no harm.
            let _outcome = self.request::<TypingSet>(|token| SetTyping { token, to, typing }).await?;
        }
        let add = message.tag(REACT).map(|emoji| (emoji, false));
        let remove = message.tag(UNREACT).map(|emoji| (emoji, true));
        let of = message.tag(REPLY).and_then(|id| number_of(&self.conversation(&to), id));
        if let (Some((emoji, remove)), Some(of)) = (add.or(remove), of) {
            return self.react(&to, emoji, remove, of).await;
        }
        let known = |name: &str| message.tag(name).map(|value| (name.to_owned(), plain(value)));
        let mut tags = client_tags(message);
        tags.extend([REACT, UNREACT].into_iter().filter_map(known));
        if tags.is_empty() {
            return Ok(());
        }
        tags.extend(known(REPLY));
        self.relay_tags(&to, name, &tags).await
    }

    /// Passes tags to the IRC clients of this front. The node does not store them.
    async fn relay_tags(&mut self, to: &Target, name: &str, tags: &[(String, String)]) -> Result<(), End> {
        let Some(me) = self.user.clone() else { return Ok(()) };
        match to {
            Target::Channel(channel) if !self.channels.contains_key(channel) => {
                self.numeric(Numeric::CannotSend, &[name]);
                return Ok(());
            }
            Target::User(_) if self.existing_user(name).await?.is_none() => return Ok(()),
            Target::Channel(_) | Target::User(_) => {}
        }
        let id = self.shared.uuid().simple().to_string();
        let line = self.own_line("TAGMSG").tag("msgid", id).client_tags(tags).param(self.shown_target(to));
        let item = Item::Tagged(me.clone(), Arc::new(line.clone()));
        match to {
            Target::Channel(channel) => {
                let told = self.shared.tell_channel(channel, self.id, &item);
                self.line_rate.take(told / USERS_PER_LINE, clock::monotonic_ms());
            }
            Target::User(user) => {
                self.shared.tell(user, self.id, &item);
                if *user != me {
                    self.shared.tell(&me, self.id, &item);
                }
            }
        }
        self.echo_tags(&line);
        if matches!(to, Target::User(user) if *user == me) && self.caps.has(Cap::MessageTags) {
            self.send(&line);
        }
        Ok(())
    }

    fn echo_tags(&mut self, line: &crate::protocol::line::Line) {
        if self.caps.has(Cap::EchoMessage) && self.caps.has(Cap::MessageTags) {
            self.reply(line.clone());
        }
    }

    async fn react(&mut self, to: &Target, emoji: &str, remove: bool, of: u64) -> Result<(), End> {
        let emoji = match Emoji::new(emoji) {
            Ok(emoji) => emoji,
            Err(detail) => {
                self.fail_with("TAGMSG", &[&self.shown_target(to)], &detail.into());
                return Ok(());
            }
        };
        let id = self.shared.uuid();
        let body = match remove {
            true => Body::Unreacted { id, of, emoji: emoji.clone() },
            false => Body::Reacted { id, of, emoji: emoji.clone() },
        };
        let params = {
            let (conversation, emoji) = (to.clone(), emoji.clone());
            |token| React { token, conversation, n: of, id, emoji, remove }
        };
        match self.act::<MessageReact>(to, body, params).await? {
            Ok(sent) => {
                let line = self.own_line_of("TAGMSG", to, Some((sent.n, sent.at)));
                let line = line.tag(REPLY, message_id(&self.conversation(to), of));
                let line = line.tag(if remove { UNREACT } else { REACT }, emoji.as_str());
                self.echo_tags(&line.param(self.shown_target(to)));
            }
            Err(error) => self.fail_with("TAGMSG", &[&self.shown_target(to)], &error),
        }
        Ok(())
    }
}

/// The client-only tags of a line that only other IRC clients understand, without control characters.
pub(super) fn client_tags(message: &Message) -> Vec<(String, String)> {
    let is_name = |name: &str| {
        let is_known = matches!(name, REPLY | REACT | UNREACT | TYPING);
        let key = name.strip_prefix('+').filter(|_| !is_known);
        key.is_some_and(|key| {
            !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-./".contains(&byte))
        })
    };
    let tags = message.tags.iter().filter(|(name, _)| is_name(name));
    tags.map(|(name, value)| (name.clone(), plain(value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tags_for_other_clients_are_relayed() {
        let line = "@+a=b\\:c;d=e;+typing=active;+draft/reply=1;+x.org/y;+;+z\u{1b}=1;+f=\u{1b}[2J TAGMSG #a";
        let tags = client_tags(&Message::parse(line).expect("a message"));
        let tags: Vec<_> = tags.iter().map(|(name, value)| (&**name, &**value)).collect();
        assert_eq!(tags, [("+a", "b;c"), ("+x.org/y", ""), ("+f", "[2J")]);
    }
}
