//! `GET /f/{code}`: the file of a link, for everybody who has the link.

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::Response;
use common::Detail;
use common::files::{FileName, LinkedPart};
use common::limits::FILE_CHUNK_BYTES_MAX;
use serde_json::json;

use super::content::Content;
use super::{answer, etag_of};
use crate::http::admission::too_many_bodies;
use crate::http::answer::Failure;
use crate::http::call::{Ask, ask};
use crate::http::web::{Client, Visitor, VisitorOf, Web};

/// The method that returns a part of the file of a link.
const METHOD: &str = "file.open";

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
    let (file, name) = find(&web, client, &code).await?;
    let visitor = Visitor { client, token: None };
    let mut answer = answer(web, visitor, file, name.as_str(), &headers, held).await?;
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

/// Finds the file of a link.
async fn find(web: &Web, client: Client, code: &str) -> Result<(Content, FileName), Failure> {
    let params = json!({ "code": code, "offset": 0, "length": 0 });
    let got = ask(web, client, None, Ask::new(METHOD, params)).await?;
    let LinkedPart { file, .. } = serde_json::from_str(got.raw()?.get()).map_err(|_| Detail::NoReply)?;
    let etag = etag_of(&file.sha256)?;
    let params = json!({ "code": code });
    Ok((Content { method: METHOD, params, bytes: file.bytes, etag }, file.name))
}
