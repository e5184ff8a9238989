//! The reasons for which the gateway closes a WebSocket, with the close codes of `docs/PROTOCOL.md`.

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Close {
    GoingAway,
    BadFrame,
    SessionEnded,
    Silent,
    Slow,
    TooMany,
    Unavailable,
}

impl Close {
    /// The code and the reason of the close frame.
    pub(crate) fn frame(self) -> (u16, &'static str) {
        match self {
            Self::GoingAway => (1001, "the gateway stops: connect again"),
            Self::BadFrame => (4400, "send text frames of at most 1 MiB"),
            Self::SessionEnded => (4401, "the session has ended: log in"),
            Self::Silent => (4408, "the connection was silent for too long: connect again"),
            Self::Slow => (4409, "the client reads too slowly: connect again"),
            Self::TooMany => (4429, "too many connections: close one, then connect again"),
            Self::Unavailable => (4503, "the node does not answer: connect again"),
        }
    }
}
