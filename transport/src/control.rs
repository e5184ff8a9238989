//! The control socket of a role: it answers status requests with the counters of the role.
//!
//! A request is `[""] [line]`: one JSON-RPC 2.0 request from a DEALER or a REQ. The methods are
//! `role.status`, and `role.metrics`, which returns the status with the metrics of the role. The socket has
//! its own endpoint, and answers a limited number of requests at a time, so status requests do not delay the
//! work of the role.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::clock;
use crate::error::TransportError;
use crate::limits::CONTROL_REQUESTS_PER_ROUND_MAX;
use crate::logging;
use crate::metrics::Family;
use crate::options::Kind;
use crate::poll::{Watch, wait};
use crate::security::Security;
use crate::socket::{Context, Frame, Sent, Socket};

const STATUS: &str = "role.status";
const METRICS: &str = "role.metrics";

pub struct Control {
    socket: Socket,
    endpoint: String,
}

impl Control {
    pub fn bind(context: &Context, endpoint: &str, security: &Security) -> Result<Self, TransportError> {
        let socket = context.socket(Kind::Router, security)?;
        let endpoint = socket.bind(endpoint)?;
        Ok(Self { socket, endpoint })
    }

    /// The actual endpoint, with the port that the system chose.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The socket, for [`Watch::Readable`].
    #[must_use]
    pub fn socket(&self) -> &Socket {
        &self.socket
    }

    /// Answers waiting requests of a role without metrics, up to a limit. Invalid requests get an error
    /// reply. Returns an error only if the socket fails.
    pub fn answer(&self, status: impl Fn() -> Value) -> Result<(), TransportError> {
        self.answer_with_metrics(status, Vec::new)
    }

    /// Like [`answer`](Self::answer), for a role with metrics.
    pub fn answer_with_metrics(
        &self,
        status: impl Fn() -> Value,
        metrics: impl Fn() -> Vec<Family>,
    ) -> Result<(), TransportError> {
        let mut frames = Vec::new();
        for _ in 0..CONTROL_REQUESTS_PER_ROUND_MAX {
            if !self.socket.receive(&mut frames)? {
                break;
            }
            let reply = match frames.as_slice() {
                [_peer, delimiter, line] if delimiter.is_empty() => reply(line, &status, &metrics),
                _ => failure(&Value::Null, -32600, "send an empty frame and one line"),
            };
            frames.truncate(1);
            frames.extend([Frame::new(), Frame::from(format!("{reply}\n").into_bytes())]);
            let _undelivered_if_client_left = self.socket.send(frames.drain(..))?;
        }
        Ok(())
    }
}

/// The status of a role. `problems` are sentences about damage that the operator must repair.
#[must_use]
pub fn status(role: &str, started: Instant, counters: &[(&str, u64)], problems: &[String]) -> Value {
    let uptime_ms = u64::try_from(clock::now().duration_since(started).as_millis()).unwrap_or(u64::MAX);
    let of_process = [("log_lines_dropped", logging::dropped_lines())];
    let counters: serde_json::Map<_, _> =
        counters.iter().chain(&of_process).map(|(name, count)| ((*name).to_owned(), json!(count))).collect();
    json!({ "role": role, "uptime_ms": uptime_ms, "problems": problems, "counters": counters })
}

/// Requests the status of the role whose control socket is at `endpoint`.
pub fn request_status(context: &Context, endpoint: &str, timeout: Duration) -> Result<Value, TransportError> {
    request(context, endpoint, STATUS, timeout)
}

/// Requests the status of a role, with its metrics.
pub fn request_metrics(
    context: &Context,
    endpoint: &str,
    timeout: Duration,
) -> Result<(Value, Vec<Family>), TransportError> {
    let mut status = request(context, endpoint, METRICS, timeout)?;
    let metrics = status.as_object_mut().and_then(|status| status.remove("metrics")).unwrap_or_default();
    match serde_json::from_value(metrics) {
        Ok(metrics) => Ok((status, metrics)),
        Err(error) => {
            Err(TransportError::BadAnswer { endpoint: endpoint.to_owned(), answer: error.to_string() })
        }
    }
}

fn request(
    context: &Context,
    endpoint: &str,
    method: &str,
    timeout: Duration,
) -> Result<Value, TransportError> {
    let started = clock::now();
    let wait_for = |watch| {
        let remaining = timeout.saturating_sub(clock::now().duration_since(started));
        if remaining.is_zero() {
            return Err(TransportError::NoAnswer { endpoint: endpoint.to_owned() });
        }
        wait(&[watch], Some(remaining))
    };
    // The request contains no secret. A role serves its status over a network only with --plaintext-anywhere.
    let socket = context.socket(Kind::Dealer, &Security::PlainAnywhere)?;
    socket.connect(endpoint)?;
    let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method }).to_string();
    let frames = || [Frame::new(), Frame::from(request.as_str())];
    while socket.send(frames())? != Sent::Done {
        wait_for(Watch::Writable(&socket))?;
    }
    let mut reply = Vec::new();
    while !socket.receive(&mut reply)? {
        wait_for(Watch::Readable(&socket))?;
    }
    let line = reply.last().map(|frame| frame.to_vec()).unwrap_or_default();
    let value = serde_json::from_slice::<Value>(&line).ok();
    value.as_ref().and_then(|value| value.get("result")).cloned().ok_or_else(|| TransportError::BadAnswer {
        endpoint: endpoint.to_owned(),
        answer: String::from_utf8_lossy(&line).into_owned(),
    })
}

fn reply(line: &[u8], status: impl Fn() -> Value, metrics: impl Fn() -> Vec<Family>) -> Value {
    let Ok(request) = serde_json::from_slice::<Value>(line) else {
        return failure(&Value::Null, -32700, "the line is not JSON");
    };
    let id = request.get("id").filter(|id| id.is_string() || id.is_number());
    let method = request.get("method").and_then(Value::as_str);
    let version = request.get("jsonrpc").and_then(Value::as_str);
    match (version, id, method) {
        (Some("2.0"), Some(id), Some(STATUS)) => json!({ "jsonrpc": "2.0", "id": id, "result": status() }),
        (Some("2.0"), Some(id), Some(METRICS)) => {
            let mut status = status();
            if let Some(status) = status.as_object_mut() {
                status.insert("metrics".to_owned(), json!(metrics()));
            }
            json!({ "jsonrpc": "2.0", "id": id, "result": status })
        }
        (Some("2.0"), Some(id), Some(_)) => {
            failure(id, -32601, "the methods here are role.status and role.metrics")
        }
        _ => {
            failure(id.unwrap_or(&Value::Null), -32600, "send a JSON-RPC 2.0 request with an id and a method")
        }
    }
}

fn failure(id: &Value, code: i32, message: &str) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": message } })
}
