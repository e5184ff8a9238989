//! Replay of the log restores the same state after any commands, even after a redaction.

use std::collections::BTreeSet;

use common::amendments::without_text;
use common::deliveries::HookUrl;
use common::push::{BrowserKey, BrowserSecret, PushEndpoint};
use common::{Body, DisplayName, Event};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use super::*;
use crate::domain::Original;
use crate::domain::records::{BotToken, Hook, JoinCode, OutgoingHook, PushSubscription, ResetCode, Step};

#[expect(clippy::too_many_lines, reason = "one row for each command")]
pub(super) fn any_command() -> impl Strategy<Value = Command<'static>> {
    let (name, place) = (prop::sample::select(&["ana", "bob", "eva"]), prop::sample::select(&["#a", "#b"]));
    (name.clone(), name, place, any::<bool>(), 0..56u8, 1..4u64).prop_map(
        |(by, other, place, flag, kind, n)| {
            let (actor, target) = (actor(by, place), user(other));
            match kind {
                0 => Command::CreateChannel(actor, flag),
                1 => Command::Join(actor),
                2 => Command::Leave(actor),
                3 => send(by, place),
                4 => send(by, &format!("@{other}")),
                // The token is unique for each pair of users.
                5 => open(by, &format!("{by} {other}"), NOW_MS + 10),
                6 => end_session(by, &format!("{by} {other}")),
                7 => Command::Invite(actor, target),
                8 => Command::Kick(actor, target),
                9 => Command::Ban(actor, target),
                10 => Command::Unban(actor, target),
                11 => Command::GiveRole(actor, target, if flag { Role::Owner } else { Role::Moderator }),
                12 => Command::SetChannel(actor, Some(Subject::new(other).expect("short")), Some(flag)),
                13 => Command::Revoke { user: target, current: TokenDigest::of(by), session: None },
                14 => Command::ChangePassword { user: target, password: by.into() },
                15 => mark(by, &format!("@{other}"), if flag { 1 } else { 3 }),
                16 => mark(by, place, if flag { 2 } else { u64::MAX }),
                17 => Command::Disable { by: user(by), user: target, disabled: flag },
                18 => Command::Promote { by: user(by), user: target, administrator: flag },
                19 => Command::Seen { user: target, at: NOW_MS + u64::from(flag) },
                20 => amendments::edits(by, place, 2 + n),
                21 | 31 => amendments::deletes(by, place, 2 + n),
                22 | 34 => amendments::reacts(by, place, 2 + n, flag),
                23 => Command::Decline(actor),
                24 => send(by, "*"),
                25 => mentions::send_text(by, place, "@ana @bob"),
                26 => mentions::send_text(by, if flag { place } else { "@ana" }, "@here @ana"),
                27 | 33 => files::share(by, place, flag),
                28 => files::share(by, &format!("@{other}"), flag),
                29 | 32 => amendments::deletes(by, &format!("@{other}"), n),
                30 | 35 => amendments::edits(by, &format!("@{other}"), n),
                42 if n == 1 => Command::DeleteAccount { by: user(by), user: target, erase: flag },
                37 => Command::Depart { user: target },
                38 => Command::FinishDeletion { user: target },
                39 => Command::Block { user: user(by), other: target, blocked: flag },
                47 if n == 3 => Command::SetDisplayName {
                    user: target,
                    display_name: DisplayName::new(if flag { by } else { "" }).expect("short"),
                },
                40 if n == 2 => Command::ShareReads { user: user(by), shared: flag },
                40 if n == 3 => Command::Rename(actor, channel(if flag { "#b" } else { "#c" })),
                47 => Command::SetLevel {
                    user: user(by),
                    conversation: (n > 1).then_some(Target::User(target)),
                    level: if flag { common::notify::Level::None } else { common::notify::Level::Mentions },
                },
                40 => Command::Archive(actor, flag),
                41 if n == 1 => Command::DeleteChannel(actor),
                41 if n == 2 => Command::SetPush { user: user(by), session: Uuid::nil(), push: Some(push()) },
                41 => Command::PushSent { user: user(by), session: Uuid::nil(), record: 5 },
                42 if n == 2 => {
                    Command::SetPush { user: user(by), session: Uuid::nil(), push: flag.then(push) }
                }
                36 => Command::KnowClient { user: target, key: ClientKey::from_bytes([n as u8; 32]) },
                43 => Command::CreateJoinCode { id: Uuid::from_u128(n.into()), code: join_code(by) },
                44 => Command::UseJoinCode { user: target, id: Uuid::from_u128(n.into()) },
                45 => Command::RevokeJoinCode { by: user(by), id: Uuid::from_u128(n.into()) },
                48 => Command::RegisterBot { user: target, by: user(by) },
                49 => Command::CreateHook { id: Uuid::from_u128(n.into()), hook: hook(n, by, other, place) },
                50 => Command::RevokeHook { by: user(by), id: Uuid::from_u128(n.into()) },
                51 => post(by, place),
                52 | 53 => about_token(by, place, n, flag),
                54 => Command::CreateOutgoingHook { id: outgoing_id(flag), hook: outgoing(by, other, place) },
                55 => {
                    Command::ChangeDelivery { user: target, id: outgoing_id(flag), step: step(by, n, place) }
                }
                46 => Command::CreateResetCode {
                    by: user(by),
                    user: target,
                    code: ResetCode { digest: TokenDigest::of(other), expires: NOW_MS + 1 },
                },
                _ => Command::Register { user: user(by), password: "hash".into() },
            }
        },
    )
}

fn end_session(by: &str, token: &str) -> Command<'static> {
    Command::EndSession { user: user(by), digest: TokenDigest::of(token) }
}

fn join_code(by: &str) -> JoinCode {
    let digest = TokenDigest::of("code");
    JoinCode { by: user(by), digest, uses: 2, expires: u64::MAX, note: "for a colleague".into() }
}

/// The hook with the number `n`, which has its own token.
fn hook(n: u64, by: &str, bot: &str, place: &str) -> Hook {
    let (channel, digest) =
        (common::ChannelName::new(place).expect("a name"), TokenDigest::of(&n.to_string()));
    Hook { by: user(by), user: user(bot), channel, digest, unlocked: false, here: true, signed: false }
}

fn outgoing_id(flag: bool) -> Uuid {
    Uuid::from_u128(if flag { 8 } else { 9 })
}

fn outgoing(by: &str, bot: &str, place: &str) -> OutgoingHook {
    let channel = common::ChannelName::new(place).expect("a name");
    let url = HookUrl::new("https://ci.example/").expect("an address");
    OutgoingHook { by: user(by), user: user(bot), channel, url, n: 0, failure: None, paused: false }
}

fn push() -> Box<PushSubscription> {
    let key = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
    Box::new(PushSubscription {
        endpoint: PushEndpoint::new("https://push.example/").expect("an address"),
        p256dh: BrowserKey::new(key).expect("a key"),
        auth: BrowserSecret::new("BTBZMqHH6r4Tts7J_aSIgg").expect("a secret"),
        name: DisplayName::default(),
        since: NOW_MS,
        record: 1,
    })
}

fn step(by: &str, n: u64, place: &str) -> Step {
    match (n, place) {
        (1, "#a") => Step::Failing { error: "500".into() },
        (1, _) => Step::Paused,
        (2, _) => Step::Resumed { by: user(by) },
        (n, _) => Step::Delivered { n: n + 5 },
    }
}

fn bot_token(by: &str, bot: &str, place: &str) -> BotToken {
    let (scope, conversations) = (common::bots::Scope::Write, vec![to(place), to("@bob")]);
    BotToken { by: user(by), user: user(bot), digest: TokenDigest::of(bot), scope, conversations }
}

/// Creates, uses, changes or revokes one token. Its bot is eva, whose owner is ana.
fn about_token(by: &str, place: &str, n: u64, flag: bool) -> Command<'static> {
    let (id, bot) = (Uuid::from_u128(9), user("eva"));
    match (n, flag) {
        (1, _) => Command::CreateBotToken { id, token: bot_token("ana", "eva", place) },
        (2, false) => Command::UseBotToken { user: bot, id },
        (2.., true) => {
            let name = if by == "ana" { "deploy" } else { "roll-back" };
            let name = common::commands::CommandName::new(name).expect("a name");
            let (description, usage) = Default::default();
            let commands = vec![common::commands::BotCommand { name, description, usage }];
            Command::RegisterCommands { user: bot, id, commands }
        }
        (_, _) => Command::RevokeBotToken { by: user(by), id },
    }
}

fn post(by: &str, place: &str) -> Command<'static> {
    let via = common::hooks::Via { hook: user(by), username: None };
    let id = Uuid::from_u128(0x0197_0000_0000_7000_8000_0000_0000_0001);
    Command::Post { user: user(by), to: to(place), id, text: testkit::text("oi"), via }
}

impl Fixture {
    /// Creates two users in a channel. Most random commands then have an effect.
    pub(super) fn with_two_members() -> Self {
        Self::with(&["ana", "bob"], [create("ana", "#a"), join("bob", "#a")])
    }

    /// Runs a command if it is allowed. As in the server, the log supplies the original of an amended
    /// message.
    pub(super) fn perform(&mut self, mut command: Command<'static>) {
        if let Command::Amend { user, conversation, original, .. } = &mut command {
            let conversation = Conversation::of(user, conversation);
            let events = self.log.iter().filter_map(|line| match Record::decode(line.as_bytes()) {
                Ok(Record::Event(event)) if event.conversation() == conversation => Some(event),
                _ => None,
            });
            let event = events.into_iter().find(|event| event.n == original.n);
            let Some(sent) = event.as_ref().and_then(Original::of) else { return };
            *original = sent;
        }
        let _ignore_rejection = self.try_to(command);
    }
}

/// The log after `papo log redact` has removed all texts of deleted messages.
fn redacted(fixture: &Fixture) -> Vec<String> {
    let line = |record: &Record<'_>| {
        let mut line = Vec::new();
        record.encode(&mut line).expect("json");
        String::from_utf8(line).expect("utf-8")
    };
    let mut lines: Vec<_> = fixture.log.clone();
    for changed in &mut lines {
        let Record::Event(event) = Record::decode(changed.as_bytes()).expect("a record") else { continue };
        if is_deleted(&fixture.state, &event) {
            *changed = line(&Record::Event(without_text(event.into_owned())));
        }
    }
    let (conversation, numbers, by) = ("#a".into(), vec![2], "operator".into());
    let head_before = "00".into();
    lines.push(line(&Record::Server(ServerRecord::Redacted {
        at: NOW_MS,
        conversation,
        numbers,
        by,
        head_before,
    })));
    lines
}

/// Whether the message of an event was deleted.
fn is_deleted(state: &State, event: &Event<'_>) -> bool {
    let has_text = matches!(event.body, Body::Message { .. } | Body::File { .. } | Body::Edited { .. });
    let message = event.body.amends().unwrap_or(event.n);
    let amendments = state.channels.amendments(&event.conversation());
    has_text && amendments.and_then(|all| all.of(message)).is_some_and(|amendment| amendment.deleted)
}

/// Compares all observable parts of two states.
fn assert_same(found: &State, expected: &State) -> Result<(), TestCaseError> {
    prop_assert_eq!(&found.users, &expected.users);
    prop_assert_eq!(found.channels.all(), expected.channels.all());
    prop_assert_eq!(found.channels.everybody(), expected.channels.everybody());
    prop_assert_eq!(found.presence_topic(), expected.presence_topic());
    prop_assert_eq!(snapshots::direct(found), snapshots::direct(expected));
    prop_assert_eq!(files::summary(found), files::summary(expected));
    for state in [found, expected] {
        assert_lists_are_complete(state)?;
    }
    for name in ["ana", "bob", "eva"] {
        let [expected, found] =
            [expected, found].map(|state| heads(state, &user(name), 0).collect::<Vec<_>>());
        prop_assert_eq!(expected, found);
    }
    Ok(())
}

/// Compares the lists that an index gives with a scan of all channels.
fn assert_lists_are_complete(state: &State) -> Result<(), TestCaseError> {
    for name in ["ana", "bob", "eva"].map(user) {
        let all = state.channels.all();
        let visible: Vec<_> =
            all.iter().filter(|(_, channel)| !channel.deleted && channel.is_visible_to(&name)).collect();
        for skipped in 0..=visible.len() {
            let after =
                skipped.checked_sub(1).and_then(|last| visible.get(last)).map(|(name, _)| name.as_str());
            let listed: Vec<_> = state.channels.list(&name, after).map(|info| info.channel).collect();
            let expected: Vec<_> = visible.iter().skip(skipped).map(|(name, _)| (*name).clone()).collect();
            prop_assert_eq!(listed, expected);
        }
        let invited = all.iter().filter(|(_, channel)| channel.invited.contains_key(&name));
        let listed: Vec<_> = state.channels.invitations(&name, None).map(|one| one.channel).collect();
        prop_assert_eq!(listed, invited.map(|(name, _)| name.clone()).collect::<Vec<_>>());
        let mut mentioned: Vec<_> = state
            .channels
            .conversations(&name)
            .filter_map(|target| state.channels.reads(&Conversation::of(&name, target)))
            .flat_map(|reads| reads.mentions(&name).map(|mentioned| mentioned.record))
            .collect();
        mentioned.sort_unstable_by_key(|record| std::cmp::Reverse(*record));
        mentioned.truncate(common::limits::MENTIONS_PAGE_MAX);
        let (listed, _) = crate::domain::mentions::page(state, &name, None);
        prop_assert_eq!(listed.into_iter().map(|(_, one)| one.record).collect::<Vec<_>>(), mentioned);
    }
    Ok(())
}

proptest! {
    /// After any commands, replay restores a state that is equal and refuses the same commands.
    #[test]
    fn replay_gives_the_same_state(commands in prop::collection::vec(any_command(), 0..100), probe in any_command()) {
        let mut fixture = Fixture::with_two_members();
        for command in commands {
            fixture.perform(command);
        }
        let replayed = replay(&fixture.log);
        assert_same(&replayed, &fixture.state)?;
        let mut restored = State::new(TopicSecret::new([7; 32]));
        restored.users.restore(fixture.state.users.accounts().clone());
        prop_assert_eq!(restored.presence_topic(), fixture.state.presence_topic());
        let mut without_texts = replay(&redacted(&fixture));
        without_texts.users.applied = fixture.state.users.applied;
        assert_same(&without_texts, &fixture.state)?;
        for state in [&replayed, &without_texts] {
            let [expected, found] = [&fixture.state, state].map(|state| decide(state, probe.clone(), NOW_MS));
            prop_assert_eq!(expected, found);
        }
    }
}

/// Checks that `any_command` produces every kind of record.
#[test]
fn every_kind_of_record_is_replayed() {
    let (mut runner, mut recorded) = (TestRunner::deterministic(), BTreeSet::new());
    let any = prop::collection::vec(any_command(), 0..100);
    let (mut deleted, mut remaining) = (0, 0);
    for _ in 0..2000 {
        let mut fixture = Fixture::with_two_members();
        for command in any.new_tree(&mut runner).expect("commands").current() {
            fixture.perform(command);
        }
        recorded.extend(fixture.log.iter().chain(&redacted(&fixture)).map(|line| kinds::kind(line)));
        let (files, contents, _) = files::summary(&fixture.state);
        let deleted_now = fixture.log.iter().filter(|line| kinds::kind(line) == "file").count() - files.len();
        deleted += deleted_now;
        remaining += u64::from(deleted_now > 0 && files.len() > contents.len());
    }
    let missing: Vec<_> = kinds::all().into_iter().filter(|kind| !recorded.contains(kind)).collect();
    assert!(missing.is_empty(), "`any_command` never causes these records: {missing:?}");
    assert!(
        deleted > 50 && remaining > 10,
        "{deleted} files were deleted; {remaining} times, another event referred to the same content"
    );
}
