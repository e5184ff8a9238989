//! `POST /rpc`: one request line, or an array of requests as a batch.

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use common::limits::FRAME_LINES_MAX;
use common::{Detail, Error, rpc};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::answer::{Failure, json_bytes, status_of};
use super::web::{VisitorOf, Web};
use crate::hub::Call;
use crate::hub::lines::{Line, Own, read};

#[derive(Deserialize)]
struct OnlyError {
    error: Option<OnlyCode>,
}

#[derive(Deserialize)]
struct OnlyCode {
    code: i32,
}

pub(crate) async fn call(
    State(web): State<Web>,
    Extension(visitor): VisitorOf,
    body: Bytes,
) -> Result<Response, Failure> {
    let is_batch = body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
    let requests = match is_batch {
        false => vec![one_line(&body)],
        true => {
            let requests: Vec<&RawValue> = serde_json::from_slice(&body)
                .map_err(|error| Detail::NotJson { error: error.to_string() })?;
            requests.iter().map(|request| one_line(request.get().as_bytes())).collect()
        }
    };
    if requests.is_empty() || requests.len() > FRAME_LINES_MAX {
        return Err(Detail::TooManyLines { max: FRAME_LINES_MAX, lines: requests.len() }.into());
    }
    let mut lines = Vec::new();
    // The gateway's own answer to each request; `None` if the server answers it.
    let mut answers: Vec<Option<Vec<u8>>> = Vec::new();
    let token = visitor.token.as_ref().map(|token| token.as_str());
    for request in &requests {
        let (line, refused) = match read(request, token) {
            Line::Server(line) | Line::Presence { line, .. } => (Some(line), None),
            Line::Login { line, id, user } => match web.hub.take_login(visitor.client.sender, &user).await {
                Ok(()) => (Some(line), None),
                Err(error) => (None, Some((id, error))),
            },
            Line::Own { id, request } => (None, Some((id, only_on_a_websocket(&request)))),
            Line::Refused { id, error } => (None, Some((id, error))),
        };
        if let Some(line) = line {
            lines.extend_from_slice(&line);
            lines.push(b'\n');
        }
        answers.push(refused.map(|(id, error)| {
            let mut answer = Vec::new();
            rpc::encode_error(&mut answer, &id, &error);
            answer
        }));
    }
    let reply = match lines.is_empty() {
        true => Bytes::new(),
        false => {
            let call = Call { sender: visitor.client.sender, lines, bytes: None, is_file: false };
            web.hub.call(call).await.ok_or(Detail::NoReply)?.lines
        }
    };
    let mut replies = reply.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let mut merged: Vec<&[u8]> = Vec::new();
    for answer in &answers {
        match answer {
            Some(answer) => merged.push(answer.trim_ascii_end()),
            None => merged.push(replies.next().ok_or(Detail::NoReply)?),
        }
    }
    if is_batch {
        return Ok(json_bytes(StatusCode::OK, [b"[", &*merged.join(&b","[..]), b"]"].concat()));
    }
    let only = merged.first().copied().unwrap_or_default();
    let error = serde_json::from_slice::<OnlyError>(only).ok().and_then(|reply| reply.error);
    let status = error.map_or(StatusCode::OK, |error| status_of(error.code));
    Ok(json_bytes(status, only.to_vec()).into_response())
}

fn only_on_a_websocket(request: &Own) -> Error {
    Detail::OnlyWebSocket { method: format!("gateway.{}", request.name()) }.into()
}

/// One request as one line. A string in JSON contains no line break, so a line break is white space.
fn one_line(request: &[u8]) -> Vec<u8> {
    let space = |byte: &u8| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte };
    request.trim_ascii().iter().map(space).collect()
}
