//! `POST /hooks/{token}`: incoming webhooks. The answer to an accepted post is `ok`, byte for byte, because
//! Alertmanager and Grafana compare it.

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use common::{ChannelName, Detail, Reason};
use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::{Failure, status_of};
use super::call::{Ask, ask};
use super::web::{Client, VisitorOf, Web};
use crate::hooks::{BadBody, Post, alertmanager, body, cut, github, id_of, slack};

/// The maximum number of messages of one group of alerts. When a message has the maximum number of edits,
/// later notifications edit the next message of the group.
const GROUP_MESSAGES_MAX: usize = 16;

/// The format of a post, which its path selects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Format {
    Slack,
    GitHub,
    Alertmanager,
}

impl Format {
    /// The name in the metrics.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Slack => "slack",
            Self::GitHub => "github",
            Self::Alertmanager => "alertmanager",
        }
    }
}

/// Answers a post. Each route has the format of its posts as an extension.
pub(crate) async fn post(
    State(web): State<Web>,
    Extension(visitor): VisitorOf,
    Extension(format): Extension<Format>,
    Path(token): Path<String>,
    headers: HeaderMap,
    bytes: Bytes,
) -> Response {
    let received = ReceivedPost { token, headers, bytes };
    let response = match received.post(format) {
        Ok(Some(post)) => match received.send(&web, visitor.client, post).await {
            Ok(()) => plain(StatusCode::OK, "ok"),
            Err(failure) => refused(&failure),
        },
        Ok(None) => plain(StatusCode::ACCEPTED, "ok"),
        Err(BadBody::InvalidPayload) => plain(StatusCode::BAD_REQUEST, "invalid_payload"),
        Err(BadBody::NoText) => plain(StatusCode::BAD_REQUEST, "no_text"),
    };
    web.gauges.webhook(format, response.status());
    response
}

fn plain(status: StatusCode, word: &'static str) -> Response {
    (status, [(header::CONTENT_TYPE, "text/plain")], word).into_response()
}

/// The answer to a post that the server refused, with the error word of Slack.
fn refused(failure: &Failure) -> Response {
    let error = &failure.0;
    let (status, word) = match error.reason() {
        Some(Reason::NoSuchHook) => (StatusCode::NOT_FOUND, "no_service"),
        Some(Reason::NoSuchChannel | Reason::NotMember) => (StatusCode::NOT_FOUND, "channel_not_found"),
        Some(Reason::RateLimited) => (StatusCode::TOO_MANY_REQUESTS, "rate_limited"),
        _ if status_of(error.code).is_server_error() => (status_of(error.code), "unavailable"),
        _ => (StatusCode::FORBIDDEN, "action_prohibited"),
    };
    let mut response = plain(status, word);
    if let Some(wait_ms) = error.data.wait_ms {
        let seconds = HeaderValue::from(wait_ms.div_ceil(1_000));
        response.headers_mut().insert(header::RETRY_AFTER, seconds);
    }
    response
}

/// A received post. The token is in its path.
struct ReceivedPost {
    token: String,
    headers: HeaderMap,
    bytes: Bytes,
}

impl ReceivedPost {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The message of the body; `None` for an event that is not shown.
    fn post(&self, format: Format) -> Result<Option<Post>, BadBody> {
        let kind = self.header("content-type").unwrap_or_default();
        let is_form = kind.trim_start().to_ascii_lowercase().starts_with("application/x-www-form-urlencoded");
        let body = body::read(&self.bytes, is_form)?;
        match format {
            Format::Slack => slack::post(&body).map(Some),
            Format::Alertmanager => alertmanager::post(&body).map(Some),
            Format::GitHub => {
                let event = self.header("x-github-event").ok_or(BadBody::InvalidPayload)?;
                Ok(github::post(event, &body))
            }
        }
    }

    /// The id of the message. Posts with equal keys have the same id.
    fn id(&self) -> Uuid {
        if let Some(delivery) = self.header("x-github-delivery") {
            return id_of(&[&self.token, "delivery", delivery]);
        }
        let Some(key) = self.header("idempotency-key") else { return Uuid::now_v7() };
        let id = Uuid::parse_str(key.trim_matches('"')).ok().filter(|id| id.get_version_num() == 7);
        id.unwrap_or_else(|| id_of(&[&self.token, "key", key]))
    }

    async fn send(&self, web: &Web, client: Client, post: Post) -> Result<(), Failure> {
        let mut params = json!({ "hook": self.token, "text": cut(&post.text) });
        let channel = post.channel.as_deref().and_then(|name| ChannelName::from_input(name).ok());
        set(&mut params, "username", post.username.map(Value::from));
        set(&mut params, "channel", channel.map(|channel| json!(channel)));
        set(&mut params, "signature", self.header("x-hub-signature-256").map(Value::from));
        let Some(group) = post.group else {
            return self.ask(web, client, params, self.id()).await;
        };
        set(&mut params, "edit", Some(Value::from(true)));
        for number in 0..GROUP_MESSAGES_MAX {
            let id = id_of(&[&self.token, "group", &group, &number.to_string()]);
            match self.ask(web, client, params.clone(), id).await {
                Err(failure) if is_message_full(&failure) => {}
                sent => return sent,
            }
        }
        self.ask(web, client, params, Uuid::now_v7()).await
    }

    async fn ask(&self, web: &Web, client: Client, mut params: Value, id: Uuid) -> Result<(), Failure> {
        set(&mut params, "id", Some(json!(id)));
        // The server checks the signature of the body.
        let bytes = self.header("x-hub-signature-256").map(|_| self.bytes.clone());
        ask(web, client, None, Ask { method: "hook.post", params, bytes }).await.map(drop)
    }
}

/// Whether the message of a group accepts no further edit: it has the maximum number of edits, or was
/// deleted.
fn is_message_full(failure: &Failure) -> bool {
    let detail = failure.0.detail();
    matches!(detail, Some(Detail::TooManyEdits { .. } | Detail::NoSuchMessage { .. }))
}

fn set(params: &mut Value, name: &str, value: Option<Value>) {
    if let (Some(fields), Some(value)) = (params.as_object_mut(), value) {
        fields.insert(name.to_owned(), value);
    }
}
