//! How a socket is protected: said whenever one is made, so that none is unprotected by oversight.

/// The protection of one socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Security {
    /// None: anybody who can reach the endpoint may talk to it, and anybody on the way may read.
    #[default]
    Plain,
}
