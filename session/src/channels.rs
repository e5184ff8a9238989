//! Channels: create, join, leave, look after, list, members.

use common::accounts::{ListNames, UserInfo, Users};
use common::channels::{
    ChannelInfo, Channels, CreateChannel, GiveRole, Invitation, Invitations, Joined, ListMembers, Member,
    Members, OneChannel, OneMember, SetChannel,
};
use common::{ChannelName, Error, Method, Target};

use super::Session;
use super::exchange::{Answer, Deed};
use super::limits::LIST_PAGES_MAX;
use super::requests::{Question, read};
use super::timeline::Timeline;

impl Session {
    pub(super) fn create(&mut self, now_ms: u64, ticket: u64, channel: ChannelName, private: bool) {
        let question = Question::Join(channel.clone());
        let params = |token| CreateChannel { token, channel, private };
        self.ask_question(now_ms, ticket, question, Method::ChannelCreate, params);
    }

    pub(super) fn join(&mut self, now_ms: u64, ticket: u64, channel: ChannelName) {
        let question = Question::Join(channel.clone());
        self.ask_channel(now_ms, ticket, question, Method::ChannelJoin, channel);
    }

    pub(super) fn leave(&mut self, now_ms: u64, ticket: u64, channel: ChannelName) {
        let question = Question::Leave(channel.clone());
        self.ask_channel(now_ms, ticket, question, Method::ChannelLeave, channel);
    }

    pub(super) fn decline(&mut self, now_ms: u64, ticket: u64, channel: ChannelName) {
        self.ask_channel(now_ms, ticket, Question::Manage, Method::ChannelDecline, channel);
    }

    pub(super) fn list_invitations(&mut self, now_ms: u64, ticket: u64, so_far: Vec<Invitation>) {
        let after = so_far.last().map(|last| last.channel.to_string().into());
        let question = Question::Invitations { so_far };
        let params = |token| ListNames { token, after };
        self.ask_question(now_ms, ticket, question, Method::ChannelInvitations, params);
    }

    fn ask_channel(
        &mut self,
        now_ms: u64,
        ticket: u64,
        question: Question,
        method: Method,
        channel: ChannelName,
    ) {
        self.ask_question(now_ms, ticket, question, method, |token| OneChannel { token, channel });
    }

    pub(super) fn manage(&mut self, now_ms: u64, ticket: u64, channel: ChannelName, deed: Deed) {
        let (method, user) = match deed {
            Deed::Invite(user) => (Method::ChannelInvite, user),
            Deed::Kick(user) => (Method::ChannelKick, user),
            Deed::Ban(user) => (Method::ChannelBan, user),
            Deed::Unban(user) => (Method::ChannelUnban, user),
            Deed::Role(user, role) => {
                let params = |token| GiveRole { token, channel, user, role };
                return self.ask_question(now_ms, ticket, Question::Manage, Method::ChannelRole, params);
            }
            Deed::Set { subject, private } => {
                let params = |token| SetChannel { token, channel, subject, private };
                return self.ask_question(now_ms, ticket, Question::Manage, Method::ChannelSet, params);
            }
        };
        let params = |token| OneMember { token, channel, user };
        self.ask_question(now_ms, ticket, Question::Manage, method, params);
    }

    pub(super) fn list_members(
        &mut self,
        now_ms: u64,
        ticket: u64,
        channel: ChannelName,
        so_far: Vec<Member>,
    ) {
        let after = so_far.last().map(|last| last.user.to_string().into());
        let question = Question::Members { channel: channel.clone(), so_far };
        let params = |token| ListMembers { token, channel, after };
        self.ask_question(now_ms, ticket, question, Method::ChannelMembers, params);
    }

    pub(super) fn list_channels(&mut self, now_ms: u64, ticket: u64, so_far: Vec<ChannelInfo>) {
        let after = so_far.last().map(|last| last.channel.to_string().into());
        let question = Question::Channels { so_far };
        self.ask_question(now_ms, ticket, question, Method::ChannelList, |token| ListNames { token, after });
    }

    /// A channel that is followed from now on; its history up to now is for whoever opens it.
    pub(super) fn joined(&mut self, now_ms: u64, result: &str) -> Result<Answer, Error> {
        let joined: Joined = read(result)?;
        let conversation = Target::Channel(joined.channel.clone());
        if self.following.wants(&conversation) {
            let new = || Timeline::starting_at(joined.n.saturating_add(1));
            let timeline = self.conversations.entry(conversation.clone()).or_insert_with(new);
            timeline.note_published(joined.n);
            self.note_joined(&conversation);
            if self.subscribe_channel(conversation, joined.topic.clone()) {
                self.raise_barrier(now_ms);
            }
        }
        Ok(Answer::Joined(joined))
    }

    pub(super) fn left(&mut self, channel: ChannelName) -> Answer {
        self.forget_conversation(&Target::Channel(channel));
        Answer::Done
    }

    /// A page of channels: the whole list, or nothing while the next page is asked for.
    pub(super) fn channels_listed(
        &mut self,
        now_ms: u64,
        ticket: u64,
        mut so_far: Vec<ChannelInfo>,
        result: &str,
    ) -> Result<Option<Answer>, Error> {
        let page: Channels = read(result)?;
        let is_last = is_last(page.more, page.channels.len(), so_far.len());
        so_far.extend(page.channels);
        if is_last {
            return Ok(Some(Answer::Channels(so_far)));
        }
        self.list_channels(now_ms, ticket, so_far);
        Ok(None)
    }

    /// A page of invitations, likewise.
    pub(super) fn invitations_listed(
        &mut self,
        now_ms: u64,
        ticket: u64,
        mut so_far: Vec<Invitation>,
        result: &str,
    ) -> Result<Option<Answer>, Error> {
        let page: Invitations = read(result)?;
        let is_last = is_last(page.more, page.invitations.len(), so_far.len());
        so_far.extend(page.invitations);
        if is_last {
            return Ok(Some(Answer::Invitations(so_far)));
        }
        self.list_invitations(now_ms, ticket, so_far);
        Ok(None)
    }

    /// A page of members, likewise.
    pub(super) fn members_listed(
        &mut self,
        now_ms: u64,
        ticket: u64,
        channel: ChannelName,
        mut so_far: Vec<Member>,
        result: &str,
    ) -> Result<Option<Answer>, Error> {
        let page: Members = read(result)?;
        let is_last = is_last(page.more, page.members.len(), so_far.len());
        so_far.extend(page.members);
        if is_last {
            return Ok(Some(Answer::Members(so_far)));
        }
        self.list_members(now_ms, ticket, channel, so_far);
        Ok(None)
    }

    /// A page of users, likewise.
    pub(super) fn users_listed(
        &mut self,
        now_ms: u64,
        ticket: u64,
        mut so_far: Vec<UserInfo>,
        result: &str,
    ) -> Result<Option<Answer>, Error> {
        let page: Users = read(result)?;
        let is_last = is_last(page.more, page.users.len(), so_far.len());
        so_far.extend(page.users);
        if is_last {
            return Ok(Some(Answer::Users(so_far)));
        }
        self.list_users(now_ms, ticket, so_far);
        Ok(None)
    }
}

/// Whether a list ends with this page: the last one, one without progress, or one too many.
pub(super) fn is_last(more: bool, page: usize, so_far: usize) -> bool {
    !more || page == 0 || so_far + page >= LIST_PAGES_MAX * common::limits::LIST_NAMES_MAX
}
