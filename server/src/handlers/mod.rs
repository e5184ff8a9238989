//! The handlers of the methods, one file for each noun. A handler takes the parameters of its method, reads
//! or changes the ledger, and returns the result or an error.

mod accounts;
mod channels;
pub mod channel_names;
pub(crate) mod amendments;
mod mentions;
mod notify;
mod history;
mod join_codes;
mod hooks;
mod deliveries;
mod push;
mod bots;
mod commands;
mod places;
mod reset_codes;
mod reads;
mod messages;
mod files;
mod presence;
mod admin;
mod backups;
mod node;
mod search;
mod sender;
mod charges;
pub mod known_tokens;

use std::sync::Arc;

use common::methods::{self, Method, encode_result};
use common::requests::{self, DecodedRequest};
use common::rpc::encode_error;
use common::{Call, Detail, Error, UserName};
use transport::Frame;
use uuid::{Builder, Uuid};

use crate::domain::Command;
use crate::handlers::bots::Needed;
use crate::handlers::channel_names::Renamed;
use crate::handlers::known_tokens::KnownTokens;
use crate::outbound::message_refusals::MessageRefusals;
use crate::outbound::pending_request::Route;
use crate::outbound::{OutboundQueue, fan_out};
use crate::services::backups::Backups;
use crate::services::files::Files;
use crate::services::files::copies::Need;
use crate::services::jobs::{Job, Outcome};
use crate::services::leases::Leases;
use crate::services::limiters::rates::RateKind;
use crate::services::limiters::{Guesses, Rates, Typing};
use crate::services::presence::Presence;
use crate::services::pushes::Pushes;
use crate::services::registration::Registration;
use crate::services::request_metrics::{Outcome as RequestOutcome, RequestMetrics};
use crate::services::search::Search;
use crate::services::tokens::TokenIssuer;
use crate::storage::ledger::{Ledger, Receipt};

/// Calls the handler of a request and encodes the reply. Each row is `Method(parameters) => handler`. A row
/// compiles only if its handler returns the result type of the method table.
macro_rules! answer {
    (($call:ident, $out:ident, $id:ident) $($method:ident($params:pat) => $handler:expr;)+) => {
        match $call {
            $(Call::$method($params) => encode_result::<methods::$method>($out, $id, &$handler?),)+
        }
    };
}

/// The parts of the server that handlers use.
pub struct RequestContext<'a> {
    /// The route of the reply, which also identifies the sender.
    pub route: &'a Route,
    /// The index of the request line in its frame.
    pub line: usize,
    /// The refused messages of the frame.
    pub message_refusals: &'a mut MessageRefusals,
    /// The methods of the answered lines of the frame.
    pub methods: &'a mut Vec<Option<Method>>,
    pub metrics: &'a mut RequestMetrics,
    pub ledger: &'a mut Ledger,
    pub outbound: &'a mut OutboundQueue,
    pub tokens: &'a TokenIssuer,
    /// The digests of recently used tokens.
    pub known_tokens: &'a mut KnownTokens,
    /// The rate limiter of wrong passwords, codes and signatures.
    pub guesses: &'a mut Guesses,
    /// The rate limits and quotas of the users.
    pub rates: &'a mut Rates,
    /// The bucket of the request, from which `RequestContext::authenticate` takes.
    pub rate_kind: Option<RateKind>,
    /// The channel that the request names by a later name.
    pub renamed: Option<Renamed>,
    /// The permission that the request needs from the token of a bot; `None` while the node has no tokens of
    /// bots.
    pub needed: Option<Needed>,
    /// The id of the bot's token that sent the request; `None` for a session.
    pub bot_token: Option<Uuid>,
    /// The user of a read request, whose bucket is charged for a large reply.
    pub reader: Option<UserName>,
    pub files: &'a mut Files,
    /// The bytes after the request line and after the reply line.
    pub attached: Attached<'a>,
    /// The index of all messages; `None` if the server has no index.
    pub search: Option<&'a Search>,
    pub presence: &'a mut Presence,
    pub leases: &'a mut Leases,
    pub pushes: &'a mut Pushes,
    pub backups: &'a mut Backups,
    /// The rate limiter of typing notices.
    pub typing: &'a mut Typing,
    /// The rule for registration.
    pub registration: &'a Registration,
    /// The endpoint at which clients subscribe.
    pub events_endpoint: &'a str,
    /// The origin of the gateway, such as `https://chat.example`, if the server knows it.
    pub web_origin: Option<&'a str>,
    /// The endpoints of all nodes of the cluster.
    pub nodes: &'a [String],
    /// The time, in Unix milliseconds.
    pub now_ms: u64,
}

/// The bytes after a request line and after its reply line. Each is a separate frame.
pub struct Attached<'a> {
    /// Whether the frame has only one line. Only then do the bytes belong to the line.
    pub is_single_line: bool,
    /// The bytes after the request line.
    pub bytes: &'a Option<Arc<Frame>>,
    /// The bytes after the reply line.
    pub reply: &'a mut Option<Vec<u8>>,
}

/// The reason why a handler returned no result.
pub enum Unanswered {
    /// The request failed; the error is its reply.
    Failed(Error),
    /// The request needs a job. The handler is called again with the outcome of the job.
    NeedsJob(Job),
    /// The request needs other nodes of the cluster. The handler is called again with their outcome.
    NeedsNodes(Need),
}

/// What a request line waits for.
pub enum Wait {
    Job(Job),
    Nodes(Need),
}

impl<E: Into<Error>> From<E> for Unanswered {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl RequestContext<'_> {
    /// Answers one request line with one reply line. If the request must wait for a job or for other nodes,
    /// writes no reply. The caller then calls `answer` again with the outcome.
    pub fn answer(&mut self, line: &[u8], outcome: Option<Outcome>, out: &mut Vec<u8>) -> Option<Wait> {
        let DecodedRequest { id, mut call } = match requests::decode(line) {
            Ok(request) => request,
            Err(refused) => {
                encode_error(out, refused.id, &refused.error);
                self.count(None, RequestOutcome::of(&refused.error));
                return None;
            }
        };
        let method = Some(call.method());
        // A request that continues after its job was charged before the job.
        self.rate_kind = charges::rate_kind(call.method()).filter(|_| outcome.is_none());
        self.reader = None;
        self.renamed = channel_names::use_first_name(&mut call, &self.ledger.state().channels);
        self.bot_token = None;
        let has_bots = !self.ledger.state().users.bots.is_empty();
        self.needed = has_bots.then(|| Needed::of(&mut call));
        let before = out.len();
        let answered = self.call(call, id, outcome, out);
        self.charge_reply(out.len() - before);
        match answered {
            Ok(()) => self.count(method, RequestOutcome::Ok),
            Err(Unanswered::Failed(error)) => {
                self.count(method, RequestOutcome::of(&error));
                encode_error(out, id, &self.with_given_name(error));
            }
            Err(Unanswered::NeedsJob(job)) => return Some(Wait::Job(job)),
            Err(Unanswered::NeedsNodes(need)) => return Some(Wait::Nodes(need)),
        }
        None
    }

    /// Counts an answered line.
    pub fn count(&mut self, method: Option<Method>, outcome: RequestOutcome) {
        self.methods.push(method);
        self.metrics.count(method, outcome, 1);
    }

    /// Replaces the name of the channel in an error by the name that the request used.
    fn with_given_name(&mut self, error: Error) -> Error {
        match self.renamed.take() {
            Some(Renamed { first, given }) => error.with_channel(&first, &given),
            None => error,
        }
    }

    /// Charges the user of a read for a large reply.
    fn charge_reply(&mut self, bytes: usize) {
        let reads = bytes as u64 / charges::BYTES_PER_READ;
        if let Some(user) = self.reader.take().filter(|_| reads > 0) {
            self.rates.charge(&user, RateKind::Reads, reads, self.now_ms);
        }
    }

    #[expect(clippy::too_many_lines, reason = "one row for each method")]
    fn call(
        &mut self,
        call: Call<'_>,
        id: &str,
        outcome: Option<Outcome>,
        out: &mut Vec<u8>,
    ) -> Result<(), Unanswered> {
        answer! { (call, out, id)
            ServerInfo(_) => node::info(self);
            Register(params) => accounts::register(self, params, outcome);
            Login(credentials) => accounts::login(self, credentials, outcome);
            Reset(params) => reset_codes::reset(self, params, outcome);
            Logout(params) => accounts::logout(self, &params);
            Password(params) => accounts::password(self, params, outcome);
            SessionList(params) => accounts::sessions(self, &params);
            SessionRevoke(params) => accounts::revoke(self, &params);
            AccountDelete(params) => accounts::delete(self, params, outcome);
            UserSet(params) => accounts::set(self, params);
            UserBlock(params) => accounts::block(self, params, true);
            UserUnblock(params) => accounts::block(self, params, false);
            UserBlocks(params) => accounts::blocks(self, &params);
            UserList(params) => accounts::list(self, &params);
            ChannelCreate(params) => channels::create(self, &params);
            ChannelList(params) => channels::list(self, &params);
            ChannelJoin(params) => channels::join(self, &params);
            ChannelLeave(params) => channels::leave(self, &params);
            ChannelInvite(params) => channels::apply_to_user(self, params, Command::Invite);
            ChannelInvitations(params) => channels::invitations(self, &params);
            ChannelDecline(params) => channels::decline(self, &params);
            ChannelKick(params) => channels::apply_to_user(self, params, Command::Kick);
            ChannelBan(params) => channels::apply_to_user(self, params, Command::Ban);
            ChannelUnban(params) => channels::apply_to_user(self, params, Command::Unban);
            ChannelBans(params) => channels::bans(self, &params);
            ChannelRole(params) => channels::give_role(self, params);
            ChannelSet(params) => channels::set(self, params);
            ChannelRename(params) => channels::rename(self, params);
            ChannelMembers(params) => channels::members(self, &params);
            ChannelArchive(params) => channels::archive(self, &params);
            ChannelDelete(params) => channels::delete(self, &params);
            MessageSend(params) => messages::send(self, params);
            FileBegin(params) => files::begin(self, params, outcome);
            FileChunk(params) => files::chunk(self, &params, outcome);
            FileCommit(params) => files::commit(self, &params, outcome);
            FileGet(params) => files::get(self, &params, outcome);
            FileLink(params) => files::link(self, &params);
            FileOpen(params) => files::open(self, &params, outcome);
            MessageEdit(params) => amendments::edit(self, params);
            MessageDelete(params) => amendments::delete(self, params);
            MessageReact(params) => amendments::react(self, params);
            MessageHistory(params) => history::page(self, &params);
            NotifySet(params) => notify::set(self, params);
            NotifyList(params) => notify::list(self, &params);
            MentionList(params) => mentions::list(self, &params);
            MessageSearch(params) => search::search(self, &params, outcome);
            ReadMark(params) => reads::mark(self, params);
            ReadList(params) => reads::list(self, &params);
            ReadShare(params) => reads::share(self, &params);
            ReadPeer(params) => reads::peer(self, &params);
            SyncHeads(params) => history::heads(self, &params);
            PresenceSet(params) => presence::set(self, &params);
            TypingSet(params) => presence::typing(self, &params);
            HookCreate(params) => hooks::create(self, params);
            HookList(params) => hooks::list(self, &params);
            HookRevoke(params) => hooks::revoke(self, &params);
            HookPost(params) => hooks::post(self, params);
            HookResume(params) => deliveries::resume(self, &params);
            DeliveryTake(params) => deliveries::take(self, &params);
            DeliveryReport(params) => deliveries::report(self, &params);
            PushKey(params) => push::key(self, &params);
            PushSubscribe(params) => push::subscribe(self, params);
            PushUnsubscribe(params) => push::unsubscribe(self, &params);
            PushList(params) => push::list(self, &params);
            PushTake(params) => push::take(self, &params);
            PushReport(params) => push::report(self, &params);
            BotCreate(params) => bots::create(self, params);
            BotList(params) => bots::list(self, &params);
            BotRevoke(params) => bots::revoke(self, &params);
            CommandRegister(params) => commands::register(self, params);
            CommandList(params) => commands::list(self, &params);
            AdminUsers(params) => admin::users(self, &params);
            AdminChannels(params) => admin::channels(self, &params);
            AdminSessions(params) => admin::sessions(self, &params);
            AdminDisable(params) => admin::disable(self, params);
            AdminPromote(params) => admin::promote(self, params);
            AdminResetPassword(params) => reset_codes::create(self, params);
            JoinCodeCreate(params) => join_codes::create(self, &params);
            JoinCodeList(params) => join_codes::list(self, &params);
            JoinCodeRevoke(params) => join_codes::revoke(self, &params);
            AdminStats(params) => admin::stats(self, &params);
            AdminBackup(params) => backups::start(self, &params);
            AdminBackups(params) => backups::list(self, &params);
            AdminBackupGet(params) => backups::get(self, &params, outcome);
        }
        Ok(())
    }

    /// Executes a command, and queues the resulting record for its subscribers. Returns the receipt if the
    /// record is an event. The record counts against the daily quota of its user.
    fn record(&mut self, command: Command<'_>) -> Result<Option<Receipt>, Error> {
        let user = command.user().clone();
        if !command.is_exempt_from_quota() {
            self.check_quota(&user)?;
        }
        let before = self.ledger.appended_bytes();
        let receipt = fan_out::record(self.ledger, self.outbound, command, self.now_ms)?;
        self.rates.count_log_bytes(&user, self.ledger.appended_bytes() - before, self.now_ms);
        Ok(receipt)
    }

    fn check_quota(&mut self, user: &UserName) -> Result<(), Error> {
        self.rates.may_write(user, self.now_ms).map_err(|wait_ms| {
            let (max, minutes) = (self.rates.log_bytes_per_day(), wait_ms.div_ceil(60_000));
            Error::from(Detail::LogQuota { max, minutes }).with_wait_ms(wait_ms)
        })
    }
}

/// A new id with the time of the server.
fn id_at(now_ms: u64) -> Uuid {
    let random = Uuid::now_v7().into_bytes().last_chunk().copied().unwrap_or_default();
    Builder::from_unix_timestamp_millis(now_ms, &random).into_uuid()
}

/// The items of one page of a list, and whether there are more after them.
fn first_page<T>(mut items: impl Iterator<Item = T>) -> (Vec<T>, bool) {
    let page = items.by_ref().take(common::limits::LIST_NAMES_MAX).collect();
    (page, items.next().is_some())
}
