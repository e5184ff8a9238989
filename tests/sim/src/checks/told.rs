//! What anybody was told about: every event that left the server or was shown to a person, and every message that
//! was acknowledged. What was told once is true for ever, for everybody.

use std::collections::BTreeMap;

use common::events::Class;
use common::{Body, Conversation, Event, Notice, UserName};
use session::Entry;
use uuid::Uuid;

use super::{Check, ensure};

/// All that was told so far.
#[derive(Default)]
pub struct Told {
    lines: BTreeMap<Conversation, BTreeMap<u64, Box<str>>>,
    ids: BTreeMap<Uuid, (Conversation, u64)>,
    acknowledged: BTreeMap<Uuid, (Conversation, u64)>,
    /// When it was first told that somebody came to a conversation or went, in simulated milliseconds.
    moved_at_ms: BTreeMap<(Conversation, UserName), u64>,
    /// When an event was last told of that nobody had been told of before.
    pub(crate) newest_at_ms: u64,
    /// The simulated time.
    pub now_ms: u64,
}

impl Told {
    /// Notes an event line that somebody was told. A notice of what somebody has read says nothing to others.
    pub fn note(&mut self, line: &str) -> Check {
        if matches!(serde_json::from_str(line), Ok(Notice::Read { .. })) {
            return Ok(());
        }
        let event: Event<'_> = match serde_json::from_str(line) {
            Ok(event) => event,
            Err(error) => return ensure(false, "told_is_an_event", || format!("{line}: {error}")),
        };
        let conversation = event.conversation();
        let is_new = !self.lines.get(&conversation).is_some_and(|lines| lines.contains_key(&event.n));
        if is_new {
            self.newest_at_ms = self.now_ms;
        }
        self.same_everywhere(&conversation, event.n, line)?;
        // No event of the fan-out has lost its text, and no invitation is declined here.
        let is_expected = !matches!(event.body, Body::Redacted { .. } | Body::Declined);
        match event.body.class() {
            Class::Content { id } | Class::Amendment { id, .. } if is_expected => {
                self.one_effect_per_id(id, &conversation, event.n)
            }
            Class::Membership if is_expected => {
                if is_new && self.now_ms > 0 {
                    self.moved_at_ms.insert((conversation, event.from), self.now_ms);
                }
                Ok(())
            }
            Class::Content { .. }
            | Class::Amendment { .. }
            | Class::Membership
            | Class::Moderation { .. }
            | Class::Settings
            | Class::Unknown => ensure(false, "told_is_known", || line.to_owned()),
        }
    }

    /// Notes an event as a client has it: its line may be one of a page, which says what became of a message since.
    pub fn note_entry(&mut self, entry: &Entry) -> Check {
        let event = entry.event.as_ref();
        let is_gone = event.is_some_and(|event| matches!(event.body, Body::Redacted { .. }));
        match event {
            Some(event) if is_gone || entry.amended.is_some() => {
                let id = event.body.id().unwrap_or_default();
                self.one_effect_per_id(id, &event.conversation(), event.n)
            }
            _ => self.note(&entry.line),
        }
    }

    /// Whether it was told within the last so many milliseconds that somebody came to a conversation or went.
    pub fn has_moved(&self, who: &UserName, conversation: &Conversation, within_ms: u64) -> bool {
        let moved_at_ms = self.moved_at_ms.get(&(conversation.clone(), who.clone()));
        moved_at_ms.is_some_and(|moved_at_ms| moved_at_ms + within_ms > self.now_ms)
    }

    /// Notes that a message was acknowledged as this event.
    pub fn note_acknowledged(&mut self, id: Uuid, line: &str) -> Check {
        self.note(line)?;
        let place = self.ids.get(&id).cloned();
        let Some(place) = place else {
            return ensure(false, "one_effect_per_id", || format!("{id} was acknowledged as {line}"));
        };
        self.acknowledged.insert(id, place);
        Ok(())
    }

    /// Notes that something else under this id was acknowledged as the event `n`.
    pub(crate) fn note_done(&mut self, id: Uuid, conversation: Conversation, n: u64) -> Check {
        self.one_effect_per_id(id, &conversation, n)?;
        self.acknowledged.insert(id, (conversation, n));
        Ok(())
    }

    /// Under one number of a conversation everybody is told the same line, so all have the same order.
    fn same_everywhere(&mut self, conversation: &Conversation, n: u64, line: &str) -> Check {
        let lines = self.lines.entry(conversation.clone()).or_default();
        let known = lines.entry(n).or_insert_with(|| line.into());
        ensure(**known == *line, "same_everywhere", || {
            format!("{conversation} {n} was told as\n  {known}\nand as\n  {line}")
        })
    }

    /// A message id becomes one event, however often it is sent.
    fn one_effect_per_id(&mut self, id: Uuid, conversation: &Conversation, n: u64) -> Check {
        let known = self.ids.entry(id).or_insert_with(|| (conversation.clone(), n));
        ensure(*known == (conversation.clone(), n), "one_effect_per_id", || {
            format!("{id} is {} {} and {conversation} {n}", known.0, known.1)
        })
    }

    /// What was told of a conversation, by number.
    pub fn of(&self, conversation: &Conversation) -> impl Iterator<Item = (u64, &str)> {
        self.lines.get(conversation).into_iter().flatten().map(|(n, line)| (*n, &**line))
    }

    /// The conversations that anything was told of.
    pub fn conversations(&self) -> impl Iterator<Item = &Conversation> {
        self.lines.keys()
    }

    /// The messages that were acknowledged, and as which events.
    pub fn acknowledged(&self) -> impl Iterator<Item = (&Uuid, &(Conversation, u64))> {
        self.acknowledged.iter()
    }
}
