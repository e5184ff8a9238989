//! Requests to the node on behalf of the client.

use std::time::Duration;

use common::accounts::{ListNames, Token};
use common::channels::{ChannelInfo, ListInChannel, Member};
use common::files::MakeLink;
use common::methods::{ChannelList, ChannelMembers, FileLink, Request, UserList};
use common::{Body, ChannelName, Detail, Error, Paged, Target, UserName};
use session::{Answer, Command, Entry, Message, Pager, PlainRequest};
use tokio::time::timeout;
use transport::clock;

use super::{Connection, End, Expected, Seen};
use crate::limits::{EXPECTED_MAX, EXPECTED_MS, SEEN_MS_MAX};

impl Connection {
    /// Gives the session a command, and waits for its answer.
    pub(super) async fn command(&mut self, command: Command) -> Result<Result<Answer, Error>, End> {
        self.next_ticket += 1;
        let ticket = self.next_ticket;
        self.session.command(clock::monotonic_ms(), ticket, command);
        loop {
            self.step()?;
            let position = self.io.answers.iter().position(|(answered, _)| *answered == ticket);
            if let Some(position) = position {
                return Ok(self.io.answers.swap_remove(position).1);
            }
            self.pump().await?;
        }
    }

    /// Sends a request of the method `R`, and waits for its result.
    pub(super) async fn request<R: Request>(
        &mut self,
        params: impl FnOnce(Token<'static>) -> R::Params<'static>,
    ) -> Result<Result<R::Result, Error>, End> {
        let answer = self.command(Command::Request(PlainRequest::of::<R>(params))).await?;
        Ok(answer.and_then(result::<R>))
    }

    /// Requests all pages of a list.
    pub(super) async fn list<R: Paged>(
        &mut self,
        params: impl FnOnce(Token<'static>) -> R::Params<'static>,
    ) -> Result<Result<Vec<R::Item>, Error>, End> {
        let mut pager = Pager::<R>::new(params);
        loop {
            let answer = self.command(Command::Request(pager.request())).await?;
            let page = match answer.and_then(result::<R>) {
                Ok(page) => page,
                Err(error) => return Ok(Err(error)),
            };
            if !pager.take(page) {
                return Ok(Ok(pager.into_items()));
            }
        }
    }

    /// Sends a request that causes the event `body` in a conversation. The response to the client shows the
    /// event, so the event itself is not shown when it arrives. Some requests cause no event, because they
    /// change nothing.
    pub(super) async fn act<R: Request>(
        &mut self,
        conversation: &Target,
        body: Body<'static>,
        params: impl FnOnce(Token<'static>) -> R::Params<'static>,
    ) -> Result<Result<R::Result, Error>, End> {
        let until_ms = clock::monotonic_ms() + EXPECTED_MS;
        let expected = Expected { conversation: conversation.clone(), body: body.clone(), until_ms };
        self.expected.push_back(expected);
        if self.expected.len() > EXPECTED_MAX {
            self.expected.pop_front();
        }
        self.seen = None;
        let outcome = self.request::<R>(params).await?;
        if outcome.is_err() {
            self.expected.retain(|other| other.conversation != *conversation || other.body != body);
        }
        Ok(outcome)
    }

    /// Waits a moment for the event of the request that [`Self::act`] sent.
    pub(super) async fn seen_event(&mut self) -> Result<Option<Seen>, End> {
        let due_ms = clock::monotonic_ms() + SEEN_MS_MAX;
        while self.seen.is_none() {
            let left_ms = due_ms.saturating_sub(clock::monotonic_ms());
            if left_ms == 0 {
                break;
            }
            // Between two inputs, the wait can be dropped without a loss.
            if let Ok(pumped) = timeout(Duration::from_millis(left_ms), self.pump()).await {
                pumped?;
            }
        }
        Ok(self.seen.take())
    }

    /// Sends a message, and waits until it is stored.
    pub(super) async fn send_message(&mut self, message: Message) -> Result<Result<Entry, Error>, End> {
        let id = message.id;
        self.own_messages.push_back(id);
        if self.own_messages.len() > EXPECTED_MAX {
            self.own_messages.pop_front();
        }
        self.session.command(clock::monotonic_ms(), session::NO_TICKET, Command::Send(message));
        loop {
            self.step()?;
            if let Some((_, outcome)) = self.sent.take_if(|(sent, _)| *sent == id) {
                return Ok(outcome);
            }
            self.pump().await?;
        }
    }

    pub(super) async fn members(&mut self, channel: &ChannelName) -> Result<Result<Vec<Member>, Error>, End> {
        let channel = channel.clone();
        self.list::<ChannelMembers>(|token| ListInChannel { token, channel, after: None }).await
    }

    pub(super) async fn all_channels(&mut self) -> Result<Result<Vec<ChannelInfo>, Error>, End> {
        self.list::<ChannelList>(|token| ListNames { token, after: None }).await
    }

    /// The data of a channel that the user can see, by its first name or by a later name.
    pub(super) async fn channel_info(&mut self, channel: &ChannelName) -> Result<Option<ChannelInfo>, End> {
        let channels = self.all_channels().await?.unwrap_or_default();
        let is_named =
            |info: &ChannelInfo| info.channel == *channel || info.names.all().any(|name| name == channel);
        Ok(channels.into_iter().find(is_named))
    }

    /// Requests a link to a file, for the line that shows the file.
    pub(super) async fn load_link(&mut self, conversation: &Target, n: u64) -> Result<(), End> {
        let key = (self.conversation(conversation), n);
        let conversation = conversation.clone();
        let link = self.request::<FileLink>(|token| MakeLink { token, conversation, n, hours: None }).await?;
        self.links.insert(key, link.ok().and_then(|link| link.url));
        Ok(())
    }

    /// Loads the list of users, if it is old or lacks this user.
    pub(super) async fn load_users(&mut self, user: Option<&UserName>) -> Result<(), End> {
        if self.user.is_some()
            && self.shared.is_list_old(user)
            && let Ok(users) = self.list::<UserList>(|token| ListNames { token, after: None }).await?
        {
            self.shared.set_list(users);
        }
        Ok(())
    }
}

/// The result of a request of the method `R`.
fn result<R: Request>(answer: Answer) -> Result<R::Result, Error> {
    let Answer::Result(result) = answer else {
        return Err(Detail::BadAnswer { error: "not a result".to_owned() }.into());
    };
    session::decode::<R>(&result)
}
