//! Records the inputs and the effects of sessions as lines of JSON. The tests of the JavaScript core in
//! `web/` replay the lines, and compare all effects.

mod commands;
mod effects;

use std::sync::{Arc, Mutex, PoisonError};

use common::Error;
use common::hex::to_hex;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{Command, Effect, Message, Session};

/// The recording of one or more sessions of a client. The clones share it.
#[derive(Debug, Clone, Default)]
pub struct Recorder(Arc<Mutex<String>>);

/// An input of a session, with its time.
pub(crate) enum Input<'a> {
    Tick(u64),
    Command(u64, u64, &'a Command),
    Replies(u64, &'a [u8]),
    Events(u64, &'a [u8], &'a [u8]),
    Persisted(u64, &'a [Uuid], Option<&'a Error>),
    Outbox(u64, &'a [Message]),
    LinkDown(u64),
    LinkUp(u64),
    EventsLost(u64),
    Quit,
}

impl Recorder {
    /// Adds a line.
    pub fn write(&self, line: &Value) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.push_str(&line.to_string());
        lines.push('\n');
    }

    /// The lines.
    #[must_use]
    pub fn lines(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Session {
    /// Starts to record a new session with this seed.
    #[must_use]
    pub fn recorded(mut self, recorder: &Recorder, seed: u64) -> Self {
        recorder.write(&json!({ "new": seed.to_string(), "endpoints": self.link.endpoints() }));
        self.recorder = Some(recorder.clone());
        self
    }

    pub(crate) fn record_input<'a>(&self, input: impl FnOnce() -> Input<'a>) {
        if let Some(recorder) = &self.recorder {
            recorder.write(&self.input(input()));
        }
    }

    pub(crate) fn record_effects(&self, effects: &[Effect]) {
        if let Some(recorder) = &self.recorder {
            let effects: Vec<_> = effects.iter().map(effects::effect).collect();
            recorder.write(&json!({ "effects": effects, "deadline": self.deadline() }));
        }
    }

    fn input(&self, input: Input<'_>) -> Value {
        match input {
            Input::Tick(now) => json!({ "tick": now }),
            Input::Command(now, ticket, command) => {
                json!({ "now": now, "ticket": ticket, "command": commands::command(command) })
            }
            Input::Replies(now, lines) => match &self.received {
                None => json!({ "now": now, "replies": text(lines) }),
                Some(bytes) => json!({ "now": now, "replies": text(lines), "bytes": to_hex(bytes) }),
            },
            Input::Events(now, topic, lines) => {
                json!({ "now": now, "topic": text(topic), "events": text(lines) })
            }
            Input::Persisted(now, ids, error) => json!({ "now": now, "persisted": ids, "error": error }),
            Input::Outbox(now, messages) => {
                let messages: Vec<_> = messages.iter().map(commands::message).collect();
                json!({ "now": now, "outbox": messages })
            }
            Input::LinkDown(now) => json!({ "linkDown": now }),
            Input::LinkUp(now) => json!({ "linkUp": now }),
            Input::EventsLost(now) => json!({ "eventsLost": now }),
            Input::Quit => json!({ "quit": true }),
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
