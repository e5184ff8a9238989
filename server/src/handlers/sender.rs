//! The sender of a request: its connection, the user of its token, and the rates of both.

use common::accounts::Token;
use common::limits::TOKEN_BYTES_MAX;
use common::{Detail, Error, Target, UserName};
use transport::client_name::Client;

use super::{RequestContext, bots};
use crate::services::limiters::guesses::{Attempt, Guesser};
use crate::services::limiters::rates::RateKind;
use crate::services::peer::Peer;

impl RequestContext<'_> {
    /// The sender of the request.
    pub(super) fn peer(&self) -> Peer {
        match self.route.client() {
            Client::One(key) => Peer::new(key.map(|key| *key.as_bytes()), || self.route.key()),
            Client::Gateway => Peer::new(None, || self.route.sender().into()),
        }
    }

    /// Begins an attempt, unless there were too many wrong passwords, codes or signatures.
    pub(super) fn begin_attempt(&mut self, guesser: Guesser) -> Result<Attempt, Error> {
        let peer = self.peer();
        self.guesses.begin(guesser, &peer.id, self.now_ms).map_err(|wait_ms| {
            Error::from(Detail::TooManyGuesses { seconds: wait_ms.div_ceil(1000) }).with_wait_ms(wait_ms)
        })
    }

    /// Takes a request out of one of the user's buckets. Returns an error if the user exceeds the rate.
    pub(super) fn take_rate(&mut self, user: &UserName, kind: RateKind) -> Result<(), Error> {
        let taken = self.rates.take(user, kind, self.now_ms);
        taken.map_err(|wait_ms| Error::from(Detail::SentTooFast { wait_ms }).with_wait_ms(wait_ms))
    }

    /// Returns the user of a token. Every method that needs a session calls this function. So the function
    /// also takes from the bucket of the method, and checks the scope of a bot's token.
    pub(super) fn authenticate(&mut self, token: &Token<'_>) -> Result<UserName, Error> {
        let digest = (token.len() <= TOKEN_BYTES_MAX).then(|| self.known_tokens.digest(token));
        let users = &self.ledger.state().users;
        let known = digest.and_then(|digest| Some((digest, users.owner(&digest, self.now_ms)?.clone())));
        let Some((digest, user)) = known else { return Err(self.no_session(token)) };
        if let Some(kind) = self.rate_kind.take() {
            self.take_rate(&user, kind)?;
            self.reader = (kind == RateKind::Reads).then(|| user.clone());
        }
        if self.needed.is_some() {
            bots::check_scope(self, &user, &digest)?;
        }
        Ok(user)
    }

    /// Whether the token of the request permits this conversation. Only the tokens of bots have a list.
    pub(super) fn is_in_scope(&self, conversation: &Target) -> bool {
        let bots = &self.ledger.state().users.bots;
        self.bot_token.is_none_or(|id| bots.get(id).is_some_and(|known| known.token.permits_in(conversation)))
    }

    /// The error for a token without an open session. A disabled account has its own error.
    fn no_session(&self, token: &Token<'_>) -> Error {
        let owner = Some(token).filter(|token| token.len() <= TOKEN_BYTES_MAX);
        let owner = owner.and_then(|token| self.tokens.user_of(token));
        let users = &self.ledger.state().users;
        let is_disabled = owner.is_some_and(|user| users.active(&user).is_ok_and(|account| account.disabled));
        if is_disabled { Detail::SessionDisabled } else { Detail::NoSession }.into()
    }
}
