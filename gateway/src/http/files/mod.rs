//! Files: resumable upload, and download in ranges.

use std::time::Duration;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use bytes::{Bytes, BytesMut};
use common::files::Part;
use common::history::Page;
use common::limits::FILE_CHUNK_BYTES_MAX;
use common::{Body as EventBody, ContentHash, Detail, Event, Target};
use futures_util::StreamExt as _;
use futures_util::stream::unfold;
use serde_json::{Value, json};
use uuid::Uuid;

use super::address_limits::HeldBody;
use super::answer::{Failure, json_answer, refuse, with_field};
use super::call::{Ask, ask};
use super::credential::query_value;
use super::web::{Visitor, VisitorOf, Web, too_many_bodies};
use crate::limits::BODY_PART_MS_MAX;

pub(crate) mod kinds;
pub(crate) mod links;
pub(crate) mod ranges;

use self::kinds::{Shown, kind_of};
use self::ranges::{Range, requested};

const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const UPLOAD_LENGTH: HeaderName = HeaderName::from_static("upload-length");

/// The maximum number of attempts to store a chunk, if the server answers with temporary errors.
const ATTEMPTS: u32 = 5;

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

async fn store_chunk(
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
                let wait_ms = failure.0.data.wait_ms.unwrap_or(200).min(2_000);
                tokio::time::sleep(Duration::from_millis(wait_ms)).await;
            }
            Err(failure) => return Err(failure),
        }
    }
}

/// The way to a file.
#[derive(Clone)]
enum Source {
    /// The event `n` of a conversation, with the token of the visitor.
    Event { conversation: String, n: u64 },
    /// The code of a link.
    Link(String),
}

/// A file that the visitor may read.
struct Found {
    source: Source,
    bytes: u64,
    etag: HeaderValue,
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
    let found = find(&web, &visitor, conversation, n, &name).await?;
    answer(web, visitor, found, &name, &headers, held).await
}

/// The answer to a request for a file.
async fn answer(
    web: Web,
    visitor: Visitor,
    file: Found,
    name: &str,
    headers: &HeaderMap,
    held: HeldBody,
) -> Result<Response, Failure> {
    if headers.get(header::IF_NONE_MATCH) == Some(&file.etag) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, file.etag)]).into_response());
    }
    let is_other = headers.get(header::IF_RANGE).is_some_and(|known| *known != file.etag);
    let range = headers.get(header::RANGE).filter(|_| !is_other).and_then(|range| range.to_str().ok());
    let Some(range) = requested(range, file.bytes) else {
        let length =
            HeaderValue::from_str(&format!("bytes */{}", file.bytes)).map_err(|_| Detail::NoReply)?;
        let message = "the range is beyond the end of the file";
        let mut refused = refuse(StatusCode::RANGE_NOT_SATISFIABLE, "bad_range", message);
        refused.headers_mut().insert(header::CONTENT_RANGE, length);
        return Ok(refused);
    };
    let first = part(&web, &visitor, &file, range.start, range.end).await?;
    let start = match range.start {
        0 => first.clone(),
        _ => part(&web, &visitor, &file, 0, kinds::SNIFFED_BYTES.min(file.bytes)).await?,
    };
    let shown = kind_of(&start);
    let mut answer = Response::new(content(web, visitor, &file, range, first, held));
    describe(&mut answer, &file, name, shown, range);
    Ok(answer)
}

fn describe(answer: &mut Response, file: &Found, name: &str, shown: Shown, range: Range) {
    let encoded = percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC);
    let disposition = if shown.is_inline { "inline" } else { "attachment" };
    let headers = answer.headers_mut();
    let mut set = |name, value: String| {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    };
    set(header::CONTENT_TYPE, shown.content_type.to_owned());
    set(header::CONTENT_DISPOSITION, format!("{disposition}; filename*=UTF-8''{encoded}"));
    set(header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'".to_owned());
    set(header::ACCEPT_RANGES, "bytes".to_owned());
    set(header::CACHE_CONTROL, "private, max-age=31536000, immutable".to_owned());
    set(header::CONTENT_LENGTH, (range.end - range.start).to_string());
    if range.is_partial {
        let Range { start, end, .. } = range;
        set(header::CONTENT_RANGE, format!("bytes {start}-{}/{}", end.saturating_sub(1), file.bytes));
    }
    headers.insert(header::ETAG, file.etag.clone());
    if range.is_partial {
        *answer.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
}

/// Finds the event of a file. The name in the path must be the name of the file.
async fn find(
    web: &Web,
    visitor: &Visitor,
    conversation: String,
    n: u64,
    name: &str,
) -> Result<Found, Failure> {
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
    let etag = etag_of(&file.sha256)?;
    Ok(Found { source: Source::Event { conversation, n }, bytes: file.bytes, etag })
}

fn etag_of(sha256: &ContentHash) -> Result<HeaderValue, Failure> {
    HeaderValue::from_str(&format!("\"{sha256}\"")).map_err(|_| Detail::NoReply.into())
}

/// One chunk of a file from `start` on, at most to `end`.
async fn part(web: &Web, visitor: &Visitor, file: &Found, start: u64, end: u64) -> Result<Bytes, Failure> {
    let length = (end - start).min(FILE_CHUNK_BYTES_MAX as u64);
    if length == 0 {
        return Ok(Bytes::new());
    }
    let bytes = match &file.source {
        Source::Event { conversation, n } => {
            let params = json!({ "conversation": conversation, "n": n, "offset": start, "length": length });
            let got = ask(web, visitor.client, visitor.token.as_ref(), Ask::new("file.get", params)).await?;
            let _checked: Part = serde_json::from_str(got.raw()?.get()).map_err(|_| Detail::NoReply)?;
            got.bytes.unwrap_or_default()
        }
        Source::Link(code) => links::part(web, visitor.client, code, start, length).await?.1,
    };
    if bytes.is_empty() { Err(Detail::NoReply.into()) } else { Ok(bytes) }
}

/// The bytes of a range. Each chunk is requested when the client has read the previous one.
fn content(web: Web, visitor: Visitor, file: &Found, range: Range, first: Bytes, held: HeldBody) -> Body {
    let file = Found { source: file.source.clone(), etag: file.etag.clone(), bytes: file.bytes };
    let start = range.start + first.len() as u64;
    let state = (web, visitor, file, start, Some(first), held);
    Body::from_stream(unfold(state, move |(web, visitor, file, start, first, held)| async move {
        if let Some(first) = first {
            return Some((Ok(first), (web, visitor, file, start, None, held)));
        }
        if start >= range.end {
            return None;
        }
        let read = part(&web, &visitor, &file, start, range.end).await;
        let read = read.map_err(|failure| std::io::Error::other(failure.0.message.clone()));
        let next = read.as_ref().map_or(range.end, |bytes| start + bytes.len() as u64);
        Some((read, (web, visitor, file, next, None, held)))
    }))
}
