//! The runs of outgoing webhooks: signed events.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use common::Detail;
use common::deliveries::{Run, SignedEvent, TakenDeliveries};
use serde_json::json;
use uuid::Uuid;

use super::{Courier, Runs, Taken};
use crate::http::answer::Failure;
use crate::outbound::client::OutboundError;

pub(super) struct Webhooks;

impl Runs for Webhooks {
    type Run = Run;

    async fn take(courier: &Courier, free: usize, busy: Vec<&Uuid>) -> Result<Taken<Run>, Failure> {
        let taken = courier.ask("delivery.take", json!({ "runs": free, "busy": busy })).await?;
        let taken: Result<TakenDeliveries, _> = serde_json::from_str(taken.raw()?.get());
        let TakenDeliveries { runs, topic, wait_ms } = taken.map_err(|_| Detail::NoReply)?;
        Ok(Taken { runs, topic, wait_ms })
    }

    fn receiver(run: &Run) -> Uuid {
        run.hook
    }

    async fn deliver(courier: Arc<Courier>, run: Run, began: Instant) {
        let Run { hook, lease, url, events } = run;
        let (mut accepted, mut failure) = (None, None);
        for event in events {
            if courier.has_ended(began) {
                break;
            }
            let n = event.n;
            let posted = post(&courier, url.as_str(), event).await;
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
        courier.report("delivery.report", report).await;
    }
}

async fn post(courier: &Courier, url: &str, event: SignedEvent) -> Result<(), OutboundError> {
    let headers = [
        ("webhook-id", event.id),
        ("webhook-timestamp", event.timestamp.to_string()),
        ("webhook-signature", event.signature),
    ];
    let body: Box<str> = event.event.into();
    courier.post(url, headers, Bytes::from(body.into_string())).await
}
