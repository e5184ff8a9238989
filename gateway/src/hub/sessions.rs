//! The check of a connection's session: when it opens, and whenever the session may have ended.

use common::limits::{
    FILE_CHUNK_BYTES_MAX, FRAME_LINES_MAX, HISTORY_EVENTS_MAX, NAME_CHARACTERS_MAX, TEXT_BYTES_MAX,
};
use common::node::PROTOCOL;
use common::rpc;
use serde_json::json;

use super::connection::Session;
use super::queue::LineKind;
use super::{Effect, Hub};
use crate::close::Close;
use crate::connection_id::ConnectionId;
use crate::limits::{FRAME_BYTES_MAX, TOPICS_MAX, USER_CONNECTIONS_MAX};
use crate::token::Token;

impl Hub {
    /// Asks the server whether the session of a connection is open.
    pub(super) fn begin_check(&mut self, id: ConnectionId, now_ms: u64) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let Some(token) = &connection.token else { return };
        if connection.check_by_ms.is_some() {
            connection.must_check_again = true;
            return;
        }
        let mut lines = Vec::new();
        rpc::encode_request(&mut lines, "gateway", "session.list", &json!({ "token": token.as_str() }));
        connection.begin_check(lines, now_ms);
        self.queue_turn(id);
    }

    /// Handles the reply to a check.
    pub(super) fn checked(&mut self, id: ConnectionId, lines: &[u8], now_ms: u64) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        if connection.check_by_ms.take().is_none() {
            return;
        }
        let Ok(reply) = rpc::decode_reply(lines) else { return };
        match reply.error {
            Some(error) if error.ends_session() => {
                self.effects.push(Effect::Close { to: id, close: Close::SessionEnded });
                return;
            }
            Some(_) if matches!(connection.session, Session::Unchecked) => {
                self.effects.push(Effect::Close { to: id, close: Close::Unavailable });
                return;
            }
            // The server is busy, and the session was open before: the next tick checks again.
            Some(_) => {
                connection.must_check_again = true;
                return;
            }
            None => {}
        }
        let was_unchecked = matches!(connection.session, Session::Unchecked);
        connection.session = Session::Open;
        let must_check_again = connection.must_check_again;
        if was_unchecked {
            if !self.count_user(id) {
                self.effects.push(Effect::Close { to: id, close: Close::TooMany });
                return;
            }
            self.say_hello(id);
            self.queue_turn(id);
        }
        if must_check_again {
            self.begin_check(id, now_ms);
        }
    }

    /// Counts a connection for its user. Returns false if the user has the maximum number of connections.
    /// Only a checked session counts: a forged token must not use up the connections of another user.
    fn count_user(&mut self, id: ConnectionId) -> bool {
        let Some(connection) = self.connections.get_mut(&id) else { return true };
        let Some(user) = connection.token.as_ref().and_then(Token::user) else { return true };
        let count = self.users.entry(user.clone()).or_default();
        if *count >= USER_CONNECTIONS_MAX {
            return false;
        }
        *count += 1;
        connection.user = Some(user);
        true
    }

    /// Sends the first line of a connection.
    pub(super) fn say_hello(&mut self, to: ConnectionId) {
        let token = self.connections.get(&to).and_then(|connection| connection.token.as_ref());
        let user = token.and_then(|token| token.user());
        let mut hello = json!({
            "kind": "hello",
            "protocol": PROTOCOL,
            "gateway": self.hello.version,
            "page": self.hello.page,
            "limits": {
                "name_characters": NAME_CHARACTERS_MAX, "text_bytes": TEXT_BYTES_MAX,
                "frame_lines": FRAME_LINES_MAX, "frame_bytes": FRAME_BYTES_MAX,
                "history_events": HISTORY_EVENTS_MAX, "file_chunk_bytes": FILE_CHUNK_BYTES_MAX,
                "topics": TOPICS_MAX,
            },
            "now": self.unix_ms,
        });
        if let (Some(user), Some(hello)) = (user, hello.as_object_mut()) {
            hello.insert("user".to_owned(), json!(user));
        }
        let lines = format!("{hello}\n").into();
        self.effects.push(Effect::Deliver { to, kind: LineKind::Reply, lines });
    }
}
