//! The counters in the broker's status.

/// The number of messages since the broker started, by outcome.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    /// Requests that were sent to the server.
    pub(crate) requests: u64,
    /// Messages to the server: single requests, and bundles of requests.
    pub(crate) request_messages: u64,
    /// Replies that were sent to their clients.
    pub(crate) replies: u64,
    /// Messages from the server: single replies, and bundles of replies.
    pub(crate) reply_messages: u64,
    /// Replies whose client had disconnected.
    pub(crate) unreachable: u64,
    /// Replies that were dropped because their clients connected to an earlier run of the broker.
    pub(crate) strangers: u64,
    /// Messages that were dropped because the queue of the peer was full.
    pub(crate) dropped_full: u64,
    /// Messages without an empty frame or without a body, or with too many frames; and malformed bundles.
    pub(crate) malformed: u64,
}

impl Counters {
    /// All counters by name. `refused_peers` counts peers without the service key that connected to the
    /// server's port.
    pub(crate) fn list(&self, refused_peers: u64) -> [(&'static str, u64); 9] {
        [
            ("requests", self.requests),
            ("request_messages", self.request_messages),
            ("replies", self.replies),
            ("reply_messages", self.reply_messages),
            ("unreachable", self.unreachable),
            ("strangers", self.strangers),
            ("dropped_full", self.dropped_full),
            ("malformed", self.malformed),
            ("refused_peers", refused_peers),
        ]
    }
}
