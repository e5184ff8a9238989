//! Requests and their answers, a noun a file: each function reads the parameters of one method, asks the
//! ledger, and returns the result or why there is none.

mod accounts;
mod channels;
pub(crate) mod amendments;
mod mentions;
mod history;
mod reads;
mod messages;
mod files;
mod presence;
mod admin;
mod node;
mod search;
pub mod known_tokens;

use std::sync::Arc;

use common::accounts::Token;
use common::limits::TOKEN_BYTES_MAX;
use common::requests::{self, Asked};
use common::rpc::{encode_error, encode_result};
use common::{Call, Detail, Error, UserName};
use serde::Serialize;
use transport::Frame;

use crate::domain::Command;
use crate::engine::jobs::{Job, Outcome};
use crate::handlers::known_tokens::KnownTokens;
use crate::services::files::Files;
use crate::services::limiters::{Guesses, Rates, Typing};
use crate::services::presence::Presence;
use crate::services::search::Search;
use crate::services::tokens::TokenIssuer;
use crate::storage::ledger::Ledger;

/// What a request is answered with.
pub struct RequestContext<'a> {
    /// State and journal.
    pub ledger: &'a mut Ledger,
    /// What signs tokens.
    pub tokens: &'a TokenIssuer,
    /// Whose tokens were seen last.
    pub known_tokens: &'a mut KnownTokens,
    /// Who guesses passwords.
    pub guesses: &'a mut Guesses,
    /// Who sends how much.
    pub rates: &'a mut Rates,
    /// Uploads and contents.
    pub files: &'a mut Files,
    /// What stands in the frame beside the line.
    pub attached: Attached<'a>,
    /// The index of all messages, where there is one.
    pub search: Option<&'a Search>,
    /// Who is there.
    pub presence: &'a mut Presence,
    /// Who is writing.
    pub typing: &'a mut Typing,
    /// Where clients find the fan-out.
    pub events: &'a str,
    /// Unix milliseconds.
    pub now_ms: u64,
}

/// What stands in a frame beside its request line, and in its reply beside the reply line.
pub struct Attached<'a> {
    /// Whether the line is the only one, so that bytes can belong to no other.
    pub is_alone: bool,
    /// The bytes that came.
    pub bytes: &'a Option<Arc<Frame>>,
    /// The bytes that go.
    pub reply: &'a mut Option<Vec<u8>>,
}

/// Why a request has no answer yet.
pub enum Pending {
    /// There is none to come: this is the answer.
    Failed(Error),
    /// This must be done first; then the request is to be asked again with the outcome.
    Work(Job),
}

impl<E: Into<Error>> From<E> for Pending {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl RequestContext<'_> {
    /// Answers one request line with one reply line; or says what must be done first, and then wants to be
    /// asked again with the outcome.
    pub fn answer(&mut self, line: &[u8], outcome: Option<Outcome>, out: &mut Vec<u8>) -> Option<Job> {
        let Asked { id, call } = match requests::decode(line) {
            Ok(asked) => asked,
            Err(refused) => {
                encode_error(out, refused.id, &refused.error);
                return None;
            }
        };
        match self.call(call, id, outcome, out).err()? {
            Pending::Failed(error) => {
                encode_error(out, id, &error);
                None
            }
            Pending::Work(job) => Some(job),
        }
    }

    fn call(
        &mut self,
        call: Call<'_>,
        id: &str,
        outcome: Option<Outcome>,
        out: &mut Vec<u8>,
    ) -> Result<(), Pending> {
        match call {
            Call::ServerInfo(_) => tell(out, id, node::info(self)),
            Call::Register(credentials) => tell(out, id, accounts::register(self, credentials, outcome)?),
            Call::Login(credentials) => tell(out, id, accounts::login(self, credentials, outcome)?),
            Call::Logout(params) => tell(out, id, accounts::logout(self, &params)?),
            Call::Password(params) => tell(out, id, accounts::password(self, params, outcome)?),
            Call::SessionList(params) => tell(out, id, accounts::sessions(self, &params)?),
            Call::SessionRevoke(params) => tell(out, id, accounts::revoke(self, &params)?),
            Call::UserList(params) => tell(out, id, accounts::list(self, &params)?),
            Call::ChannelCreate(params) => tell(out, id, channels::create(self, &params)?),
            Call::ChannelList(params) => tell(out, id, channels::list(self, &params)?),
            Call::ChannelJoin(params) => tell(out, id, channels::join(self, &params)?),
            Call::ChannelLeave(params) => tell(out, id, channels::leave(self, &params)?),
            Call::ChannelInvite(params) => tell(out, id, channels::to_member(self, params, Command::Invite)?),
            Call::ChannelInvitations(params) => tell(out, id, channels::invitations(self, &params)?),
            Call::ChannelDecline(params) => tell(out, id, channels::decline(self, &params)?),
            Call::ChannelKick(params) => tell(out, id, channels::to_member(self, params, Command::Kick)?),
            Call::ChannelBan(params) => tell(out, id, channels::to_member(self, params, Command::Ban)?),
            Call::ChannelUnban(params) => tell(out, id, channels::to_member(self, params, Command::Unban)?),
            Call::ChannelRole(params) => tell(out, id, channels::give_role(self, params)?),
            Call::ChannelSet(params) => tell(out, id, channels::set(self, params)?),
            Call::ChannelMembers(params) => tell(out, id, channels::members(self, &params)?),
            Call::MessageSend(params) => tell(out, id, messages::send(self, params)?),
            Call::FileBegin(params) => tell(out, id, files::begin(self, params, outcome)?),
            Call::FileChunk(params) => tell(out, id, files::chunk(self, &params, outcome)?),
            Call::FileCommit(params) => tell(out, id, files::commit(self, &params, outcome)?),
            Call::FileGet(params) => tell(out, id, files::get(self, &params, outcome)?),
            Call::MessageEdit(params) => tell(out, id, amendments::edit(self, params)?),
            Call::MessageDelete(params) => tell(out, id, amendments::delete(self, params)?),
            Call::MessageReact(params) => tell(out, id, amendments::react(self, params)?),
            Call::MessageHistory(params) => history::page(self, &params)?.tell(out, id),
            Call::MentionList(params) => mentions::list(self, &params)?.tell(out, id),
            Call::MessageSearch(params) => search::search(self, &params, outcome)?.tell(out, id),
            Call::ReadMark(params) => tell(out, id, reads::mark(self, params)?),
            Call::ReadList(params) => tell(out, id, reads::list(self, &params)?),
            Call::SyncHeads(params) => tell(out, id, history::heads(self, &params)?),
            Call::PresenceSet(params) => tell(out, id, presence::set(self, &params)?),
            Call::TypingSet(params) => tell(out, id, presence::typing(self, &params)?),
            Call::AdminUsers(params) => tell(out, id, admin::users(self, &params)?),
            Call::AdminChannels(params) => tell(out, id, admin::channels(self, &params)?),
            Call::AdminSessions(params) => tell(out, id, admin::sessions(self, &params)?),
            Call::AdminDisable(params) => tell(out, id, admin::disable(self, params)?),
            Call::AdminPromote(params) => tell(out, id, admin::promote(self, params)?),
            Call::AdminStats(params) => tell(out, id, admin::stats(self, &params)?),
        }
        Ok(())
    }

    /// Asks the limiter of guesses before a password is looked at.
    fn may_guess(&mut self, user: &UserName) -> Result<(), Error> {
        self.guesses.begin(user, self.now_ms).map_err(|wait_ms| {
            Error::from(Detail::TooManyGuesses { seconds: wait_ms.div_ceil(1000) }).after(wait_ms)
        })
    }

    /// Takes one out of what a session may send: a message, or whatever else leaves a record.
    fn take_rate(&mut self, token: &Token<'_>) -> Result<(), Error> {
        let session = self.known_tokens.digest(token);
        let taken = self.rates.take(session, self.now_ms);
        taken.map_err(|wait_ms| Error::from(Detail::SentTooFast { wait_ms }).after(wait_ms))
    }

    /// Whose session a token opens: the only door to every method that needs one.
    fn user_of(&mut self, token: &Token<'_>) -> Result<UserName, Error> {
        let known = match token.len() {
            0..=TOKEN_BYTES_MAX => {
                let digest = self.known_tokens.digest(token);
                self.ledger.state().users.owner(&digest, self.now_ms)
            }
            _ => None,
        };
        known.cloned().ok_or_else(|| self.no_session(token))
    }

    /// Why a token opens no session: whoever was shut out by an administrator is told so.
    fn no_session(&self, token: &Token<'_>) -> Error {
        let owner = Some(token).filter(|token| token.len() <= TOKEN_BYTES_MAX);
        let owner = owner.and_then(|token| self.tokens.made_for(token));
        let is_disabled = owner.is_some_and(|user| self.ledger.state().users.is_disabled(&user));
        if is_disabled { Detail::SessionDisabled } else { Detail::NoSession }.into()
    }
}

fn tell(out: &mut Vec<u8>, id: &str, result: impl Serialize) {
    encode_result(out, id, &result);
}

/// The first items of a list, as many as a page holds, and whether there are more.
fn first_page<T>(mut items: impl Iterator<Item = T>) -> (Vec<T>, bool) {
    let page = items.by_ref().take(common::limits::LIST_NAMES_MAX).collect();
    (page, items.next().is_some())
}
