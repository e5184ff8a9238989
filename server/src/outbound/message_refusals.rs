//! The refused messages of one request frame.
//!
//! A frame is answered over several turns of the event loop, so the reason of a refusal can end between two
//! lines: the disk has room again, or the sender becomes a member. If a later message was then stored, a
//! client that sends the refused message again would change their order. So later messages get the same
//! error.

use common::{Error, Reason, Target};

#[derive(Default)]
pub struct MessageRefusals(Vec<MessageRefusal>);

struct MessageRefusal {
    /// The index of the refused line in the frame.
    line: usize,
    /// The conversation of the messages that are refused; `None` means all conversations.
    conversation: Option<Target>,
    error: Error,
}

impl MessageRefusals {
    /// The error for a message to this conversation, if an earlier message of the frame was refused.
    #[must_use]
    pub fn error(&self, conversation: &Target) -> Option<&Error> {
        let applies =
            |refusal: &&MessageRefusal| refusal.conversation.as_ref().is_none_or(|of| of == conversation);
        self.0.iter().find(applies).map(|refusal| &refusal.error)
    }

    /// Notes that the message in `line` was refused. Ignores reasons that concern only this message.
    pub fn note(&mut self, line: usize, conversation: &Target, error: &Error) {
        if let Some(
            Reason::NotMember
            | Reason::NotAllowed
            | Reason::Banned
            | Reason::Blocked
            | Reason::Archived
            | Reason::NoSuchChannel
            | Reason::NoSuchUser,
        ) = error.reason()
        {
            self.0.push(MessageRefusal {
                line,
                conversation: Some(conversation.clone()),
                error: error.clone(),
            });
        } else {
            self.note_for_all(line, error);
        }
    }

    /// Notes a refusal that concerns the messages to all conversations. Ignores other reasons.
    pub fn note_for_all(&mut self, line: usize, error: &Error) {
        if let Some(Reason::RateLimited | Reason::Unavailable | Reason::StorageFull | Reason::QuotaExceeded) =
            error.reason()
        {
            self.0.push(MessageRefusal { line, conversation: None, error: error.clone() });
        }
    }

    /// Forgets the refusals from this line on, because these lines are answered again.
    pub fn forget_from(&mut self, line: usize) {
        self.0.retain(|refusal| refusal.line < line);
    }
}
