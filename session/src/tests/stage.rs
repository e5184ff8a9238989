//! A session on a stage: what is done to it in one line each, and what it does in words.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::fmt::Write as _;
use std::sync::Arc;

use common::accounts::{ListNames, LoggedIn};
use common::methods::UserList;
use common::{Method, Target, UserName};
use serde_json::{Value, json};
use testkit::target;
use uuid::Uuid;

use crate::driver::{self, Io};
use crate::*;

pub(super) const TOPIC: &str = "channel.ops.9d8c7b6a5f4e3d2c1b0a998877665544";

/// Where what is meant for alice is published.
pub(super) const OWN: &str = "user.alice.00000000000000000000000000000000";

/// A session, and what it did so far in words.
pub(super) struct Stage {
    pub(super) session: Session,
    pub(super) now_ms: u64,
    pub(super) transcript: String,
    /// Request ids by method, the newest last.
    pub(super) asked: Vec<(u64, String)>,
    barrier: String,
    pub(super) told: Vec<u64>,
    /// Whether messages are kept as soon as they are to be.
    pub(super) has_disk: bool,
    /// What is to be kept, and is not yet.
    pub(super) unkept: Vec<Uuid>,
    pub(super) released: Vec<Uuid>,
    /// What was told last of how the session stands.
    pub(super) standing: Option<Standing>,
}

impl Stage {
    /// Alice, restored and asking nothing.
    pub(super) fn restored() -> Self {
        Self::restored_at(1)
    }

    /// The same, with so many endpoints to go to.
    pub(super) fn restored_at(endpoints: usize) -> Self {
        let mut stage = Self::nobody();
        stage.session = Session::new(1).with_endpoints(endpoints);
        let user = testkit::user("alice");
        let topic = OWN.to_owned();
        stage.command(Command::Restore(LoggedIn { user, token: "t".to_owned(), topic, expires: 1 }));
        stage
    }

    /// Nobody is logged in.
    pub(super) fn nobody() -> Self {
        Self {
            session: Session::new(1),
            now_ms: 0,
            transcript: String::new(),
            asked: Vec::new(),
            barrier: String::new(),
            told: Vec::new(),
            has_disk: true,
            unkept: Vec::new(),
            released: Vec::new(),
            standing: None,
        }
    }

    /// Alice, following everything; #ops has 3 events.
    pub(super) fn following() -> Self {
        let mut stage = Self::restored();
        stage.command(Command::Follow(Follow::Everything));
        stage.reply("server.info", &info());
        stage.reply("sync.heads", &heads(7, 3));
        stage.barrier();
        stage.reply("sync.heads", &json!({"cursor": 7, "topic": OWN, "heads": []}));
        stage.transcript.clear();
        stage
    }

    pub(super) fn command(&mut self, command: Command) {
        self.session.command(self.now_ms, 1, command);
        self.note();
    }

    pub(super) fn send(&mut self, text: &str, id: u128) {
        let message =
            Message { to: ops(), id: Uuid::from_u128(id), text: testkit::text(text.to_owned()), reply: None };
        self.command(Command::Send(message));
    }

    /// Answers the newest request of a method.
    pub(super) fn reply(&mut self, method: &str, result: &Value) {
        self.reply_to(self.id(method), result);
    }

    pub(super) fn reply_to(&mut self, id: u64, result: &Value) {
        let line = json!({"jsonrpc": "2.0", "id": id.to_string(), "result": result});
        self.session.replies(self.now_ms, line.to_string().as_bytes());
        self.note();
    }

    pub(super) fn refuse(&mut self, method: &str, detail: Detail) {
        self.refuse_id(self.id(method), detail);
    }

    pub(super) fn refuse_id(&mut self, id: u64, error: impl Into<Error>) {
        let error = error.into();
        let line = json!({"jsonrpc": "2.0", "id": id.to_string(), "error": error});
        self.session.replies(self.now_ms, line.to_string().as_bytes());
        self.note();
    }

    pub(super) fn id(&self, method: &str) -> u64 {
        self.asked.iter().rev().find(|(_, asked)| asked == method).expect(method).0
    }

    pub(super) fn event(&mut self, n: u64) {
        self.session.events(self.now_ms, TOPIC.as_bytes(), event(n).as_bytes());
        self.note();
    }

    /// An event that others cause, or a notice, on alice's own topic.
    pub(super) fn own_line(&mut self, line: &str) {
        self.session.events(self.now_ms, OWN.as_bytes(), line.as_bytes());
        self.note();
    }

    pub(super) fn barrier(&mut self) {
        let topic = self.barrier.clone();
        self.session.events(self.now_ms, topic.as_bytes(), b"");
        self.note();
    }

    /// Lets time pass, with a tick at every deadline on the way.
    pub(super) fn pass(&mut self, ms: u64) {
        let end = self.now_ms + ms;
        while let Some(deadline) = self.session.deadline().filter(|deadline| *deadline <= end) {
            self.now_ms = deadline.max(self.now_ms);
            self.session.tick(self.now_ms);
            self.note();
        }
        self.now_ms = end;
    }

    /// Carries out the effects, and writes them down.
    pub(super) fn note(&mut self) {
        let mut session = std::mem::replace(&mut self.session, Session::new(0));
        let Ok(()) = driver::step(&mut session, self);
        self.session = session;
    }

    fn write(&mut self, words: &str) {
        writeln!(self.transcript, "{words}").expect("a string");
    }

    pub(super) fn take_transcript(&mut self) -> String {
        std::mem::take(&mut self.transcript)
    }
}

impl Io for Stage {
    type Error = Infallible;

    fn now_ms(&self) -> u64 {
        self.now_ms
    }

    fn recall(&mut self, _user: &UserName) -> Vec<Message> {
        Vec::new()
    }

    fn persist(&mut self, messages: &[Message]) -> Option<Result<(), Error>> {
        if !self.has_disk {
            self.unkept.extend(messages.iter().map(|message| message.id));
            return None;
        }
        Some(Ok(()))
    }

    fn forget(&mut self, ids: &[Uuid]) {
        self.released.extend_from_slice(ids);
    }

    fn send(&mut self, id: u64, line: Vec<u8>) {
        let request: Value = serde_json::from_slice(&line).expect("json");
        let method = request["method"].as_str().expect("a method").to_owned();
        let mut params = request["params"].clone();
        params.as_object_mut().expect("an object").remove("token");
        self.asked.push((id, method.clone()));
        self.write(&format!("ask {id} {method} {params}"));
    }

    fn send_alone(&mut self, id: u64, line: Vec<u8>, _bytes: Option<Arc<[u8]>>) {
        Io::send(self, id, line);
    }

    fn use_endpoint(&mut self, place: usize) -> Result<(), Infallible> {
        self.write(&format!("endpoint {place}"));
        Ok(())
    }

    fn connect(&mut self, address: &str) {
        self.write(&format!("connect {address}"));
    }

    fn subscribe(&mut self, topic: &str) -> Result<(), Infallible> {
        if topic.starts_with("sync.") {
            topic.clone_into(&mut self.barrier);
            self.write("raise barrier");
        } else {
            self.write(&format!("subscribe {}", short(topic)));
        }
        Ok(())
    }

    fn unsubscribe(&mut self, topic: &str) -> Result<(), Infallible> {
        let is_barrier = topic.starts_with("sync.");
        self.write(&if is_barrier {
            "lower barrier".to_owned()
        } else {
            format!("unsubscribe {}", short(topic))
        });
        Ok(())
    }

    fn answer(&mut self, _ticket: u64, outcome: Result<Answer, Error>) {
        let words =
            outcome.map_or_else(|error| format!("refuse {error}"), |answer| format!("answer {answer:?}"));
        self.write(&words);
    }

    fn news(&mut self, news: News) {
        if let News::Standing(standing) = news {
            self.standing = Some(standing);
            return;
        }
        if let News::Entry(entry) = &news {
            self.told.push(entry.n);
        }
        self.write(&words(news));
    }
}

fn words(news: News) -> String {
    match news {
        News::Entry(entry) => format!("tell {} {}", entry.conversation, entry.n),
        News::Pending(message) => format!("pending {}", message.text.as_str()),
        News::Recalled(messages) => {
            let texts: Vec<_> = messages.iter().map(|message| message.text.as_str()).collect();
            format!("recalled {texts:?}")
        }
        News::Sent { message, outcome, .. } => {
            let outcome = outcome.map(|entry| entry.n).map_err(|error| error.message);
            format!("sent {} {outcome:?}", message.text.as_str())
        }
        News::Opened { conversation, entries, .. } => {
            format!("opened {conversation} {:?}", entries.iter().map(|entry| entry.n).collect::<Vec<_>>())
        }
        News::Read(reading) => {
            format!("read {} {}, {} unread", reading.conversation, reading.n, reading.unread)
        }
        News::Invited(entry) => format!("invited {} {}", entry.conversation, entry.n),
        News::MembershipEnded(entry) => format!("membership ended {} {}", entry.conversation, entry.n),
        News::Presence(change) => format!("{} is {:?}", change.user, change.state),
        News::Typing(users) => {
            format!("writing: {}", users.iter().map(UserName::as_str).collect::<Vec<_>>().join(" "))
        }
        News::SessionEnded(error) => format!("session ended: {error}"),
        other @ (News::ConnectionLost | News::ConnectionRestored | News::RolledBack | News::Standing(_)) => {
            format!("{other:?}")
        }
    }
}

/// A topic without its key, marked when it is not the first one.
fn short(topic: &str) -> String {
    let moved = if topic == TOPIC || topic == OWN { "" } else { ", moved" };
    format!("{}{moved}", &topic[..topic.len() - 33])
}

/// Where events are published after a move.
pub(super) fn moved(topic: &str) -> String {
    format!("{}{}", &topic[..topic.len() - 32], "f".repeat(32))
}

/// The request to list the users.
pub(super) fn users() -> Command {
    Command::Ask(Ask::of::<UserList>(|token| ListNames { token, after: None }))
}

pub(super) fn ops() -> Target {
    target("#ops")
}

pub(super) fn event(n: u64) -> String {
    let id = Uuid::from_u128(n.into());
    format!(r##"{{"n":{n},"at":1,"to":"#ops","from":"bob","kind":"message","id":"{id}","text":"{n}"}}"##)
}

pub(super) fn page(numbers: impl Iterator<Item = u64>, head: u64) -> Value {
    let events: Vec<Value> = numbers.map(|n| serde_json::from_str(&event(n)).expect("json")).collect();
    json!({"conversation": "#ops", "head": head, "events": events})
}

pub(super) fn info() -> Value {
    let about = Method::ServerInfo.description();
    serde_json::from_str(about.result).expect("json")
}

pub(super) fn heads(cursor: u64, n: u64) -> Value {
    json!({"cursor": cursor, "topic": OWN, "heads": [{"conversation": "#ops", "n": n, "topic": TOPIC}]})
}

/// A server that has 39 events in #ops, a fan-out that is slow, and pages of some size.
pub(super) fn answer_histories(stage: &mut Stage, answered: &mut BTreeSet<u64>, page_size: u64) {
    for (id, method) in stage.asked.clone() {
        if !answered.insert(id) {
            continue;
        }
        let result = match method.as_str() {
            "server.info" => info(),
            "sync.heads" => heads(39, 39),
            _ => {
                let line = stage.transcript.lines().find(|line| line.starts_with(&format!("ask {id} ")));
                let params: Value =
                    serde_json::from_str(line.expect("asked").splitn(4, ' ').nth(3).expect("params"))
                        .expect("json");
                let after = params["after"].as_u64().expect("a number");
                page((after + 1..=39).take(page_size as usize), 39)
            }
        };
        let line = json!({"jsonrpc": "2.0", "id": id.to_string(), "result": result});
        stage.session.replies(stage.now_ms, line.to_string().as_bytes());
        stage.note();
    }
    stage.barrier();
}
