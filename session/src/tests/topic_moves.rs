//! Moved topics, in transcripts, and in random runs of a simulated server and proxy.

use std::collections::{BTreeMap, VecDeque};

use common::accounts::LoggedIn;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::harness::{Harness, OWN, TOPIC, heads, info, moved, page};
use crate::*;

fn notice() -> String {
    json!({"kind": "topic.moved", "to": "#ops", "topic": moved(TOPIC)}).to_string()
}

fn moved_heads(cursor: u64, own: &str, n: u64) -> Value {
    let head = json!({"conversation": "#ops", "n": n, "topic": moved(TOPIC)});
    json!({"cursor": cursor, "topic": own, "heads": [head]})
}

#[test]
fn a_moved_topic_is_followed_without_a_lost_event() {
    let mut harness = Harness::following();
    harness.own_topic_line(&notice());
    harness.event(4);
    harness.barrier();
    harness.reply("sync.heads", &moved_heads(9, OWN, 6));
    harness.advance(limits::GAP_GRACE_MS);
    harness.reply("message.history", &page(5..=6, 6));
    insta::assert_snapshot!(harness.transcript, @r##"
    subscribe channel.ops, moved
    subscribe barrier
    emit #ops 4
    unsubscribe barrier
    unsubscribe channel.ops
    request 4 sync.heads {"since":7}
    request 5 message.history {"after":4,"conversation":"#ops","limit":2}
    emit #ops 5
    emit #ops 6
    "##);
}

#[test]
fn a_move_that_only_the_heads_name_causes_no_reconnect() {
    let mut harness = Harness::following();
    harness.advance(limits::HEADS_INTERVAL_MS);
    harness.reply("sync.heads", &moved_heads(9, OWN, 4));
    harness.barrier();
    harness.reply("sync.heads", &json!({"cursor": 9, "topic": OWN, "heads": []}));
    harness.advance(limits::GAP_GRACE_MS);
    harness.reply("message.history", &page(4..=4, 4));
    harness.advance(limits::FANOUT_GRACE_MS * 2);
    insta::assert_snapshot!(harness.transcript, @r##"
    request 4 sync.heads {"since":7}
    subscribe channel.ops, moved
    subscribe barrier
    unsubscribe barrier
    unsubscribe channel.ops
    request 5 sync.heads {"since":9}
    request 6 message.history {"after":3,"conversation":"#ops","limit":1}
    emit #ops 4
    "##);
}

#[test]
fn ending_other_sessions_moves_the_own_topic_and_private_channels() {
    let mut harness = Harness::following();
    harness.command(Command::Revoke(None));
    harness.reply("session.revoke", &json!({"ended": 1, "topic": moved(OWN)}));
    harness.reply("sync.heads", &moved_heads(9, &moved(OWN), 3));
    harness.barrier();
    insta::assert_snapshot!(harness.transcript, @r#"
    request 4 session.revoke {}
    subscribe user.alice, moved
    request 5 sync.heads {}
    answer SessionsEnded(1)
    subscribe channel.ops, moved
    subscribe barrier
    unsubscribe barrier
    unsubscribe user.alice
    unsubscribe channel.ops
    request 6 sync.heads {"since":9}
    "#);
}

#[test]
fn the_heads_name_the_own_topic_that_another_session_moved() {
    let mut harness = Harness::following();
    harness.advance(limits::HEADS_INTERVAL_MS);
    harness.reply("sync.heads", &json!({"cursor": 9, "topic": moved(OWN), "heads": []}));
    harness.reply("sync.heads", &moved_heads(9, &moved(OWN), 3));
    harness.barrier();
    insta::assert_snapshot!(harness.transcript, @r#"
    request 4 sync.heads {"since":7}
    subscribe user.alice, moved
    request 5 sync.heads {}
    subscribe channel.ops, moved
    subscribe barrier
    unsubscribe barrier
    unsubscribe user.alice
    unsubscribe channel.ops
    request 6 sync.heads {"since":9}
    "#);
}

#[test]
fn a_restored_session_learns_its_moved_topic_from_the_heads() {
    let mut harness = Harness::logged_in();
    harness.command(Command::Follow(Follow::Everything));
    harness.reply("server.info", &info());
    let mut heads = heads(7, 3);
    heads["topic"] = moved(OWN).into();
    harness.reply("sync.heads", &heads);
    harness.barrier();
    insta::assert_snapshot!(harness.transcript, @r#"
    answer Done
    request 1 server.info {}
    connect tcp://*:5558
    subscribe user.alice
    request 2 sync.heads {}
    subscribe user.alice, moved
    subscribe channel.ops
    subscribe barrier
    unsubscribe barrier
    unsubscribe user.alice
    request 3 sync.heads {"since":7}
    "#);
}

/// A random step of the simulation.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    /// A new event in #ops. The proxy may lose it.
    Event { is_lost: bool },
    /// A member is removed from #ops, whose topic moves. Notice and event are published in any order, and the
    /// proxy may lose the notice.
    Move { is_notice_first: bool, is_notice_lost: bool },
    /// One of alice's other sessions is revoked: her own topic moves, and that of #ops.
    MoveOwn,
    /// The proxy receives the next subscription.
    ApplySubscription,
    /// The server replies to the oldest request.
    Answer,
    /// The next reply arrives.
    Reply,
    /// The next reply is lost.
    LoseReply,
    /// The next subscription is lost.
    LoseSubscription,
    /// The time advances by these milliseconds.
    Advance(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => any::<bool>().prop_map(|is_lost| Step::Event { is_lost }),
        2 => any::<(bool, bool)>().prop_map(|(is_notice_first, is_notice_lost)| {
            Step::Move { is_notice_first, is_notice_lost }
        }),
        1 => Just(Step::MoveOwn),
        4 => Just(Step::ApplySubscription),
        3 => Just(Step::Answer),
        3 => Just(Step::Reply),
        1 => Just(Step::LoseReply),
        2 => (1..6_000_u64).prop_map(Step::Advance),
    ]
}

/// A simulated server and proxy with a session.
pub(super) struct SimulatedNode {
    session: Session,
    now_ms: u64,
    /// The events of #ops.
    log: Vec<String>,
    /// The epochs of the topics of #ops and alice.
    epochs: (u32, u32),
    records: u64,
    /// The record of the newest event of #ops.
    newest: u64,
    /// The number of subscriptions of each topic at the proxy.
    subscriptions: BTreeMap<String, u32>,
    /// Subscriptions on their way to the proxy.
    upstream: VecDeque<Effect>,
    requests: VecDeque<Value>,
    replies: VecDeque<Value>,
    emitted: Vec<u64>,
}

impl SimulatedNode {
    /// Alice follows everything; #ops has 3 events.
    pub(super) fn new() -> Self {
        let mut node = Self {
            session: Session::new(7),
            now_ms: 0,
            log: Vec::new(),
            epochs: (0, 0),
            records: 0,
            newest: 0,
            subscriptions: BTreeMap::new(),
            upstream: VecDeque::new(),
            requests: VecDeque::new(),
            replies: VecDeque::new(),
            emitted: Vec::new(),
        };
        (0..3).for_each(|_| node.append(r#""kind":"poll.opened""#, true));
        let user = testkit::user("alice");
        let account = LoggedIn { user, token: "t".to_owned(), topic: node.own(), expires: 1 };
        node.session.command(0, 1, Command::Restore(account));
        node.session.command(0, 2, Command::Follow(Follow::Everything));
        node.advance_until_idle();
        node
    }

    fn ops(&self) -> String {
        format!("channel.ops.{:032x}", self.epochs.0)
    }

    fn own(&self) -> String {
        format!("user.alice.{:032x}", self.epochs.1)
    }

    fn publish(&mut self, topic: &str, line: &str) {
        if self.subscriptions.contains_key(topic) {
            self.session.events(self.now_ms, topic.as_bytes(), line.as_bytes());
        }
    }

    /// Adds an event to #ops, and publishes it on the current topic.
    fn append(&mut self, rest: &str, is_lost: bool) {
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

    pub(super) fn apply(&mut self, step: Step) {
        match step {
            Step::Event { is_lost } => self.append(r#""kind":"poll.opened""#, is_lost),
            Step::Move { is_notice_first, is_notice_lost } => self.move_ops(is_notice_first, is_notice_lost),
            Step::MoveOwn => {
                self.epochs = (self.epochs.0 + 1, self.epochs.1 + 1);
                self.records += 1;
                self.publish(&self.own(), &self.notice());
            }
            Step::ApplySubscription => self.apply_subscription(),
            Step::LoseSubscription => drop(self.upstream.pop_front()),
            Step::Answer => self.answer(),
            Step::Reply => {
                if let Some(reply) = self.replies.pop_front() {
                    self.session.replies(self.now_ms, reply.to_string().as_bytes());
                }
            }
            Step::LoseReply => drop(self.replies.pop_front()),
            Step::Advance(ms) => self.advance(ms),
        }
        self.run_effects();
    }

    /// Whether no subscription, request or reply is in transit.
    pub(super) fn is_idle(&self) -> bool {
        self.upstream.is_empty() && self.requests.is_empty() && self.replies.is_empty()
    }

    pub(super) fn head(&self) -> u64 {
        self.log.len() as u64
    }

    pub(super) fn emitted(&self) -> &[u64] {
        &self.emitted
    }

    fn move_ops(&mut self, is_notice_first: bool, is_notice_lost: bool) {
        let old = self.ops();
        self.append(r#""kind":"channel.kicked","user":"carol""#, true);
        self.epochs.0 += 1;
        if is_notice_first && !is_notice_lost {
            self.publish(&self.own(), &self.notice());
        }
        self.publish(&old, &self.log.last().expect("an event").clone());
        if !is_notice_first && !is_notice_lost {
            self.publish(&self.own(), &self.notice());
        }
    }

    fn apply_subscription(&mut self) {
        match self.upstream.pop_front() {
            Some(Effect::Subscribe(topic)) => {
                *self.subscriptions.entry(topic.clone()).or_default() += 1;
                if topic.starts_with("sync.") {
                    self.session.events(self.now_ms, topic.as_bytes(), b"");
                }
            }
            Some(Effect::Unsubscribe(topic)) => {
                let count = self.subscriptions.entry(topic.clone()).or_default();
                *count = count.saturating_sub(1);
                if *count == 0 {
                    self.subscriptions.remove(&topic);
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

    fn advance(&mut self, ms: u64) {
        let end = self.now_ms + ms;
        while let Some(deadline) = self.session.deadline().filter(|deadline| *deadline <= end) {
            self.now_ms = deadline.max(self.now_ms);
            self.session.tick(self.now_ms);
            self.run_effects();
        }
        self.now_ms = end;
    }

    fn run_effects(&mut self) {
        for effect in self.session.take_effects() {
            match effect {
                Effect::Send { line, .. } | Effect::SendAlone { line, .. } => {
                    self.requests.push_back(json(&String::from_utf8_lossy(&line)))
                }
                Effect::Connect(_) => {
                    self.subscriptions.clear();
                    self.upstream.clear();
                }
                Effect::Subscribe(_) | Effect::Unsubscribe(_) => self.upstream.push_back(effect),
                Effect::News(News::Entry(entry)) => self.emitted.push(entry.n),
                Effect::News(_)
                | Effect::Answer { .. }
                | Effect::UseEndpoint(_)
                | Effect::LoadOutbox(_)
                | Effect::Persist(_)
                | Effect::Forget(_) => {}
            }
        }
    }

    /// Runs without losses for longer than any deadline.
    fn advance_until_idle(&mut self) {
        for _ in 0..60 {
            self.advance(1_000);
            while !self.is_idle() {
                [Step::ApplySubscription, Step::Answer, Step::Reply]
                    .into_iter()
                    .for_each(|step| self.apply(step));
            }
        }
    }
}

fn json(line: &str) -> Value {
    serde_json::from_str(line).expect("json")
}

proptest! {
    /// Each event is emitted once and in order, and at the end only the current topics are subscribed.
    #[test]
    fn moving_topics_lose_no_event_and_repeat_none(steps in proptest::collection::vec(step(), 0..80)) {
        let mut node = SimulatedNode::new();
        steps.into_iter().for_each(|step| node.apply(step));
        node.advance_until_idle();
        let all: Vec<_> = (4..=node.log.len() as u64).collect();
        prop_assert_eq!(&node.emitted, &all);
        let current = BTreeMap::from([(node.ops(), 1), (node.own(), 1)]);
        prop_assert_eq!(&node.subscriptions, &current);
    }
}
