//! Topics that move, at good moments in transcripts, and at all moments in a world of chance.

use std::collections::{BTreeMap, VecDeque};

use common::accounts::LoggedIn;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::stage::{OWN, Stage, TOPIC, heads, info, moved, page};
use crate::*;

fn notice() -> String {
    json!({"kind": "topic.moved", "to": "#ops", "topic": moved(TOPIC)}).to_string()
}

fn moved_heads(cursor: u64, own: &str, n: u64) -> Value {
    let head = json!({"conversation": "#ops", "n": n, "topic": moved(TOPIC)});
    json!({"cursor": cursor, "topic": own, "heads": [head]})
}

#[test]
fn a_topic_that_moves_is_followed_without_a_loss() {
    let mut stage = Stage::following();
    stage.own_line(&notice());
    stage.event(4);
    stage.barrier();
    stage.reply("sync.heads", &moved_heads(9, OWN, 6));
    stage.pass(limits::GAP_GRACE_MS);
    stage.reply("message.history", &page(5..=6, 6));
    insta::assert_snapshot!(stage.transcript, @r##"
    subscribe channel.ops, moved
    raise barrier
    tell #ops 4
    lower barrier
    unsubscribe channel.ops
    ask 4 sync.heads {"since":7}
    ask 5 message.history {"after":4,"conversation":"#ops","limit":2}
    tell #ops 5
    tell #ops 6
    "##);
}

#[test]
fn a_move_that_only_the_heads_tell_of_is_no_fault_of_the_fan_out() {
    let mut stage = Stage::following();
    stage.pass(limits::HEADS_INTERVAL_MS);
    stage.reply("sync.heads", &moved_heads(9, OWN, 4));
    stage.barrier();
    stage.reply("sync.heads", &json!({"cursor": 9, "topic": OWN, "heads": []}));
    stage.pass(limits::GAP_GRACE_MS);
    stage.reply("message.history", &page(4..=4, 4));
    stage.pass(limits::FANOUT_GRACE_MS * 2);
    insta::assert_snapshot!(stage.transcript, @r##"
    ask 4 sync.heads {"since":7}
    subscribe channel.ops, moved
    raise barrier
    lower barrier
    unsubscribe channel.ops
    ask 5 sync.heads {"since":9}
    ask 6 message.history {"after":3,"conversation":"#ops","limit":1}
    tell #ops 4
    "##);
}

#[test]
fn ending_other_sessions_moves_the_own_topic_and_private_channels() {
    let mut stage = Stage::following();
    stage.command(Command::Revoke(None));
    stage.reply("session.revoke", &json!({"ended": 1, "topic": moved(OWN)}));
    stage.reply("sync.heads", &moved_heads(9, &moved(OWN), 3));
    stage.barrier();
    insta::assert_snapshot!(stage.transcript, @r#"
    ask 4 session.revoke {}
    subscribe user.alice, moved
    ask 5 sync.heads {}
    answer SessionsEnded(1)
    subscribe channel.ops, moved
    raise barrier
    lower barrier
    unsubscribe user.alice
    unsubscribe channel.ops
    ask 6 sync.heads {"since":9}
    "#);
}

#[test]
fn an_own_topic_that_another_session_moved_is_told_by_the_heads() {
    let mut stage = Stage::following();
    stage.pass(limits::HEADS_INTERVAL_MS);
    stage.reply("sync.heads", &json!({"cursor": 9, "topic": moved(OWN), "heads": []}));
    stage.reply("sync.heads", &moved_heads(9, &moved(OWN), 3));
    stage.barrier();
    insta::assert_snapshot!(stage.transcript, @r#"
    ask 4 sync.heads {"since":7}
    subscribe user.alice, moved
    ask 5 sync.heads {}
    subscribe channel.ops, moved
    raise barrier
    lower barrier
    unsubscribe user.alice
    unsubscribe channel.ops
    ask 6 sync.heads {"since":9}
    "#);
}

#[test]
fn a_session_that_was_kept_for_long_finds_its_topic() {
    let mut stage = Stage::restored();
    stage.command(Command::Follow(Follow::Everything));
    stage.reply("server.info", &info());
    let mut heads = heads(7, 3);
    heads["topic"] = moved(OWN).into();
    stage.reply("sync.heads", &heads);
    stage.barrier();
    insta::assert_snapshot!(stage.transcript, @r#"
    answer Done
    ask 1 server.info {}
    connect tcp://*:5558
    subscribe user.alice
    ask 2 sync.heads {}
    subscribe user.alice, moved
    subscribe channel.ops
    raise barrier
    lower barrier
    unsubscribe user.alice
    ask 3 sync.heads {"since":7}
    "#);
}

/// What chance may do.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    /// Somebody says something in #ops; it may get lost.
    Say { is_lost: bool },
    /// Somebody is removed from #ops, whose topic moves. Notice and event are published in any order, and the
    /// notice may get lost.
    Move { is_notice_first: bool, is_notice_lost: bool },
    /// A session of alice's is ended elsewhere: her topic moves, and that of #ops.
    MoveOwn,
    /// The proxy takes the next subscription.
    Link,
    /// The server answers the oldest request.
    Answer,
    /// The answer arrives.
    Reply,
    /// It gets lost.
    LoseReply,
    /// Or anything else on its way to the proxy.
    LoseSubscription,
    /// Time passes.
    Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => any::<bool>().prop_map(|is_lost| Step::Say { is_lost }),
        2 => any::<(bool, bool)>().prop_map(|(is_notice_first, is_notice_lost)| {
            Step::Move { is_notice_first, is_notice_lost }
        }),
        1 => Just(Step::MoveOwn),
        4 => Just(Step::Link),
        3 => Just(Step::Answer),
        3 => Just(Step::Reply),
        1 => Just(Step::LoseReply),
        2 => (1..6_000_u64).prop_map(Step::Pass),
    ]
}

/// A server, a fan-out and a session.
pub(super) struct World {
    session: Session,
    now_ms: u64,
    /// The events of #ops.
    log: Vec<String>,
    /// How often the topics of #ops and of alice have moved.
    epochs: (u32, u32),
    records: u64,
    /// The record of the newest event of #ops.
    newest: u64,
    /// How often each topic is subscribed to, at the proxy.
    in_force: BTreeMap<String, u32>,
    /// Subscriptions on their way to the proxy.
    upstream: VecDeque<Effect>,
    requests: VecDeque<Value>,
    replies: VecDeque<Value>,
    told: Vec<u64>,
}

impl World {
    /// Alice follows everything; #ops has 3 events.
    pub(super) fn new() -> Self {
        let mut world = Self {
            session: Session::new(7),
            now_ms: 0,
            log: Vec::new(),
            epochs: (0, 0),
            records: 0,
            newest: 0,
            in_force: BTreeMap::new(),
            upstream: VecDeque::new(),
            requests: VecDeque::new(),
            replies: VecDeque::new(),
            told: Vec::new(),
        };
        (0..3).for_each(|_| world.say(r#""kind":"poll.opened""#, true));
        let user = testkit::user("alice");
        let account = LoggedIn { user, token: "t".to_owned(), topic: world.own(), expires: 1 };
        world.session.command(0, 1, Command::Restore(account));
        world.session.command(0, 2, Command::Follow(Follow::Everything));
        world.settle();
        world
    }

    fn ops(&self) -> String {
        format!("channel.ops.{:032x}", self.epochs.0)
    }

    fn own(&self) -> String {
        format!("user.alice.{:032x}", self.epochs.1)
    }

    fn publish(&mut self, topic: &str, line: &str) {
        if self.in_force.contains_key(topic) {
            self.session.events(self.now_ms, topic.as_bytes(), line.as_bytes());
        }
    }

    /// Adds an event to #ops and publishes it where it was before anything moved.
    fn say(&mut self, rest: &str, is_lost: bool) {
        let n = self.log.len() + 1;
        self.log.push(format!(r##"{{"n":{n},"at":1,"to":"#ops","from":"bob",{rest}}}"##));
        self.records += 1;
        self.newest = self.records;
        if !is_lost {
            self.publish(&self.ops(), &self.log[n - 1].clone());
        }
    }

    fn notice(&self) -> String {
        json!({"kind": "topic.moved", "to": "#ops", "topic": self.ops()}).to_string()
    }

    pub(super) fn take(&mut self, step: Step) {
        match step {
            Step::Say { is_lost } => self.say(r#""kind":"poll.opened""#, is_lost),
            Step::Move { is_notice_first, is_notice_lost } => self.move_ops(is_notice_first, is_notice_lost),
            Step::MoveOwn => {
                self.epochs = (self.epochs.0 + 1, self.epochs.1 + 1);
                self.records += 1;
                self.publish(&self.own(), &self.notice());
            }
            Step::Link => self.link(),
            Step::LoseSubscription => drop(self.upstream.pop_front()),
            Step::Answer => self.answer(),
            Step::Reply => {
                if let Some(reply) = self.replies.pop_front() {
                    self.session.replies(self.now_ms, reply.to_string().as_bytes());
                }
            }
            Step::LoseReply => drop(self.replies.pop_front()),
            Step::Pass(ms) => self.pass(ms),
        }
        self.perform();
    }

    /// Whether nothing is on its way.
    pub(super) fn is_quiet(&self) -> bool {
        self.upstream.is_empty() && self.requests.is_empty() && self.replies.is_empty()
    }

    pub(super) fn head(&self) -> u64 {
        self.log.len() as u64
    }

    pub(super) fn told(&self) -> &[u64] {
        &self.told
    }

    fn move_ops(&mut self, is_notice_first: bool, is_notice_lost: bool) {
        let old = self.ops();
        self.say(r#""kind":"channel.kicked","user":"carol""#, true);
        self.epochs.0 += 1;
        if is_notice_first && !is_notice_lost {
            self.publish(&self.own(), &self.notice());
        }
        self.publish(&old, &self.log.last().expect("an event").clone());
        if !is_notice_first && !is_notice_lost {
            self.publish(&self.own(), &self.notice());
        }
    }

    fn link(&mut self) {
        match self.upstream.pop_front() {
            Some(Effect::Subscribe(topic)) => {
                *self.in_force.entry(topic.clone()).or_default() += 1;
                if topic.starts_with("sync.") {
                    self.session.events(self.now_ms, topic.as_bytes(), b"");
                }
            }
            Some(Effect::Unsubscribe(topic)) => {
                let count = self.in_force.entry(topic.clone()).or_default();
                *count = count.saturating_sub(1);
                if *count == 0 {
                    self.in_force.remove(&topic);
                }
            }
            Some(_) | None => {}
        }
    }

    fn answer(&mut self) {
        let Some(request) = self.requests.pop_front() else { return };
        let params = &request["params"];
        let result = match request["method"].as_str().expect("a method") {
            "server.info" => info(),
            "sync.heads" => {
                let head = json!({"conversation": "#ops", "n": self.log.len(), "topic": self.ops()});
                let is_news = params["since"].as_u64().is_none_or(|since| since < self.newest);
                let heads = if is_news { vec![head] } else { Vec::new() };
                json!({"cursor": self.records, "topic": self.own(), "heads": heads})
            }
            "message.history" => {
                let after = params["after"].as_u64().expect("a number") as usize;
                let limit = params["limit"].as_u64().expect("a number") as usize;
                let events: Vec<Value> =
                    self.log[after..].iter().take(limit).map(|line| json(line)).collect();
                json!({"conversation": "#ops", "head": self.log.len(), "events": events})
            }
            other => unreachable!("{other}"),
        };
        self.replies.push_back(json!({"jsonrpc": "2.0", "id": request["id"], "result": result}));
    }

    fn pass(&mut self, ms: u64) {
        let end = self.now_ms + ms;
        while let Some(deadline) = self.session.deadline().filter(|deadline| *deadline <= end) {
            self.now_ms = deadline.max(self.now_ms);
            self.session.tick(self.now_ms);
            self.perform();
        }
        self.now_ms = end;
    }

    fn perform(&mut self) {
        for effect in self.session.take_effects() {
            match effect {
                Effect::Send { line, .. } | Effect::SendAlone { line, .. } => {
                    self.requests.push_back(json(&String::from_utf8_lossy(&line)))
                }
                Effect::Connect(_) => {
                    self.in_force.clear();
                    self.upstream.clear();
                }
                Effect::Subscribe(_) | Effect::Unsubscribe(_) => self.upstream.push_back(effect),
                Effect::News(News::Entry(entry)) => self.told.push(entry.n),
                Effect::News(_)
                | Effect::Answer { .. }
                | Effect::UseEndpoint(_)
                | Effect::Recall(_)
                | Effect::Persist(_)
                | Effect::Forget(_) => {}
            }
        }
    }

    /// Nothing gets lost any more, for longer than any deadline.
    fn settle(&mut self) {
        for _ in 0..60 {
            self.pass(1_000);
            while !self.is_quiet() {
                [Step::Link, Step::Answer, Step::Reply].into_iter().for_each(|step| self.take(step));
            }
        }
    }
}

fn json(line: &str) -> Value {
    serde_json::from_str(line).expect("json")
}

proptest! {
    /// Whenever topics move, and whatever is lost or late meanwhile: every event is told once and in order,
    /// and in the end just the topics of now are subscribed to.
    #[test]
    fn moving_topics_lose_nothing_and_double_nothing(steps in proptest::collection::vec(step(), 0..80)) {
        let mut world = World::new();
        steps.into_iter().for_each(|step| world.take(step));
        world.settle();
        let all: Vec<_> = (4..=world.log.len() as u64).collect();
        prop_assert_eq!(&world.told, &all);
        let current = BTreeMap::from([(world.ops(), 1), (world.own(), 1)]);
        prop_assert_eq!(&world.in_force, &current);
    }
}
