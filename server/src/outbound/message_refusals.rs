//! The refused messages of one request frame.
//!
//! A frame is answered over several turns of the event loop, so the reason of a refusal can end between two
//! lines: the disk has room again, or the sender becomes a member. If the server then stored a later message,
//! a client that sends the refused message again would change their order. So later messages of the sender
//! get the same error.

use common::{Error, Reason, Target};

#[derive(Default)]
pub struct MessageRefusals(Vec<MessageRefusal>);

struct MessageRefusal {
    /// The index of the refused line in the frame.
    line: usize,
    /// The token of the sender; `None` means all senders. The lines of a frame can have several tokens.
    token: Option<Box<str>>,
    /// The conversation of the messages that are refused; `None` means all conversations.
    conversation: Option<Target>,
    error: Error,
}

impl MessageRefusals {
    /// The error for a message of this sender to this conversation, if an earlier message was refused.
    #[must_use]
    pub fn error(&self, token: &str, conversation: &Target) -> Option<&Error> {
        let applies = |refusal: &&MessageRefusal| {
            refusal.token.as_ref().is_none_or(|of| **of == *token)
                && refusal.conversation.as_ref().is_none_or(|of| of == conversation)
        };
        self.0.iter().find(applies).map(|refusal| &refusal.error)
    }

    /// Notes that the message in `line` was refused. Ignores reasons that concern only this message.
    pub fn note(&mut self, line: usize, token: &str, conversation: &Target, error: &Error) {
        let conversation = match error.reason() {
            Some(reason) if concerns_the_sender(reason) => None,
            Some(reason) if concerns_the_conversation(reason) => Some(conversation.clone()),
            Some(_) | None => return,
        };
        self.0.push(MessageRefusal { line, token: Some(token.into()), conversation, error: error.clone() });
    }

    /// Notes that the disk refused the records of all messages from `line` on.
    pub fn note_for_all(&mut self, line: usize, error: &Error) {
        self.0.push(MessageRefusal { line, token: None, conversation: None, error: error.clone() });
    }

    /// Forgets the refusals from this line on, because these lines are answered again.
    pub fn forget_from(&mut self, line: usize) {
        self.0.retain(|refusal| refusal.line < line);
    }
}

fn concerns_the_sender(reason: Reason) -> bool {
    matches!(reason, Reason::RateLimited | Reason::Unavailable | Reason::StorageFull | Reason::QuotaExceeded)
}

fn concerns_the_conversation(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::NotMember
            | Reason::NotAllowed
            | Reason::Banned
            | Reason::Blocked
            | Reason::Archived
            | Reason::NoSuchChannel
            | Reason::NoSuchUser
    )
}
