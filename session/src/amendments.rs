//! What the person does to messages: edit, delete, react.

use common::amendments::{Delete, Edit, React};
use common::messages::Sent;
use common::{Error, Method};

use super::Session;
use super::exchange::{Alteration, Amend, Answer};
use super::requests::{Question, read};

impl Session {
    /// Asked again under the same id until there is an answer, and done once.
    pub(super) fn amend(&mut self, now_ms: u64, ticket: u64, amend: Amend) {
        let Amend { conversation, n, id, change } = amend;
        let question = Question::Amend;
        match change {
            Alteration::Edit(text) => {
                let params = |token| Edit { token, conversation, n, id, text };
                self.ask_question(now_ms, ticket, question, Method::MessageEdit, params);
            }
            Alteration::Delete => {
                let params = |token| Delete { token, conversation, n, id };
                self.ask_question(now_ms, ticket, question, Method::MessageDelete, params);
            }
            Alteration::React { emoji, remove } => {
                let params = |token| React { token, conversation, n, id, emoji, remove };
                self.ask_question(now_ms, ticket, question, Method::MessageReact, params);
            }
        }
    }

    pub(super) fn amended(result: &str) -> Result<Answer, Error> {
        read::<Sent>(result).map(Answer::Amended)
    }
}
