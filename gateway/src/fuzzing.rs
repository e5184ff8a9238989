//! The entry points of the fuzz targets: the parts of the gateway that read the bytes of any client.
//!
//! Each function panics if the gateway violates one of its invariants.

use bytes::Bytes;
use common::limits::{FRAME_BYTES_MAX, TEXT_BYTES_MAX};
use serde_json::Value;

use crate::connection_id::{ConnectionId, Purpose};
use crate::hooks::{self, alertmanager, body, github, slack};
use crate::hub::{Effect, Hello, Hub, Reply};
use crate::token::Token;

const SENDER: [u8; 8] = *b"a sender";
const ID: ConnectionId = ConnectionId(4);
const CHECKED: &[u8] = b"{\"jsonrpc\":\"2.0\",\"id\":\"gateway\",\"result\":{}}\n";

/// Splits an input at each byte 0xff, and passes the parts to the hub as frames of a WebSocket. Frames with
/// odd numbers are sent over a connection with a token.
pub fn web_socket_lines(input: &[u8]) {
    for (number, frame) in input.split(|byte| *byte == 0xff).take(16).enumerate() {
        relay(frame, (number % 2 == 1).then_some("own"));
    }
}

fn relay(frame: &[u8], token: Option<&str>) {
    let mut hub = Hub::new(Hello { version: "1".to_owned(), page: "p" }, 7, 0);
    hub.open(ID, SENDER, token.and_then(Token::new), 0);
    if token.is_some() {
        let reply = Reply { lines: Bytes::from_static(CHECKED), bytes: None };
        assert!(hub.next_request(0, |_| true, 0).is_some(), "the session is checked first");
        hub.reply(&ID.tag(Purpose::Check, SENDER), reply, 0);
    }
    let released = hub.lines(ID, frame, 0);
    let request = hub.next_request(0, |_| true, 0);
    let released = released + request.as_ref().map_or(0, |request| request.released);
    assert_eq!(released, frame.len(), "every byte of the frame leaves the budget of the connection once");
    if let Some(request) = request {
        assert!(request.lines.len() <= FRAME_BYTES_MAX && request.lines.ends_with(b"\n"));
        request.lines.split(|byte| *byte == b'\n').for_each(|line| check_line(line, frame, token));
    }
    for effect in hub.take_effects() {
        if let Effect::Deliver { lines, .. } = effect {
            let lines = lines.strip_suffix(b"\n").unwrap_or_default();
            for line in lines.split(|byte| *byte == b'\n') {
                assert!(serde_json::from_slice::<Value>(line).is_ok(), "{}", String::from_utf8_lossy(line));
            }
        }
    }
    hub.close(ID);
    hub.tick(1_000);
}

/// A line for the server is a line of the client, or has exactly the token of the connection.
fn check_line(line: &[u8], frame: &[u8], token: Option<&str>) {
    if frame.split(|byte| *byte == b'\n').any(|sent| sent == line || sent.strip_suffix(b"\r") == Some(line)) {
        return;
    }
    let sent: Value = serde_json::from_slice(line).unwrap_or_default();
    let own = sent.get("params").and_then(|params| params.get("token")).and_then(Value::as_str);
    assert!(line.is_empty() || (own == token && token.is_some()), "{}", String::from_utf8_lossy(line));
}

/// Passes an input to the formats of webhooks, as JSON and as a form.
pub fn webhook_body(input: &[u8]) {
    for is_form in [false, true] {
        let Ok(body) = body::read(input, is_form) else { continue };
        let events = [
            "push",
            "pull_request",
            "issues",
            "issue_comment",
            "release",
            "workflow_run",
            "deployment_status",
        ];
        let posts = events.iter().filter_map(|event| github::post(event, &body));
        for post in posts.chain(slack::post(&body).ok()).chain(alertmanager::post(&body).ok()) {
            let text = hooks::cut(&post.text);
            assert!(text.len() <= TEXT_BYTES_MAX && !text.trim().is_empty(), "{text:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_entry_points_accept_ordinary_inputs() {
        let line = r#"{"jsonrpc":"2.0","id":1,"method":"presence.set","params":{"state":"online"}}"#;
        let frames = [line, line, "nonsense\n\n", line].join("\u{0}").into_bytes();
        let frames: Vec<u8> = frames.into_iter().map(|byte| if byte == 0 { 0xff } else { byte }).collect();
        web_socket_lines(&frames);
        webhook_body(br#"{"text":"*done* <https://a.example|link>","attachments":[{"title":"t"}]}"#);
        webhook_body(b"payload=%7B%22text%22%3A%22a%22%7D");
    }
}
