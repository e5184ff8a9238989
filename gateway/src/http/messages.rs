//! `POST /messages`: the shortest request with which a script sends a message.

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use common::Detail;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::answer::{Failure, body, json_answer, with_field};
use super::call::{Ask, ask};
use super::web::{VisitorOf, Web};

#[derive(Deserialize)]
struct Send {
    to: String,
    text: String,
    reply: Option<u64>,
    id: Option<Uuid>,
}

/// Sends a message. The header `Idempotency-Key`, or the field `id`, is the id of the message. A retry with
/// the same id is safe. Without an id, each request is a new message.
pub(crate) async fn send(
    State(web): State<Web>,
    Extension(visitor): VisitorOf,
    headers: HeaderMap,
    bytes: Bytes,
) -> Result<Response, Failure> {
    let Send { to, text, reply, id } = body("messages", &bytes)?;
    let key = headers.get("idempotency-key").map(|key| {
        let key = key.to_str().unwrap_or_default().trim_matches('"');
        Uuid::parse_str(key).map_err(|error| Detail::BadParams {
            method: "Idempotency-Key".to_owned(),
            error: error.to_string(),
        })
    });
    let id = match (key.transpose()?, id) {
        (Some(key), Some(id)) if key != id => {
            let error = "the header and the field `id` differ: send one of them".to_owned();
            return Err(Detail::BadParams { method: "Idempotency-Key".to_owned(), error }.into());
        }
        (Some(id), _) | (None, Some(id)) => id,
        (None, None) => Uuid::now_v7(),
    };
    let mut params = json!({ "to": to, "id": id, "text": text });
    if let Some(reply) = reply {
        params = with_field(params, "reply", json!(reply));
    }
    let answered =
        ask(&web, visitor.client, visitor.token.as_ref(), Ask::new("message.send", params)).await?;
    Ok(json_answer(StatusCode::OK, &with_field(answered.value()?, "id", json!(id))))
}
