//! All kinds of records. The tests of replay use this list to check that they have covered every kind.

use std::collections::BTreeSet;

use common::Body;

use crate::domain::records::Step;
use crate::domain::records::{Record, ServerRecord};

/// Generates a function with a complete match that returns the name of each variant, and a list of all names.
macro_rules! kinds {
    ($name:ident, $all:ident: $it:ty, $($pattern:pat => $kind:literal,)+) => {
        const $all: &[&str] = &[$($kind),+];

        fn $name(it: &$it) -> &'static str {
            match it { $($pattern => $kind),+ }
        }
    };
}

kinds! {
    of_event, EVENTS: Body<'_>,
    Body::Message { .. } => "message",
    Body::Edited { .. } => "message.edited",
    Body::Deleted { .. } => "message.deleted",
    Body::Reacted { .. } => "message.reacted",
    Body::Unreacted { .. } => "message.unreacted",
    Body::Redacted { of: None, .. } => "message, redacted",
    Body::Redacted { of: Some(_), .. } => "message.edited, redacted",
    Body::File { .. } => "file",
    Body::Created { .. } => "channel.created",
    Body::Joined => "channel.joined",
    Body::Left => "channel.left",
    Body::Invited(_) => "channel.invited",
    Body::Declined => "channel.declined",
    Body::Kicked(_) => "channel.kicked",
    Body::Banned(_) => "channel.banned",
    Body::Unbanned(_) => "channel.unbanned",
    Body::Role(..) => "channel.role",
    Body::Set { .. } => "channel.set",
    Body::Renamed(_) => "channel.renamed",
    Body::ChannelDeleted => "channel.deleted",
    Body::Unknown => "unknown",
}

kinds! {
    of_server_record, SERVER_RECORDS: ServerRecord,
    ServerRecord::Account { .. } => "account",
    ServerRecord::SessionOpened { .. } => "session",
    ServerRecord::SessionEnded { .. } => "session.ended",
    ServerRecord::SessionsRevoked { .. } => "session.revoked",
    ServerRecord::PasswordChanged { .. } => "password",
    ServerRecord::JoinCodeCreated { .. } => "join_code",
    ServerRecord::JoinCodeUsed { .. } => "join_code.used",
    ServerRecord::JoinCodeRevoked { .. } => "join_code.revoked",
    ServerRecord::BotTokenCreated { .. } => "bot.token",
    ServerRecord::BotTokenUsed { .. } => "bot.used",
    ServerRecord::CommandsRegistered { .. } => "bot.commands",
    ServerRecord::HookCreated { .. } => "hook",
    ServerRecord::HookRevoked { .. } => "hook.revoked",
    ServerRecord::OutgoingHookCreated { .. } => "hook.outgoing",
    ServerRecord::DeliveryChanged { step: Step::Delivered { .. }, .. } => "delivery, delivered",
    ServerRecord::DeliveryChanged { step: Step::Failing { .. }, .. } => "delivery, failing",
    ServerRecord::DeliveryChanged { step: Step::Paused, .. } => "delivery, paused",
    ServerRecord::DeliveryChanged { step: Step::Resumed { .. }, .. } => "delivery, resumed",
    ServerRecord::ResetCodeCreated { .. } => "password.code",
    ServerRecord::ClientKnown { .. } => "client",
    ServerRecord::Read { .. } => "read",
    ServerRecord::AdministratorSet { .. } => "account.role",
    ServerRecord::Seen { .. } => "seen",
    ServerRecord::DisabledSet { .. } => "account.disabled",
    ServerRecord::AccountDeleted { .. } => "account.deleted",
    ServerRecord::DeletionFinished { .. } => "account.deletion_finished",
    ServerRecord::DisplayNameSet { .. } => "user.set",
    ServerRecord::ReadsShared { .. } => "user.shares_reads",
    ServerRecord::BlockSet { .. } => "user.blocked",
    ServerRecord::LevelSet { .. } => "notify",
    ServerRecord::PushSet { push: Some(_), .. } => "push, subscribed",
    ServerRecord::PushSet { push: None, .. } => "push, ended",
    ServerRecord::PushSent { .. } => "push.sent",
    ServerRecord::Redacted { .. } => "redacted",
}

/// The kind of a line of the log.
pub(super) fn kind(line: &str) -> &'static str {
    match Record::decode(line.as_bytes()).expect("a record") {
        Record::Event(event) => of_event(&event.body),
        Record::Server(record) => of_server_record(&record),
    }
}

/// All kinds that a log can contain.
pub(super) fn all() -> BTreeSet<&'static str> {
    EVENTS.iter().chain(SERVER_RECORDS).copied().filter(|kind| *kind != "unknown").collect()
}
