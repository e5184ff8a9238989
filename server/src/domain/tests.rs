//! The rules as transcripts: who does what, and what the log would say.

use common::{ChannelName, Conversation, Target, Text, UserName};
use proptest::prelude::*;
use uuid::Uuid;

use super::history::{Fill, PageRange, heads, page};
use super::{Command, DomainError, State, TopicSecret, decide};
use crate::records::{Record, TokenDigest};

/// 2100-01-01, so that the ids below are not from the future.
const NOW_MS: u64 = 4_102_444_800_000;

/// A state and the log that made it.
pub(crate) struct World {
    pub(crate) state: State,
    pub(crate) log: Vec<String>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self { state: State::new(TopicSecret::new([7; 32])), log: Vec::new() }
    }

    /// Users with accounts, and what they did.
    fn with(users: &[&str], commands: impl IntoIterator<Item = Command<'static>>) -> Self {
        let mut world = Self::new();
        for name in users {
            world.does(Command::Register { user: user(name), password: "hash".into() });
        }
        commands.into_iter().for_each(|command| world.does(command));
        world
    }

    fn try_to(&mut self, command: Command<'_>) -> Result<(), DomainError> {
        if let Some(record) = decide(&self.state, command, NOW_MS)? {
            let mut line = Vec::new();
            record.encode(&mut line).expect("json");
            self.log.push(String::from_utf8(line).expect("utf-8"));
            self.state.apply(self.log.len() as u64, &record);
        }
        Ok(())
    }

    fn does(&mut self, command: Command<'_>) {
        self.try_to(command).expect("allowed");
    }

    fn refuses(&mut self, command: Command<'_>) -> DomainError {
        let before = self.log.len();
        let error = self.try_to(command).expect_err("refused");
        assert_eq!(self.log.len(), before);
        error
    }

    /// The state that the log alone gives.
    fn replayed(&self) -> State {
        let mut state = State::new(TopicSecret::new([7; 32]));
        for (number, line) in (1..).zip(&self.log) {
            state.apply(number, &Record::decode(line.as_bytes()).expect("a record"));
        }
        state
    }

    fn head(&self, by: &str, target: &str) -> u64 {
        self.state.head(&Conversation::of(&user(by), &to(target)))
    }
}

fn user(name: &str) -> UserName {
    UserName::new(name).expect("a name")
}

fn channel(name: &str) -> ChannelName {
    ChannelName::new(name).expect("a name")
}

fn to(target: &str) -> Target {
    Target::new(target).expect("a target")
}

fn create(by: &str, name: &str) -> Command<'static> {
    Command::CreateChannel { user: user(by), channel: channel(name) }
}

fn join(by: &str, name: &str) -> Command<'static> {
    Command::Join { user: user(by), channel: channel(name) }
}

fn leave(by: &str, name: &str) -> Command<'static> {
    Command::Leave { user: user(by), channel: channel(name) }
}

fn send(by: &str, target: &str) -> Command<'static> {
    let id = Uuid::from_u128(0x0197_0000_0000_7000_8000_0000_0000_0001);
    Command::Send { user: user(by), to: to(target), id, text: Text::new("oi").expect("a text") }
}

fn open(by: &str, token: &str, expires: u64) -> Command<'static> {
    let digest = TokenDigest::of(token);
    Command::OpenSession { user: user(by), session: Uuid::nil(), digest, expires }
}

#[test]
fn a_channel_is_numbered_without_a_hole() {
    let world = World::with(
        &["alice", "bob"],
        [create("alice", "#ops"), join("bob", "#ops"), send("bob", "#ops"), leave("alice", "#ops")],
    );
    insta::assert_snapshot!(world.log[2..].join("\n"), @r##"
    {"n":1,"at":4102444800000,"to":"#ops","from":"alice","kind":"channel.created"}
    {"n":2,"at":4102444800000,"to":"#ops","from":"bob","kind":"channel.joined"}
    {"n":3,"at":4102444800000,"to":"#ops","from":"bob","kind":"message","id":"01970000-0000-7000-8000-000000000001","text":"oi"}
    {"n":4,"at":4102444800000,"to":"#ops","from":"alice","kind":"channel.left"}
    "##);
}

#[test]
fn joining_twice_changes_nothing() {
    let mut world = World::with(&["alice"], [create("alice", "#ops")]);
    world.does(join("alice", "#ops"));
    assert_eq!(world.head("alice", "#ops"), 1);
}

#[test]
fn two_people_share_one_numbering() {
    let world =
        World::with(&["alice", "bob"], [send("alice", "@bob"), send("bob", "@alice"), send("bob", "@bob")]);
    assert_eq!((world.head("alice", "@bob"), world.head("bob", "@alice")), (2, 2));
    assert_eq!((world.head("bob", "@bob"), world.head("alice", "@alice")), (1, 0));
}

#[test]
fn what_is_not_allowed_is_refused_and_changes_nothing() {
    let mut world = World::with(&["alice", "bob"], [create("alice", "#ops")]);
    let mut refusal = |command| world.refuses(command).to_string();
    insta::assert_snapshot!(refusal(Command::Register { user: user("bob"), password: "x".into() }), @"the name bob is taken");
    insta::assert_snapshot!(refusal(create("bob", "#ops")), @"#ops exists already; join it");
    insta::assert_snapshot!(refusal(join("bob", "#nope")), @"there is no channel #nope; create it, or list the channels there are");
    insta::assert_snapshot!(refusal(leave("bob", "#ops")), @"you are not a member of #ops; join it first");
    insta::assert_snapshot!(refusal(send("bob", "#ops")), @"you are not a member of #ops; join it first");
    insta::assert_snapshot!(refusal(send("bob", "@carol")), @"there is no user carol");
    insta::assert_snapshot!(refusal(open("carol", "t", NOW_MS)), @"there is no user carol");
}

#[test]
fn an_id_must_be_of_version_7_and_not_from_the_future() {
    let mut world = World::with(&["alice"], []);
    let mut refusal = |id: &str| {
        let id = id.parse().expect("a uuid");
        let text = Text::new("oi").expect("a text");
        world.refuses(Command::Send { user: user("alice"), to: to("@alice"), id, text })
    };
    assert_eq!(refusal("01970000-0000-4000-8000-000000000001"), DomainError::IdVersion);
    assert_eq!(refusal("ffffffff-ffff-7fff-bfff-ffffffffffff"), DomainError::IdFuture);
}

#[test]
fn a_token_opens_its_own_session_until_it_ends() {
    let mut world =
        World::with(&["alice", "bob"], [open("alice", "a", NOW_MS + 10), open("bob", "b", NOW_MS + 10)]);
    let owner = |world: &World, token, now| {
        world.state.users.owner(&TokenDigest::of(token), now).map(ToString::to_string)
    };
    assert_eq!(owner(&world, "a", NOW_MS).as_deref(), Some("alice"));
    assert_eq!(owner(&world, "b", NOW_MS).as_deref(), Some("bob"));
    assert_eq!(owner(&world, "c", NOW_MS), None);
    assert_eq!(owner(&world, "a", NOW_MS + 10), None, "its time is over");
    world.does(Command::EndSession { user: user("alice"), digest: TokenDigest::of("a") });
    assert_eq!(owner(&world, "a", NOW_MS), None);
    assert_eq!(owner(&world, "b", NOW_MS).as_deref(), Some("bob"));
}

#[test]
fn the_oldest_of_too_many_sessions_gives_way() {
    let tokens: Vec<_> = (0..=common::limits::SESSIONS_PER_USER_MAX).map(|i| i.to_string()).collect();
    let opened = tokens.iter().map(|token| open("alice", token, NOW_MS + 10));
    let world = World::with(&["alice"], opened);
    let open = |token: &&String| world.state.users.owner(&TokenDigest::of(token), NOW_MS).is_some();
    assert_eq!(tokens.iter().filter(open).count(), common::limits::SESSIONS_PER_USER_MAX);
}

#[test]
fn heads_tell_what_changed_since() {
    let world = World::with(
        &["alice", "bob"],
        [create("alice", "#a"), create("alice", "#b"), join("bob", "#a"), send("alice", "@bob")],
    );
    let names = |by, since| -> Vec<_> {
        heads(&world.state, &user(by), since)
            .map(|head| format!("{} {}", head.conversation, head.n))
            .collect()
    };
    assert_eq!(names("alice", 0), ["#a 2", "#b 1", "@bob 1"]);
    assert_eq!(names("alice", 4), ["#a 2", "@bob 1"]);
    assert_eq!(names("bob", 5), ["@alice 1"]);
    assert_eq!(names("bob", 6), [""; 0]);
}

#[test]
fn leaving_ends_reading_and_heads() {
    let mut world = World::with(&["alice", "bob"], [create("alice", "#a"), join("bob", "#a")]);
    assert!(page(&world.state, &user("bob"), &to("#a"), None, None, None).is_ok());
    world.does(leave("bob", "#a"));
    let refused = page(&world.state, &user("bob"), &to("#a"), None, None, None);
    assert_eq!(refused, Err(DomainError::NotMember(channel("#a"))));
    assert_eq!(heads(&world.state, &user("bob"), 0).count(), 0);
}

#[test]
fn a_page_holds_the_newest_or_what_was_asked_for() {
    let world = World::with(&["alice"], std::iter::repeat_n(send("alice", "@alice"), 10));
    let range = |before, after, limit| {
        let PageRange { head, numbers, fill, .. } =
            page(&world.state, &user("alice"), &to("@alice"), before, after, limit).expect("readable");
        assert_eq!(head, 10);
        (numbers, fill)
    };
    assert_eq!(range(None, None, None), (1..=10, Fill::Backward));
    assert_eq!(range(None, None, Some(3)), (8..=10, Fill::Backward));
    assert_eq!(range(Some(8), None, Some(3)), (5..=7, Fill::Backward));
    assert_eq!(range(None, Some(4), Some(3)), (5..=7, Fill::Forward));
    assert_eq!(range(Some(7), Some(4), None), (5..=6, Fill::Forward));
    assert!(range(Some(1), None, None).0.is_empty() && range(None, Some(10), None).0.is_empty());
    for extreme in [0, 1, 10, 11, u64::MAX] {
        for limit in [0, 1, u64::MAX] {
            let (numbers, _) = range(Some(extreme), Some(extreme), Some(limit));
            assert!(numbers.is_empty(), "nothing lies between {extreme} and itself");
            assert!(range(Some(extreme), None, Some(limit)).0.all(|n| (1..=10).contains(&n)));
            assert!(range(None, Some(extreme), Some(limit)).0.all(|n| (1..=10).contains(&n)));
        }
    }
}

fn any_command() -> impl Strategy<Value = Command<'static>> {
    let (name, place) = (prop::sample::select(&["ana", "bob", "eva"]), prop::sample::select(&["#a", "#b"]));
    (name.clone(), name, place, 0..8u8).prop_map(|(by, other, place, what)| match what {
        0 => create(by, place),
        1 => join(by, place),
        2 => leave(by, place),
        3 => send(by, place),
        4 => send(by, &format!("@{other}")),
        5 => open(by, other, NOW_MS + 10),
        6 => Command::EndSession { user: user(by), digest: TokenDigest::of(other) },
        _ => Command::Register { user: user(by), password: "hash".into() },
    })
}

proptest! {
    /// Whatever was allowed, the log alone gives the same state, and the same refusals.
    #[test]
    fn replay_gives_the_same_state(commands in prop::collection::vec(any_command(), 0..60), probe in any_command()) {
        let mut world = World::new();
        for command in commands {
            let _allowed_or_not = world.try_to(command);
        }
        let replayed = world.replayed();
        prop_assert_eq!(&replayed.users, &world.state.users);
        prop_assert!(replayed.channels.all().eq(world.state.channels.all()));
        for name in ["ana", "bob", "eva"] {
            let [before, after] = [&world.state, &replayed].map(|state| heads(state, &user(name), 0).collect::<Vec<_>>());
            prop_assert_eq!(before, after);
        }
        let [before, after] = [&world.state, &replayed].map(|state| decide(state, probe.clone(), NOW_MS));
        prop_assert_eq!(before, after);
    }
}
