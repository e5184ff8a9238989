//! What the broker counts, for its status.

/// Messages since the start, by what became of them.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    /// Requests handed to the server.
    pub(crate) requests: u64,
    /// Replies handed to their clients.
    pub(crate) replies: u64,
    /// Replies whose client had gone.
    pub(crate) unreachable: u64,
    /// Replies to clients of an earlier run of the broker.
    pub(crate) strangers: u64,
    /// Messages for a peer that already had as many waiting as it may.
    pub(crate) dropped_full: u64,
    /// Messages without the empty frame or a body, or with too many frames.
    pub(crate) malformed: u64,
}

impl Counters {
    /// All counters by name; `refused_peers` tried to serve without the service key.
    pub(crate) fn list(&self, refused_peers: u64) -> [(&'static str, u64); 7] {
        [
            ("requests", self.requests),
            ("replies", self.replies),
            ("unreachable", self.unreachable),
            ("strangers", self.strangers),
            ("dropped_full", self.dropped_full),
            ("malformed", self.malformed),
            ("refused_peers", refused_peers),
        ]
    }
}
