//! Requests that change a message: edit, delete, react.

use common::amendments::{Delete, Edit, React};
use common::messages::Sent;
use common::{Error, Method};

use super::api::{Alteration, Amend, Answer};
use super::context::Context;
use super::requests::{Pending, read};

/// Sends the request. It is repeated under the same id, and the server applies it once.
pub(crate) fn amend(cx: &mut Context, ticket: u64, amend: Amend) {
    let Amend { conversation, n, id, change } = amend;
    let pending = Pending::Amend;
    match change {
        Alteration::Edit(text) => {
            let params = |token| Edit { token, conversation, n, id, text };
            cx.ask_for(ticket, pending, Method::MessageEdit, params);
        }
        Alteration::Delete => {
            let params = |token| Delete { token, conversation, n, id };
            cx.ask_for(ticket, pending, Method::MessageDelete, params);
        }
        Alteration::React { emoji, remove } => {
            let params = |token| React { token, conversation, n, id, emoji, remove };
            cx.ask_for(ticket, pending, Method::MessageReact, params);
        }
    }
}

pub(crate) fn amended(result: &str) -> Result<Answer, Error> {
    read::<Sent>(result).map(Answer::Amended)
}
