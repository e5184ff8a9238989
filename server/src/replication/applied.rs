//! How far the other nodes have applied the log, and the replies that wait for it. Pure: times are arguments,
//! in milliseconds of a monotonic clock.
//!
//! A revocation is answered when every live node has applied its record. So after the reply, no node accepts
//! the revoked session, and no node publishes a later event to the removed user.

use std::collections::{HashMap, VecDeque};

use common::methods::Method;

use crate::outbound::pending_request::PendingRequest;

/// A node that was silent for this time is not waited for. A node without a fresh answer of etcd refuses all
/// requests after the same time, and a reply waits for at most this time.
const SILENCE_MS: u64 = 2_000;

/// The maximum number of waiting replies. Further replies do not wait.
const WAITING_MAX: usize = 1_000;

/// Whether the request ends a session or a membership.
#[must_use]
pub fn is_revocation(request: &PendingRequest) -> bool {
    let revokes = |method: &Option<Method>| {
        matches!(
            method,
            Some(
                Method::AdminDisable
                    | Method::SessionRevoke
                    | Method::Password
                    | Method::Reset
                    | Method::AccountDelete
                    | Method::BotRevoke
                    | Method::ChannelKick
                    | Method::ChannelBan
            )
        )
    };
    request.methods.iter().any(revokes)
}

struct Waiting {
    request: PendingRequest,
    since_ms: u64,
}

#[derive(Default)]
pub struct Applied {
    /// The last record of each node, and the time of its last report.
    nodes: HashMap<String, (u64, u64)>,
    waiting: VecDeque<Waiting>,
}

impl Applied {
    /// Notes the report of a node.
    pub fn heard(&mut self, node: String, record: u64, now_ms: u64) {
        self.nodes.insert(node, (record, now_ms));
    }

    /// Forgets the nodes that have left the cluster.
    pub fn retain(&mut self, is_node: impl Fn(&str) -> bool) {
        self.nodes.retain(|name, _| is_node(name));
    }

    /// The nodes from which this node hears, in the order of their names.
    #[must_use]
    pub fn live(&self, now_ms: u64) -> Vec<String> {
        let is_live =
            |(_, (_, heard_ms)): &(&String, &(u64, u64))| now_ms.saturating_sub(*heard_ms) < SILENCE_MS;
        let mut live: Vec<_> = self.nodes.iter().filter(is_live).map(|(name, _)| name.clone()).collect();
        live.sort_unstable();
        live
    }

    /// Whether every live node has applied this record.
    fn has_applied(&self, record: u64, now_ms: u64) -> bool {
        let is_behind = |(applied, heard_ms): &(u64, u64)| {
            *applied < record && now_ms.saturating_sub(*heard_ms) < SILENCE_MS
        };
        !self.nodes.values().any(is_behind)
    }

    /// Adds a reply that waits. Returns the reply if it need not wait.
    pub fn wait(&mut self, request: PendingRequest, now_ms: u64) -> Option<PendingRequest> {
        if self.waiting.len() >= WAITING_MAX || self.has_applied(request.position, now_ms) {
            return Some(request);
        }
        self.waiting.push_back(Waiting { request, since_ms: now_ms });
        None
    }

    #[must_use]
    pub fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// The next reply that need not wait any longer.
    pub fn next_reply(&mut self, now_ms: u64) -> Option<PendingRequest> {
        let first = self.waiting.front()?;
        let is_late = now_ms.saturating_sub(first.since_ms) >= SILENCE_MS;
        if !is_late && !self.has_applied(first.request.position, now_ms) {
            return None;
        }
        self.waiting.pop_front().map(|waiting| waiting.request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use transport::Frame;

    fn reply(position: u64) -> PendingRequest {
        let mut frames = ["broker", "client", "", "line"].map(Frame::from).into();
        let mut request = PendingRequest::new(&mut frames).expect("a request");
        request.position = position;
        request
    }

    #[test]
    fn a_reply_waits_for_every_live_node() {
        let mut applied = Applied::default();
        applied.heard("n2".to_owned(), 5, 0);
        applied.heard("n3".to_owned(), 7, 0);
        assert!(applied.wait(reply(5), 10).is_some(), "both have applied it");
        assert!(applied.wait(reply(6), 10).is_none());
        assert!(applied.next_reply(20).is_none());
        applied.heard("n2".to_owned(), 6, 30);
        assert!(applied.next_reply(30).is_some() && !applied.is_waiting());
    }

    #[test]
    fn a_reply_waits_at_most_two_seconds_and_not_for_a_silent_node() {
        let mut applied = Applied::default();
        applied.heard("n2".to_owned(), 5, 0);
        assert_eq!(applied.live(1_999), ["n2"]);
        assert!(applied.wait(reply(6), 1_000).is_none());
        assert!(applied.next_reply(1_999).is_none());
        assert!(applied.next_reply(2_000).is_some(), "n2 is silent");
        assert!(applied.live(2_000).is_empty());
        applied.heard("n2".to_owned(), 5, 3_000);
        assert!(applied.wait(reply(6), 3_000).is_none());
        applied.heard("n2".to_owned(), 5, 4_900);
        assert!(applied.next_reply(4_999).is_none());
        assert!(applied.next_reply(5_000).is_some(), "n2 reports and does not apply");
    }

    #[test]
    fn only_requests_that_revoke_wait() {
        let mut request = reply(1);
        request.methods = vec![None, Some(Method::MessageSend)];
        assert!(!is_revocation(&request));
        request.methods.push(Some(Method::ChannelKick));
        assert!(is_revocation(&request));
    }
}
