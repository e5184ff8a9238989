//! The rules for registration at the node.

use common::Detail;
use uuid::Uuid;

use crate::domain::records::TokenDigest;
use crate::domain::{State, join_codes};
use crate::services::codes;

/// The rule for registration that the operator configures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Every client may register.
    Open,
    /// Users with a join code may register.
    #[default]
    Invite,
    /// The node accepts no new accounts, except the first one.
    Closed,
}

/// The mode, and the join code for the first account.
#[derive(Debug)]
pub struct Registration {
    mode: Mode,
    first_code: Option<FirstCode>,
}

/// The join code for the first account. A server without accounts creates a new code at each start, and does
/// not store it. All nodes of a cluster have the same code.
#[derive(Debug)]
struct FirstCode {
    text: String,
    digest: TokenDigest,
}

impl Registration {
    /// Every client may register.
    pub const OPEN: Self = Self { mode: Mode::Open, first_code: None };

    /// Creates the registration of a server that starts. If no account exists, it includes a join code for
    /// the first account, unless the mode is open. `shared_secret` is a secret of all nodes of the cluster.
    pub fn start(
        mode: Mode,
        state: &State,
        shared_secret: Option<&[u8; 32]>,
    ) -> Result<Self, getrandom::Error> {
        if mode == Mode::Open || !state.users.accounts().is_empty() {
            return Ok(Self { mode, first_code: None });
        }
        let text = match shared_secret {
            Some(secret) => codes::derived(secret, "the join code for the first account"),
            None => codes::random()?,
        };
        let digest = TokenDigest::of(&text);
        Ok(Self { mode, first_code: Some(FirstCode { text, digest }) })
    }

    /// The join code for the first account; `None` if an account existed at the start, or if every client may
    /// register.
    #[must_use]
    pub fn first_code(&self) -> Option<&str> {
        self.first_code.as_ref().map(|code| &*code.text)
    }

    /// Checks that a user with this code may register. Returns the id of the join code to use up.
    pub fn check(&self, state: &State, code: Option<&str>, now_ms: u64) -> Result<Option<Uuid>, Detail> {
        let digest = code.and_then(codes::digest);
        let is_first = state.users.accounts().is_empty();
        let first_digest = self.first_code.as_ref().map(|code| code.digest).filter(|_| is_first);
        if self.mode == Mode::Open || (first_digest.is_some() && digest == first_digest) {
            return Ok(None);
        }
        match code {
            // A closed node accepts the code for the first account, and no other.
            _ if self.mode == Mode::Closed && first_digest.is_none() => Err(Detail::RegistrationClosed),
            None => Err(Detail::JoinCodeNeeded),
            Some(_) => {
                let id = digest.and_then(|digest| join_codes::find(state, &digest, now_ms));
                id.map(Some).ok_or(Detail::InvalidJoinCode)
            }
        }
    }
}
