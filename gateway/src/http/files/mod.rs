//! Files: resumable upload, and download in ranges.

use std::time::Duration;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use bytes::{Bytes, BytesMut};
use common::history::Page;
use common::limits::FILE_CHUNK_BYTES_MAX;
use common::{Body as EventBody, ContentHash, Detail, Event, Target};
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use uuid::Uuid;

use super::address_limits::HeldBody;
use super::admission::too_many_bodies;
use super::answer::{Failure, json_answer, refuse, with_field};
use super::call::{Ask, ask};
use super::credential::query_value;
use super::web::{Visitor, VisitorOf, Web};
use crate::limits::BODY_PART_MS_MAX;

pub(crate) mod content;
pub(crate) mod kinds;
pub(crate) mod links;
pub(crate) mod ranges;

use self::content::{ATTEMPTS, Content, pause, set};
use self::kinds::kind_of;

const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const UPLOAD_LENGTH: HeaderName = HeaderName::from_static("upload-length");

fn number(headers: &HeaderMap, name: &HeaderName) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.parse().ok()
}

/// Begins or resumes the upload that the query describes. Returns the bytes that the server has.
async fn begin(
    web: &Web,
    visitor: &Visitor,
    id: Uuid,
    query: Option<&str>,
    bytes: u64,
) -> Result<u64, Failure> {
    let value = |name| {
        query_value(query, name).ok_or_else(|| Detail::BadParams {
            method: "files".to_owned(),
            error: format!("the query needs `{name}`"),
        })
    };
    let (to, name, sha256) = (value("to")?, value("name")?, value("sha256")?);
    let params = json!({ "to": to, "id": id, "name": name, "bytes": bytes, "sha256": sha256 });
    let begun =
        ask(web, visitor.client, visitor.token.as_ref(), Ask::new("file.begin", params)).await?.value()?;
    Ok(begun.get("have").and_then(Value::as_u64).unwrap_or_default())
}

/// `HEAD /files/{id}`: the number of bytes that the server has.
pub(crate) async fn offset(
    State(web): State<Web>,
    Extension(visitor): VisitorOf,
    Path(id): Path<Uuid>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let bytes = number(&headers, &UPLOAD_LENGTH).unwrap_or_default();
    let have = begin(&web, &visitor, id, query.as_deref(), bytes).await?;
    Ok((StatusCode::OK, [(UPLOAD_OFFSET, HeaderValue::from(have))]).into_response())
}

/// `PUT /files/{id}`: uploads a file, or its rest from `Upload-Offset` on.
pub(crate) async fn upload(
    State(web): State<Web>,
    Extension(visitor): VisitorOf,
    Path(id): Path<Uuid>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let offset = number(&headers, &UPLOAD_OFFSET).unwrap_or_default();
    let length = number(&headers, &header::CONTENT_LENGTH).map(|length| offset.saturating_add(length));
    let Some(bytes) = number(&headers, &UPLOAD_LENGTH).or(length) else {
        let message = "send the header Content-Length, or Upload-Length with the size of the whole file";
        return Ok(refuse(StatusCode::LENGTH_REQUIRED, "no_length", message));
    };
    let have = begin(&web, &visitor, id, query.as_deref(), bytes).await?;
    if have != offset {
        let message = "the body must begin at the position in the header Upload-Offset";
        let mut refused = refuse(StatusCode::CONFLICT, "wrong_offset", message);
        refused.headers_mut().insert(UPLOAD_OFFSET, HeaderValue::from(have));
        return Ok(refused);
    }
    let have = store(&web, &visitor, id, offset, bytes, body).await?;
    if have < bytes {
        let message = "the body ended before the end of the file: continue at Upload-Offset";
        let mut refused = refuse(StatusCode::BAD_REQUEST, "incomplete", message);
        refused.headers_mut().insert(UPLOAD_OFFSET, HeaderValue::from(have));
        return Ok(refused);
    }
    let commit = Ask::new("file.commit", json!({ "file": id }));
    let sent = ask(&web, visitor.client, visitor.token.as_ref(), commit).await?.value()?;
    Ok(json_answer(StatusCode::OK, &with_field(sent, "id", json!(id))))
}

/// Uploads the body in chunks. Returns the number of bytes that the server has.
async fn store(
    web: &Web,
    visitor: &Visitor,
    id: Uuid,
    mut have: u64,
    bytes: u64,
    body: Body,
) -> Result<u64, Failure> {
    let (mut parts, mut chunk) = (body.into_data_stream(), BytesMut::new());
    let mut has_ended = false;
    while have < bytes && !has_ended {
        let part = tokio::time::timeout(Duration::from_millis(BODY_PART_MS_MAX), parts.next()).await;
        match part {
            Ok(Some(Ok(part))) => chunk.extend_from_slice(&part),
            Ok(Some(Err(_)) | None) | Err(_) => has_ended = true,
        }
        while chunk.len() >= FILE_CHUNK_BYTES_MAX || has_ended && !chunk.is_empty() {
            let bytes = chunk.split_to(chunk.len().min(FILE_CHUNK_BYTES_MAX)).freeze();
            have = store_chunk(web, visitor, id, have, bytes).await?;
        }
        has_ended |= have + chunk.len() as u64 >= bytes && chunk.is_empty();
        if have + chunk.len() as u64 >= bytes && !chunk.is_empty() {
            have = store_chunk(web, visitor, id, have, chunk.split().freeze()).await?;
        }
    }
    Ok(have)
}

pub(crate) async fn store_chunk(
    web: &Web,
    visitor: &Visitor,
    id: Uuid,
    offset: u64,
    bytes: Bytes,
) -> Result<u64, Failure> {
    let mut attempt = 0;
    loop {
        let mut request = Ask::new("file.chunk", json!({ "file": id, "offset": offset }));
        request.bytes = Some(bytes.clone());
        attempt += 1;
        match ask(web, visitor.client, visitor.token.as_ref(), request).await {
            Ok(stored) => {
                let have = stored.value()?.get("have").and_then(Value::as_u64);
                return have.ok_or(Detail::NoReply.into());
            }
            // The reply to an earlier attempt was lost, and the server has the chunk.
            Err(failure) if failure.0.data.have == Some(offset + bytes.len() as u64) => {
                return Ok(offset + bytes.len() as u64);
            }
            Err(failure) if attempt < ATTEMPTS && failure.0.is_temporary() => {
                pause(&failure).await;
            }
            Err(failure) => return Err(failure),
        }
    }
}

/// `GET /files/{conversation}/{n}/{name}`: the content of a file, or a range of it.
pub(crate) async fn download(
    State(web): State<Web>,
    Extension(visitor): VisitorOf,
    Path((conversation, n, name)): Path<(String, u64, String)>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let Some(held) = web.limits.hold_body(visitor.client.sender, FILE_CHUNK_BYTES_MAX) else {
        return Ok(too_many_bodies());
    };
    let file = find(&web, &visitor, conversation, n, &name).await?;
    answer(web, visitor, file, &name, &headers, held).await
}

/// The answer to a request for a file.
async fn answer(
    web: Web,
    visitor: Visitor,
    file: Content,
    name: &str,
    headers: &HeaderMap,
    held: HeldBody,
) -> Result<Response, Failure> {
    let range = match file.range(headers) {
        Ok(range) => range,
        Err(answer) => return Ok(*answer),
    };
    let first = file.part(&web, &visitor, range.start, range.end).await?;
    let start = match range.start {
        0 => first.clone(),
        _ => file.part(&web, &visitor, 0, kinds::SNIFFED_BYTES.min(file.bytes)).await?,
    };
    let shown = kind_of(&start);
    let mut answer = file.answer(web, visitor, range, first, held);
    let encoded = percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC);
    let disposition = if shown.is_inline { "inline" } else { "attachment" };
    set(&mut answer, header::CONTENT_TYPE, shown.content_type.to_owned());
    set(&mut answer, header::CONTENT_DISPOSITION, format!("{disposition}; filename*=UTF-8''{encoded}"));
    set(&mut answer, header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'".to_owned());
    set(&mut answer, header::CACHE_CONTROL, "private, max-age=31536000, immutable".to_owned());
    Ok(answer)
}

/// Finds the event of a file. The name in the path must be the name of the file.
async fn find(
    web: &Web,
    visitor: &Visitor,
    conversation: String,
    n: u64,
    name: &str,
) -> Result<Content, Failure> {
    let params = json!({ "conversation": conversation, "before": n.saturating_add(1), "limit": 1 });
    let page = ask(web, visitor.client, visitor.token.as_ref(), Ask::new("message.history", params)).await?;
    let page: Page = serde_json::from_str(page.raw()?.get()).map_err(|_| Detail::NoReply)?;
    let event = page.events.last().and_then(|line| serde_json::from_str::<Event<'_>>(line.get()).ok());
    let file = event
        .filter(|event| event.n == n)
        .and_then(|event| if let EventBody::File { file, .. } = event.body { Some(file) } else { None });
    let Some(file) = file.filter(|file| file.name.as_str() == name) else {
        let conversation = Target::new(&conversation)?;
        return Err(Detail::NoSuchFile { n, conversation }.into());
    };
    let params = json!({ "conversation": conversation, "n": n });
    Ok(Content { method: "file.get", params, bytes: file.bytes, etag: etag_of(&file.sha256)? })
}

fn etag_of(sha256: &ContentHash) -> Result<HeaderValue, Failure> {
    HeaderValue::from_str(&format!("\"{sha256}\"")).map_err(|_| Detail::NoReply.into())
}
