//! Administration: accounts, channels and sessions as administrators see them, and shutting users out.

use common::accounts::{ListNames, SessionOnly};
use common::admin::{
    Channel, Channels, Disable, Disabled, ListSessions, Promote, Session as Open, Sessions, Stats, User,
    Users,
};
use common::{Error, Method, UserName};

use super::Session;
use super::channels::is_last;
use super::exchange::Answer;
use super::requests::{Question, read};

/// What an administrator asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Administration {
    /// All accounts.
    Users,
    /// All channels.
    Channels,
    /// The open sessions, of one user or of all.
    Sessions(Option<UserName>),
    /// How much there is of everything.
    Stats,
    /// Shut somebody out, or let them in again.
    Disable {
        /// Whom.
        user: UserName,
        /// Out or in.
        disabled: bool,
    },
    /// Make somebody an administrator, or one no more.
    Promote {
        /// Whom.
        user: UserName,
        /// What they are to be.
        administrator: bool,
    },
}

/// What an administrator is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Overview {
    /// All accounts.
    Users(Vec<User>),
    /// All channels.
    Channels(Vec<Channel>),
    /// The open sessions.
    Sessions(Vec<Open>),
    /// How much there is of everything.
    Stats(Stats),
}

/// What an administrator has asked; lists with what they hold so far.
#[derive(Debug, Clone)]
pub(super) enum AdminQuestion {
    Users(Vec<User>),
    Channels(Vec<Channel>),
    Sessions(Option<UserName>, Vec<Open>),
    Stats,
    Disable,
    Promote,
}

impl Session {
    pub(super) fn administrate(&mut self, now_ms: u64, ticket: u64, what: Administration) {
        match what {
            Administration::Users => self.list_accounts(now_ms, ticket, Vec::new()),
            Administration::Channels => self.list_all_channels(now_ms, ticket, Vec::new()),
            Administration::Sessions(user) => self.list_all_sessions(now_ms, ticket, user, Vec::new()),
            Administration::Stats => {
                let question = Question::Admin(AdminQuestion::Stats);
                self.ask_question(now_ms, ticket, question, Method::AdminStats, |token| SessionOnly {
                    token,
                });
            }
            Administration::Disable { user, disabled } => {
                let question = Question::Admin(AdminQuestion::Disable);
                let params = |token| Disable { token, user, disabled };
                self.ask_question(now_ms, ticket, question, Method::AdminDisable, params);
            }
            Administration::Promote { user, administrator } => {
                let question = Question::Admin(AdminQuestion::Promote);
                let params = |token| Promote { token, user, administrator };
                self.ask_question(now_ms, ticket, question, Method::AdminPromote, params);
            }
        }
    }

    fn list_accounts(&mut self, now_ms: u64, ticket: u64, so_far: Vec<User>) {
        let after = so_far.last().map(|last| last.user.to_string().into());
        let question = Question::Admin(AdminQuestion::Users(so_far));
        self.ask_question(now_ms, ticket, question, Method::AdminUsers, |token| ListNames { token, after });
    }

    fn list_all_channels(&mut self, now_ms: u64, ticket: u64, so_far: Vec<Channel>) {
        let after = so_far.last().map(|last| last.channel.to_string().into());
        let question = Question::Admin(AdminQuestion::Channels(so_far));
        self.ask_question(now_ms, ticket, question, Method::AdminChannels, |token| ListNames {
            token,
            after,
        });
    }

    fn list_all_sessions(&mut self, now_ms: u64, ticket: u64, user: Option<UserName>, so_far: Vec<Open>) {
        let after = so_far.last().map(|last| last.user.to_string().into());
        let question = Question::Admin(AdminQuestion::Sessions(user.clone(), so_far));
        let params = |token| ListSessions { token, user, after };
        self.ask_question(now_ms, ticket, question, Method::AdminSessions, params);
    }

    /// An answer to an administrator: the whole list, or nothing while the next page is asked for.
    pub(super) fn administrated(
        &mut self,
        now_ms: u64,
        ticket: u64,
        question: AdminQuestion,
        result: &str,
    ) -> Result<Option<Answer>, Error> {
        let overview = match question {
            AdminQuestion::Users(mut so_far) => {
                let page: Users = read(result)?;
                let is_last = is_last(page.more, page.users.len(), so_far.len());
                so_far.extend(page.users);
                if !is_last {
                    self.list_accounts(now_ms, ticket, so_far);
                    return Ok(None);
                }
                Overview::Users(so_far)
            }
            AdminQuestion::Channels(mut so_far) => {
                let page: Channels = read(result)?;
                let is_last = is_last(page.more, page.channels.len(), so_far.len());
                so_far.extend(page.channels);
                if !is_last {
                    self.list_all_channels(now_ms, ticket, so_far);
                    return Ok(None);
                }
                Overview::Channels(so_far)
            }
            AdminQuestion::Sessions(user, mut so_far) => {
                let page: Sessions = read(result)?;
                let is_last = is_last(page.more, page.sessions.len(), so_far.len());
                so_far.extend(page.sessions);
                if !is_last {
                    self.list_all_sessions(now_ms, ticket, user, so_far);
                    return Ok(None);
                }
                Overview::Sessions(so_far)
            }
            AdminQuestion::Stats => Overview::Stats(read(result)?),
            AdminQuestion::Disable => {
                return read(result).map(|Disabled { ended }| Some(Answer::SessionsEnded(ended)));
            }
            AdminQuestion::Promote => return Ok(Some(Answer::Done)),
        };
        Ok(Some(Answer::Overview(overview)))
    }
}
