//! Replies: passes each reply to the component that sent its request.

use common::accounts::LoggedIn;
use common::{Detail, Error, rpc};

use super::api::Answer;
use super::outbox::{self, Reply};
use super::requests::{self, CompletedRequest, Origin, Pending};
use super::{Session, accounts, files, sync};

impl Session {
    /// Handles a frame of reply lines.
    pub(crate) fn handle_replies(&mut self, lines: &[u8]) {
        for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let Ok(reply) = rpc::decode_reply(line) else { continue };
            let Some(id) = reply.id.and_then(|id| id.parse().ok()) else { continue };
            let outcome = match reply.error {
                Some(error) => Err(error),
                None => Ok(reply.result.map_or("null", serde_json::value::RawValue::get)),
            };
            self.reply(id, outcome);
        }
    }

    fn reply(&mut self, id: u64, outcome: Result<&str, Error>) {
        // The proxy may have been down together with the server.
        if self.link.reply_received(&mut self.cx) {
            self.conversations.sync().reconnect(&mut self.cx);
        }
        if let Err(error) = &outcome
            && error.ends_session()
            && self.cx.account().is_some()
        {
            return self.session_expired(error.clone());
        }
        self.conversations.presence().quit_acknowledged(id);
        if let Some(reply) = self.outbox.reply(&mut self.cx, id, &outcome) {
            return self.message_answered(reply);
        }
        let cx = &mut self.cx;
        let completed = cx.complete_request(id, outcome.as_ref().err());
        let Some(CompletedRequest { origin, attempt }) = completed else { return };
        match origin {
            Origin::Info => self.conversations.info_received(cx, outcome),
            Origin::Presence => self.conversations.heartbeat_acknowledged(cx, outcome),
            Origin::Heads { kind, cursor } => self.conversations.heads_received(cx, kind, cursor, outcome),
            Origin::Repair(conversation) => self.conversations.repaired(cx, &conversation, outcome),
            // A failed read mark is not retried: the next read mark includes its events.
            Origin::Mark => {}
            Origin::Command { ticket, pending } => {
                if let Some(outcome) = self.answered(ticket, pending, attempt, outcome).transpose() {
                    self.cx.answer(ticket, outcome);
                }
            }
        }
    }

    fn message_answered(&mut self, reply: Reply) {
        if let Some((message, entry)) = reply.stored {
            let entry_follows = self.conversations.acknowledged(&mut self.cx, entry.clone());
            outbox::acknowledge(&mut self.cx, message, entry, entry_follows);
        }
        self.outbox.end_flight(&mut self.cx);
    }

    /// Returns the answer to a command, or `None` if the command has sent another request.
    fn answered(
        &mut self,
        ticket: u64,
        pending: Pending,
        attempt: u32,
        outcome: Result<&str, Error>,
    ) -> Result<Option<Answer>, Error> {
        let Self { cx, conversations, .. } = self;
        let answer = match pending {
            Pending::Ping => sync::supported(requests::read(outcome?)?).map(|_info| Answer::Done)?,
            Pending::Register => accounts::registered(outcome, attempt)?,
            Pending::Login => self.logged_in(requests::read(outcome?)?),
            Pending::Logout => outcome.map(|_done| self.logged_out())?,
            Pending::EndSessions => conversations.sessions_ended(cx, requests::read(outcome?)?),
            Pending::Join(_) => conversations.joined(cx, requests::read(outcome?)?),
            Pending::Leave(channel) => outcome.map(|_done| conversations.left(cx, channel))?,
            Pending::Open(conversation) => conversations.opened(cx, &conversation, outcome)?,
            Pending::NextPage(conversation) => conversations.page_received(cx, &conversation, outcome?)?,
            Pending::Reads(pager) => return conversations.reads().listed(cx, ticket, pager, outcome?),
            Pending::Blocks(pager) => return conversations.blocks_mut().listed(cx, ticket, pager, outcome?),
            Pending::Levels => conversations.levels().listed(outcome?)?,
            Pending::Mark(conversation) => conversations.reads().marked(&conversation, outcome?)?,
            Pending::Chunk => files::chunk_reply(outcome)?,
            Pending::Part => files::part_reply(outcome?, &mut self.received)?,
            Pending::Request => Answer::Result(outcome?.to_owned()),
        };
        Ok(Some(answer))
    }

    fn logged_in(&mut self, account: LoggedIn) -> Answer {
        self.begin_session(account.clone());
        Answer::LoggedIn(account)
    }

    fn logged_out(&mut self) -> Answer {
        self.end_session(&Detail::LoggedOut.into());
        self.outbox.discard_unless_owned_by(&mut self.cx, None);
        Answer::Done
    }
}
