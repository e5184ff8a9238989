//! `GET /f/{code}`: the file of a link, for everybody who has the link.

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::Response;
use bytes::Bytes;
use common::Detail;
use common::files::LinkedPart;
use common::limits::FILE_CHUNK_BYTES_MAX;
use serde_json::json;

use super::{Found, Source, answer, etag_of};
use crate::http::address_limits::HeldBody;
use crate::http::answer::Failure;
use crate::http::call::{Ask, ask};
use crate::http::web::{Client, Visitor, VisitorOf, Web, too_many_bodies};

/// Search engines must not index a link that was published.
const ROBOTS: HeaderName = HeaderName::from_static("x-robots-tag");

/// The content of a file, or a range of it. The session of the visitor does not count.
pub(crate) async fn download(
    State(web): State<Web>,
    Extension(Visitor { client, .. }): VisitorOf,
    Path(code): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let Some(held) = web.limits.hold_body(client.sender, FILE_CHUNK_BYTES_MAX) else {
        return Ok(too_many_bodies());
    };
    let visitor = Visitor { client, token: None };
    let mut answer = found(web, visitor, code, &headers, held).await?;
    let headers = answer.headers_mut();
    let fixed = [
        // The browser asks each time, because the link can end.
        (header::CACHE_CONTROL, "private, no-cache"),
        (HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"),
        (ROBOTS, "noindex"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    Ok(answer)
}

async fn found(
    web: Web,
    visitor: Visitor,
    code: String,
    headers: &HeaderMap,
    held: HeldBody,
) -> Result<Response, Failure> {
    let (linked, _no_bytes) = part(&web, visitor.client, &code, 0, 0).await?;
    let file = linked.file;
    let found = Found { source: Source::Link(code), bytes: file.bytes, etag: etag_of(&file.sha256)? };
    answer(web, visitor, found, file.name.as_str(), headers, held).await
}

/// A part of the file of a link, with the name and the hash of the file.
pub(super) async fn part(
    web: &Web,
    client: Client,
    code: &str,
    offset: u64,
    length: u64,
) -> Result<(LinkedPart, Bytes), Failure> {
    let params = json!({ "code": code, "offset": offset, "length": length });
    let got = ask(web, client, None, Ask::new("file.open", params)).await?;
    let linked: LinkedPart = serde_json::from_str(got.raw()?.get()).map_err(|_| Detail::NoReply)?;
    Ok((linked, got.bytes.unwrap_or_default()))
}
