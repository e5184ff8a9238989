//! Carries out the effects of a [`Session`]. Effects on the disk come first.
//!
//! A front end implements [`Io`] with its sockets, its disk and its user interface, and calls [`step`] after
//! each input.

use std::sync::Arc;

use common::{Error, UserName};
use uuid::Uuid;

use crate::{Answer, Effect, Message, News, Session};

/// The operations that a session needs from its front end: one for each variant of [`Effect`].
pub trait Io {
    /// An error that ends the front end, such as a failed socket.
    type Error;

    /// The time in milliseconds. It never decreases.
    fn now_ms(&self) -> u64;

    /// Reads this user's unacknowledged messages from the disk, in the order of sending.
    fn load_outbox(&mut self, user: &UserName) -> Vec<Message>;

    /// Writes messages to the disk. `None` means that the write is still running: the front end calls
    /// [`Session::persisted`] when it ends.
    fn persist(&mut self, messages: &[Message]) -> Option<Result<(), Error>>;

    /// Deletes messages from the disk.
    fn forget(&mut self, ids: &[Uuid]);

    /// Queues a request line. Lines are sent in the order of their ids. The line replaces an unsent line with
    /// the same id.
    fn send(&mut self, id: u64, line: Vec<u8>);

    /// Queues a request line for a frame without other lines. `bytes` are a second frame.
    fn send_alone(&mut self, id: u64, line: Vec<u8>, bytes: Option<Arc<[u8]>>);

    /// Closes the request socket, and connects a new one to the endpoint with this index.
    fn use_endpoint(&mut self, index: usize) -> Result<(), Self::Error>;

    /// Closes the event socket, and connects a new one without subscriptions to this endpoint of the proxy.
    /// The session connects again after an error.
    fn connect(&mut self, endpoint: &str);

    /// Subscribes to a topic.
    fn subscribe(&mut self, topic: &str) -> Result<(), Self::Error>;

    /// Unsubscribes from a topic.
    fn unsubscribe(&mut self, topic: &str) -> Result<(), Self::Error>;

    /// Answers the command with this ticket.
    fn answer(&mut self, ticket: u64, outcome: Result<Answer, Error>);

    /// Reports to the user interface.
    fn news(&mut self, news: News);
}

/// Carries out the effects of all inputs since the last call. Effects on the disk come first: a message is
/// written before it is sent, and it is deleted before the user interface reports its acknowledgement.
pub fn step<I: Io>(session: &mut Session, io: &mut I) -> Result<(), I::Error> {
    let mut effects = session.take_effects();
    loop {
        let others = carry_out_on_disk(session, io, effects);
        effects = session.take_effects();
        if effects.is_empty() {
            return others.into_iter().try_for_each(|effect| carry_out(io, effect));
        }
        // The outcome of a write can cause new effects, which come first.
        effects.extend(others);
    }
}

/// Carries out the effects on the disk. Returns the other effects.
fn carry_out_on_disk<I: Io>(session: &mut Session, io: &mut I, effects: Vec<Effect>) -> Vec<Effect> {
    let (mut to_persist, mut to_forget, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for effect in effects {
        match effect {
            Effect::LoadOutbox(user) => {
                let messages = io.load_outbox(&user);
                session.outbox_loaded(io.now_ms(), messages);
            }
            Effect::Persist(message) => to_persist.push(message),
            Effect::Forget(id) => to_forget.push(id),
            Effect::Send { .. }
            | Effect::SendAlone { .. }
            | Effect::UseEndpoint(_)
            | Effect::Connect(_)
            | Effect::Subscribe(_)
            | Effect::Unsubscribe(_)
            | Effect::Answer { .. }
            | Effect::News(_) => others.push(effect),
        }
    }
    if !to_persist.is_empty()
        && let Some(outcome) = io.persist(&to_persist)
    {
        let ids: Vec<_> = to_persist.iter().map(|message| message.id).collect();
        session.persisted(io.now_ms(), &ids, outcome);
    }
    if !to_forget.is_empty() {
        io.forget(&to_forget);
    }
    others
}

fn carry_out<I: Io>(io: &mut I, effect: Effect) -> Result<(), I::Error> {
    match effect {
        Effect::Send { id, line } => io.send(id, line),
        Effect::SendAlone { id, line, bytes } => io.send_alone(id, line, bytes),
        Effect::UseEndpoint(index) => io.use_endpoint(index)?,
        Effect::Connect(endpoint) => io.connect(&endpoint),
        Effect::Subscribe(topic) => io.subscribe(&topic)?,
        Effect::Unsubscribe(topic) => io.unsubscribe(&topic)?,
        Effect::Answer { ticket, outcome } => io.answer(ticket, outcome),
        Effect::News(news) => io.news(news),
        Effect::Persist(_) | Effect::Forget(_) | Effect::LoadOutbox(_) => {}
    }
    Ok(())
}
