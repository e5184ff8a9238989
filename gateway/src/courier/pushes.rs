//! The runs of pushes to browsers. The gateway encrypts each push, so the push service cannot read it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use common::Detail;
use common::push::{Push, PushRun, TakenPushes};
use serde_json::json;
use uuid::Uuid;

use super::{Courier, Runs, Taken};
use crate::http::answer::Failure;
use crate::metrics::PushResult;
use crate::outbound::client::OutboundError;
use crate::push_encryption::encrypt;

pub(super) struct Pushes;

/// What a gateway does after a push.
enum Next {
    /// The push service accepted the push, or refused it, and would refuse it again.
    Continue(PushResult),
    /// The push service no longer knows the browser.
    Gone,
    /// The push is repeated later, after `wait` if the push service named a time.
    Retry { error: String, wait: Option<Duration> },
}

impl Next {
    fn of(posted: Result<(), OutboundError>) -> Self {
        match posted {
            Ok(()) => Self::Continue(PushResult::Accepted),
            Err(OutboundError::Refused { status: StatusCode::NOT_FOUND | StatusCode::GONE, .. }) => {
                Self::Gone
            }
            Err(OutboundError::Refused { status, .. })
                if status.is_client_error() && status != StatusCode::TOO_MANY_REQUESTS =>
            {
                tracing::debug!(%status, "a push service refused a push");
                Self::Continue(PushResult::Refused)
            }
            Err(OutboundError::Refused { status, wait }) => {
                Self::Retry { error: OutboundError::Refused { status, wait }.to_string(), wait }
            }
            Err(error) => Self::Retry { error: error.to_string(), wait: None },
        }
    }

    fn result(&self) -> PushResult {
        match self {
            Self::Continue(result) => *result,
            Self::Gone => PushResult::Gone,
            Self::Retry { .. } => PushResult::Failed,
        }
    }
}

impl Runs for Pushes {
    type Run = PushRun;

    async fn take(courier: &Courier, free: usize, busy: Vec<&Uuid>) -> Result<Taken<PushRun>, Failure> {
        let params = json!({ "runs": free, "busy": busy, "contact": courier.web.contact() });
        let taken = courier.ask("push.take", params).await?;
        let taken: Result<TakenPushes, _> = serde_json::from_str(taken.raw()?.get());
        let TakenPushes { runs, topic, wait_ms } = taken.map_err(|_| Detail::NoReply)?;
        Ok(Taken { runs, topic, wait_ms })
    }

    fn receiver(run: &PushRun) -> Uuid {
        run.session
    }

    async fn deliver(courier: Arc<Courier>, run: PushRun, began: Instant) {
        let (mut record, mut error, mut wait_ms, mut gone) = (None, None, None, false);
        for push in &run.pushes {
            if courier.has_ended(began) {
                break;
            }
            let next = Next::of(post(&courier, &run, push).await);
            courier.web.gauges.push(next.result());
            match next {
                Next::Continue(_) => record = Some(push.record),
                Next::Gone => gone = true,
                Next::Retry { error: reason, wait } => {
                    error = Some(reason);
                    wait_ms = wait.map(|wait| wait.as_millis() as u64);
                }
            }
            if gone || error.is_some() {
                break;
            }
        }
        let PushRun { session, user, lease, .. } = run;
        let report = json!({
            "session": session, "user": user, "lease": lease,
            "record": record, "error": error, "wait_ms": wait_ms, "gone": gone,
        });
        courier.report("push.report", report).await;
    }
}

async fn post(courier: &Courier, run: &PushRun, push: &Push) -> Result<(), OutboundError> {
    let failed = |error: &dyn std::fmt::Display| OutboundError::Failed(error.to_string());
    let text = serde_json::to_vec(&push.payload).map_err(|error| failed(&error))?;
    let body = encrypt(&text, &run.p256dh, &run.auth).map_err(|error| failed(&error))?;
    let headers = [
        ("content-type", "application/octet-stream".to_owned()),
        ("content-encoding", "aes128gcm".to_owned()),
        ("authorization", run.authorization.clone()),
        ("ttl", push.ttl_s.to_string()),
        ("urgency", "high".to_owned()),
        ("topic", push.topic.clone()),
    ];
    courier.post(run.endpoint.as_str(), headers, body.into()).await
}
