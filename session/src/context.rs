//! The state that all components share.

use common::accounts::{LoggedIn, Token};
use common::channels::LaterNames;
use common::history::Page;
use common::methods::Request;
use common::{ChannelName, Detail, Error, Method, UserName};
use serde::Serialize;

use super::api::{Answer, Effect, Entry, News};
use super::names::ChannelNames;
use super::plain_request::PlainRequest;
use super::requests::{CompletedRequest, Frame, Origin, Pending, Requests, line, read};
use super::rng::Rng;

pub(crate) struct Context {
    now_ms: u64,
    rng: Rng,
    account: Option<LoggedIn>,
    names: ChannelNames,
    requests: Requests,
    effects: Vec<Effect>,
}

impl Context {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            now_ms: 0,
            rng: Rng::new(seed),
            account: None,
            names: ChannelNames::default(),
            requests: Requests::default(),
            effects: Vec::new(),
        }
    }

    /// Sets the current time.
    pub(crate) fn set_now(&mut self, now_ms: u64) {
        self.now_ms = now_ms;
    }

    pub(crate) fn now_ms(&self) -> u64 {
        self.now_ms
    }

    pub(crate) fn rng(&mut self) -> &mut Rng {
        &mut self.rng
    }

    /// The requests, except the requests of the outbox.
    pub(crate) fn requests(&self) -> &Requests {
        &self.requests
    }

    pub(crate) fn requests_mut(&mut self) -> &mut Requests {
        &mut self.requests
    }

    /// The account, if a user is logged in.
    pub(crate) fn account(&self) -> Option<&LoggedIn> {
        self.account.as_ref()
    }

    pub(crate) fn user(&self) -> Option<&UserName> {
        self.account.as_ref().map(|account| &account.user)
    }

    pub(crate) fn set_account(&mut self, account: Option<LoggedIn>) {
        self.account = account;
    }

    /// The later names of channels.
    pub(crate) fn names(&self) -> &ChannelNames {
        &self.names
    }

    /// Replaces the later names of the channel `first`, and reports the change.
    pub(crate) fn set_names(&mut self, first: &ChannelName, names: &LaterNames) {
        if self.names.set(first, names) {
            self.emit_names(first);
        }
    }

    /// Applies a renaming that was just published, and reports the change.
    pub(crate) fn rename(&mut self, first: &ChannelName, name: &ChannelName) {
        if self.names.rename(first, name) {
            self.emit_names(first);
        }
    }

    fn emit_names(&mut self, first: &ChannelName) {
        let names = self.names.later(first);
        self.emit_news(News::Named { channel: first.clone(), names });
    }

    pub(crate) fn forget_names(&mut self) {
        self.names = ChannelNames::default();
    }

    /// Sets the user's own topic. Returns whether it has moved.
    pub(crate) fn set_own_topic(&mut self, topic: &str) -> bool {
        let Some(account) = self.account.as_mut().filter(|account| account.topic != topic) else {
            return false;
        };
        topic.clone_into(&mut account.topic);
        true
    }

    pub(crate) fn emit(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    pub(crate) fn emit_all(&mut self, effects: impl IntoIterator<Item = Effect>) {
        self.effects.extend(effects);
    }

    pub(crate) fn emit_news(&mut self, news: News) {
        self.effects.push(Effect::News(news));
    }

    pub(crate) fn answer(&mut self, ticket: u64, outcome: Result<Answer, Error>) {
        self.effects.push(Effect::Answer { ticket, outcome });
    }

    pub(crate) fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// Sends a request with the account's token, and repeats it until it has a reply.
    pub(crate) fn request<R: Request>(
        &mut self,
        origin: Origin,
        params: impl FnOnce(Token<'static>) -> R::Params<'static>,
    ) {
        self.request_in::<R>(Frame::Shared, origin, params);
    }

    /// Like [`request`](Self::request), for a command.
    pub(crate) fn request_for<R: Request>(
        &mut self,
        ticket: u64,
        pending: Pending,
        params: impl FnOnce(Token<'static>) -> R::Params<'static>,
    ) {
        self.request::<R>(Origin::Command { ticket, pending }, params);
    }

    /// Like [`request`](Self::request), in the given kind of frame.
    pub(crate) fn request_in<R: Request>(
        &mut self,
        frame: Frame,
        origin: Origin,
        params: impl FnOnce(Token<'static>) -> R::Params<'static>,
    ) {
        if let Some(token) = self.token(&origin) {
            self.open(frame, origin, R::METHOD, &params(token));
        }
    }

    /// Like [`request`](Self::request), for a method that needs no account.
    pub(crate) fn request_without_token<R: Request>(&mut self, origin: Origin, params: &R::Params<'static>) {
        self.open(Frame::Shared, origin, R::METHOD, params);
    }

    /// Sends a plain request for a command.
    pub(crate) fn transmit(&mut self, ticket: u64, pending: Pending, request: PlainRequest) {
        let PlainRequest { method, mut params } = request;
        let origin = Origin::Command { ticket, pending };
        if method.description().rights.needs_token() {
            let Some(token) = self.token(&origin) else { return };
            params.insert("token".to_owned(), token.into());
        }
        self.open(Frame::Shared, origin, method, &params);
    }

    /// Returns the token of the account. Without an account, the command fails.
    fn token(&mut self, origin: &Origin) -> Option<Token<'static>> {
        if let (None, Origin::Command { ticket, .. }) = (&self.account, origin) {
            self.answer(*ticket, Err(not_logged_in()));
        }
        self.account.as_ref().map(|account| account.token.clone().into())
    }

    fn open(&mut self, frame: Frame, origin: Origin, method: Method, params: &impl Serialize) {
        let request = self.requests.open(self.now_ms, &mut self.rng, origin, frame, method, params);
        self.effects.push(request);
    }

    /// See [`Requests::take_due`].
    pub(crate) fn repeat_requests(&mut self) -> bool {
        let (resent, is_reply_missing) = self.requests.take_due(self.now_ms, &mut self.rng);
        self.effects.extend(resent);
        is_reply_missing
    }

    /// Repeats the pending requests at once, except the requests of sync.
    pub(crate) fn resend_requests(&mut self) {
        let due = self.now_ms + self.rng.wait_ms(0);
        let resent = self.requests.resend(due, 0, |origin| !origin.is_of_sync());
        self.effects.extend(resent);
    }

    /// See [`Requests::complete`].
    pub(crate) fn complete_request(&mut self, id: u64, error: Option<&Error>) -> Option<CompletedRequest> {
        self.requests.complete(self.now_ms, &mut self.rng, id, error)
    }

    /// Sends a request without retries. Returns its id.
    pub(crate) fn send_once<R: Request>(&mut self, params: &R::Params<'static>) -> u64 {
        let id = self.requests.fresh_id();
        self.effects.push(Effect::Send { id, line: line(id, R::METHOD, params) });
        id
    }

    /// Decodes a page of history: the conversation's head, and the events.
    pub(crate) fn entries(&self, result: &str) -> Result<(u64, Vec<Entry>), Error> {
        let page: Page = read(result)?;
        let lines = page.events.iter().map(|line| line.get());
        Ok((page.head, lines.filter_map(|line| Entry::read_amended(self.user()?, line)).collect()))
    }
}

pub(crate) fn not_logged_in() -> Error {
    Detail::NotLoggedIn.into()
}
