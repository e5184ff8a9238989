//! `GET /history/{conversation}`: a page of a conversation.

use axum::Extension;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use common::Detail;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::answer::{Failure, json_bytes};
use super::call::{Ask, ask};
use super::credential::query_value;
use super::legacy;
use super::web::{VisitorOf, Web};

/// The numeric parameters of `message.history` that the query may have.
const NUMBERS: [&str; 6] = ["before", "after", "before_at", "after_at", "around", "limit"];

#[derive(Deserialize)]
struct OnlyHead {
    head: u64,
}

pub(crate) async fn page(
    State(web): State<Web>,
    Extension(visitor): VisitorOf,
    Path(conversation): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let query = query.as_deref();
    if let Some(token) = query_value(query, "token").filter(|_| web.legacy_api()) {
        return legacy::history(&web, visitor.client, &token, &conversation).await;
    }
    let mut params = Map::new();
    params.insert("conversation".to_owned(), json!(conversation));
    for name in NUMBERS {
        if let Some(text) = query_value(query, name) {
            let number = text
                .parse::<u64>()
                .map_err(|error| Detail::BadParams { method: name.to_owned(), error: error.to_string() })?;
            params.insert(name.to_owned(), json!(number));
        }
    }
    if query_value(query, "edits").is_some_and(|edits| edits == "true") {
        params.insert("edits".to_owned(), json!(true));
    }
    let request = Ask::new("message.history", Value::Object(params));
    let answered = ask(&web, visitor.client, visitor.token.as_ref(), request).await?;
    let page = answered.raw()?.get();
    let OnlyHead { head } = serde_json::from_str(page).map_err(|_| Detail::NoReply)?;
    let etag = HeaderValue::from_str(&format!("\"{head}\"")).map_err(|_| Detail::NoReply)?;
    let is_known = headers.get(header::IF_NONE_MATCH) == Some(&etag);
    let mut answer = if is_known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        json_bytes(StatusCode::OK, page.as_bytes().to_vec())
    };
    answer.headers_mut().insert(header::ETAG, etag);
    answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    Ok(answer)
}
