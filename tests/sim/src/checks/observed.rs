//! Records every event that left the server or was shown to a user, and every acknowledged message. None of
//! these may be lost or change.

use std::collections::BTreeMap;

use common::events::Class;
use common::{Body, Conversation, Event, Notice, UserName};
use session::Entry;
use uuid::Uuid;

use super::{Check, ensure};

#[derive(Default)]
pub struct Observed {
    lines: BTreeMap<Conversation, BTreeMap<u64, Box<str>>>,
    ids: BTreeMap<Uuid, (Conversation, u64)>,
    acknowledged: BTreeMap<Uuid, (Conversation, u64)>,
    /// The simulated time of the last observed join or leave, by conversation and user.
    membership_changed_at_ms: BTreeMap<(Conversation, UserName), u64>,
    /// The simulated time at which the newest event was first observed.
    pub(crate) newest_event_at_ms: u64,
    pub now_ms: u64,
}

impl Observed {
    /// Checks and remembers an event line. A notice about a read mark is ignored.
    pub fn observe_line(&mut self, line: &str) -> Check {
        if matches!(serde_json::from_str(line), Ok(Notice::Read { .. })) {
            return Ok(());
        }
        let event: Event<'_> = match serde_json::from_str(line) {
            Ok(event) => event,
            Err(error) => return ensure(false, "lines_are_events", || format!("{line}: {error}")),
        };
        let conversation = event.conversation();
        let is_new = !self.lines.get(&conversation).is_some_and(|lines| lines.contains_key(&event.n));
        if is_new {
            self.newest_event_at_ms = self.now_ms;
        }
        self.one_line_per_number(&conversation, event.n, line)?;
        // Events in the fan-out keep their text, and no simulated user declines an invitation.
        let is_expected = !matches!(event.body, Body::Redacted { .. } | Body::Declined);
        match event.body.class() {
            Class::Content { id } | Class::Amendment { id, .. } if is_expected => {
                self.one_effect_per_id(id, &conversation, event.n)
            }
            Class::Membership if is_expected => {
                if is_new && self.now_ms > 0 {
                    self.membership_changed_at_ms.insert((conversation, event.from), self.now_ms);
                }
                Ok(())
            }
            Class::Settings if matches!(event.body, Body::Renamed(_)) => Ok(()),
            Class::Content { .. }
            | Class::Amendment { .. }
            | Class::Membership
            | Class::Moderation { .. }
            | Class::Settings
            | Class::Unknown => ensure(false, "event_kinds_are_known", || line.to_owned()),
        }
    }

    /// Checks and remembers an event as a client shows it. A page can show an amended message, so only the id
    /// is compared.
    pub fn observe_entry(&mut self, entry: &Entry) -> Check {
        let event = entry.event.as_ref();
        let is_redacted = event.is_some_and(|event| matches!(event.body, Body::Redacted { .. }));
        match event {
            Some(event) if is_redacted || entry.amended.is_some() => {
                let id = event.body.id().unwrap_or_default();
                self.one_effect_per_id(id, &event.conversation(), event.n)
            }
            _ => self.observe_line(&entry.line),
        }
    }

    /// Whether a join or leave of the user was observed in the last `within_ms`.
    pub fn membership_changed_within(
        &self,
        user: &UserName,
        conversation: &Conversation,
        within_ms: u64,
    ) -> bool {
        let changed_at_ms = self.membership_changed_at_ms.get(&(conversation.clone(), user.clone()));
        changed_at_ms.is_some_and(|changed_at_ms| changed_at_ms + within_ms > self.now_ms)
    }

    /// Checks and remembers the acknowledgement of a message.
    pub fn observe_acknowledged(&mut self, id: Uuid, line: &str) -> Check {
        self.observe_line(line)?;
        let Some(position) = self.ids.get(&id).cloned() else {
            return ensure(false, "one_effect_per_id", || format!("{id} was acknowledged as {line}"));
        };
        self.acknowledged.insert(id, position);
        Ok(())
    }

    /// Checks and remembers the acknowledgement of an edit, deletion, reaction or file, or of a message whose
    /// line is unknown.
    pub fn observe_amended(&mut self, id: Uuid, conversation: Conversation, n: u64) -> Check {
        self.one_effect_per_id(id, &conversation, n)?;
        self.acknowledged.insert(id, (conversation, n));
        Ok(())
    }

    /// All clients receive the same line for a number, and therefore the same order.
    fn one_line_per_number(&mut self, conversation: &Conversation, n: u64, line: &str) -> Check {
        let lines = self.lines.entry(conversation.clone()).or_default();
        let known = lines.entry(n).or_insert_with(|| line.into());
        ensure(**known == *line, "one_line_per_number", || {
            format!("{conversation} {n} was observed as\n  {known}\nand as\n  {line}")
        })
    }

    /// A message id is one event, even if the message is sent several times.
    fn one_effect_per_id(&mut self, id: Uuid, conversation: &Conversation, n: u64) -> Check {
        let known = self.ids.entry(id).or_insert_with(|| (conversation.clone(), n));
        ensure(*known == (conversation.clone(), n), "one_effect_per_id", || {
            format!("{id} is {} {} and {conversation} {n}", known.0, known.1)
        })
    }

    /// The observed lines of a conversation, by number.
    pub fn of(&self, conversation: &Conversation) -> impl Iterator<Item = (u64, &str)> {
        self.lines.get(conversation).into_iter().flatten().map(|(n, line)| (*n, &**line))
    }

    pub fn conversations(&self) -> impl Iterator<Item = &Conversation> {
        self.lines.keys()
    }

    /// The ids of acknowledged messages, with their conversation and number.
    pub fn acknowledged(&self) -> impl Iterator<Item = (&Uuid, &(Conversation, u64))> {
        self.acknowledged.iter()
    }
}
