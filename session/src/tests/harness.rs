//! A session with a fake front end, which writes each effect as a line of a transcript.

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

use super::traces;
use crate::driver::{self, Io};
use crate::recorder::Recorder;
use crate::*;

pub(super) const TOPIC: &str = "channel.ops.9d8c7b6a5f4e3d2c1b0a998877665544";

/// Alice's own topic.
pub(super) const OWN: &str = "user.alice.00000000000000000000000000000000";

/// A session with its transcript.
pub(super) struct Harness {
    pub(super) session: Session,
    pub(super) now_ms: u64,
    pub(super) transcript: String,
    /// The id and method of each request, the newest last.
    pub(super) requests: Vec<(u64, String)>,
    barrier: String,
    pub(super) emitted: Vec<u64>,
    /// The emitted events that are hidden.
    pub(super) hidden: Vec<u64>,
    /// Whether the disk reports the outcome of a write at once.
    pub(super) persists_at_once: bool,
    /// Messages whose write has no outcome yet.
    pub(super) unpersisted: Vec<Uuid>,
    pub(super) forgotten: Vec<Uuid>,
    /// The last [`News::StatusSummary`].
    pub(super) summary: Option<StatusSummary>,
    recording: Recording,
}

/// The recording of the test, which is compared with its trace when the harness is dropped.
#[derive(Default)]
struct Recording(Recorder);

impl Drop for Recording {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            traces::compare(&self.0.lines());
        }
    }
}

impl Harness {
    /// Alice with a restored session, which has sent no request.
    pub(super) fn logged_in() -> Self {
        Self::with_endpoints(1)
    }

    /// Alice, logged in, with this number of endpoints.
    pub(super) fn with_endpoints(endpoints: usize) -> Self {
        let mut harness = Self::logged_out();
        harness.session = Session::new(1).with_endpoints(endpoints).recorded(&harness.recording.0, 1);
        let user = testkit::user("alice");
        let topic = OWN.to_owned();
        harness.command(Command::Restore(LoggedIn { user, token: "t".to_owned(), topic, expires: 1 }));
        harness
    }

    /// A session without a login.
    pub(super) fn logged_out() -> Self {
        let recording = Recording::default();
        Self {
            session: Session::new(1).recorded(&recording.0, 1),
            recording,
            now_ms: 0,
            transcript: String::new(),
            requests: Vec::new(),
            barrier: String::new(),
            emitted: Vec::new(),
            hidden: Vec::new(),
            persists_at_once: true,
            unpersisted: Vec::new(),
            forgotten: Vec::new(),
            summary: None,
        }
    }

    /// Alice, who follows everything; #ops has 3 events.
    pub(super) fn following() -> Self {
        let mut harness = Self::logged_in();
        harness.command(Command::Follow(Follow::Everything));
        harness.reply("server.info", &info());
        harness.reply("sync.heads", &heads(7, 3));
        harness.barrier();
        harness.reply("sync.heads", &json!({"cursor": 7, "topic": OWN, "heads": []}));
        harness.transcript.clear();
        harness
    }

    pub(super) fn command(&mut self, command: Command) {
        self.session.command(self.now_ms, 1, command);
        self.run_effects();
    }

    pub(super) fn send(&mut self, text: &str, id: u128) {
        let message =
            Message { to: ops(), id: Uuid::from_u128(id), text: testkit::text(text.to_owned()), reply: None };
        self.command(Command::Send(message));
    }

    /// Replies to the newest request of a method.
    pub(super) fn reply(&mut self, method: &str, result: &Value) {
        self.reply_to(self.id(method), result);
    }

    pub(super) fn reply_to(&mut self, id: u64, result: &Value) {
        let line = json!({"jsonrpc": "2.0", "id": id.to_string(), "result": result});
        self.session.replies(self.now_ms, line.to_string().as_bytes());
        self.run_effects();
    }

    pub(super) fn reply_error(&mut self, method: &str, detail: Detail) {
        self.reply_error_to(self.id(method), detail);
    }

    pub(super) fn reply_error_to(&mut self, id: u64, error: impl Into<Error>) {
        let error = error.into();
        let line = json!({"jsonrpc": "2.0", "id": id.to_string(), "error": error});
        self.session.replies(self.now_ms, line.to_string().as_bytes());
        self.run_effects();
    }

    pub(super) fn id(&self, method: &str) -> u64 {
        self.requests.iter().rev().find(|(_, name)| name == method).expect(method).0
    }

    pub(super) fn event(&mut self, n: u64) {
        self.session.events(self.now_ms, TOPIC.as_bytes(), event(n).as_bytes());
        self.run_effects();
    }

    /// Publishes an event or a notice on alice's own topic.
    pub(super) fn own_topic_line(&mut self, line: &str) {
        self.session.events(self.now_ms, OWN.as_bytes(), line.as_bytes());
        self.run_effects();
    }

    pub(super) fn barrier(&mut self) {
        let topic = self.barrier.clone();
        self.session.events(self.now_ms, topic.as_bytes(), b"");
        self.run_effects();
    }

    /// Advances the time, with a tick at each deadline.
    pub(super) fn advance(&mut self, ms: u64) {
        let end = self.now_ms + ms;
        while let Some(deadline) = self.session.deadline().filter(|deadline| *deadline <= end) {
            self.now_ms = deadline.max(self.now_ms);
            self.session.tick(self.now_ms);
            self.run_effects();
        }
        self.now_ms = end;
    }

    /// Carries out the effects, and adds them to the transcript.
    pub(super) fn run_effects(&mut self) {
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

impl Io for Harness {
    type Error = Infallible;

    fn now_ms(&self) -> u64 {
        self.now_ms
    }

    fn load_outbox(&mut self, _user: &UserName) -> Vec<Message> {
        Vec::new()
    }

    fn persist(&mut self, messages: &[Message]) -> Option<Result<(), Error>> {
        if !self.persists_at_once {
            self.unpersisted.extend(messages.iter().map(|message| message.id));
            return None;
        }
        Some(Ok(()))
    }

    fn forget(&mut self, ids: &[Uuid]) {
        self.forgotten.extend_from_slice(ids);
    }

    fn send(&mut self, id: u64, line: Vec<u8>) {
        let request: Value = serde_json::from_slice(&line).expect("json");
        let method = request["method"].as_str().expect("a method").to_owned();
        let mut params = request["params"].clone();
        params.as_object_mut().expect("an object").remove("token");
        self.requests.push((id, method.clone()));
        self.write(&format!("request {id} {method} {params}"));
    }

    fn send_alone(&mut self, id: u64, line: Vec<u8>, _bytes: Option<Arc<[u8]>>) {
        Io::send(self, id, line);
    }

    fn use_endpoint(&mut self, index: usize) -> Result<(), Infallible> {
        self.write(&format!("use endpoint {index}"));
        Ok(())
    }

    fn connect(&mut self, endpoint: &str) {
        self.write(&format!("connect {endpoint}"));
    }

    fn subscribe(&mut self, topic: &str) -> Result<(), Infallible> {
        if topic.starts_with("sync.") {
            topic.clone_into(&mut self.barrier);
            self.write("subscribe barrier");
        } else {
            self.write(&format!("subscribe {}", short(topic)));
        }
        Ok(())
    }

    fn unsubscribe(&mut self, topic: &str) -> Result<(), Infallible> {
        let is_barrier = topic.starts_with("sync.");
        self.write(&if is_barrier {
            "unsubscribe barrier".to_owned()
        } else {
            format!("unsubscribe {}", short(topic))
        });
        Ok(())
    }

    fn answer(&mut self, _ticket: u64, outcome: Result<Answer, Error>) {
        let words =
            outcome.map_or_else(|error| format!("error {error}"), |answer| format!("answer {answer:?}"));
        self.write(&words);
    }

    fn news(&mut self, news: News) {
        if let News::StatusSummary(summary) = news {
            self.summary = Some(summary);
            return;
        }
        if let News::Entry(entry) = &news {
            self.emitted.push(entry.n);
            self.hidden.extend(entry.is_hidden.then_some(entry.n));
        }
        // The user interface shows this message: no event follows.
        if let News::Sent { outcome: Ok(entry), entry_follows: false, .. } = &news {
            self.emitted.push(entry.n);
        }
        self.write(&words(news));
    }
}

fn words(news: News) -> String {
    match news {
        News::Entry(entry) => format!("emit {} {}", entry.conversation, entry.n),
        News::Named { channel, names } => format!("named {channel} {}", names.current(&channel)),
        News::Delayed(message) => format!("delayed {}", message.text.as_str()),
        News::OutboxLoaded(messages) => {
            let texts: Vec<_> = messages.iter().map(|message| message.text.as_str()).collect();
            format!("outbox loaded {texts:?}")
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
            format!("typing: {}", users.iter().map(UserName::as_str).collect::<Vec<_>>().join(" "))
        }
        News::SessionEnded(error) => format!("session ended: {error}"),
        other @ (News::ConnectionLost
        | News::ConnectionRestored
        | News::RolledBack
        | News::StatusSummary(_)) => {
            format!("{other:?}")
        }
    }
}

/// A topic without its key. A moved topic is marked.
fn short(topic: &str) -> String {
    let moved = if topic == TOPIC || topic == OWN { "" } else { ", moved" };
    format!("{}{moved}", &topic[..topic.len() - 33])
}

/// The topic after a move.
pub(super) fn moved(topic: &str) -> String {
    format!("{}{}", &topic[..topic.len() - 32], "f".repeat(32))
}

/// The request to list the users.
pub(super) fn users() -> Command {
    Command::Request(PlainRequest::of::<UserList>(|token| ListNames { token, after: None }))
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

/// Replies to all pending requests, as a server with 39 events in #ops and pages of `page_size` events.
pub(super) fn answer_histories(harness: &mut Harness, answered: &mut BTreeSet<u64>, page_size: u64) {
    for (id, method) in harness.requests.clone() {
        if !answered.insert(id) {
            continue;
        }
        let result = match method.as_str() {
            "server.info" => info(),
            "sync.heads" => heads(39, 39),
            _ => {
                let line =
                    harness.transcript.lines().find(|line| line.starts_with(&format!("request {id} ")));
                let params: Value =
                    serde_json::from_str(line.expect("a request").splitn(4, ' ').nth(3).expect("params"))
                        .expect("json");
                let after = params["after"].as_u64().expect("a number");
                page((after + 1..=39).take(page_size as usize), 39)
            }
        };
        let line = json!({"jsonrpc": "2.0", "id": id.to_string(), "result": result});
        harness.session.replies(harness.now_ms, line.to_string().as_bytes());
        harness.run_effects();
    }
    harness.barrier();
}
