//! Delivers events to the receivers of outgoing webhooks, and pushes to the browsers of users.
//!
//! A courier takes runs from the server, posts their requests one after the other, and reports the last one
//! that the receiver accepted. The server stores this position, signs the requests, and decides when a failed
//! one is repeated. A courier stores nothing.

mod pushes;
mod webhooks;

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use bytes::Bytes;
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

use self::pushes::Pushes;
use self::webhooks::Webhooks;

/// The age of a run after which a courier posts no further request. The last request can take
/// `OUTBOUND_MS_MAX`, and must end before the lease of the run expires.
const RUN_TIME: Duration = Duration::from_millis(RUN_LEASE_MS - OUTBOUND_MS_MAX - 1_000);

/// The minimum time between two requests for runs. Notices that arrive earlier stay in the queue.
const TAKE_INTERVAL: Duration = Duration::from_millis(20);

/// The delay before a courier repeats a request that the server did not answer.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// The delay before the next request for runs if the server does not recognise this gateway as that of the
/// node.
const NOT_GATEWAY_DELAY: Duration = Duration::from_secs(60);

/// The timeout of a request. A courier can safely repeat all of its requests.
const REPLY_TIMEOUT: Duration = Duration::from_secs(3);

/// The maximum number of attempts to report a run. Without a report, the lease expires, and a gateway
/// delivers the run again.
const REPORTS_MAX: usize = 30;

/// The runs of one kind.
trait Runs {
    /// The requests for one receiver.
    type Run;

    /// Takes at most `free` runs, none of them of a receiver that is `busy`.
    fn take(
        courier: &Courier,
        free: usize,
        busy: Vec<&Uuid>,
    ) -> impl Future<Output = Result<Taken<Self::Run>, Failure>>;

    /// The id of the receiver.
    fn receiver(run: &Self::Run) -> Uuid;

    /// Delivers a run, and reports it. The run was taken at `began`.
    fn deliver(
        courier: Arc<Courier>,
        run: Self::Run,
        began: Instant,
    ) -> impl Future<Output = ()> + Send + 'static;
}

/// The runs that a courier took.
struct Taken<R> {
    runs: Vec<R>,
    /// The topic of the notice that further runs may be ready.
    topic: String,
    wait_ms: u64,
}

/// Delivers the events of outgoing webhooks until the gateway stops.
pub(crate) async fn run_webhooks(web: Web) {
    run::<Webhooks>(web).await;
}

/// Delivers pushes until the gateway stops.
pub(crate) async fn run_pushes(web: Web) {
    run::<Pushes>(web).await;
}

async fn run<R: Runs>(web: Web) {
    let courier = Arc::new(Courier { web: web.clone(), client: OnceCell::new() });
    let mut runs = JoinSet::new();
    // The subscription to the notices of the server, and its topic.
    let mut link: Option<(OpenLink, String)> = None;
    // The receivers of the runs, by the task of each run.
    let mut busy = HashMap::new();
    loop {
        let began = clock::now();
        let free = RUNS_MAX.saturating_sub(busy.len());
        let wait = match R::take(&courier, free, busy.values().collect()).await {
            Ok(taken) => {
                if link.as_ref().is_none_or(|(_, topic)| *topic != taken.topic) {
                    link = follow(&web, &taken.topic).await.map(|open| (open, taken.topic));
                }
                for run in taken.runs {
                    let receiver = R::receiver(&run);
                    let task = runs.spawn(R::deliver(Arc::clone(&courier), run, began));
                    busy.insert(task.id(), receiver);
                }
                Duration::from_millis(taken.wait_ms)
            }
            Err(failure) if failure.0.detail() == Some(&Detail::OnlyGateway) => {
                tracing::debug!("outgoing webhooks and pushes need an encrypted node");
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
    /// Created when the first request is posted, because it loads the certificates of the system.
    client: OnceCell<GuardedClient>,
}

impl Courier {
    async fn ask(&self, method: &str, params: Value) -> Result<Answered, Failure> {
        let client = Client { sender: GATEWAY_SENDER, is_secure: true };
        let asked = ask(&self.web, client, None, Ask::new(method, params));
        tokio::time::timeout(REPLY_TIMEOUT, asked).await.map_err(|_elapsed| Detail::NoReply)?
    }

    /// Posts a body with these headers.
    async fn post<const COUNT: usize>(
        &self,
        url: &str,
        named: [(&'static str, String); COUNT],
        body: Bytes,
    ) -> Result<(), OutboundError> {
        let create = || async { GuardedClient::new(&self.web.hooks_allow, &self.web.hooks_roots) };
        let client = self.client.get_or_try_init(create);
        let mut headers = HeaderMap::new();
        for (name, value) in named {
            let value =
                HeaderValue::try_from(value).map_err(|error| OutboundError::Failed(error.to_string()))?;
            headers.insert(HeaderName::from_static(name), value);
        }
        client.await?.post(url, headers, body).await
    }

    /// Whether a run must post no further request.
    fn has_ended(&self, began: Instant) -> bool {
        began.elapsed() > RUN_TIME || *self.web.is_stopping.borrow()
    }

    /// Reports a run, several times if the server does not answer.
    async fn report(&self, method: &str, report: Value) {
        for _ in 0..REPORTS_MAX {
            let reported = self.ask(method, report.clone()).await;
            if reported.is_ok() || *self.web.is_stopping.borrow() {
                break;
            }
            tokio::time::sleep(RETRY_DELAY).await;
        }
    }
}
