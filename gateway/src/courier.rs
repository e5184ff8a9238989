//! Delivers events to the receivers of outgoing webhooks.
//!
//! The courier takes runs of signed events from the server, posts them one after the other, and reports the
//! last event that the receiver accepted. The server stores this position, signs the events, and decides when
//! a failed delivery is repeated. The courier stores nothing.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use bytes::Bytes;
use common::deliveries::{Run, SignedEvent, TakenDeliveries};
use common::limits::{RUN_LEASE_MS, RUNS_MAX};
use common::{Detail, rpc};
use serde_json::{Value, json};
use tokio::sync::OnceCell;
use tokio::task::JoinSet;
use transport::client_name::GATEWAY_SENDER;
use transport::clock;
use uuid::Uuid;

use crate::http::answer::Failure;
use crate::http::call::{Answered, Ask, ask};
use crate::http::web::{Client, Web, until_stop};
use crate::hub::queue::Next;
use crate::limits::OUTBOUND_MS_MAX;
use crate::link::OpenLink;
use crate::outbound::client::{GuardedClient, OutboundError};

/// The age of a run after which the courier posts no further event. The last request can take
/// `OUTBOUND_MS_MAX`, and must end before the lease of the run expires.
const RUN_TIME: Duration = Duration::from_millis(RUN_LEASE_MS - OUTBOUND_MS_MAX - 1_000);

/// The minimum time between two requests for runs. Notices that arrive earlier stay in the queue.
const TAKE_INTERVAL: Duration = Duration::from_millis(20);

/// The delay before the courier repeats a request that the server did not answer.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// The delay before the next `delivery.take` if the server does not recognise this gateway as the node's own.
const NOT_GATEWAY_DELAY: Duration = Duration::from_secs(60);

/// The timeout of a request. The courier can safely repeat both of its requests.
const REPLY_TIMEOUT: Duration = Duration::from_secs(3);

/// The maximum number of attempts to report a run. Without a report, the lease expires, and a gateway
/// delivers the events again.
const REPORTS_MAX: usize = 30;

/// Takes and delivers runs until the gateway stops.
pub(crate) async fn run(web: Web) {
    let courier = Arc::new(Courier { web: web.clone(), client: OnceCell::new() });
    let mut runs = JoinSet::new();
    // The subscription to the notices of the server, and its topic.
    let mut link: Option<(OpenLink, String)> = None;
    // The hooks of the runs, by the task of each run.
    let mut busy = HashMap::new();
    loop {
        let began = clock::now();
        let wait = match courier.take(busy.values().collect()).await {
            Ok(taken) => {
                if link.as_ref().is_none_or(|(_, topic)| *topic != taken.topic) {
                    link = follow(&web, &taken.topic).await.map(|open| (open, taken.topic));
                }
                for run in taken.runs {
                    let hook = run.hook;
                    let task = runs.spawn(deliver(Arc::clone(&courier), run, began));
                    busy.insert(task.id(), hook);
                }
                Duration::from_millis(taken.wait_ms)
            }
            Err(failure) if failure.0.detail() == Some(&Detail::OnlyGateway) => {
                tracing::debug!("outgoing webhooks need an encrypted node");
                NOT_GATEWAY_DELAY
            }
            Err(_) => RETRY_DELAY,
        };
        let news = async {
            tokio::select! {
                () = tokio::time::sleep(wait) => None,
                Some(ended) = runs.join_next_with_id() => Some(ended),
                is_open = notified(link.as_ref()) => {
                    if !is_open { link = None; }
                    None
                }
            }
        };
        let Some(ended) = until_stop(&web, news).await else { break };
        if let Some(ended) = ended {
            // A run that panicked ends too.
            busy.remove(&ended.map_or_else(|panic| panic.id(), |(id, ())| id));
        }
        tokio::time::sleep(TAKE_INTERVAL).await;
    }
    while runs.join_next().await.is_some() {}
}

/// Subscribes to the notices of the server; `None` if too many bytes are waiting for the node.
async fn follow(web: &Web, topic: &str) -> Option<OpenLink> {
    let open = web.hub.open(GATEWAY_SENDER, None);
    let mut line = Vec::new();
    rpc::encode_request(&mut line, "topics", "gateway.subscribe", &json!({ "topics": [topic] }));
    open.send(line.into()).await.ok().map(|()| open)
}

/// Waits for a line. Returns false if the link was closed. Without a link, waits forever.
async fn notified(link: Option<&(OpenLink, String)>) -> bool {
    let Some((open, _)) = link else { return std::future::pending().await };
    loop {
        open.link.heard();
        match open.link.next().await {
            Next::Ping => {}
            Next::Close(_) => return false,
            Next::Lines(_) => {
                open.link.sent(&open.hub);
                return true;
            }
        }
    }
}

struct Courier {
    web: Web,
    /// Created when the first event is posted, because it loads the certificates of the system.
    client: OnceCell<GuardedClient>,
}

impl Courier {
    /// Takes runs of hooks that are not `busy`.
    async fn take(&self, busy: Vec<&Uuid>) -> Result<TakenDeliveries, Failure> {
        let free = RUNS_MAX.saturating_sub(busy.len());
        let taken = self.ask("delivery.take", json!({ "runs": free, "busy": busy })).await?;
        serde_json::from_str(taken.raw()?.get()).map_err(|_| Detail::NoReply.into())
    }

    async fn ask(&self, method: &str, params: Value) -> Result<Answered, Failure> {
        let client = Client { sender: GATEWAY_SENDER, is_secure: true };
        let asked = ask(&self.web, client, None, Ask::new(method, params));
        tokio::time::timeout(REPLY_TIMEOUT, asked).await.map_err(|_elapsed| Detail::NoReply)?
    }

    async fn post(&self, url: &str, event: SignedEvent) -> Result<(), OutboundError> {
        let create = || async { GuardedClient::new(&self.web.hooks_allow, &self.web.hooks_roots) };
        let client = self.client.get_or_try_init(create);
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("webhook-id", event.id),
            ("webhook-timestamp", event.timestamp.to_string()),
            ("webhook-signature", event.signature),
        ] {
            let value =
                HeaderValue::try_from(value).map_err(|error| OutboundError::Failed(error.to_string()))?;
            headers.insert(HeaderName::from_static(name), value);
        }
        let body: Box<str> = event.event.into();
        client.await?.post(url, headers, Bytes::from(body.into_string())).await
    }
}

/// Delivers a run, and reports it.
async fn deliver(courier: Arc<Courier>, run: Run, began: Instant) {
    let Run { hook, lease, url, events } = run;
    let (mut accepted, mut failure) = (None, None);
    for event in events {
        if began.elapsed() > RUN_TIME || *courier.web.is_stopping.borrow() {
            break;
        }
        let n = event.n;
        let posted = courier.post(url.as_str(), event).await;
        courier.web.gauges.delivery(posted.is_ok());
        match posted {
            Ok(()) => accepted = Some(n),
            Err(error) => {
                failure = Some(error.to_string());
                break;
            }
        }
    }
    let report = json!({ "hook": hook, "lease": lease, "n": accepted, "error": failure });
    for _ in 0..REPORTS_MAX {
        let reported = courier.ask("delivery.report", report.clone()).await;
        if reported.is_ok() || *courier.web.is_stopping.borrow() {
            break;
        }
        tokio::time::sleep(RETRY_DELAY).await;
    }
}
