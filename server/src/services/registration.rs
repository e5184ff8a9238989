//! Who may register at the node.

use common::Detail;
use uuid::Uuid;

use crate::domain::State;
use crate::domain::records::TokenDigest;
use crate::services::codes;

/// Who may register, as the operator configures it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Everybody who reaches the node.
    Open,
    /// Users with a join code.
    #[default]
    Invite,
    /// Nobody.
    Closed,
}

/// The mode, and the code for the first account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    mode: Mode,
    /// The code for the first account. The server creates another one at each start without accounts, and does
    /// not store it.
    first_code: Option<Box<str>>,
}

impl Registration {
    /// Everybody may register.
    pub const OPEN: Self = Self { mode: Mode::Open, first_code: None };

    /// The registration at the start of a server: with a code for the first account, if there is no account.
    pub fn start(mode: Mode, state: &State) -> Result<Self, getrandom::Error> {
        let needs_code = mode != Mode::Open && state.users.accounts().is_empty();
        let first_code = if needs_code { Some(codes::random()?.into()) } else { None };
        Ok(Self { mode, first_code })
    }

    /// The code for the first account; `None` if an account exists, or if everybody may register.
    #[must_use]
    pub fn first_code(&self) -> Option<&str> {
        self.first_code.as_deref()
    }

    /// Checks that a user with this code may register. Returns the id of the join code to use up.
    pub fn check(&self, state: &State, code: Option<&str>, now_ms: u64) -> Result<Option<Uuid>, Detail> {
        let is_first = state.users.accounts().is_empty();
        if self.mode == Mode::Open || is_first && code.is_some() && code == self.first_code() {
            return Ok(None);
        }
        match (self.mode, code) {
            (Mode::Closed, _) => Err(Detail::RegistrationClosed),
            (Mode::Open | Mode::Invite, None) => Err(Detail::JoinCodeNeeded),
            (Mode::Open | Mode::Invite, Some(code)) => {
                let id = state.users.join_codes.find(&TokenDigest::of(code), now_ms);
                id.map(Some).ok_or(Detail::InvalidJoinCode)
            }
        }
    }
}
