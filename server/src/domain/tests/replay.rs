//! Replay of the log restores the same state after any commands, also after a redaction.

use std::collections::BTreeSet;

use common::amendments::without_text;
use common::{Body, Event};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use super::*;
use crate::domain::{JoinCode, Original, ResetCode};

pub(super) fn any_command() -> impl Strategy<Value = Command<'static>> {
    let (name, place) = (prop::sample::select(&["ana", "bob", "eva"]), prop::sample::select(&["#a", "#b"]));
    (name.clone(), name, place, any::<bool>(), 0..41u8, 1..4u64).prop_map(
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
                6 => {
                    Command::EndSession { user: user(by), digest: TokenDigest::of(&format!("{by} {other}")) }
                }
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
                36 => Command::KnowClient { user: target, key: ClientKey::from_bytes([n as u8; 32]) },
                37 => Command::CreateJoinCode { id: Uuid::from_u128(n.into()), code: join_code(by) },
                38 => Command::UseJoinCode { user: target, id: Uuid::from_u128(n.into()) },
                39 => Command::RevokeJoinCode { by: user(by), id: Uuid::from_u128(n.into()) },
                40 => Command::CreateResetCode {
                    by: user(by),
                    user: target,
                    code: ResetCode { digest: TokenDigest::of(other), expires: NOW_MS + 1 },
                },
                _ => Command::Register { user: user(by), password: "hash".into() },
            }
        },
    )
}

fn join_code(by: &str) -> JoinCode {
    let digest = TokenDigest::of("code");
    JoinCode { by: user(by), digest, uses: 2, expires: u64::MAX, note: "for a colleague".into() }
}

impl World {
    /// Two users in a channel, so that random commands have an effect.
    pub(super) fn with_two_members() -> Self {
        Self::with(&["ana", "bob"], [create("ana", "#a"), join("bob", "#a")])
    }

    /// Runs a command if it is allowed. The original of an amended message comes from the log, as in the
    /// server.
    pub(super) fn perform(&mut self, mut command: Command<'static>) {
        if let Command::Amend { user, conversation, original, .. } = &mut command {
            let conversation = Conversation::of(user, conversation);
            let events = self.log.iter().filter_map(|line| match Record::decode(line.as_bytes()) {
                Ok(Record::Event(event)) if event.conversation() == conversation => Some(event),
                _ => None,
            });
            let event = events.into_iter().find(|event| event.n == original.n);
            let Some(found) = event.as_ref().and_then(Original::of) else { return };
            *original = found;
        }
        let _allowed_or_not = self.try_to(command);
    }
}

/// The log after `papo log redact` has removed all texts of deleted messages.
fn redacted(world: &World) -> Vec<String> {
    let line = |record: &Record<'_>| {
        let mut line = Vec::new();
        record.encode(&mut line).expect("json");
        String::from_utf8(line).expect("utf-8")
    };
    let mut lines: Vec<_> = world.log.clone();
    for changed in &mut lines {
        let Record::Event(event) = Record::decode(changed.as_bytes()).expect("a record") else { continue };
        if is_deleted(&world.state, &event) {
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
    has_text && amendments.and_then(|all| all.of(message)).is_some_and(|one| one.deleted)
}

/// Compares all observable parts of two states.
fn assert_same(one: &State, other: &State) -> Result<(), TestCaseError> {
    prop_assert_eq!(&one.users, &other.users);
    prop_assert_eq!(one.channels.all(), other.channels.all());
    prop_assert_eq!(one.channels.everybody(), other.channels.everybody());
    prop_assert_eq!(one.presence_topic(), other.presence_topic());
    prop_assert_eq!(snapshots::direct(one), snapshots::direct(other));
    prop_assert_eq!(files::summary(one), files::summary(other));
    for name in ["ana", "bob", "eva"] {
        let [expected, found] = [other, one].map(|state| heads(state, &user(name), 0).collect::<Vec<_>>());
        prop_assert_eq!(expected, found);
    }
    Ok(())
}

proptest! {
    /// After any commands, replay restores the same state, which refuses the same commands.
    #[test]
    fn replay_gives_the_same_state(commands in prop::collection::vec(any_command(), 0..100), probe in any_command()) {
        let mut world = World::with_two_members();
        for command in commands {
            world.perform(command);
        }
        let replayed = replay(&world.log);
        assert_same(&replayed, &world.state)?;
        let mut restored = State::new(TopicSecret::new([7; 32]));
        restored.users.restore(world.state.users.accounts().clone());
        prop_assert_eq!(restored.presence_topic(), world.state.presence_topic());
        let mut without_texts = replay(&redacted(&world));
        without_texts.users.applied = world.state.users.applied;
        assert_same(&without_texts, &world.state)?;
        for state in [&replayed, &without_texts] {
            let [expected, found] = [&world.state, state].map(|state| decide(state, probe.clone(), NOW_MS));
            prop_assert_eq!(expected, found);
        }
    }
}

/// The random commands of the property above record every kind of record.
#[test]
fn every_kind_of_record_is_replayed() {
    let (mut runner, mut recorded) = (TestRunner::deterministic(), BTreeSet::new());
    let any = prop::collection::vec(any_command(), 0..100);
    let (mut deleted, mut remaining) = (0, 0);
    for _ in 0..600 {
        let mut world = World::with_two_members();
        for command in any.new_tree(&mut runner).expect("commands").current() {
            world.perform(command);
        }
        recorded.extend(world.log.iter().chain(&redacted(&world)).map(|line| kinds::kind(line)));
        let (files, contents, _) = files::summary(&world.state);
        let gone = world.log.iter().filter(|line| kinds::kind(line) == "file").count() - files.len();
        deleted += gone;
        remaining += u64::from(gone > 0 && files.len() > contents.len());
    }
    let missing: Vec<_> = kinds::all().into_iter().filter(|kind| !recorded.contains(kind)).collect();
    assert!(missing.is_empty(), "`any_command` never causes these records: {missing:?}");
    assert!(
        deleted > 50 && remaining > 10,
        "{deleted} files were deleted; {remaining} times another event has the content"
    );
}
