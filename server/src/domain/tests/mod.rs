//! Tests of the rules as transcripts: the commands of users, and the resulting log.

use common::channels::Role;
use common::{Conversation, Detail, Subject, Target};
use testkit::{channel, user};
use uuid::Uuid;

use super::history::{Bounds, Fill, PageRange, heads, page, readable};
use super::{Actor, Command, State, TopicSecret, decide};
use crate::domain::records::{ClientKey, Record, ServerRecord, TokenDigest};

mod admin;
mod bans;
mod everybody;
mod invitations;
mod amendments;
mod files;
mod kinds;
mod mentions;
mod replay;
mod reads;
mod snapshots;

/// 2100-01-01, later than the ids in these tests.
const NOW_MS: u64 = 4_102_444_800_000;

/// A state and the log that produced it.
pub(crate) struct Fixture {
    pub(crate) state: State,
    pub(crate) log: Vec<String>,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        Self { state: State::new(TopicSecret::new([7; 32])), log: Vec::new() }
    }

    /// Registers the users and runs their commands.
    fn with(users: &[&str], commands: impl IntoIterator<Item = Command<'static>>) -> Self {
        let mut fixture = Self::new();
        for name in users {
            fixture.run(Command::Register { user: user(name), password: "hash".into() });
        }
        commands.into_iter().for_each(|command| fixture.run(command));
        fixture
    }

    fn try_to(&mut self, command: Command<'_>) -> Result<(), Detail> {
        if let Some(record) = decide(&self.state, command, NOW_MS)? {
            let mut line = Vec::new();
            record.encode(&mut line).expect("json");
            self.log.push(String::from_utf8(line).expect("utf-8"));
            self.state.apply(self.log.len() as u64, &record);
        }
        Ok(())
    }

    fn run(&mut self, command: Command<'_>) {
        self.try_to(command).expect("the command is allowed");
    }

    fn rejection(&mut self, command: Command<'_>) -> Detail {
        let before = self.log.len();
        let error = self.try_to(command).expect_err("the command must be refused");
        assert_eq!(self.log.len(), before);
        error
    }

    fn head(&self, by: &str, target: &str) -> u64 {
        self.state.head(&Conversation::of(&user(by), &to(target)))
    }
}

/// Rebuilds a state from a log.
fn replay(log: &[String]) -> State {
    let mut state = State::new(TopicSecret::new([7; 32]));
    for (number, line) in (1..).zip(log) {
        state.apply(number, &Record::decode(line.as_bytes()).expect("a record"));
    }
    state
}

fn to(target: &str) -> Target {
    testkit::target(target)
}

fn actor(by: &str, name: &str) -> Actor {
    Actor { user: user(by), channel: channel(name) }
}

fn create(by: &str, name: &str) -> Command<'static> {
    Command::CreateChannel(actor(by, name), false)
}

fn create_private(by: &str, name: &str) -> Command<'static> {
    Command::CreateChannel(actor(by, name), true)
}

fn give(by: &str, name: &str, other: &str, role: Role) -> Command<'static> {
    Command::GiveRole(actor(by, name), user(other), role)
}

fn make_private(by: &str, name: &str, private: bool) -> Command<'static> {
    Command::SetChannel(actor(by, name), None, Some(private))
}

fn join(by: &str, name: &str) -> Command<'static> {
    Command::Join(actor(by, name))
}

fn leave(by: &str, name: &str) -> Command<'static> {
    Command::Leave(actor(by, name))
}

fn send(by: &str, target: &str) -> Command<'static> {
    let id = Uuid::from_u128(0x0197_0000_0000_7000_8000_0000_0000_0001);
    Command::Send { user: user(by), to: to(target), id, text: testkit::text("oi"), reply: None }
}

fn mark(by: &str, target: &str, n: u64) -> Command<'static> {
    Command::MarkRead { user: user(by), conversation: to(target), n }
}

fn open(by: &str, token: &str, expires: u64) -> Command<'static> {
    let digest = TokenDigest::of(token);
    Command::OpenSession { user: user(by), session: Uuid::nil(), digest, expires }
}

#[test]
fn events_of_a_channel_are_numbered_without_gaps() {
    let fixture = Fixture::with(
        &["alice", "bob"],
        [create("alice", "#ops"), join("bob", "#ops"), send("bob", "#ops"), leave("bob", "#ops")],
    );
    insta::assert_snapshot!(fixture.log[2..].join("\n"), @r##"
    {"n":1,"at":4102444800000,"to":"#ops","from":"alice","kind":"channel.created"}
    {"n":2,"at":4102444800000,"to":"#ops","from":"bob","kind":"channel.joined"}
    {"n":3,"at":4102444800000,"to":"#ops","from":"bob","kind":"message","id":"01970000-0000-7000-8000-000000000001","text":"oi"}
    {"n":4,"at":4102444800000,"to":"#ops","from":"bob","kind":"channel.left"}
    "##);
}

#[test]
fn joining_twice_changes_nothing() {
    let mut fixture = Fixture::with(&["alice"], [create("alice", "#ops")]);
    fixture.run(join("alice", "#ops"));
    assert_eq!(fixture.head("alice", "#ops"), 1);
}

#[test]
fn both_users_of_a_direct_conversation_see_the_same_numbers() {
    let fixture =
        Fixture::with(&["alice", "bob"], [send("alice", "@bob"), send("bob", "@alice"), send("bob", "@bob")]);
    assert_eq!((fixture.head("alice", "@bob"), fixture.head("bob", "@alice")), (2, 2));
    assert_eq!((fixture.head("bob", "@bob"), fixture.head("alice", "@alice")), (1, 0));
}

#[test]
fn a_new_user_name_must_be_mentionable_but_older_accounts_remain() {
    let older = Command::Register { user: user("bob_"), password: "x".into() };
    let fixture = Fixture::with(&["alice"], [older]);
    let refusal = |name: &str| {
        super::accounts::may_register(&fixture.state, &user(name)).expect_err("refused").to_string()
    };
    insta::assert_snapshot!(refusal("eva_"), @r#"@eva_ cannot be mentioned: choose a name that ends with a letter or a digit and is not "here""#);
    insta::assert_snapshot!(refusal("Here"), @r#"@here cannot be mentioned: choose a name that ends with a letter or a digit and is not "here""#);
    insta::assert_snapshot!(refusal("bob_"), @"the name bob_ is taken: choose another name");
    assert!(replay(&fixture.log).users.exists(&user("bob_")));
}

#[test]
fn only_an_existing_message_or_file_accepts_replies() {
    let mut fixture = Fixture::with(
        &["alice", "bob"],
        [create("alice", "#ops"), send("alice", "#ops"), send("alice", "#ops")],
    );
    fixture.run(files::share("alice", "#ops", false));
    fixture.run(amendments::deletes("alice", "#ops", 3));
    let reply_to = |to: &str, n: u64| {
        let mut command = send("alice", to);
        if let Command::Send { reply, .. } = &mut command {
            *reply = Some(n);
        }
        command
    };
    for (n, kind) in
        [(0, "no event"), (1, "the creation"), (3, "deleted"), (5, "a deletion"), (6, "no event yet")]
    {
        let refused = fixture.rejection(reply_to("#ops", n)).to_string();
        assert_eq!(refused, format!("there is no message {n} in #ops, or it was deleted"), "{kind}");
    }
    assert_eq!(
        fixture.rejection(reply_to("@bob", 1)).to_string(),
        "there is no message 1 in @bob, or it was deleted"
    );
    fixture.run(reply_to("#ops", 2));
    fixture.run(reply_to("#ops", 4));
}

#[test]
fn a_forbidden_command_is_refused_and_changes_nothing() {
    let mut fixture = Fixture::with(&["alice", "bob"], [create("alice", "#ops")]);
    let mut refusal = |command| fixture.rejection(command).to_string();
    insta::assert_snapshot!(refusal(Command::Register { user: user("bob"), password: "x".into() }), @"the name bob is taken: choose another name");
    insta::assert_snapshot!(refusal(create("bob", "#ops")), @"#ops already exists: join it, or choose another name");
    insta::assert_snapshot!(refusal(join("bob", "#nope")), @"there is no channel #nope: create it, or list the channels");
    insta::assert_snapshot!(refusal(leave("bob", "#ops")), @"you are not a member of #ops: join it first");
    insta::assert_snapshot!(refusal(send("bob", "#ops")), @"you are not a member of #ops: join it first");
    insta::assert_snapshot!(refusal(send("bob", "@carol")), @"there is no user carol");
    insta::assert_snapshot!(refusal(open("carol", "t", NOW_MS)), @"there is no user carol");
}

#[test]
fn an_id_must_be_of_version_7_and_not_from_the_future() {
    let mut fixture = Fixture::with(&["alice"], []);
    let mut refusal = |id: &str| {
        let id = id.parse().expect("a uuid");
        let text = testkit::text("oi");
        fixture.rejection(Command::Send { user: user("alice"), to: to("@alice"), id, text, reply: None })
    };
    assert_eq!(refusal("01970000-0000-4000-8000-000000000001"), Detail::IdVersion);
    assert_eq!(refusal("ffffffff-ffff-7fff-bfff-ffffffffffff"), Detail::IdFuture);
}

#[test]
fn a_token_opens_its_own_session_until_it_ends() {
    let mut fixture =
        Fixture::with(&["alice", "bob"], [open("alice", "a", NOW_MS + 10), open("bob", "b", NOW_MS + 10)]);
    let owner = |fixture: &Fixture, token, now| {
        fixture.state.users.owner(&TokenDigest::of(token), now).map(ToString::to_string)
    };
    assert_eq!(owner(&fixture, "a", NOW_MS).as_deref(), Some("alice"));
    assert_eq!(owner(&fixture, "b", NOW_MS).as_deref(), Some("bob"));
    assert_eq!(owner(&fixture, "c", NOW_MS), None);
    assert_eq!(owner(&fixture, "a", NOW_MS + 10), None, "the session has expired");
    fixture.run(Command::EndSession { user: user("alice"), digest: TokenDigest::of("a") });
    assert_eq!(owner(&fixture, "a", NOW_MS), None);
    assert_eq!(owner(&fixture, "b", NOW_MS).as_deref(), Some("bob"));
}

#[test]
fn the_oldest_session_is_closed_at_the_limit() {
    let tokens: Vec<_> = (0..=common::limits::SESSIONS_PER_USER_MAX).map(|i| i.to_string()).collect();
    let opened = tokens.iter().map(|token| open("alice", token, NOW_MS + 10));
    let fixture = Fixture::with(&["alice"], opened);
    let open = |token: &&String| fixture.state.users.owner(&TokenDigest::of(token), NOW_MS).is_some();
    assert_eq!(tokens.iter().filter(open).count(), common::limits::SESSIONS_PER_USER_MAX);
}

#[test]
fn heads_list_the_conversations_that_changed() {
    let fixture = Fixture::with(
        &["alice", "bob"],
        [create("alice", "#a"), create("alice", "#b"), join("bob", "#a"), send("alice", "@bob")],
    );
    let names = |by, since| -> Vec<_> {
        heads(&fixture.state, &user(by), since)
            .map(|head| format!("{} {}", head.conversation, head.n))
            .collect()
    };
    assert_eq!(names("alice", 0), ["#a 2", "#b 1", "* 0", "@bob 1"]);
    assert_eq!(names("alice", 4), ["#a 2", "* 0", "@bob 1"]);
    assert_eq!(names("bob", 5), ["* 0", "@alice 1"]);
    assert_eq!(names("bob", 6), ["* 0"], "the topic of `*` may have moved");
}

#[test]
fn a_former_member_gets_no_history_and_no_heads() {
    let mut fixture = Fixture::with(&["alice", "bob"], [create("alice", "#a"), join("bob", "#a")]);
    assert!(readable(&fixture.state, &user("bob"), &to("#a")).is_ok());
    fixture.run(leave("bob", "#a"));
    let refused = readable(&fixture.state, &user("bob"), &to("#a"));
    assert_eq!(refused, Err(Detail::NotMember { channel: channel("#a") }));
    assert_eq!(heads(&fixture.state, &user("bob"), 0).count(), 1, "only the head of `*`");
}

#[test]
fn a_page_contains_the_newest_or_the_requested_events() {
    let range = |before, after, limit| {
        let PageRange { numbers, fill } = page(10, Bounds { before, after, limit, around: None });
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
            assert!(numbers.is_empty(), "no number is between {extreme} and itself");
            assert!(range(Some(extreme), None, Some(limit)).0.all(|n| (1..=10).contains(&n)));
            assert!(range(None, Some(extreme), Some(limit)).0.all(|n| (1..=10).contains(&n)));
        }
    }
}

/// The topic of a channel or a user.
fn topic(fixture: &Fixture, name: &str) -> String {
    match to(name) {
        Target::Channel(channel) => {
            fixture.state.channels.channel(&channel).expect("a channel").topic.to_string()
        }
        Target::User(user) => fixture.state.user_topic(&user),
    }
}

#[test]
fn a_topic_moves_when_a_user_loses_access() {
    let mut fixture = Fixture::with(
        &["ana", "bob", "eva"],
        [
            create("ana", "#open"),
            create_private("ana", "#closed"),
            join("bob", "#open"),
            Command::Invite(actor("ana", "#closed"), user("bob")),
            join("bob", "#closed"),
            open("bob", "here", NOW_MS + 10),
            open("bob", "other", NOW_MS + 10),
        ],
    );
    let mut moves = |command: Command<'static>, name: &str| {
        let before = topic(&fixture, name);
        fixture.run(command);
        let moved = fixture.state.channels.take_moved();
        let has_moved = topic(&fixture, name) != before;
        assert_eq!(has_moved && name.starts_with('#'), moved.contains(&channel(&format!("#{}", &name[1..]))));
        has_moved
    };
    assert!(!moves(send("bob", "#closed"), "#closed"));
    assert!(!moves(leave("bob", "#open"), "#open"), "any user may join again");
    assert!(moves(Command::Ban(actor("ana", "#open"), user("bob")), "#open"));
    assert!(moves(make_private("ana", "#open", true), "#open"), "former members know the old topic");
    assert!(!moves(make_private("ana", "#open", false), "#open"));
    let current = TokenDigest::of("here");
    let others = Command::Revoke { user: user("bob"), current, session: None };
    assert!(moves(others.clone(), "@bob"));
    assert!(!moves(others, "@bob"), "no other session is open");
    let revoke_current = Command::Revoke { user: user("bob"), current, session: Some(Uuid::nil()) };
    assert!(moves(revoke_current, "#closed"), "a revoked session may be subscribed to private channels");
    assert!(moves(leave("bob", "#closed"), "#closed"));
    fixture.run(Command::Invite(actor("ana", "#closed"), user("eva")));
    let before = topic(&fixture, "#closed");
    fixture.run(Command::Kick(actor("ana", "#closed"), user("eva")));
    assert_ne!(topic(&fixture, "#closed"), before);
    assert_eq!(
        fixture.rejection(join("eva", "#closed")),
        Detail::NoSuchChannel { channel: channel("#closed") }
    );
}

#[test]
fn only_invited_users_join_a_private_channel() {
    let mut fixture = Fixture::with(&["ana", "bob", "eva"], [create_private("ana", "#closed")]);
    let hidden = Detail::NoSuchChannel { channel: channel("#closed") };
    assert_eq!(fixture.rejection(join("eva", "#closed")), hidden);
    assert_eq!(fixture.rejection(send("eva", "#closed")), hidden);
    assert_eq!(fixture.state.channels.list(&user("eva"), None).count(), 0);
    fixture.run(Command::Invite(actor("ana", "#closed"), user("bob")));
    let seen =
        fixture.state.channels.list(&user("bob"), None).next().expect("the invited user sees the channel");
    assert!(seen.invited && seen.role.is_none());
    assert_eq!(fixture.rejection(send("bob", "#closed")), Detail::NotMember { channel: channel("#closed") });
    fixture.run(join("bob", "#closed"));
    fixture.run(leave("bob", "#closed"));
    assert_eq!(fixture.rejection(join("bob", "#closed")), hidden, "an invitation is valid once");
}

#[test]
fn the_last_owner_of_a_channel_stays_owner() {
    let mut fixture = Fixture::with(&["ana", "bob"], [create("ana", "#a"), join("bob", "#a")]);
    let last = Detail::LastOwner { channel: channel("#a") };
    assert_eq!(fixture.rejection(leave("ana", "#a")), last);
    assert_eq!(fixture.rejection(give("ana", "#a", "ana", Role::Member)), last);
    fixture.run(give("ana", "#a", "bob", Role::Owner));
    fixture.run(leave("ana", "#a"));
    assert_eq!(
        fixture.rejection(give("bob", "#a", "ana", Role::Owner)).to_string(),
        "ana is not a member of #a"
    );
    fixture.run(leave("bob", "#a"));
    fixture.run(join("ana", "#a"));
    fixture.run(make_private("ana", "#a", true));
}
