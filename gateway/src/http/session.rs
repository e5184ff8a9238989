//! `POST /session` and `DELETE /session`: the cookies of a browser.

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use common::Detail;
use serde::Deserialize;
use serde_json::{Value, json};
use transport::clock;

use super::answer::{Failure, body, json_answer, with_field};
use super::call::{Ask, ask};
use super::credential::{SLOTS, cookie_name, cookies, slot};
use super::web::{Client, VisitorOf, Web};
use crate::token::Token;

#[derive(Deserialize)]
struct LogIn {
    user: String,
    password: String,
    /// The slot of the cookie: by default, the first free one.
    slot: Option<u8>,
}

/// Logs in, and sets the cookie of the requested slot, or of the first free slot.
pub(crate) async fn log_in(
    State(web): State<Web>,
    Extension(visitor): VisitorOf,
    headers: HeaderMap,
    bytes: Bytes,
) -> Result<Response, Failure> {
    let LogIn { user, password, slot } = body("session", &bytes)?;
    let client = visitor.client;
    let used: Vec<_> = cookies(&headers, &client).into_iter().map(|(slot, _)| slot).collect();
    let refused = |error| Detail::BadParams { method: "session".to_owned(), error };
    if slot.is_some_and(|slot| slot >= SLOTS) {
        return Err(refused(format!("\"slot\" must be less than {SLOTS}")).into());
    }
    let slot = slot.or_else(|| (0..SLOTS).find(|slot| !used.contains(slot)));
    let slot =
        slot.ok_or_else(|| refused(format!("a browser has at most {SLOTS} sessions: log out of one")))?;
    web.hub.take_login(client.sender, &user).await?;
    let params = json!({ "user": user, "password": password });
    let mut result = ask(&web, client, None, Ask::new("auth.login", params)).await?.value()?;
    let token = result.as_object_mut().and_then(|fields| fields.remove("token"));
    let token = token.as_ref().and_then(Value::as_str).and_then(Token::new).ok_or(Detail::NoReply)?;
    let now_s = clock::unix_ms() / 1_000;
    let max_age = token.expires_s().unwrap_or_default().saturating_sub(now_s);
    let cookie = set_cookie(slot, &client, token.as_str(), max_age);
    let answer = json_answer(StatusCode::OK, &with_field(result, "slot", json!(slot)));
    Ok(with_cookie(answer, &cookie))
}

/// Ends the session of a slot, and removes its cookie.
pub(crate) async fn log_out(
    State(web): State<Web>,
    Extension(visitor): VisitorOf,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let slot = slot(query.as_deref()).unwrap_or_default();
    let cookie = set_cookie(slot, &visitor.client, "", 0);
    let token = visitor.token.as_ref();
    let answer = match ask(&web, visitor.client, token, Ask::new("auth.logout", json!({}))).await {
        Ok(_) => StatusCode::NO_CONTENT.into_response(),
        Err(failure) => failure.into_response(),
    };
    Ok(with_cookie(answer, &cookie))
}

fn set_cookie(slot: u8, client: &Client, token: &str, max_age_s: u64) -> String {
    let secure = if client.is_secure { "; Secure" } else { "" };
    let name = cookie_name(slot, client);
    format!("{name}={token}; HttpOnly{secure}; SameSite=Strict; Path=/; Max-Age={max_age_s}")
}

fn with_cookie(mut answer: Response, cookie: &str) -> Response {
    if let Ok(cookie) = HeaderValue::from_str(cookie) {
        answer.headers_mut().append(header::SET_COOKIE, cookie);
    }
    answer
}
