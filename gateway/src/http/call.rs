//! Requests to the server on behalf of an HTTP client.

use bytes::Bytes;
use common::{Detail, Error, rpc};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::answer::Failure;
use super::web::{Client, Web};
use crate::hub::{Call, Reply};
use crate::token::Token;

#[derive(Deserialize)]
struct ReplyLine<'a> {
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    error: Option<Error>,
}

/// A request to the server, with optional bytes after its line.
pub(crate) struct Ask<'a> {
    pub(crate) method: &'a str,
    pub(crate) params: Value,
    pub(crate) bytes: Option<Bytes>,
}

impl<'a> Ask<'a> {
    pub(crate) fn new(method: &'a str, params: Value) -> Self {
        Self { method, params, bytes: None }
    }
}

/// The result of a request, and the bytes after it.
pub(crate) struct Answered {
    lines: Bytes,
    pub(crate) bytes: Option<Bytes>,
}

impl Answered {
    /// The result as the server encoded it.
    pub(crate) fn raw(&self) -> Result<&RawValue, Failure> {
        let reply: ReplyLine<'_> = serde_json::from_slice(&self.lines).map_err(|_| Detail::NoReply)?;
        match (reply.result, reply.error) {
            (_, Some(error)) => Err(error.into()),
            (Some(result), None) => Ok(result),
            (None, None) => Err(Detail::NoReply.into()),
        }
    }

    pub(crate) fn value(&self) -> Result<Value, Failure> {
        serde_json::from_str(self.raw()?.get()).map_err(|_| Detail::NoReply.into())
    }
}

/// Sends one request with the token of the client.
pub(crate) async fn ask(
    web: &Web,
    client: Client,
    token: Option<&Token>,
    request: Ask<'_>,
) -> Result<Answered, Failure> {
    let Ask { method, mut params, bytes } = request;
    if let (Some(token), Some(params)) = (token, params.as_object_mut()) {
        params.insert("token".to_owned(), Value::from(token.as_str()));
    }
    let mut lines = Vec::new();
    rpc::encode_request(&mut lines, "gateway", method, &params);
    let is_file = method.starts_with("file.") || method == "admin.backup_get";
    let call = Call { sender: client.sender, lines, bytes, is_file };
    let Reply { lines, bytes } = web.hub.call(call).await.ok_or(Detail::NoReply)?;
    let answered = Answered { lines, bytes };
    answered.raw()?;
    Ok(answered)
}
