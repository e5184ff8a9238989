//! The counters in the proxy's status.

/// The number of messages since the proxy started, by outcome.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    /// Events from servers that were published.
    pub(crate) events: u64,
    /// Accepted subscriptions to events.
    pub(crate) subscriptions: u64,
    /// Subscriptions to an invalid topic.
    pub(crate) refused_subscriptions: u64,
    /// Answered barriers.
    pub(crate) barriers: u64,
}

impl Counters {
    /// All counters by name. `refused_peers` counts peers without the service key that tried to publish.
    pub(crate) fn list(&self, refused_peers: u64) -> [(&'static str, u64); 5] {
        [
            ("events", self.events),
            ("subscriptions", self.subscriptions),
            ("refused_subscriptions", self.refused_subscriptions),
            ("barriers", self.barriers),
            ("refused_peers", refused_peers),
        ]
    }
}
