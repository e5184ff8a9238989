//! The checks of every request before its handler.

use std::net::SocketAddr;

use axum::extract::connect_info::ConnectInfo;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use common::limits::FILE_CHUNK_BYTES_MAX;

use super::answer::refuse;
use super::credential::{self, Source};
use super::guard::Foreign;
use super::uploads;
use super::web::{Visitor, Web};
use crate::limits::BODY_BYTES_MAX;

/// Checks a request, and passes on its client and its token.
pub(super) async fn admit(
    State(web): State<Web>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    mut request: Request,
    next: Next,
) -> Response {
    let client = web.client(peer.ip(), request.headers());
    // A posted file has credentials of its own. A cookie does not count for it.
    let found = match is_posted_file(&request) {
        true => Ok(None),
        false => credential::find(request.headers(), request.uri().query(), &client),
    };
    let found = match found {
        Ok(found) => found,
        Err(failure) => return failure.into_response(),
    };
    let source = found.as_ref().map(|(_, source)| *source);
    match web.origins().check(request.method(), request.headers(), &client, source) {
        Ok(()) => {}
        Err(Foreign::Host) => {
            let message = "the gateway does not know this host: name it with --web-origin";
            return refuse(StatusCode::FORBIDDEN, "bad_host", message);
        }
        Err(Foreign::Origin) => {
            let message = "the request comes from another site, or has no header Origin";
            return refuse(StatusCode::FORBIDDEN, "bad_origin", message);
        }
    }
    let length = request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    let is_large =
        length.and_then(|length| length.parse().ok()).is_some_and(|length: usize| length > BODY_BYTES_MAX);
    if is_large && !is_upload(&request) {
        return refuse(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "the body may have at most 1 MiB");
    }
    let has_body = !request.method().is_safe() && request.headers().contains_key(header::CONTENT_TYPE);
    if source == Some(Source::Cookie) && has_body && !is_json(request.headers()) && !is_upload(&request) {
        let message = "send the body with Content-Type: application/json";
        return refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, "bad_content_type", message);
    }
    // A body of unknown length counts as the maximum. An upload counts as one chunk, because it is stored in
    // chunks.
    let held = match (request.method().is_safe(), is_upload(&request)) {
        (true, _) => 0,
        (false, true) => FILE_CHUNK_BYTES_MAX,
        (false, false) => length.and_then(|length| length.parse().ok()).unwrap_or(BODY_BYTES_MAX),
    };
    let Some(_held) = web.limits.hold_body(client.sender, held) else { return too_many_bodies() };
    request.extensions_mut().insert(Visitor { client, token: found.map(|(token, _)| token) });
    next.run(request).await
}

pub(crate) fn too_many_bodies() -> Response {
    let message = "too many request bodies are pending: send the request again later";
    let mut refused = refuse(StatusCode::SERVICE_UNAVAILABLE, "busy", message);
    refused.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(1));
    refused
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    value.is_some_and(|value| {
        value.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
    })
}

fn is_upload(request: &Request) -> bool {
    request.method() == Method::PUT || is_posted_file(request)
}

fn is_posted_file(request: &Request) -> bool {
    request.method() == Method::POST && request.uri().path() == uploads::PATH
}

/// Checks the host of a request to the listener for monitors, against DNS rebinding.
pub(super) async fn admit_monitor(
    State(web): State<Web>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    let client = web.client(peer.ip(), request.headers());
    match web.origins().check(request.method(), request.headers(), &client, None) {
        Ok(()) => next.run(request).await,
        Err(_) => refuse(StatusCode::FORBIDDEN, "bad_host", "the gateway does not know this host"),
    }
}
