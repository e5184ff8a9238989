//! HTTP answers: JSON bodies, and the HTTP status of each error code.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use common::{Detail, Error};
use serde::Serialize;
use serde_json::{Value, json};

use crate::close::Close;

/// An error as the reply to an HTTP request.
#[derive(Debug)]
pub(crate) struct Failure(pub(crate) Box<Error>);

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self(Box::new(error))
    }
}

impl From<Detail> for Failure {
    fn from(detail: Detail) -> Self {
        Error::from(detail).into()
    }
}

/// The HTTP status of an error code.
pub(crate) fn status_of(code: i32) -> StatusCode {
    match code {
        4010 => StatusCode::UNAUTHORIZED,
        4030 => StatusCode::FORBIDDEN,
        4040 => StatusCode::NOT_FOUND,
        4090 => StatusCode::CONFLICT,
        4130 => StatusCode::PAYLOAD_TOO_LARGE,
        4290 => StatusCode::TOO_MANY_REQUESTS,
        5030 => StatusCode::SERVICE_UNAVAILABLE,
        5070 => StatusCode::INSUFFICIENT_STORAGE,
        -32603 => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::BAD_REQUEST,
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = json_answer(status_of(self.0.code), &json!({ "error": &*self.0 }));
        if let Some(wait_ms) = self.0.data.wait_ms {
            let seconds = HeaderValue::from(wait_ms.div_ceil(1_000));
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        response
    }
}

/// An error answer that only HTTP has, so the table of errors has no row for it.
pub(crate) fn refuse(status: StatusCode, reason: &str, message: &str) -> Response {
    let error = json!({ "code": status.as_u16() * 10, "message": message, "data": { "reason": reason } });
    json_answer(status, &json!({ "error": error }))
}

/// The answer to a request for a connection that the hub closed immediately.
pub(crate) fn refused_connection(close: Close) -> Response {
    match close {
        Close::TooMany => {
            let message = "you have too many open connections: close one of them";
            refuse(StatusCode::TOO_MANY_REQUESTS, "too_many_connections", message)
        }
        Close::SessionEnded => Failure::from(Detail::NoSession).into_response(),
        Close::GoingAway | Close::BadFrame | Close::Silent | Close::Slow | Close::Unavailable => {
            Failure::from(Detail::NoReply).into_response()
        }
    }
}

pub(crate) fn json_answer(status: StatusCode, body: &impl Serialize) -> Response {
    let body = serde_json::to_vec(body).unwrap_or_default();
    json_bytes(status, body)
}

pub(crate) fn json_bytes(status: StatusCode, body: Vec<u8>) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// Parses a JSON body.
pub(crate) fn body<T: serde::de::DeserializeOwned>(method: &str, bytes: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(bytes)
        .map_err(|error| Detail::BadParams { method: method.to_owned(), error: error.to_string() }.into())
}

/// Adds a field to a result of the server.
pub(crate) fn with_field(mut result: Value, name: &str, value: Value) -> Value {
    if let Some(fields) = result.as_object_mut() {
        fields.insert(name.to_owned(), value);
    }
    result
}
