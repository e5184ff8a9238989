//! Contents that the server returns in chunks, such as files and backups, and the answer with a range of one.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use common::Detail;
use common::files::Part;
use common::limits::FILE_CHUNK_BYTES_MAX;
use futures_util::stream::unfold;
use serde_json::{Value, json};

use super::ranges::{Range, requested};
use crate::http::address_limits::HeldBody;
use crate::http::answer::{Failure, refuse};
use crate::http::call::{Ask, ask};
use crate::http::web::{Visitor, Web};

/// The maximum number of attempts to store or to read a chunk, if the server answers with temporary errors.
pub(crate) const ATTEMPTS: u32 = 5;

/// A content that the server has.
#[derive(Debug, Clone)]
pub(crate) struct Content {
    /// The method that returns a chunk.
    pub(crate) method: &'static str,
    /// The parameters of the method, without `offset` and `length`.
    pub(crate) params: Value,
    pub(crate) bytes: u64,
    pub(crate) etag: HeaderValue,
}

impl Content {
    /// The range that a request asks for, or the answer to a request without any bytes of the content.
    pub(crate) fn range(&self, headers: &HeaderMap) -> Result<Range, Box<Response>> {
        if headers.get(header::IF_NONE_MATCH) == Some(&self.etag) {
            let unchanged = (StatusCode::NOT_MODIFIED, [(header::ETAG, self.etag.clone())]);
            return Err(Box::new(unchanged.into_response()));
        }
        let is_other = headers.get(header::IF_RANGE).is_some_and(|known| *known != self.etag);
        let range = headers.get(header::RANGE).filter(|_| !is_other).and_then(|range| range.to_str().ok());
        requested(range, self.bytes).ok_or_else(|| {
            let message = "the range is beyond the end of the file";
            let mut refused = refuse(StatusCode::RANGE_NOT_SATISFIABLE, "bad_range", message);
            set(&mut refused, header::CONTENT_RANGE, format!("bytes */{}", self.bytes));
            Box::new(refused)
        })
    }

    /// One chunk from `start` on, at most to `end`.
    pub(crate) async fn part(
        &self,
        web: &Web,
        visitor: &Visitor,
        start: u64,
        end: u64,
    ) -> Result<Bytes, Failure> {
        let length = (end - start).min(FILE_CHUNK_BYTES_MAX as u64);
        if length == 0 {
            return Ok(Bytes::new());
        }
        let mut params = self.params.clone();
        if let Some(params) = params.as_object_mut() {
            params.extend([("offset".to_owned(), json!(start)), ("length".to_owned(), json!(length))]);
        }
        let mut attempt = 0;
        let got = loop {
            attempt += 1;
            match ask(web, visitor.client, visitor.token.as_ref(), Ask::new(self.method, params.clone()))
                .await
            {
                Err(failure) if attempt < ATTEMPTS && failure.0.is_temporary() => pause(&failure).await,
                got => break got?,
            }
        };
        let _checked: Part = serde_json::from_str(got.raw()?.get()).map_err(|_| Detail::NoReply)?;
        got.bytes.filter(|bytes| !bytes.is_empty()).ok_or(Detail::NoReply.into())
    }

    /// The answer with the bytes of a range, of which `first` is the first chunk. Each further chunk is
    /// requested when the client has read the previous one.
    pub(crate) fn answer(
        self,
        web: Web,
        visitor: Visitor,
        range: Range,
        first: Bytes,
        held: HeldBody,
    ) -> Response {
        let (bytes, etag) = (self.bytes, self.etag.clone());
        let mut answer = Response::new(self.body(web, visitor, range, first, held));
        let Range { start, end, is_partial } = range;
        set(&mut answer, header::CONTENT_LENGTH, (end - start).to_string());
        set(&mut answer, header::ACCEPT_RANGES, "bytes".to_owned());
        answer.headers_mut().insert(header::ETAG, etag);
        if is_partial {
            let range = format!("bytes {start}-{}/{bytes}", end.saturating_sub(1));
            set(&mut answer, header::CONTENT_RANGE, range);
            *answer.status_mut() = StatusCode::PARTIAL_CONTENT;
        }
        answer
    }

    fn body(self, web: Web, visitor: Visitor, range: Range, first: Bytes, held: HeldBody) -> Body {
        let start = range.start + first.len() as u64;
        let state = (web, visitor, self, start, Some(first), held);
        Body::from_stream(unfold(state, move |(web, visitor, content, start, first, held)| async move {
            if let Some(first) = first {
                return Some((Ok(first), (web, visitor, content, start, None, held)));
            }
            if start >= range.end {
                return None;
            }
            let read = content.part(&web, &visitor, start, range.end).await;
            let read = read.map_err(|failure| std::io::Error::other(failure.0.message.clone()));
            let next = read.as_ref().map_or(range.end, |bytes| start + bytes.len() as u64);
            Some((read, (web, visitor, content, next, None, held)))
        }))
    }
}

/// Waits before the next attempt, as long as the error says.
pub(crate) async fn pause(failure: &Failure) {
    let wait_ms = failure.0.data.wait_ms.unwrap_or(200).min(2_000);
    tokio::time::sleep(Duration::from_millis(wait_ms)).await;
}

/// Sets a header, unless its value is not valid.
pub(crate) fn set(answer: &mut Response, name: header::HeaderName, value: String) {
    if let Ok(value) = HeaderValue::try_from(value) {
        answer.headers_mut().insert(name, value);
    }
}
