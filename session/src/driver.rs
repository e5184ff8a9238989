//! Carries out the effects of a [`Session`], the disk first.
//!
//! A front end implements [`Io`] with its sockets, its disk and its user, and calls [`step`] after each
//! input.

use std::sync::Arc;

use common::{Error, UserName};
use uuid::Uuid;

use crate::{Answer, Effect, Message, News, Session};

/// What a session needs from its front end. The methods correspond to the variants of [`Effect`].
pub trait Io {
    /// Why the front end must end, such as a socket that fails.
    type Error;

    /// The time in milliseconds. It never decreases.
    fn now_ms(&self) -> u64;

    /// Reads the messages from the disk that this user has sent here and that were not acknowledged, in their
    /// order.
    fn recall(&mut self, user: &UserName) -> Vec<Message>;

    /// Writes messages to the disk, so that they survive the end of the process. `None` if the outcome is not
    /// known yet: then the front end reports it to [`Session::persisted`].
    fn persist(&mut self, messages: &[Message]) -> Option<Result<(), Error>>;

    /// Removes messages from the disk.
    fn forget(&mut self, ids: &[Uuid]);

    /// Sends a request line when the server can take it, in a frame with others in the order of the ids. It
    /// replaces a line with the same id that was not sent yet.
    fn send(&mut self, id: u64, line: Vec<u8>);

    /// Sends a request line in a frame of its own, with these bytes behind it if there are any.
    fn send_alone(&mut self, id: u64, line: Vec<u8>, bytes: Option<Arc<[u8]>>);

    /// Sends requests to the endpoint of this place from now on, on a new socket.
    fn use_endpoint(&mut self, place: usize) -> Result<(), Self::Error>;

    /// Receives events from this address, on a new socket without subscriptions. If that fails, the session
    /// tries again later.
    fn connect(&mut self, address: &str);

    /// Subscribes to a topic.
    fn subscribe(&mut self, topic: &str) -> Result<(), Self::Error>;

    /// Unsubscribes from a topic.
    fn unsubscribe(&mut self, topic: &str) -> Result<(), Self::Error>;

    /// Answers the command that came with this ticket.
    fn answer(&mut self, ticket: u64, outcome: Result<Answer, Error>);

    /// Tells the user.
    fn news(&mut self, news: News);
}

/// Carries out the effects of all inputs since the last call.
///
/// The disk comes first. So a message is sent after it is on the disk, and when a user learns that a message
/// was acknowledged and ends the program, the message is no longer on the disk. All messages of a step are
/// written at once.
pub fn step<I: Io>(session: &mut Session, io: &mut I) -> Result<(), I::Error> {
    let mut effects = session.take_effects();
    loop {
        let others = use_disk(session, io, effects);
        effects = session.take_effects();
        if effects.is_empty() {
            return others.into_iter().try_for_each(|effect| carry_out(io, effect));
        }
        // The effects of the disk's outcome come before the others.
        effects.extend(others);
    }
}

/// Carries out the effects that concern the disk. Returns the others.
fn use_disk<I: Io>(session: &mut Session, io: &mut I, effects: Vec<Effect>) -> Vec<Effect> {
    let (mut kept, mut released, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for effect in effects {
        match effect {
            Effect::Recall(user) => {
                let messages = io.recall(&user);
                session.recalled(io.now_ms(), messages);
            }
            Effect::Persist(message) => kept.push(message),
            Effect::Forget(id) => released.push(id),
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
    if !kept.is_empty()
        && let Some(outcome) = io.persist(&kept)
    {
        let ids: Vec<_> = kept.iter().map(|message| message.id).collect();
        session.persisted(io.now_ms(), &ids, outcome);
    }
    if !released.is_empty() {
        io.forget(&released);
    }
    others
}

fn carry_out<I: Io>(io: &mut I, effect: Effect) -> Result<(), I::Error> {
    match effect {
        Effect::Send { id, line } => io.send(id, line),
        Effect::SendAlone { id, line, bytes } => io.send_alone(id, line, bytes),
        Effect::UseEndpoint(place) => io.use_endpoint(place)?,
        Effect::Connect(address) => io.connect(&address),
        Effect::Subscribe(topic) => io.subscribe(&topic)?,
        Effect::Unsubscribe(topic) => io.unsubscribe(&topic)?,
        Effect::Answer { ticket, outcome } => io.answer(ticket, outcome),
        Effect::News(news) => io.news(news),
        Effect::Persist(_) | Effect::Forget(_) | Effect::Recall(_) => {}
    }
    Ok(())
}
