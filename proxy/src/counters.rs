//! What the proxy counts, for its status.

/// What went through, and what did not, since the start.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    /// Messages from servers, each handed to whoever subscribes to its topic.
    pub(crate) events: u64,
    /// Subscriptions to events put in force.
    pub(crate) subscriptions: u64,
    /// Subscriptions that were no whole topic, or that could not be told whose they are.
    pub(crate) refused_subscriptions: u64,
    /// Barriers answered.
    pub(crate) barriers: u64,
    /// Messages from subscribers that were no subscriptions.
    pub(crate) dropped: u64,
}

impl Counters {
    /// All counters by name; `refused_peers` tried to publish without the service key.
    pub(crate) fn list(&self, refused_peers: u64) -> [(&'static str, u64); 6] {
        [
            ("events", self.events),
            ("subscriptions", self.subscriptions),
            ("refused_subscriptions", self.refused_subscriptions),
            ("barriers", self.barriers),
            ("dropped", self.dropped),
            ("refused_peers", refused_peers),
        ]
    }
}
