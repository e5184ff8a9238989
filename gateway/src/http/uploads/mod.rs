//! `POST /upload`: a file of an IRC client (FILEHOST), which the client posts without its hash.
//!
//! The node wants the hash of a file before its bytes. So the body waits in a file without a name, and is then
//! uploaded like every other file, with the session of its user. The file is sent to the user, and the answer
//! is a link to it.

mod identity;
mod name;
mod received;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use common::files::FileName;
use common::limits::FILE_CHUNK_BYTES_MAX;
use common::node::Info;
use common::{ContentHash, Detail};
use serde_json::{Value, json};
use uuid::Uuid;

use super::address_limits::HeldUpload;
use super::answer::{Failure, refuse};
use super::call::{Ask, ask};
use super::files::content::{ATTEMPTS, pause};
use super::files::store_chunk;
use super::web::{Client, VisitorOf, Web};
use crate::limits::UPLOAD_BYTES_MAX;

use self::identity::Identity;
use self::received::{Received, receive};

/// The path of the upload.
pub(crate) const PATH: &str = "/upload";

/// The challenge of an answer 401 (RFC 7617).
const CHALLENGE: &str = "Basic realm=\"papo\", charset=\"UTF-8\"";

/// The address to which clients post files, at the gateway with this origin.
#[must_use]
pub fn uploads_at(origin: &str) -> String {
    format!("{origin}{PATH}")
}

/// `OPTIONS /upload`: the server accepts every kind of content.
pub(crate) async fn describe() -> Response {
    let headers = [(header::ALLOW, "OPTIONS, POST"), (header::HeaderName::from_static("accept-post"), "*/*")];
    (StatusCode::NO_CONTENT, headers).into_response()
}

/// `POST /upload`: stores the body as a file of the user. The answer has the address of its link.
pub(crate) async fn store(
    State(web): State<Web>,
    Extension(visitor): VisitorOf,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let mut answer = stored(web, visitor.client, &headers, body).await.unwrap_or_else(|refused| *refused.0);
    if answer.status() == StatusCode::UNAUTHORIZED {
        answer.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(CHALLENGE));
    }
    answer
}

/// An answer other than 201.
struct Refused(Box<Response>);

impl From<Response> for Refused {
    fn from(answer: Response) -> Self {
        Self(Box::new(answer))
    }
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        failure.into_response().into()
    }
}

impl From<Detail> for Refused {
    fn from(detail: Detail) -> Self {
        Failure::from(detail).into()
    }
}

async fn stored(web: Web, client: Client, headers: &HeaderMap, body: Body) -> Result<Response, Refused> {
    let name = name::of(headers)?;
    let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    let identity = identity::find(&web, client, headers).await?;
    let max = bytes_max(&web, client).await?;
    if let Some(bytes) = length.filter(|length| *length > max) {
        return Err(Detail::FileTooLarge { max, bytes }.into());
    }
    // A body of unknown length counts as the maximum.
    let reserved = usize::try_from(length.unwrap_or(max)).unwrap_or(UPLOAD_BYTES_MAX);
    let Some(held) = web.limits.hold_upload(&identity.user, reserved) else { return Err(too_many()) };
    let received = receive(body.into_data_stream(), &web.scratch_folder, length, max).await?;
    // The client has sent the whole file: its end does not interrupt the rest.
    let sending = tokio::spawn(send(web, identity, name, received, held));
    let address = sending.await.map_err(|_panic| Detail::Internal)??;
    let address = HeaderValue::try_from(address).map_err(|_invalid| Detail::Internal)?;
    Ok((StatusCode::CREATED, [(header::LOCATION, address)]).into_response())
}

fn too_many() -> Refused {
    let message = "too many files are being uploaded: send the file again later";
    let mut refused = refuse(StatusCode::TOO_MANY_REQUESTS, "busy", message);
    refused.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(1));
    refused.into()
}

/// The maximum bytes of a file: the limit of the node, or the limit of the gateway.
async fn bytes_max(web: &Web, client: Client) -> Result<u64, Failure> {
    let info = ask(web, client, None, Ask::new("server.info", json!({}))).await?;
    let info: Info = serde_json::from_str(info.raw()?.get()).map_err(|_| Detail::NoReply)?;
    Ok(info.limits.file_bytes.min(UPLOAD_BYTES_MAX as u64))
}

/// Sends a file to its user. Returns the address of a link to it. `_held` is the space of the file.
async fn send(
    web: Web,
    identity: Identity,
    name: FileName,
    file: Received,
    _held: HeldUpload,
) -> Result<String, Failure> {
    let (id, to) = (Uuid::now_v7(), format!("@{}", identity.user));
    let (bytes, sha256) = (file.bytes, ContentHash(file.sha256));
    let announced = json!({ "to": to, "id": id, "name": name, "bytes": bytes, "sha256": sha256 });
    let begun = insist(&web, &identity, "file.begin", announced).await?;
    let mut have = begun.get("have").and_then(Value::as_u64).unwrap_or_default();
    while have < bytes {
        let length = (bytes - have).min(FILE_CHUNK_BYTES_MAX as u64);
        let chunk = file.part(have, usize::try_from(length).unwrap_or(FILE_CHUNK_BYTES_MAX)).await;
        let chunk: Bytes = chunk.map_err(|_unreadable| Detail::FilesUnavailable)?;
        have = store_chunk(&web, identity.visitor(), id, have, chunk).await?;
    }
    let sent = insist(&web, &identity, "file.commit", json!({ "file": id })).await?;
    let n = sent.get("n").and_then(Value::as_u64).ok_or(Detail::NoReply)?;
    let link = insist(&web, &identity, "file.link", json!({ "conversation": to, "n": n })).await?;
    let address = ["url", "path"].into_iter().find_map(|field| link.get(field)?.as_str());
    Ok(address.ok_or(Detail::NoReply)?.to_owned())
}

/// Sends a request until it has a final result.
async fn insist(web: &Web, identity: &Identity, method: &str, params: Value) -> Result<Value, Failure> {
    let visitor = identity.visitor();
    let mut attempt = 0;
    loop {
        attempt += 1;
        let request = Ask::new(method, params.clone());
        match ask(web, visitor.client, visitor.token.as_ref(), request).await {
            Err(failure) if attempt < ATTEMPTS && failure.0.is_temporary() => pause(&failure).await,
            answered => return answered?.value(),
        }
    }
}
